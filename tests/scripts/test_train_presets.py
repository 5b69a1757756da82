"""scripts/train_presets.py, on the sample with few steps."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def train_presets(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    few = ("data.dataset=mnist-sample", "training.iterations=20")
    return subprocess.run(
        [
            *(sys.executable, str(ROOT / "scripts" / "train_presets.py"), *options),
            *(part for setting in few for part in ("--set", setting)),
            *("--models", folder / "models", "--output", folder),
        ],
        capture_output=True,
        text=True,
    )


def test_each_seed_is_trained_and_evaluated_once_for_the_table(tmp_path: Path) -> None:
    page, record = tmp_path / "accuracy.md", tmp_path / "accuracy.json"
    page.write_text("before\n<!-- results -->\nold\n<!-- end of results -->\nafter\n")
    record.write_text("{}")
    for preset in ("fast", "sigmoid"):
        result = train_presets(tmp_path, preset, "--seeds", "2", "--jobs", "2")
        assert result.returncode == 0, result.stderr
    results = json.loads(record.read_text())
    assert list(results) == ["fast", "sigmoid"]
    for found in results.values():
        assert [run["seed"] for run in found["runs"]] == [0, 1]
        assert found["config"]["data"]["dataset"] == "mnist-sample"
        assert all(run["samples"] == 1000 for run in found["runs"])
    text = page.read_text()
    assert text.startswith("before")
    assert text.endswith("after\n")
    assert "old" not in text
    for run in results["fast"]["runs"]:
        assert f"{run['accuracy']:.2%}" in text
    assert "| `fast.yaml`" in text
    assert "784-128-64-10" in text


def test_an_unknown_preset_is_refused(tmp_path: Path) -> None:
    result = train_presets(tmp_path, "fastest")
    assert result.returncode == 2
    assert "unknown preset 'fastest'" in result.stderr
