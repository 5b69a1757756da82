"""The configs that ship: each resolves, and reaches what its first lines and the docs say."""

import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnist_nn.config import Config, load_config
from mnist_nn.model import load_model

Run = Callable[..., Any]
CONFIGS = Path(__file__).parents[1] / "configs"
BASE = CONFIGS / "base.yaml"


PRESETS = ("fast", "batch-norm", "sigmoid", "accurate", "simard", "best", "wild", "fashion")


@pytest.mark.parametrize("path", sorted(CONFIGS.rglob("*.yaml")), ids=lambda p: p.stem)
def test_every_config_resolves_and_says_what_it_is_for(path: Path) -> None:
    on_top = path.stem in ("sample", "per-sample")
    load_config([BASE, path] if on_top else [path])
    assert path.read_text().startswith("# ")


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_lowers_its_loss_within_a_few_steps(name: str, run: Run, tmp_path: Path) -> None:
    few = ("--set", "data.dataset=mnist-sample", "--set", "training.iterations=120", "-q")
    assert run("train", "-c", CONFIGS / f"{name}.yaml", *few).exit_code == 0
    history = load_model(tmp_path / "model.pkl").history
    assert history[-1].loss < 0.8 * history[0].loss


def test_presets_are_what_their_targets_were_set_for() -> None:
    networks = {name: load_config([CONFIGS / f"{name}.yaml"]).network.layers for name in PRESETS}
    units = {name: [layer.units for layer in layers] for name, layers in networks.items()}
    assert (
        units["fast"]
        == units["batch-norm"]
        == units["sigmoid"]
        == units["accurate"]
        == [128, 64, 10]
    )
    assert units["simard"] == [800, 10]
    assert [layer.activation for layer in networks["sigmoid"][:2]] == ["sigmoid", "sigmoid"]
    sigmoid = load_config([CONFIGS / "sigmoid.yaml"]).data
    assert not sigmoid.augmentation.active
    assert load_config([CONFIGS / "simard.yaml"]).data.augmentation.elastic_alpha > 0


def test_the_accuracies_on_record_are_of_the_presets_as_they_are() -> None:
    """Each run on record is of the config as it is today, and the config says what came of it."""
    record = json.loads((CONFIGS.parent / "docs" / "accuracy.json").read_text())
    assert set(record) == set(PRESETS)
    for name, result in record.items():
        config = load_config([CONFIGS / f"{name}.yaml"])
        assert Config.model_validate(result["config"]) == config
        assert len(result["runs"]) >= 3
        for seed, found in enumerate(result["runs"]):
            assert (found["seed"], found["samples"]) == (seed, 10_000)
            assert found["epochs"] == config.training.epochs
        mean = statistics.fmean(run["accuracy"] for run in result["runs"])
        assert f"# {mean:.2%} of the test images" in (CONFIGS / f"{name}.yaml").read_text()


def reached(run: Run, data_dir: Path, *configs: Path) -> float:
    files = [part for path in configs for part in ("--config", path)]
    trained = run("train", *files, "--data-dir", data_dir, "--quiet")
    assert trained.exit_code == 0, trained.stderr
    result = run("evaluate", "model.pkl", "--data-dir", data_dir, "--json")
    accuracy: float = json.loads(result.stdout)["accuracy"]
    return accuracy


@pytest.mark.slow
def test_base_reaches_97_5_percent_on_the_test_set(run: Run, data_dir: Path) -> None:
    training = load_config([BASE]).training
    assert (training.optimizer.name, training.epochs) == ("sgd", 10)
    assert reached(run, data_dir, BASE) >= 0.975


@pytest.mark.slow
def test_per_sample_reaches_97_percent_on_the_test_set(run: Run, data_dir: Path) -> None:
    path = CONFIGS / "per-sample.yaml"
    assert load_config([BASE, path]).training.batch_size == 1
    assert reached(run, data_dir, BASE, path) >= 0.97


def test_the_sample_is_learnt_in_seconds(run: Run, tmp_path: Path) -> None:
    assert reached(run, tmp_path, BASE, CONFIGS / "sample.yaml") > 0.93
