import hashlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import affine_transform, gaussian_filter1d

from mnist_nn.augmentation import Augmentation, Augmenter, Warps, draw_numbers, draw_warps, warp
from mnist_nn.augmentation.warp import blur_basis
from mnist_nn.data import Samples

MNIST = (28, 28)
SHARED: dict[str, Any] = {  # what both engines do with the same code
    "upstroke": 0.5,
    "thickness": 0.7,
    "blur": 0.8,
    "leftovers": 0.3,
    "paper": 0.3,
    "noise": 0.1,
}
NO_FIELD = np.zeros((1, 2, 28, 28), np.float32)


def streams(seed: int = 0) -> list[np.random.Generator]:
    return np.random.default_rng(seed).spawn(2)


def one(matrix: list[list[float]], shift: tuple[float, float] = (0, 0)) -> Warps:
    arrays = np.array([matrix], np.float32), np.array([shift], np.float32)
    return Warps(*arrays, NO_FIELD)


def drawn(settings: Augmentation, n: int, shape: tuple[int, int] = MNIST) -> Warps:
    """The warps of n images."""
    affine, elastic = streams()
    return draw_warps(settings, shape, draw_numbers(settings, n, affine), elastic)


def test_no_distortion_changes_no_pixel(digits: Samples) -> None:
    warps = drawn(Augmentation(), 50)
    np.testing.assert_array_equal(warp(digits.x[:50], warps), digits.x[:50])


@pytest.mark.parametrize(("shift", "axis"), [((3, 0), 1), ((0, 3), 0)])
def test_a_shift_by_whole_pixels_moves_the_picture(
    digits: Samples, shift: tuple[float, float], axis: int
) -> None:
    picture = digits.x[:1]
    moved = warp(picture, one([[1, 0], [0, 1]], shift)).reshape(28, 28)
    expected = np.roll(picture.reshape(28, 28), -3, axis)
    edge = [slice(None), slice(None)]
    edge[axis] = slice(-3, None)
    expected[tuple(edge)] = 0  # what comes in from beyond the edge is blank
    np.testing.assert_array_equal(moved, expected)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_flip_mirrors_about_half_of_the_pictures(digits: Samples, compiled: bool) -> None:
    settings, rng = Augmentation(flip=True), np.random.default_rng(0)
    flipped = Augmenter(settings, rng, image_shape=MNIST, compiled=compiled)(digits.x[:200])
    mirrored = digits.x[:200].reshape(-1, 28, 28)[:, :, ::-1].reshape(-1, 784)
    is_mirrored = (flipped == mirrored).all(axis=1)
    np.testing.assert_array_equal(flipped[~is_mirrored], digits.x[:200][~is_mirrored])
    assert 70 < is_mirrored.sum() < 130


def test_each_seed_still_draws_what_it_always_drew() -> None:
    """Settings that are 0 draw no numbers: trainings of earlier versions can be repeated."""
    settings = Augmentation(shift=2, rotation=20, flip=True, elastic_alpha=34)
    warps = drawn(settings, 100)
    affine, elastic = streams()
    numbers = affine.uniform(-1, 1, (100, 6))
    np.testing.assert_allclose(warps.shifts, 2 * numbers[:, 3:5], rtol=1e-6)
    turned = np.degrees(np.arcsin(warps.matrices[:, 1, 0] * np.sign(numbers[:, 5])))
    np.testing.assert_allclose(turned, 20 * numbers[:, 0], atol=1e-4)
    waves = elastic.standard_normal((100, 2, 8, 8), np.float32)
    basis = 34 / math.sqrt(3) * blur_basis(4.0, 28)
    expected = basis @ waves @ blur_basis(4.0, 28).T
    np.testing.assert_allclose(warps.fields, expected, atol=1e-4)


