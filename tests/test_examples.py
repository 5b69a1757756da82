"""The notebooks run, each by itself in an empty folder, and are notebooks."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import jupytext
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "MPLBACKEND": "agg",
        "OMP_NUM_THREADS": "1",  # the tests run side by side
        "MNIST_NN_DATA_DIR": str(tmp_path / "no-data"),  # nothing is downloaded
    }
    result = subprocess.run(
        [sys.executable, str(path)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert not re.search(r"\b(Convergence|MnistNN|Runtime|User)Warning", result.stderr)
    left_out = {line.split()[0] for line in result.stdout.splitlines() if "left out" in line}
    assert all(find_spec(library) is None for library in left_out)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_is_a_notebook(path: Path) -> None:
    notebook = jupytext.read(path)
    title, *cells = notebook.cells
    assert title.cell_type == "markdown"
    assert title.source.startswith("# ")
    assert {cell.cell_type for cell in cells} == {"markdown", "code"}
    assert not any(cell.source.startswith("# ") for cell in cells)  # one title
    assert json.loads(jupytext.writes(notebook, "ipynb"))["nbformat"] == 4


def test_every_notebook_is_listed() -> None:
    for page in (EXAMPLES / "README.md", EXAMPLES.parent / "docs" / "notebooks.md"):
        text = page.read_text(encoding="utf-8")
        assert all(path.name in text for path in SCRIPTS)
