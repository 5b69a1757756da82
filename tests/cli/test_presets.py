"""``presets``, and presets where a config is asked for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnist_nn.config import load_config
from mnist_nn.config.presets import find_config, preset_names

Run = Callable[..., Any]


def test_every_preset_is_listed_with_what_it_reaches(run: Run) -> None:
    result = run("presets")
    assert (result.exit_code, result.stderr) == (0, "")
    _, _, *rows = result.stdout.splitlines()
    assert [row.split()[0] for row in rows] == preset_names()
    (fast,) = (row.split() for row in rows if row.split()[0] == "fast")
    assert fast[:3] == ["fast", "784-128-64-10", "relu"]
    assert all(row.count("%") == 2 for row in rows)
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_the_main_job_is_the_default(run: Run) -> None:
    small = ("--set", "data.dataset=mnist-sample", "--set", "network.layers.0.units=2")
    assert run("gradcheck", *small) == run("gradcheck", "--config", "base", *small)


def test_a_file_comes_before_a_preset_of_its_name(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sample").write_text("seed: [")
    assert "sample, line 1: not valid YAML" in run("show", "--config", "sample").stderr


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("bse", "there is no file and no preset 'bse' (did you mean 'base'?)\n"),
        ("\x1b[2J", "there is no file and no preset '\\x1b[2J' (known: accurate, base, "),
        ("base.yaml", "cannot read the config base.yaml: No such file or directory"),
    ],
    ids=["typo", "steering", "file"],
)
def test_a_name_that_is_no_preset_is_explained(name: str, complaint: str, run: Run) -> None:
    result = run("show", "--config", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert complaint in result.stderr
    assert ("mnist-nn presets" in result.stderr) == (not name.endswith(".yaml"))


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_needs_no_other_config(name: str) -> None:
    on_base = load_config([find_config("base"), find_config(name)])
    if name in ("sample", "per-sample"):
        assert load_config([find_config(name)]) == on_base
    assert len(on_base.network.layers) in (2, 3)
