"""`training.frozen_layers`: the first layers stay as they are, bit for bit."""

from typing import Any

import numpy as np
import pytest

from mnist_nn.augmentation import Augmentation
from mnist_nn.data import Samples
from mnist_nn.engines import NumpyEngine, StepConfig
from mnist_nn.nn import LOSSES, Network, block
from mnist_nn.rngs import make_rngs
from mnist_nn.training import SGD, Adam, FrozenLayers

from ..fitting import fit

engines = pytest.mark.parametrize("engine", ["numpy", "numba"])


def make(seed: int = 0, dtype: type = np.float64, **options: Any) -> Network:
    layers = [*block(16, "relu", **options), *block(12, "sigmoid", **options)]
    layers += block(10, "softmax")
    rng = np.random.default_rng(seed)
    return Network(784, layers, rng=rng, input_scale=1 / 255, dtype=dtype)


def parts(network: Network, frozen: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Copy the parameters of the frozen layers, and of the others."""
    found: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for name, array in network.named_parameters().items():
        found[int(name[6]) > frozen].append(array.copy())
    return found


@engines
@pytest.mark.parametrize("frozen", [1, 2])
def test_frozen_layers_stay_as_they_are(digits: Samples, engine: str, frozen: int) -> None:
    network = make(dtype=np.float32, dropout=0.2)
    (kept, trained), few = parts(network, frozen), digits.take(np.arange(500))
    options: dict[str, Any] = {"epochs": 3, "engine": engine, "optimizer": Adam()}
    rng = np.random.default_rng(1)
    history = list(fit(network, few, rng=rng, frozen_layers=frozen, l2=0.1, **options))
    kept_after, trained_after = parts(network, frozen)
    for before, after in zip(kept, kept_after, strict=True):
        np.testing.assert_array_equal(before, after)
    for before, after in zip(trained, trained_after, strict=True):
        assert (before != after).any()
    assert history[-1].loss < history[0].loss


def test_running_statistics_of_frozen_layers_stay_as_they_are(digits: Samples) -> None:
    network, few = make(batch_norm=True), digits.take(np.arange(500))
    kept, _ = parts(network, 1)
    list(fit(network, few, rng=np.random.default_rng(1), frozen_layers=1, epochs=1))
    for before, after in zip(kept, parts(network, 1)[0], strict=True):
        np.testing.assert_array_equal(before, after)


def test_the_others_take_the_steps_that_they_take_in_the_whole_network(digits: Samples) -> None:
    few = digits.take(np.arange(320))
    network, whole = make(), make()
    options: dict[str, Any] = {"optimizer": SGD(learning_rate=0.5), "shuffle": False, "epochs": 1}
    options["engine"] = "numpy"
    (metrics,) = fit(network, few, rng=np.random.default_rng(0), frozen_layers=1, **options)
    step_config = StepConfig(LOSSES["cross_entropy"], SGD())
    engine = NumpyEngine(whole, step_config, *few, 32, np.random.default_rng(0))
    first, loss = whole.dense[0], 0.0
    W, b = first.W.copy(), np.array(first.b)
    for start in range(0, 320, 32):
        loss += engine.run(np.arange(start, start + 32), np.array([0.5]))[0]
        first.W[...], first.b[...] = W, b  # type: ignore[index]
    np.testing.assert_allclose(network.params, whole.params, atol=1e-12)
    assert metrics.loss == pytest.approx(loss / 320, rel=1e-10)


@pytest.mark.parametrize("rotation", [0.0, 15.0])
def test_the_engines_agree(digits: Samples, rotation: float) -> None:
    few, held = digits.take(np.arange(400)), digits.take(np.arange(400, 500))
    found = []
    for engine in ("numpy", "numba"):
        network = make()
        trainer = fit(
            network,
            few,
            rng=make_rngs(3),
            augmentation=Augmentation(rotation=rotation),
            validation=held,
            engine=engine,
            frozen_layers=2,
            epochs=2,
            class_weight="balanced",
        )
        found.append((network, list(trainer)))
    (one, history), (other, its_history) = found
    np.testing.assert_allclose(one.params, other.params, atol=1e-4 if rotation else 1e-11)
    assert history[1].validation_loss == pytest.approx(its_history[1].validation_loss, rel=1e-4)


@engines
@pytest.mark.parametrize("rotation", [0.0, 15.0])
def test_a_resumed_run_ends_as_an_uninterrupted_one(
    digits: Samples, engine: str, rotation: float
) -> None:
    """Also where the network that it resumes with was drawn from another seed."""
    few, held = digits.take(np.arange(1100)), digits.take(np.arange(1100, 1200))
    options: dict[str, Any] = {
        "augmentation": Augmentation(rotation=rotation),
        "validation": held,
        "running": True,
        "optimizer": Adam(),
        "ema_decay": 0.99,
        "engine": engine,
        "frozen_layers": 1,
        "epochs": 3,
    }
    network = make(dtype=np.float32, dropout=0.1)
    trainer = fit(network, few, rng=make_rngs(3), **options)
    snapshots = [trainer.snapshot() for _ in trainer]
    for snapshot in snapshots[:-1]:
        again = make(seed=9, dtype=np.float32, dropout=0.1)
        resumed = fit(again, few, rng=make_rngs(3), state=snapshot, **options)
        list(resumed)
        np.testing.assert_array_equal(again.params, network.params)
        assert [m.loss for m in resumed.history] == [m.loss for m in trainer.history]
        assert resumed.history[-1].validation_loss == trainer.history[-1].validation_loss


def test_a_snapshot_with_other_frozen_layers_is_refused(digits: Samples) -> None:
    few = digits.take(np.arange(100))
    one, other = (
        fit(make(seed), few, rng=np.random.default_rng(0), frozen_layers=1) for seed in (0, 1)
    )
    with pytest.raises(ValueError, match="the snapshot is of another run"):
        one.restore(other.snapshot())


def test_one_layer_must_be_left_to_train(digits: Samples) -> None:
    with pytest.raises(ValueError, match="must leave one of the 3 layers to train, got 3"):
        fit(make(), digits, rng=np.random.default_rng(0), frozen_layers=3)


def test_features_are_the_outputs_of_the_frozen_layers(digits: Samples) -> None:
    network = make(batch_norm=True, dropout=0.5)
    frozen = FrozenLayers(network, 2)
    outputs = frozen.head.predict(frozen.features(digits.x))
    np.testing.assert_allclose(outputs, network.predict(digits.x), atol=1e-12)
