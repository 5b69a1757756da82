"""What is ink in a picture, and what is not: the kinds of pictures that people take."""

import sys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from mnist_nn.data import Samples
from mnist_nn.errors import ConfigError
from mnist_nn.images.ink import find_ink

Pixels = NDArray[np.float64]

SIDE = 300
Y, X = np.mgrid[:SIDE, :SIDE]
INK, PAPER = (0.1, 0.1, 0.25), (0.93, 0.92, 0.9)
WOOD = np.array((0.38, 0.27, 0.19)) * (1 + 0.2 * np.sin(Y / 3 + np.sin(X / 17)))[..., None]


@pytest.fixture(scope="module")
def strokes(digits: Samples) -> list[Pixels]:
    """Real digits, 140×140 in the middle of 300×300: 0 to 1, with soft edges."""
    drawn = []
    for image in digits.x[:4].reshape(-1, 28, 28):
        large = Image.fromarray(image).resize((140, 140), Image.Resampling.BICUBIC)
        drawn.append(np.pad(np.asarray(large, np.float64) / 255, 80))
    return drawn


def draw(strokes: Pixels, ink: object = INK, paper: object = PAPER) -> Pixels:
    rng = np.random.default_rng(0)
    covered = strokes[..., None]
    clean = np.asarray(paper) * (1 - covered) + np.asarray(ink) * covered
    return np.clip(clean + rng.normal(0, 0.01, clean.shape), 0, 1)


def overlap(ink: Pixels, strokes: Pixels) -> float:
    """The share of the pixels of either that are ink of both."""
    return float(((ink > 0.5) & (strokes > 0.5)).sum() / ((ink > 0.5) | (strokes > 0.5)).sum())


def table(picture: Pixels, beyond: NDArray[np.bool_]) -> Pixels:
    return np.where(beyond[..., None], WOOD, picture)


def shadow(picture: Pixels, light: NDArray[np.float64]) -> Pixels:
    return picture * light[..., None]


def line(picture: Pixels, rows: slice) -> Pixels:
    picture[rows] = (0.45, 0.55, 0.75)
    return picture


SURROUNDINGS: dict[str, Callable[[Pixels], Pixels]] = {
    "a table at a side": lambda picture: table(picture, X > 250),
    "a table at a slanted side": lambda picture: table(picture, X + 0.3 * Y > 320),
    "a table at two sides": lambda picture: table(picture, (X > 260) | (Y < 40)),
    "a table around a turned sheet": lambda picture: table(
        picture, np.maximum(abs(X - 150 + 0.2 * (Y - 150)), abs(Y - 150 - 0.2 * (X - 150))) > 120
    ),
    "black bars": lambda picture: np.where((abs(X - 150) > 122)[..., None], 0.08, picture),
    "a dark corner": lambda picture: shadow(picture, np.clip(np.hypot(X, Y - SIDE) / 90, 0.15, 1)),
    "a strip of shadow": lambda picture: shadow(picture, np.where(Y < 34, 0.45, 1)),
    "half in shadow": lambda picture: shadow(picture, np.where(X > 150, 0.35, 1)),
    "a slanted shadow": lambda picture: shadow(picture, np.where(X + Y > 300, 0.4, 1)),
    "a soft shadow": lambda picture: shadow(picture, 1 - 0.5 / (1 + np.exp((X - Y) / 20))),
    "the shadow of a finger": lambda picture: shadow(
        picture, 1 - 0.4 * np.exp(-(((X + Y - 480) / 35) ** 2))
    ),
    "dark towards all corners": lambda picture: shadow(
        picture, 1 - 0.5 * np.hypot(X - 150, Y - 150) ** 2 / 45_000
    ),
    "a ruled line": lambda picture: line(picture, slice(6, 9)),
    "a neighbour cut by the border": lambda picture: np.where(
        ((abs(Y - 150) < 60) & (X > 285))[..., None], 0.15, picture
    ),
}


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
def test_what_is_around_the_digit_is_no_ink(strokes: list[Pixels], surroundings: str) -> None:
    for digit in strokes:
        picture = SURROUNDINGS[surroundings](draw(digit))
        assert overlap(find_ink(picture), digit) > 0.85


