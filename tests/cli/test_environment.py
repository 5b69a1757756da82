"""Environment variables of other programs, with values that their libraries cannot use."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def mnist_nn(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a process of its own, in a folder."""
    command = [sys.executable, "-m", "mnist_nn", *arguments]
    settings = {**os.environ, **variables}
    return subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TQDM_NCOLS", "abc"),
        ("TQDM_MININTERVAL", "x"),
        ("TQDM_BAR_FORMAT", "{nope}"),
        ("TQDM_FILE", "x"),
        ("TQDM_UNIT_DIVISOR", "0"),
        ("TQDM_COLOUR", "loud"),
    ],
)
def test_a_variable_of_tqdm_that_makes_no_sense_is_named(
    name: str, value: str, tmp_path: Path
) -> None:
    done = mnist_nn(tmp_path, "evaluate", "model.pkl", **{name: value})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        f"error: {name}={value}: tqdm cannot draw a progress bar with this: "
    )
    assert len(done.stderr.splitlines()) == 2


def test_a_variable_of_tqdm_that_makes_sense_is_taken(tmp_path: Path) -> None:
    done = mnist_nn(tmp_path, "evaluate", "model.pkl", TQDM_NCOLS="60", TQDM_NOVELTY="x")
    assert done.stderr == "error: cannot read model.pkl: No such file or directory\n"


@pytest.mark.parametrize("value", ["abc", "0", "-1", "²", "1000000000"])
def test_a_size_of_the_terminal_that_makes_no_sense_is_ignored(value: str, tmp_path: Path) -> None:
    sizes = dict.fromkeys(("COLUMNS", "LINES", "TERMINAL_WIDTH"), value)
    done = mnist_nn(tmp_path, "--help", **sizes, TERM="nonsense", NO_COLOR="x")
    assert (done.returncode, done.stderr) == (0, "")
    assert "download" in done.stdout
    assert max(map(len, done.stdout.splitlines())) == 80


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What ``show`` draws where nothing is in its way."""
    folder = tmp_path_factory.mktemp("sheet")
    assert mnist_nn(folder, "show", "-c", "sample").returncode == 0
    return (folder / "digits.png").read_bytes()


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({"MPLBACKEND": "module://matplotlib_inline.backend_inline"}, id="notebook"),
        pytest.param({"MPLBACKEND": "nonsense"}, id="no backend"),
        pytest.param({"MPLCONFIGDIR": "/dev/null/x", "HOME": "/dev/null"}, id="no folder"),
    ],
)
def test_charts_need_no_window_no_home_and_no_settings_of_the_user(
    variables: dict[str, str], sheet: bytes, tmp_path: Path
) -> None:
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nnonsense\nfont.size: abc\n")
    done = mnist_nn(tmp_path, "show", "-c", "sample", **variables)
    assert (done.returncode, done.stdout) == (0, "digits.png\n")
    assert done.stderr.startswith("note: this config distorts nothing")
    assert len(done.stderr.splitlines()) == 1
    assert (tmp_path / "digits.png").read_bytes() == sheet


def test_a_matplotlibrc_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_bytes(b"\xff\xfe\x00")
    done = mnist_nn(tmp_path, "show", "-c", "sample")
    assert done.returncode == 2
    assert "check its installation and your matplotlibrc" in done.stderr
    assert "bug" not in done.stderr
