from typing import Any

import numpy as np
import pytest

from mnist_nn.augmentation import Augmentation, Augmenter
from mnist_nn.data import Samples


def with_leftovers(pictures: Any, share: float, shape: tuple[int, int] = (28, 28)) -> Any:
    """Pictures with what is left over, (n, height, width)."""
    settings, rng = Augmentation(leftovers=share), np.random.default_rng(0)
    return Augmenter(settings, rng, image_shape=shape)(pictures).reshape(-1, *shape)


def test_leftovers_are_at_the_border_of_their_share_of_images(digits: Samples) -> None:
    added = with_leftovers(digits.x, 0.3) - digits.x.reshape(-1, 28, 28).astype(int)
    assert (added >= 0).all()
    assert not added[:, 5:23, 5:23].any()
    assert added.any(axis=(1, 2)).mean() == pytest.approx(0.3, abs=0.04)
    darkest = added.max(axis=(1, 2))
    assert 0 < darkest[darkest > 0].min() < 120 < 240 < darkest.max()
    sides = added[:, 0], added[:, -1], added[:, :, 0], added[:, :, -1]
    along = np.mean([(side > 60).sum(axis=1) > 20 for side in sides], axis=1)
    assert 0.02 < along.min() < along.max() < 1.4 * along.min()


@pytest.mark.parametrize("shape", [(40, 20), (9, 64), (1, 30)], ids=str)
def test_leftovers_keep_to_the_outer_third_whatever_the_shape(shape: tuple[int, int]) -> None:
    blank = np.zeros((500, shape[0] * shape[1]), np.uint8)
    found = with_leftovers(blank, 1.0, shape)
    rows, columns = (slice(side // 6 + 1, side - side // 6 - 1) for side in shape)
    assert found.any(axis=(1, 2)).mean() > 0.8
    assert not found[:, rows, columns].any()
