import numpy as np

from mnist_nn.data.table import moons


def test_without_noise_points_lie_on_the_half_circles(rng: np.random.Generator) -> None:
    x, y = moons(200, 0.0, rng)
    upper, lower = x[y == 0], x[y == 1]
    assert len(upper) == len(lower) == 100
    np.testing.assert_allclose(np.hypot(*upper.T), 1)
    np.testing.assert_allclose(np.hypot(lower[:, 0] - 1, lower[:, 1] - 0.5), 1)
    assert (upper[:, 1] >= 0).all()
    assert (lower[:, 1] <= 0.5).all()


def test_noise_has_the_given_spread(rng: np.random.Generator) -> None:
    x, y = moons(20_000, 0.2, rng)
    distance = np.hypot(*x[y == 0].T) - 1
    assert 0.18 < distance.std() < 0.22
