import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_nn.data import Samples
from mnist_nn.images import prepare
from mnist_nn.images.center import grown
from mnist_nn.images.sheet import find_sheet

Grey = NDArray[np.float64]


@pytest.fixture
def digit(digits: Samples) -> Grey:
    """A real digit, 28×28, of 0 to 1: one that is centred to well within half a pixel."""
    images = digits.x[:100].reshape(-1, 28, 28) / 255
    return min(images, key=lambda image: max(abs(c - 14) for c in centre_of_mass(image)))


def centre_of_mass(image: Grey) -> list[float]:
    return [float(image.sum(axis=axis) @ np.arange(28) / image.sum()) for axis in (1, 0)]


def enlarged(image: Grey, times: int = 5) -> Grey:
    return np.kron(image, np.ones((times, times), np.float64)).astype(np.float64)


def on_paper(digit: Grey, *, ink: float = 20, top: int = 60, left: int = 15) -> Grey:
    """Draw a digit, enlarged, on a canvas of 220×260 that gets lighter to the right and below."""
    y, x = np.mgrid[:220, :260]
    canvas: Grey = 120 + 60 * x / 260 + 50 * y / 220
    strokes = enlarged(digit)
    place = canvas[top : top + strokes.shape[0], left : left + strokes.shape[1]]
    place += (ink - place) * strokes
    return canvas


def test_a_digit_of_mnist_stays_as_it_is(digits: Samples) -> None:
    images = digits.x[:100].reshape(-1, 28, 28) / 255
    changes = [np.abs(prepare(image) - image).mean() for image in images]
    assert np.median(changes) < 0.003
    assert np.mean(np.array(changes) < 0.02) > 0.98  # the others were drawn faintly


def test_the_centre_of_mass_is_where_mnist_has_it(digit: Grey) -> None:
    for turned in (digit, np.rot90(digit), digit[::-1, ::-1]):
        assert centre_of_mass(prepare(on_paper(turned))) == pytest.approx([14, 14], abs=0.5)


@pytest.mark.parametrize("ink", [20, 255])
@pytest.mark.parametrize(("top", "left"), [(0, 0), (80, 120), (40, 3)])
def test_ink_paper_size_and_place_do_not_matter(
    digit: Grey, ink: float, top: int, left: int
) -> None:
    prepared = prepare(on_paper(digit, ink=ink, top=top, left=left))
    assert np.abs(prepared - digit).mean() < 0.02
    assert np.abs(prepared - digit).max() < 0.4


def test_darker_paper_does_not_make_ink_fainter(digit: Grey) -> None:
    dark = np.linspace(255, 70, 260)[None] * np.ones((220, 1))
    dark[40:180, 60:200] *= 1 - enlarged(digit)
    assert np.abs(prepare(dark) - digit).mean() < 0.02


@pytest.mark.parametrize("grid", [False, True])
def test_faint_lines_on_the_paper_are_not_read(digit: Grey, grid: bool) -> None:
    paper = np.full((220, 260), 240.0)
    paper[::24] = paper[1::24] = 190
    if grid:
        paper[:, ::24] = 190
    paper[40:180, 60:200] *= 1 - enlarged(digit)
    assert np.abs(prepare(paper) - digit).mean() < 0.04


@pytest.mark.parametrize("own", [0, 255])
def test_an_image_pasted_with_its_own_paper_is_found(digit: Grey, own: int) -> None:
    canvas = on_paper(np.zeros((28, 28)))
    for top, left in ((0, 0), (50, 100), (80, 10)):
        image = canvas.copy()
        image[top : top + 140, left : left + 140] = np.abs(own - 255 * enlarged(digit))
        assert np.abs(prepare(image) - digit).mean() < 0.02


def test_a_box_drawn_by_hand_is_no_paper() -> None:
    canvas = np.full((200, 200), 255.0)
    canvas[30:170, 60:140] = 0
    canvas[45:155, 75:125] = 255  # a zero with corners
    prepared = prepare(canvas)
    assert prepared[4:24, 8:20].max() > 0.99
    assert prepared[10:18, 12:16].max() == 0
    assert prepared[:4].max() == 0


def test_the_unit_of_brightness_does_not_matter(digit: Grey) -> None:
    image = on_paper(digit)
    for other in (image / 255, image * 257, 1000 - image):
        np.testing.assert_allclose(prepare(other), prepare(image), atol=1e-6)


@pytest.mark.parametrize("sigma", [5, 10])
def test_noise_is_not_taken_for_ink(digit: Grey, sigma: float, rng: np.random.Generator) -> None:
    image = on_paper(digit) + rng.normal(0, sigma, (220, 260))
    assert np.abs(prepare(image) - digit).mean() < 0.03


