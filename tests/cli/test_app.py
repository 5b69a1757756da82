import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnist_nn import __version__
from mnist_nn.cli.app import COMMANDS, load_command

CONFIGS = Path(__file__).parents[2] / "configs"
Run = Callable[..., Any]


def test_help_lists_every_command(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert [name for name in COMMANDS if f" {name} " not in result.stdout] == []


def test_version(run: Run) -> None:
    assert run("--version").stdout == f"mnist-nn {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ("trian",),
            r"error: No such command 'trian'\. Did you mean 'train'\?\nsee: mnist-nn --help\n",
        ),
        (("plot",), r"error: Missing argument 'MODEL'\.\nsee: mnist-nn plot --help\n"),
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
    arguments = ("train", "-c", "sample", "--epochs", "1", "-q")
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


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_has_the_first_line_of_each_commands_help(name: str) -> None:
    first, *_ = str(load_command(name).help).split("\n\n")
    assert first == COMMANDS[name].help


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_fits_the_terminal_and_cuts_nothing(
    name: str, columns: int, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    result = run(*filter(None, [name]), "--help")
    assert (result.exit_code, result.stderr) == (0, "")
    assert max(map(len, result.stdout.splitlines())) <= columns
    for mark in ("…", "<bool>", "BOOLEAN", "list["):
        assert mark not in result.stdout


def complete(*words: str) -> list[str]:
    """What a shell would offer for the last word of a command line."""
    line = shlex.join(["mnist-nn", *words[:-1]]) + f" {words[-1]}"
    variables = {"_MNIST_NN_COMPLETE": "complete_bash", "COMP_WORDS": line}
    done = subprocess.run(
        [sys.executable, "-c", "from mnist_nn.cli import main; main()"],
        env=os.environ | variables | {"COMP_CWORD": str(len(words))},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("ev",), ["evaluate"]),
        (("download", "--dataset", "fa"), ["fashion-mnist"]),
        (("evaluate", "model.pkl", "--dataset", "mnist-"), ["mnist-sample"]),
        (("train", "--config", "ba"), ["base", "batch-norm"]),
        (
            ("show", "--config", f"{CONFIGS}/ba"),
            [f"{CONFIGS}/{n}.yaml" for n in ("base", "batch-norm")],
        ),
        (("plot", "--for"), ["--format"]),
    ],
    ids=["command", "download", "dataset", "preset", "file", "option"],
)
def test_a_shell_completes_words(words: tuple[str, ...], offered: list[str]) -> None:
    assert complete(*words) == offered


def test_the_completion_for_a_shell_can_be_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    assert "_MNIST_NN_COMPLETE=complete_bash" in run("--show-completion", "bash").stdout
