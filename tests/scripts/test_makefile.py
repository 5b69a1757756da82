"""What the Makefile does, in which order, and the versions that its lowest environment takes."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
def test_the_benchmark_wants_its_data_before_it_installs_its_peers(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    made = ["make", "--dry-run", "--directory", str(tmp_path), "bench"]
    shown = subprocess.run(made, check=True, capture_output=True, text=True).stdout
    assert 0 < shown.index("mnist_nn download") < shown.index(".venv-bench")


def test_each_dependency_states_a_lowest_version() -> None:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from environment import lowest
    finally:
        sys.path.pop(0)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [project["dependencies"], *project["optional-dependencies"].values()]
    others = [name for names in named for name in names if not name.startswith("mnist-nn[")]
    assert [name for name in others if ">=" not in name and "==" not in name] == []
    assert "numpy==2.0" in lowest(project)
