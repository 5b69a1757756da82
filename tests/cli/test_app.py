import subprocess
import sys
from collections.abc import Callable

import pytest
from typer.testing import Result

from mnist_nn import __version__

Run = Callable[..., Result]


def test_help_lists_every_command(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    for command in ("download", "train", "evaluate", "gradcheck"):
        assert command in result.stdout


def test_version(run: Run) -> None:
    assert run("--version").stdout == f"mnist-nn {__version__}\n"


@pytest.mark.parametrize("arguments", [("trian",), ("train", "--no-such-option"), ("evaluate",)])
def test_a_wrong_command_line_exits_with_2(arguments: tuple[str, ...], run: Run) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Usage" in result.stderr


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


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    command = f"{sys.executable} -m mnist_nn train --help | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert "Error" not in done.stderr
