from typing import Any

import numpy as np
import pytest

from mnist_nn.augmentation import Augmentation, Augmenter
from mnist_nn.augmentation.upstroke import measure
from mnist_nn.data import Samples

MNIST = (28, 28)


def bar(lean: float, shape: tuple[int, int] = MNIST, length: float = 20, width: float = 3) -> Any:
    """A straight bar in the middle, leaning by so many degrees."""
    height, across = shape
    row, column = np.mgrid[:height, :across] - np.array([height - 1, across - 1])[:, None, None] / 2
    right, down = np.sin(np.radians(lean)), np.cos(np.radians(lean))
    along, beside = column * right + row * down, column * down - row * right
    ink = np.clip((length + 1) / 2 - np.abs(along), 0, 1)
    ink = ink * np.clip((width + 1) / 2 - np.abs(beside), 0, 1)
    return np.rint(255 * ink).astype(np.uint8).reshape(1, -1)


def with_upstroke(
    pictures: Any, share: float = 1.0, seed: int = 0, compiled: bool = False, **more: Any
) -> Any:
    settings, rng = Augmentation(upstroke=share), np.random.default_rng(seed)
    return Augmenter(settings, rng, compiled=compiled, **more)(pictures)


def test_ones_get_upstrokes_and_other_digits_do_not(digits: Samples) -> None:
    x, y = digits.x[:2000], digits.y[:2000]
    changed = (with_upstroke(x) != x).any(axis=1)
    assert changed[y == 1].mean() > 0.8
    assert changed[y != 1].mean() < 0.005


def test_only_so_many_get_one(digits: Samples) -> None:
    ones = digits.x[digits.y == 1]
    all_of_them = (with_upstroke(ones) != ones).any(axis=1).mean()
    changed = (with_upstroke(ones, 0.3) != ones).any(axis=1).mean()
    assert changed == pytest.approx(0.3 * all_of_them, abs=0.06)


def test_an_upstroke_leads_from_the_left_up_to_the_top() -> None:
    bars = np.repeat(bar(0), 200, axis=0)
    added = (with_upstroke(bars).astype(int) - bars).reshape(-1, 28, 28)
    assert (added >= 0).all()
    assert added.any(axis=(1, 2)).all()
    assert not added[:, :, 16:].any()  # right of the stroke
    assert not added[:, :4].any()  # above it
    lowest = [np.flatnonzero(one.any(axis=1)).max() for one in added]
    leftmost = [np.flatnonzero(one.any(axis=0)).min() for one in added]
    assert 5 <= min(lowest) < max(lowest) < 20  # the bar is in rows 4 to 23
    assert 1 <= min(leftmost) < max(leftmost) < 14


def test_it_takes_no_ink_away_and_is_no_darker(digits: Samples) -> None:
    ones = digits.x[digits.y == 1]
    drawn = with_upstroke(ones)
    assert (drawn >= ones).all()
    np.testing.assert_array_equal(drawn.max(axis=1), ones.max(axis=1))


@pytest.mark.parametrize("lean", [-30, -10, 0, 20, 30])
def test_a_straight_bar_is_measured_as_what_it_is(lean: float) -> None:
    found = measure(bar(lean), MNIST)
    assert np.degrees(found.lean[0]) == pytest.approx(lean, abs=0.5)
    assert (found.x[0], found.y[0]) == pytest.approx((13.5, 13.5), abs=0.1)
    assert 2 * found.half[0] == pytest.approx(20, abs=0.5)
    assert 2 * found.radius[0] == pytest.approx(3, abs=0.5)


@pytest.mark.parametrize(
    ("lean", "width", "changes"), [(0, 3, True), (50, 3, False), (90, 3, False), (0, 8, False)]
)
def test_only_upright_narrow_figures_get_one(lean: float, width: float, changes: bool) -> None:
    picture = bar(lean, width=width)
    assert (with_upstroke(picture) != picture).any() == changes


def test_blank_images_stay_blank() -> None:
    assert not with_upstroke(np.zeros((5, 784), np.uint8)).any()


@pytest.mark.parametrize("shape", [(40, 20), (16, 30), (1, 30)], ids=str)
def test_images_of_any_shape_get_one(shape: tuple[int, int]) -> None:
    picture = bar(0, shape, length=0.7 * shape[0], width=2)
    drawn = with_upstroke(picture, image_shape=shape).astype(int) - picture
    assert drawn.any() == (shape[0] > 1)
    assert not drawn.reshape(shape)[:, shape[1] // 2 + 2 :].any()


def test_both_engines_draw_the_same(digits: Samples) -> None:
    ones = digits.x[digits.y == 1][:100]
    np.testing.assert_array_equal(with_upstroke(ones), with_upstroke(ones, compiled=True))
