"""docs/export.md: what it shows is what there is."""

import json
import re
from pathlib import Path

import pytest

from mnist_nn.export import FORMATS, export_model
from mnist_nn.model import load_model

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "export.md").read_text("utf-8")


def test_the_table_is_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    from measure_exports import markdown

    results = json.loads((ROOT / "docs" / "exports.json").read_text("utf-8"))
    assert markdown(results) in PAGE


def test_every_format_has_its_row() -> None:
    assert re.findall(r"^\| `(\w+)` \| `\.", PAGE, re.M) == [*FORMATS]


def test_the_script_is_what_is_written() -> None:
    (shown,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    written = export_model(load_model(), "torch")[".py"].decode()
    assert set(shown.splitlines()) <= set(written.splitlines())


def test_the_python_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for to in ("onnx", "npz"):
        (content,) = export_model(load_model(), to).values()
        (tmp_path / f"digits.{to}").write_bytes(content)
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(block, {})
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"7 0\.99\d+", first)
    assert second.startswith("(784, 128) [{'units': 128, 'activation': 'relu'}")