@pytest.mark.parametrize("ink", [(0.27, 0.75, 0.43), (0.96, 0.63, 0.27), (0.92, 0.47, 0.67)])
def test_coloured_ink_stands_out_from_squared_paper(
    strokes: list[Pixels], ink: tuple[float, float, float]
) -> None:
    paper = np.full((SIDE, SIDE, 3), PAPER)
    paper[::20] = paper[:, ::20] = 0.6 * np.array(PAPER) + 0.4 * np.array((0.59, 0.63, 0.73))
    for digit in strokes:
        assert overlap(find_ink(draw(digit, ink, paper)), digit) > 0.75


def test_chalk_on_a_board_is_ink(strokes: list[Pixels]) -> None:
    for digit in strokes:
        board = draw(digit, ink=(0.9, 0.9, 0.85), paper=(0.12, 0.25, 0.18))
        assert overlap(find_ink(board), digit) > 0.85


def pen(lines: list[list[tuple[float, float]]], width: int) -> Pixels:
    """Draw black on white with a round pen: points in per cent of 300 pixels."""
    image = Image.new("L", (SIDE, SIDE), 255)
    canvas = ImageDraw.Draw(image)
    for points in lines:
        scaled = [(3 * x, 3 * y) for x, y in points]
        canvas.line(scaled, 0, width, joint="curve")
        for x, y in scaled:
            reach = width / 2
            canvas.ellipse([x - reach, y - reach, x + reach, y + reach], 0)
    smooth = np.asarray(image.filter(ImageFilter.GaussianBlur(0.7)), np.float64) / 255
    return np.repeat(smooth[..., None], 3, axis=2)


@pytest.mark.parametrize("width", [10, 30, 60])
@pytest.mark.parametrize(
    "lines",
    [
        [[(50, 8), (50, 92)]],
        [[(65, 90), (65, 8), (12, 62), (88, 62)]],
        [[(80, 8), (27, 8), (22, 45), (55, 40), (84, 60), (74, 86), (40, 94), (14, 84)]],
        [[(50, 8), (20, 25), (12, 50), (20, 78), (50, 92), (80, 78), (88, 50), (80, 25), (50, 8)]],
    ],
    ids=["1", "4", "5", "0"],
)
def test_a_clean_drawing_is_all_ink_however_thick(
    lines: list[list[tuple[float, float]]], width: int
) -> None:
    picture = pen(lines, width)
    wide = np.pad(picture, ((0, 0), (0, 60), (0, 0)), mode="edge")
    for drawn, is_ink in (
        (picture, picture < 0.5),
        (1 - picture, picture < 0.5),
        (wide, wide < 0.5),
    ):
        assert ((find_ink(drawn) > 0.5) == is_ink[..., 0]).mean() > 0.995


def test_a_digit_that_touches_every_side_is_ink(strokes: list[Pixels]) -> None:
    for digit in strokes:
        rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
        tight = np.s_[rows[0] + 3 : rows[-1] - 2, columns[0] + 3 : columns[-1] - 2]
        assert overlap(find_ink(draw(digit)[tight]), digit[tight]) > 0.85


def test_all_digits_are_kept(strokes: list[Pixels]) -> None:
    parts = [digit[80:220, 80:220] for digit in strokes]
    sheet = np.pad(np.block([[np.pad(part, 15) for part in parts[i : i + 2]] for i in (0, 2)]), 20)
    light = np.linspace(1, 0.5, sheet.shape[1])
    ink = find_ink(draw(sheet) * light[None, :, None])
    assert overlap(ink, sheet) > 0.85


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([(), (3,)])).flatmap(
        lambda n: arrays(np.float64, (n[0], n[1], *n[2]), elements=st.floats(-1e9, 1e9))
    )
)
def test_any_pixels_give_ink_of_their_shape_or_are_blank(pixels: Pixels) -> None:
    try:
        ink = find_ink(pixels)
    except ValueError as error:
        assert "blank" in str(error)  # noqa: PT017
    else:
        assert ink.shape == pixels.shape[:2]
        assert 0 <= ink.min() <= ink.max() <= 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (300, 2), (2, 300), (60, 1200)])
def test_pictures_of_noise_give_no_other_error(
    shape: tuple[int, int], rng: np.random.Generator
) -> None:
    for pixels in (rng.random(shape), rng.random((*shape, 3)), rng.random(shape) > 0.95):
        try:
            ink = find_ink(np.asarray(pixels, np.float64))
        except ValueError as error:
            assert "blank" in str(error)  # noqa: PT017
        else:
            assert ink.shape == shape


def test_without_opencv_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "mnist_nn.images.levelling", raising=False)
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ConfigError, match="needs OpenCV"):
        find_ink(np.eye(30))
