"""The benchmark scripts; no measured time is asserted."""

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


def bench(
    folder: Path, *options: str, script: str = "bench.py"
) -> subprocess.CompletedProcess[str]:
    """Run a benchmark script on the sample, with a PyTorch that cannot be imported."""
    (folder / "torch.py").write_text("raise ImportError('no torch in this test')\n")
    paths = [str(folder), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    options += ("--dataset", "mnist-sample")
    if script == "bench.py":
        options += ("--output", str(folder / "out"))
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / script), *options],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )


def test_engines_are_timed_and_missing_peers_reported(tmp_path: Path) -> None:
    page = tmp_path / "out" / "benchmarks.md"
    page.parent.mkdir()
    page.write_text("before\n<!-- results -->\nold\n<!-- end of results -->\nafter\n")
    only = (
        "--only",
        *ENGINES,
        "products",
        "pytorch",
        "--batch-sizes",
        "32",
        "--rounds",
        "1",
        "--race-only",
    )
    result = bench(tmp_path, *only)
    assert result.returncode == 0, result.stderr

    rows = json.loads((tmp_path / "out" / "benchmarks.json").read_text())["contestants"]
    best = {row["contestant"]: row for row in rows if row.get("best")}
    assert sorted(best) == sorted([*ENGINES, "products"])
    for row in (best[engine] for engine in ENGINES):
        assert row["accuracy"] > 0.8
        assert row["min"] <= row["median"] <= row["max"]
        assert row["peak_bytes"] > 10_000_000
    ratio = best["products"]["median"] / best["numpy"]["median"]
    (torch,) = (row for row in rows if row["contestant"] == "pytorch")
    assert torch["missing"] == "no torch in this test"

    for text in (page.read_text(), result.stdout):
        assert "PyTorch: missing (no torch in this test)" in text
        assert re.search(rf"\| mnist-nn numpy, batches of 32 +\| +{ratio:.2f} × \|", text)
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


def test_the_grid_is_a_table_with_ratios(tmp_path: Path) -> None:
    only = ("--only", *ENGINES, "auto", "scikit-learn", "pytorch")
    cell = ("--inputs", "dense", "--batch-sizes", "512", "--optimizers", "adam")
    result = bench(tmp_path, *only, *cell, "--rounds", "1", "--narrow-only", script="bench_grid.py")
    assert result.returncode == 0, result.stderr
    assert result.stderr == "PyTorch: missing: no torch in this test\n"
    head, _, row = (line.split(" | ") for line in result.stdout.splitlines()[2:])
    figures = dict(zip(head, row, strict=True))
    assert figures["network"] == "784-128-64-10"
    speed = int(figures["NumPy"].replace(",", ""))
    auto = int(figures["auto"].split()[0].replace(",", ""))
    assert float(figures["auto / NumPy"]) == pytest.approx(auto / speed, rel=0.02, abs=0.01)
    assert "PyTorch" not in figures


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("peer", ["numba", "pytorch", "jax"])
def test_contestants_of_the_grid_take_the_same_steps(peer: str, optimizer: str) -> None:
    pytest.importorskip({"pytorch": "torch"}.get(peer, peer))
    program = f"""if True:
        import numpy as np
        from bench_contestants import CONTESTANTS, Job, layers_of, start_network
        from mnist_nn.data import load_dataset
        x, y = load_dataset("mnist-sample").test
        x, y = np.float32(x[:96] / 255), y[:96].astype(np.int64)
        flat = lambda layers: np.concatenate([a.ravel() for pair in layers for a in pair])
        begun, reached = layers_of(start_network((784, 30, 10))), []
        for name in ("numpy", "{peer}"):
            start = layers_of(start_network((784, 30, 10)))
            ready = CONTESTANTS[name](Job(x, y, start, 32, 0.01, None, "{optimizer}"))
            ready.epoch(np.arange(96))
            reached.append(flat(ready.layers()))
        moved = np.abs(reached[0] - flat(begun)).mean()
        # the other libraries add Adam's ε elsewhere, which matters for tiny gradients
        assert 0 < np.abs(reached[0] - reached[1]).mean() < 0.02 * moved
    """
    subprocess.run([sys.executable, "-c", program], cwd=ROOT / "scripts", check=True)
