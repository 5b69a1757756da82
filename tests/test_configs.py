"""The configs that ship: each resolves, and reaches what its first lines and the docs say."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnist_nn.config import load_config

Run = Callable[..., Any]
CONFIGS = Path(__file__).parents[1] / "configs"
BASE = CONFIGS / "base.yaml"


@pytest.mark.parametrize("path", sorted(CONFIGS.rglob("*.yaml")), ids=lambda p: p.stem)
def test_every_config_resolves_and_says_what_it_is_for(path: Path) -> None:
    load_config([BASE, path] if path.parent == CONFIGS else [path])
    assert path.read_text().startswith("# ")


def reached(run: Run, data_dir: Path, *configs: Path) -> float:
    files = [part for path in configs for part in ("--config", path)]
    trained = run("train", *files, "--data-dir", data_dir, "--quiet")
    assert trained.exit_code == 0, trained.stderr
    result = run("evaluate", "model.pkl", "--data-dir", data_dir, "--json")
    return json.loads(result.stdout)["accuracy"]


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
