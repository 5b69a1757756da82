import numpy as np
import pytest

from mnist_nn.config import Config, Source, resolve
from mnist_nn.data import DATASETS, SampleFormat
from mnist_nn.errors import ConfigError
from mnist_nn.model import build_network, check_fits
from mnist_nn.nn import block


def config(*layers: tuple[int, str], **network: object) -> Config:
    rows = [{"units": units, "activation": activation} for units, activation in layers]
    loss = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}[layers[-1][1]]
    values = {"network": {"layers": rows} | network, "training": {"loss": loss}}
    return resolve([Source("", values)])


def test_the_config_decides_everything() -> None:
    settings = config((5, "relu"), (3, "softmax"), bias=False, dtype="float64")
    samples = SampleFormat((2, 2), ("a", "b", "c"))
    network = build_network(settings, samples, np.random.default_rng(0))
    assert network.sizes == (4, 5, 3)
    assert network.dtype == np.float64
    assert network.input_scale == 1 / 255
    assert network.params.size == network.spec.n_decaying
    assert str(network.layers) == str(
        [*block(5, "relu", bias=False), *block(3, "softmax", bias=False)]
    )


def test_a_legacy_seed_wins_over_the_stream() -> None:
    initializer = {"name": "uniform", "legacy_seed": 99}
    settings = config((6, "relu"), (3, "softmax"), initializer=initializer, dtype="float64")
    network = build_network(settings, DATASETS["iris"].format, np.random.default_rng(0))
    expected = np.random.RandomState(99).uniform(-1, 1, (6, 4))
    np.testing.assert_array_equal(network.dense[0].W, expected.T)


@pytest.mark.parametrize(
    ("dataset", "layers"),
    [("mnist", (10, "softmax")), ("moons", (1, "sigmoid")), ("moons", (2, "softmax"))],
)
def test_outputs_that_fit(dataset: str, layers: tuple[int, str]) -> None:
    check_fits(config(layers), dataset, DATASETS[dataset].format)


@pytest.mark.parametrize(
    ("dataset", "layers", "complaint"),
    [
        ("mnist", (7, "softmax"), r"layers\.1\.units: mnist has 10 classes, .* got 7"),
        ("iris", (1, "sigmoid"), "iris has 3 classes, .* got 1"),
        ("moons", (1, "softmax"), "a softmax over a single unit is always 1"),
    ],
)
def test_outputs_that_do_not(dataset: str, layers: tuple[int, str], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        check_fits(config((4, "relu"), layers), dataset, DATASETS[dataset].format)


@pytest.mark.parametrize(
    ("shape", "complaint"),
    [((4,), "has no images to distort"), ((5, 1025), "5×1025 pixels, .* at most 1024")],
)
def test_what_cannot_be_distorted(shape: tuple[int, ...], complaint: str) -> None:
    settings = resolve([Source("test", {"data": {"augmentation": {"shift": 1}}})])
    names = tuple("0123456789")
    check_fits(settings, "wide", SampleFormat((20, 300), names))
    with pytest.raises(ConfigError, match=f"data.augmentation: .* {complaint}"):
        check_fits(settings, "mine", SampleFormat(shape, names))  # type: ignore[arg-type]
