"""What the documents promise."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnist_nn.nn import ACTIVATIONS, INITIALIZERS, LOSSES

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def test_the_tables_of_keys_are_those_of_the_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    from reference import generated

    page = (ROOT / "docs" / "configuration.md").read_text()
    assert generated(page) == page, "out of date: run make format"
    assert {*INITIALIZERS, *LOSSES, *ACTIVATIONS} <= {*re.findall(r"^\| `(\w+)` \|", page, re.M)}


def test_keys_are_documented_with_their_defaults_and_ranges() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    for row in (
        r"\| `training.l2` \| `0.0` \| .*<br>Number from 0 to 1,000 \|",
        r"\| `training.optimizer.beta_2` \| `0.999` \| .*<br>Number at least 0 and below 1 \|",
        r"\| `data.augmentation.rotation` \| `0.0` \| .*<br>Number from 0 to 45 \|",
        r"\| `network.dtype` \| `float32` \| .*<br>`float32`, `float64` \|",
        r"\| `training.clip_norm` \| `null` \| .*<br>Number above 0, or `null` \|",
    ):
        assert re.search(row, page), row


def test_the_python_in_the_docs_runs() -> None:
    blocks = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text(), re.DOTALL
    )
    assert len(blocks) >= 6
    exec("\n".join(blocks), {})


def test_the_dry_run_in_the_readme_is_what_it_prints(run: Callable[..., Any]) -> None:
    text = (ROOT / "README.md").read_text()
    ((command, shown),) = re.findall(
        r"\$ mnist-nn (train [^\n]* --dry-run)\n(.*?)```", text, re.DOTALL
    )
    parts = [part.replace("configs/", f"{ROOT}/configs/") for part in command.split()]
    assert run(*parts).stdout == shown


def test_every_promise_names_a_test_that_exists() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text)
    assert len(named) > 20
    for path, test in named:
        assert f"def {test}" in (ROOT / path).read_text(), test


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_links_and_configs_lead_somewhere(path: Path) -> None:
    text = path.read_text()
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (path.parent / target).exists(), target
    for config in re.findall(r"--config (configs/\S+\.yaml)", text):
        assert (ROOT / config).exists(), config


def test_the_page_for_a_package_index_needs_no_file_beside_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    links = re.findall(r"\]\(([^)]+)\)", (ROOT / project["readme"]).read_text())
    assert links
    assert all(link.startswith("https://") for link in links)
