"""Files of strangers, handed to the commands that read them."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
CONFIGS = Path(__file__).parents[2] / "configs"


class Calls:
    """Pickles as a call of a function."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> tuple[object, ...]:
        return self.call


@pytest.mark.parametrize("command", [("evaluate",), ("train", "--resume")])
@pytest.mark.parametrize("name", ["evil.pkl", "evil.ckpt", "evil.pkl.ckpt"])
def test_a_file_that_would_run_something_does_not(
    run: Run, tmp_path: Path, command: tuple[str, ...], name: str
) -> None:
    (tmp_path / name).write_bytes(pickle.dumps(Calls(os.system, "touch ran"), 4))
    result = run(*command, name)
    assert result.exit_code == 1
    assert "'posix.system', which a model does not contain" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("command", [("evaluate",), ("train", "--resume"), ("train", "-c")])
@pytest.mark.parametrize("path", [Path("/dev/zero"), Path("/")])
def test_what_is_no_file_is_refused(run: Run, command: tuple[str, ...], path: Path) -> None:
    result = run(*command, path)
    assert result.exit_code in (1, 2)
    assert str(path) in result.stderr
    assert "Traceback" not in result.stderr


def test_a_config_of_ten_megabytes_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "long.yaml").write_bytes(b"seed: 1\n" * 1_300_000)
    result = run("train", "-c", "long.yaml")
    assert result.exit_code == 2
    assert "long.yaml: a config has at most 100,000 bytes" in result.stderr


def test_a_layer_of_a_billion_units_is_refused(run: Run) -> None:
    options = "--set", "network.layers.0.units=1000000000"
    result = run("train", "-c", CONFIGS / "base.yaml", *options)
    assert result.exit_code == 2
    assert "network.layers.0.units: must be at most 100000, got 1000000000" in result.stderr
