"""Names of tests: two processes that collect the same tests give them the same names."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

IDS = Path(__file__).with_name("ids.py")
CHANGING = """
import gzip
import time
from datetime import datetime
from pathlib import Path
import pytest

HERE, TEXT = Path.cwd(), "é ×\\x1b[2J"
VALUES = [gzip.compress(b"x"), HERE, datetime.now(), f"{HERE}/x", TEXT, b"y", 1.5]

@pytest.mark.parametrize("value", VALUES)
def test_it(value): ...
"""
GIVEN = """
import pytest

@pytest.mark.parametrize("value", [1, 2], ids=["fine", {!r}])
def test_it(value): ...
"""


def collect(folder: Path, program: str, worker: str = "gw0") -> "subprocess.CompletedProcess[str]":
    """Collect the tests of a program in a process of its own, as this worker would."""
    folder.mkdir()
    (folder / "conftest.py").write_text(IDS.read_text())
    (folder / "test_program.py").write_text(program)
    (folder / "pytest.ini").write_text("[pytest]\n")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        env=os.environ | {"PYTEST_XDIST_WORKER": worker, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
    )


def test_names_do_not_depend_on_the_hour_the_folder_or_bytes(tmp_path: Path) -> None:
    here = collect(tmp_path / "here", CHANGING)
    later = collect(tmp_path / "elsewhere", CHANGING, worker="gw1")
    assert here.returncode == later.returncode == 0, here.stdout + later.stdout
    names = [line.partition("[")[2] for line in here.stdout.splitlines() if "[" in line]
    assert names == [*(f"value{n}]" for n in range(4)), "_ _[2J]", "value4]", "1.5]"]
    assert later.stdout.splitlines()[:-1] == here.stdout.splitlines()[:-1]  # the last has the time


def test_workers_collect_an_hour_apart_so_that_a_name_made_of_the_time_never_passes(
    tmp_path: Path,
) -> None:
    program = GIVEN.replace("{!r}", "str(int(time.time()) // 1800)").replace(
        "import", "import time,"
    )
    names = [
        collect(tmp_path / worker, program, worker).stdout.splitlines()[1]
        for worker in ("gw0", "gw1")
    ]
    assert names[0] != names[1]


@pytest.mark.parametrize("cause", ["an hour", "a folder", "letters"])
def test_a_name_that_would_differ_is_refused(cause: str, tmp_path: Path) -> None:
    name = {"an hour": "\x1f\x8b", "a folder": str(tmp_path / "x"), "letters": "é"}[cause]
    done = collect(tmp_path / "here", GIVEN.format(name))
    assert done.returncode != 0
    assert "1 tests have bytes, a path or unprintable letters in their names" in done.stderr
    assert "[fine]" not in done.stderr
