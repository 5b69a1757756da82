import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnist_nn import __version__

CONFIGS = Path(__file__).parents[2] / "configs"
Run = Callable[..., Any]


def test_help_lists_every_command(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    for command in ("download", "train", "evaluate", "gradcheck"):
        assert command in result.stdout


def test_version(run: Run) -> None:
    assert run("--version").stdout == f"mnist-nn {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ("trian",),
            r"error: No such command 'trian'\. Did you mean 'train'\?\nsee: mnist-nn --help\n",
        ),
        (("evaluate",), r"error: Missing argument 'MODEL'\.\nsee: mnist-nn evaluate --help\n"),
        (("train", "--nope"), r"error: No such option.*--nope.*\nsee: mnist-nn train --help\n"),
    ],
    ids=["command", "argument", "option"],
)
def test_a_wrong_command_line_exits_with_2(
    arguments: tuple[str, ...], complaint: str, run: Run
) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert re.fullmatch(complaint, result.stderr)


def test_no_arguments_ask_for_help(run: Run) -> None:
    assert run() == run("--help")


def test_a_message_cannot_steer_the_terminal(run: Run) -> None:
    result = run("download", "--dataset", "\x1b[2Jmnist")
    assert "cannot download '\\x1b[2Jmnist'" in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("command", ["--version", "draw model.pkl"])
@pytest.mark.parametrize(
    ("redirect", "code", "message"),
    [
        (">/dev/full", 1, "error: cannot write to standard output: No space left on device\n"),
        (">&-", 0, ""),
        ("2>/dev/full", 0, ""),
        ("2>&-", 0, ""),
    ],
)
def test_output_that_cannot_be_written_is_an_error_in_one_line(
    command: str, redirect: str, code: int, message: str, sample_model: Path, tmp_path: Path
) -> None:
    line = f"'{sys.executable}' -m mnist_nn {command} {redirect}"
    settings = os.environ | {"PYTHONUNBUFFERED": ""}
    done = subprocess.run(
        line, shell=True, cwd=tmp_path, env=settings, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (code, message)


def test_help_imports_nothing_heavy() -> None:
    heavy = ("numpy", "numba", "requests", "matplotlib", "pydantic", "yaml", "tqdm")
    program = (
        "import sys; from mnist_nn.cli.app import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_process_ends_fast_but_in_order_and_loads_no_linear_algebra_of_scipy(
    tmp_path: Path,
) -> None:
    program = (
        "import atexit, sys\n"
        "from mnist_nn.cli import main\n"
        "atexit.register(print, 'registered before')\n"
        "try: main()\n"
        "finally:\n"
        "    atexit.register(print, 'registered after')\n"
        "    print([n for n in ('numba', 'scipy.linalg', 'pycparser') if n in sys.modules])\n"
    )
    arguments = ("train", "-c", CONFIGS / "sample.yaml", "--epochs", "1", "-q")
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["model.pkl", "['numba']", "registered after"]


@pytest.mark.parametrize("command", ["--help", "evaluate model.pkl"])
def test_a_reader_that_has_seen_enough_is_no_error(
    command: str, sample_model: Path, tmp_path: Path
) -> None:
    line = f"'{sys.executable}' -m mnist_nn {command} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (141, "")