def test_specks_do_not_decide_the_crop(digit: Grey) -> None:
    image = on_paper(digit)
    clean = prepare(image)
    image[3:6, 250:253] = image[215:217, 5:9] = 10
    np.testing.assert_allclose(prepare(image), clean, atol=0.05)


def test_a_narrow_one_keeps_its_shape() -> None:
    image = np.full((100, 100), 200.0)
    image[20:80, 50:56] = 10
    rows, columns = np.nonzero(prepare(image) > 0.5)
    assert np.ptp(rows) + 1 == 20
    assert np.ptp(columns) + 1 == 2


def test_a_thin_pen_does_not_fade_away() -> None:
    image = np.full((300, 300), 255.0)
    image[50:250, 100] = image[250, 100:200] = 0
    prepared = prepare(image)
    assert prepared.max() == 1
    assert (prepared[prepared > 0] > 0.3).mean() > 0.6


def test_a_digit_may_touch_the_borders_and_be_tiny(digit: Grey) -> None:
    rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
    tight = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert max(tight.shape) == 20
    assert np.abs(prepare(1 - tight) - digit).mean() < 0.02


def test_a_huge_image_is_reduced_first(digit: Grey) -> None:
    small = prepare(on_paper(digit))
    huge = prepare(enlarged(on_paper(digit), 11))
    assert np.abs(huge - small).mean() < 0.02


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((1, 1)),
        np.full((50, 40), 7.0),
        np.full((30, 30), 1e90),
        np.linspace(0, 255, 2500).reshape(50, 50),
        np.random.default_rng(0).normal(128, 10, (150, 150)),
        np.pad(np.ones((2, 2)), 30),
        np.array([[0.0, 1.0]]),
    ],
    ids=["a pixel", "constant", "huge numbers", "a gradient", "noise", "a speck", "two pixels"],
)
def test_an_image_without_a_digit_is_refused(image: Grey) -> None:
    with pytest.raises(ValueError, match=r"blank|smaller than"):
        prepare(image)


@pytest.mark.parametrize(
    ("image", "complaint"),
    [
        (np.array([[0, np.nan], [1, 1]]), "NaN, infinite"),
        (np.array([[0, np.inf], [1, 1]]), "NaN, infinite"),
        (np.array([[-1e308, 1e308]]), "beyond 1e"),
        (np.zeros((0, 5)), "shape"),
        (np.zeros((5, 5, 2)), "shape"),
    ],
)
def test_what_is_no_image_is_refused(image: Grey, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        prepare(image)


@pytest.mark.parametrize("shape", [(1, 500), (500, 1), (2, 40), (5, 5), (1300, 3)])
def test_odd_shapes_are_prepared_or_refused(
    shape: tuple[int, int], rng: np.random.Generator
) -> None:
    image = np.zeros(shape)
    image[: max(1, shape[0] // 3), : max(1, shape[1] // 3)] = 1
    try:
        prepared = prepare(image + rng.normal(0, 0.001, shape))
    except ValueError as error:
        assert "blank" in str(error) or "smaller" in str(error)  # noqa: PT017
    else:
        assert prepared.shape == (28, 28)
        assert 0 <= prepared.min() < prepared.max() <= 1


@pytest.mark.parametrize("reach", [0, 1, 2, 6, 30])
def test_ink_grows_to_all_sides_alike(reach: int, rng: np.random.Generator) -> None:
    ink = np.where(rng.random((11, 40)) < 0.05, rng.random((11, 40)), 0)
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    assert np.array_equal(grown(ink, reach), cv2.dilate(ink, kernel))


@pytest.mark.parametrize("sigma", [0, 0.03])
@pytest.mark.parametrize("shape", [(3, 786), (3, 100), (22, 27), (40, 40)])
def test_lines_across_an_image_are_prepared_or_refused(
    shape: tuple[int, int], sigma: float, rng: np.random.Generator
) -> None:
    for row in range(min(shape[0], 10)):
        image = np.full((*shape, 3), 0.9)
        image[row] = image[:, shape[1] // 3] = 0
        image = np.clip(image + rng.normal(0, sigma, image.shape), 0, 1)
        try:
            assert prepare(image).shape == (28, 28)
        except ValueError as error:
            assert "blank" in str(error) or "smaller" in str(error)  # noqa: PT017


def test_ink_that_is_faint_throughout_is_no_sheet() -> None:
    assert find_sheet(np.full((40, 40), 0.4) > 0.5) is None
