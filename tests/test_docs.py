"""What the documents promise."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnist_nn.config import load_config
from mnist_nn.nn import INITIALIZERS, LOSSES

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def keys(values: dict, path: str = "") -> Iterator[tuple[str, object]]:
    """Every key of a config and its default; layers stand for themselves."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from keys(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def test_every_key_is_documented_with_its_default() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    rows = dict(re.findall(r"^\| `([\w.]+)` \| (.+?) \|", text, re.MULTILINE))
    for key, default in keys(load_config().model_dump(mode="json")):
        if key != "network.layers":
            shown = default if isinstance(default, str) else json.dumps(default)
            assert rows[key] == f"`{shown}`", key
    assert {*INITIALIZERS, *LOSSES} <= {*rows}


def test_the_python_in_the_docs_runs() -> None:
    blocks = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text(), re.DOTALL
    )
    assert len(blocks) >= 6
    exec("\n".join(blocks), {})


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_links_and_configs_lead_somewhere(path: Path) -> None:
    text = path.read_text()
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (path.parent / target).exists(), target
    for config in re.findall(r"--config (configs/\S+\.yaml)", text):
        assert (ROOT / config).exists(), config