def test_a_seed_gives_the_bytes_that_it_always_gave(digits: Samples) -> None:
    augmenter = Augmenter(Augmentation(shift=1, flip=True), np.random.default_rng(7))
    digest = hashlib.sha256(augmenter(digits.x[:600]).tobytes()).hexdigest()
    assert digest.startswith("64fbfe87cb758ee5")


def sides(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Heights and widths of the digits in pictures."""
    ink: Any = pictures.reshape(-1, 28, 28) > 100
    filled = ink.any(axis=2), ink.any(axis=1)
    found = [[np.ptp(np.flatnonzero(line)) + 1 for line in lines] for lines in filled]
    return np.array(found[0]), np.array(found[1])


@pytest.mark.parametrize("compiled", [False, True])
def test_stretching_changes_the_width_and_not_the_height(digits: Samples, compiled: bool) -> None:
    settings, rng = Augmentation(stretch=0.3), np.random.default_rng(0)
    pictures = digits.x[:500]
    stretched = Augmenter(settings, rng, compiled=compiled)(pictures)
    (heights, widths), (new_heights, new_widths) = sides(pictures), sides(stretched)
    share = new_widths / widths
    assert np.percentile(share, [5, 95]) == pytest.approx([0.72, 1.28], abs=0.1)
    assert np.mean(np.abs(new_heights - heights) <= 1) > 0.99


def test_a_quarter_turn_turns_the_picture(digits: Samples) -> None:
    turned = warp(digits.x[:1], one([[0, -1], [1, 0]])).reshape(28, 28)
    np.testing.assert_array_equal(turned, np.rot90(digits.x[0].reshape(28, 28), 1))


def test_between_pixels_it_is_bilinear_as_scipys(digits: Samples) -> None:
    angle, size, middle = 0.3, 1.2, 13.5
    matrix = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    matrix /= size
    ours = warp(digits.x[:1], one(matrix.tolist(), (1.5, -0.7))).reshape(28, 28).astype(float)
    by_row = matrix[::-1, ::-1]  # scipy has y before x
    offset = middle + np.array([-0.7, 1.5]) - by_row @ [middle, middle]
    picture = digits.x[0].reshape(28, 28).astype(float)
    scipys = affine_transform(picture, by_row, offset, order=1, mode="grid-constant")
    assert np.abs(ours - scipys).max() <= 0.51


@pytest.mark.parametrize("sigma", [1.0, 4.0, 6.0])
def test_the_elastic_basis_is_a_blur(sigma: float) -> None:
    """Noise blurred by scipy, and by the basis, has the same covariance along an axis."""
    basis = blur_basis(sigma, 28).astype(float)
    reach = math.ceil(4 * sigma)
    response = gaussian_filter1d(np.eye(28 + 2 * reach), sigma, mode="constant", truncate=8)
    blur = response[reach : reach + 28]
    np.testing.assert_allclose(basis @ basis.T, blur @ blur.T, atol=2e-3 * (blur @ blur.T).max())
    assert basis.shape[1] < 28


def test_an_elastic_field_is_as_strong_and_as_smooth_as_simards() -> None:
    """Uniform noise for each pixel, blurred and multiplied: its moments, and a neighbour's."""
    settings = Augmentation(elastic_alpha=34, elastic_sigma=4)
    ours = drawn(settings, 2000).fields.astype(float)
    noise = np.random.default_rng(1).uniform(-1, 1, (500, 64, 64))
    blurred = gaussian_filter1d(gaussian_filter1d(noise, 4, 1), 4, 2)[:, 18:46, 18:46]
    simards = 34 * blurred
    assert ours.shape == (2000, 2, 28, 28)
    assert ours.std() == pytest.approx(simards.std(), rel=0.05)
    near = [(f[..., 1:] * f[..., :-1]).mean() / f.var() for f in (ours, simards)]
    assert near[0] == pytest.approx(near[1], abs=0.01)
    assert abs((ours[:, 0] * ours[:, 1]).mean()) < 0.05 * ours.var()  # x and y on their own
    kurtosis = (ours**4).mean() / ours.var() ** 2
    assert kurtosis == pytest.approx((simards**4).mean() / simards.var() ** 2, abs=0.3)


@pytest.mark.parametrize(
    ("settings", "inside"),
    [
        ({"rotation": 20}, lambda w: abs(np.degrees(np.arctan2(w[:, 1, 0], w[:, 0, 0]))).max()),
        ({"scale": 0.2}, lambda w: abs(1 / w[:, 0, 0] - 1).max()),
        ({"shear": 20}, lambda w: abs(np.degrees(np.arctan(w[:, 0, 1]))).max()),
        ({"stretch": 0.2}, lambda w: abs(1 / w[:, 0, 0] - 1).max()),
    ],
)
def test_each_kind_goes_as_far_as_it_may_and_no_farther(
    settings: dict[str, Any], inside: Callable[[np.ndarray], float]
) -> None:
    (most,) = settings.values()
    warps = drawn(Augmentation(**settings), 5000)
    assert 0.99 * most < inside(warps.matrices.astype(float)) <= most * (1 + 1e-6)
    assert (warps.shifts == 0).all()


def test_shifts_go_both_ways() -> None:
    shifts = drawn(Augmentation(shift=3), 5000).shifts
    np.testing.assert_allclose(shifts.min(0), [-3, -3], atol=0.01)
    np.testing.assert_allclose(shifts.max(0), [3, 3], atol=0.01)
    np.testing.assert_allclose(shifts.mean(0), [0, 0], atol=0.1)


@pytest.mark.parametrize("compiled", [False, True])
def test_the_same_stream_gives_the_same_images_in_however_many_calls(
    digits: Samples, compiled: bool
) -> None:
    settings = Augmentation(shift=2, rotation=10, elastic_alpha=34, stretch=0.2, **SHARED)
    whole = Augmenter(settings, np.random.default_rng(3), compiled=compiled)(digits.x[:700])
    pieces = Augmenter(settings, np.random.default_rng(3), compiled=compiled)
    parts = [pieces(part) for part in np.split(digits.x[:700], [1, 250, 333])]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    other = Augmenter(settings, np.random.default_rng(4), compiled=compiled)(digits.x[:700])
    assert (other != whole).any()


@pytest.mark.parametrize("name", SHARED)
def test_each_kind_works_alone_and_is_equal_in_both_engines(digits: Samples, name: str) -> None:
    settings = Augmentation(**{name: SHARED[name]})
    assert settings.active
    numpys, numbas = (
        Augmenter(settings, np.random.default_rng(0), compiled=compiled)(digits.x[:200])
        for compiled in (False, True)
    )
    assert (numpys != digits.x[:200]).any()
    np.testing.assert_array_equal(numpys, numbas)


def test_every_pass_and_every_picture_is_distorted_anew(digits: Samples) -> None:
    augmenter = Augmenter(Augmentation(rotation=10), np.random.default_rng(0))
    copies = np.repeat(digits.x[:1], 20, axis=0)
    first, second = augmenter(copies), augmenter(copies)
    assert len(np.unique(np.concatenate([first, second]), axis=0)) == 40


def test_the_digits_themselves_are_left_alone(digits: Samples) -> None:
    before = digits.x[:100].copy()
    Augmenter(Augmentation(rotation=30, elastic_alpha=34), np.random.default_rng(0))(before)
    np.testing.assert_array_equal(before, digits.x[:100])


@pytest.mark.parametrize(
    "settings",
    [
        {"shift": 28},
        {"rotation": 45},
        {"scale": 0.9},
        {"elastic_alpha": 1000},
        {"stretch": 0.9},
        {"thickness": 10},
        {"blur": 10},
        {"leftovers": 1},
        {"paper": 0.9},
        {"noise": 0.9},
    ],
    ids=str,
)
def test_extremes_stay_within_the_picture(digits: Samples, settings: dict[str, Any]) -> None:
    """However far a place lies out, what is read there is blank."""
    found = [
        Augmenter(Augmentation(**settings), np.random.default_rng(0), compiled=compiled)(
            digits.x[:300]
        )
        for compiled in (False, True)
    ]
    difference = np.abs(found[0].astype(int) - found[1])
    assert difference.max() <= 1
    assert found[0].max() <= digits.x.max()


def test_compiled_it_is_the_same_but_for_rounding(digits: Samples) -> None:
    settings = Augmentation(
        shift=2,
        rotation=15,
        scale=0.15,
        shear=10,
        elastic_alpha=34,
        stretch=0.2,
        **SHARED,
    )
    numpys, numbas = (
        Augmenter(settings, np.random.default_rng(0), compiled=compiled)(digits.x).astype(int)
        for compiled in (False, True)
    )
    difference = np.abs(numpys - numbas)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-3


SHAPES = [(8, 8), (40, 20), (1, 100)]


def of_shape(digits: Samples, shape: tuple[int, int], n: int = 60) -> np.ndarray:
    """Pictures of any shape: rows and columns of real digits, left out or repeated."""
    rows, columns = ((2 * np.arange(side) + 1) * 14 // side for side in shape)
    return digits.x[:n].reshape(-1, 28, 28)[:, rows][:, :, columns].reshape(n, -1)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_pictures_of_any_shape_are_distorted_the_same_by_both(
    digits: Samples, shape: tuple[int, int]
) -> None:
    pictures = of_shape(digits, shape)
    settings = Augmentation(shift=2, rotation=15, scale=0.15, shear=10, elastic_alpha=20, **SHARED)
    numpys, numbas = (
        Augmenter(settings, np.random.default_rng(0), image_shape=shape, compiled=compiled)(
            pictures
        ).astype(int)
        for compiled in (False, True)
    )
    assert np.abs(numpys - numbas).max() <= 1
    assert (numpys != pictures).any(axis=1).mean() > 0.9
    assert (numpys > 100).any(axis=1).mean() > 0.5  # most are still in the picture


@pytest.mark.parametrize("shape", SHAPES[1:], ids=str)
def test_a_shift_is_in_pixels_whatever_the_shape(digits: Samples, shape: tuple[int, int]) -> None:
    height, width = shape
    pictures = of_shape(digits, shape)
    warps = drawn(Augmentation(), len(pictures), shape)
    np.testing.assert_array_equal(warp(pictures, warps), pictures)
    warps.shifts[:] = (3, 0)
    moved = warp(pictures, warps).reshape(-1, height, width)
    np.testing.assert_array_equal(moved[..., :-3], pictures.reshape(-1, height, width)[..., 3:])
    assert (moved[..., -3:] == 0).all()


def test_a_wide_picture_turns_around_its_middle() -> None:
    picture = np.zeros((5, 9), np.uint8)
    picture[2, 1:8] = 200  # a line across
    warps = drawn(Augmentation(), 1, picture.shape)
    warps.matrices[:] = [[0, -1], [1, 0]]
    turned = warp(picture.reshape(1, -1), warps).reshape(5, 9)
    expected = np.zeros_like(picture)
    expected[:, 4] = 200  # as much of it as there is room for
    np.testing.assert_array_equal(turned, expected)


@pytest.mark.parametrize(
    "settings",
    [
        {"shift": -1},
        {"rotation": 50},
        {"scale": 1},
        {"elastic_sigma": 0.5},
        {"shear": math.nan},
        {"stretch": 1},
        {"upstroke": 1.1},
        {"thickness": -0.1},
        {"blur": 21},
        {"leftovers": 1.1},
        {"paper": 1},
        {"noise": 1},
    ],
    ids=str,
)
def test_impossible_distortions_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        Augmentation(**settings)
