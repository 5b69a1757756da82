"""The benchmark measures what it says; what it measures is never asserted."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGINES = ["numpy", *(["numba"] if find_spec("numba") else [])]


def bench(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the benchmark on the sample, in an environment whose PyTorch is broken."""
    (folder / "torch.py").write_text("raise ImportError('no torch in this test')\n")
    paths = [str(folder), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    options += ("--dataset", "mnist-sample", "--output", str(folder / "out"))
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "bench.py"), *options],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )


def test_engines_are_timed_and_missing_peers_reported(tmp_path: Path) -> None:
    page = tmp_path / "out" / "benchmarks.md"
    page.parent.mkdir()
    page.write_text("before\n<!-- results -->\nold\n<!-- end of results -->\nafter\n")
    only = ("--only", *ENGINES, "pytorch", "--batch-sizes", "32", "--rounds", "1", "--race-only")
    result = bench(tmp_path, *only)
    assert result.returncode == 0, result.stderr

    rows = json.loads((tmp_path / "out" / "benchmarks.json").read_text())["contestants"]
    best = {row["contestant"]: row for row in rows if row.get("best")}
    assert sorted(best) == sorted(ENGINES)
    for row in best.values():
        assert row["accuracy"] > 0.8
        assert row["min"] <= row["median"] <= row["max"]
        assert row["peak_bytes"] > 10_000_000
    (torch,) = (row for row in rows if row["contestant"] == "pytorch")
    assert torch["missing"] == "no torch in this test"

    for text in (page.read_text(), result.stdout):
        assert "PyTorch: missing (no torch in this test)" in text
        assert "not measured" in text
    before, _, after = re.split(r"<!-- (?:end of )?results -->", page.read_text())
    assert (before, after) == ("before\n", "\nafter\n")
    if find_spec("matplotlib"):
        assert (tmp_path / "out" / "benchmarks.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("text", ["", "<!-- results -->\n"])
def test_a_page_without_markers_is_refused_before_anything_is_measured(
    tmp_path: Path, text: str
) -> None:
    page = tmp_path / "out" / "benchmarks.md"
    page.parent.mkdir()
    page.write_text(text)
    result = bench(tmp_path)
    assert result.returncode == 1
    assert "<!-- end of results -->" in result.stderr
    assert page.read_text() == text
