import numpy as np
import pytest

from mnist_nn.images import resize

IMAGE = np.arange(24.0).reshape(4, 6)


def test_shrinking_takes_the_mean_of_each_new_pixel() -> None:
    means = IMAGE.reshape(2, 2, 3, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(resize(IMAGE, (2, 3)), means)
    np.testing.assert_allclose(resize(IMAGE, (1, 1)), IMAGE.mean())


def test_growing_draws_straight_lines() -> None:
    line = np.array([[0.0, 1.0]])
    np.testing.assert_allclose(resize(line, (2, 4)), [[0, 0.25, 0.75, 1]] * 2)


@pytest.mark.parametrize("shape", [(4, 6), (3, 6), (28, 28), (7, 1)])
def test_a_plain_image_stays_plain(shape: tuple[int, int]) -> None:
    resized = resize(np.full((4, 6), 7.0), shape)
    assert resized.shape == shape
    np.testing.assert_allclose(resized, 7)
