from typing import Any

import numpy as np
import pytest
from scipy.ndimage import grey_dilation, grey_erosion

from mnist_nn.augmentation import Augmentation, Augmenter
from mnist_nn.augmentation.thickness import thicken
from mnist_nn.data import Samples

CROSS = np.array([[[0, 1, 0], [1, 1, 1], [0, 1, 0]]])


def thick(pictures: Any, pixels: float) -> Any:
    """The pictures with strokes wider by so many pixels on each side, (n, 28, 28)."""
    pictures = pictures.reshape(-1, 28, 28)
    return thicken(pictures, np.full(len(pictures), pixels))


def test_wider_pens_leave_more_ink_and_thinner_ones_less(digits: Samples) -> None:
    pens = [-1, -0.6, -0.3, 0, 0.3, 0.6, 1, 1.5]
    ink = [thick(digits.x, pixels).sum(axis=(1, 2), dtype=int) for pixels in pens]
    assert (np.diff(ink, axis=0) > 0).all()
    np.testing.assert_array_equal(ink[3], digits.x.sum(axis=1, dtype=int))


def test_by_whole_pixels_it_is_scipys_morphology(digits: Samples) -> None:
    pictures = digits.x[:100].reshape(-1, 28, 28)
    wider = grey_dilation(pictures, footprint=CROSS)
    np.testing.assert_array_equal(thick(pictures, 1), wider)
    np.testing.assert_array_equal(thick(pictures, 2), grey_dilation(wider, footprint=CROSS))
    np.testing.assert_array_equal(thick(pictures, -1), grey_erosion(pictures, footprint=CROSS))


def test_between_whole_pixels_it_is_between_them(digits: Samples) -> None:
    one, half, two = (thick(digits.x[:100], pixels).astype(int) for pixels in (1, 1.5, 2))
    assert np.abs(half - (one + two) / 2).max() <= 0.5


def test_each_image_gets_its_own_pen_from_thinnest_to_widest(digits: Samples) -> None:
    copies = np.repeat(digits.x[:1], 500, axis=0)
    changed = Augmenter(Augmentation(thickness=0.8), np.random.default_rng(0))(copies)
    ink = changed.sum(axis=1, dtype=int)
    thinnest, widest = (thick(digits.x[:1], pixels).sum(dtype=int) for pixels in (-0.8, 0.8))
    assert thinnest <= ink.min() < 1.03 * thinnest
    assert 0.97 * widest < ink.max() <= widest
    assert (ink < digits.x[0].sum(dtype=int)).mean() == pytest.approx(0.5, abs=0.1)
