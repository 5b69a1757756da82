"""What the documents promise."""

import dataclasses
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from mnist_nn.config import load_config
from mnist_nn.config.sources import Loader
from mnist_nn.nn import INITIALIZERS, LOSSES
from mnist_nn.training import AnyOptimizer, AnySchedule, EarlyStopping

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
    for field in dataclasses.fields(EarlyStopping):
        default = field.default if isinstance(field.default, str) else json.dumps(field.default)
        assert rows[f"training.early_stopping.{field.name}"] == f"`{default}`"
    assert {*INITIALIZERS, *LOSSES} <= {*rows}


RECORDS = [
    record for table in (AnyOptimizer, AnySchedule) for record in get_args(get_args(table)[0])
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_every_optimizer_and_schedule_is_documented_with_its_own_keys(record: type) -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    row = next(line for line in text.splitlines() if line.startswith(f"| `{record.name}` |"))
    common = {"name", "learning_rate", "weight_decay", "warmup"}
    for field in dataclasses.fields(record):
        if field.name not in common and record.name != "adamw":  # which is like adam
            value = re.search(rf"`{field.name}` (?:\S )?(\d[\d.e-]*|false)", row)
            assert value is not None, field.name
            assert yaml.load(value[1], Loader) == field.default


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
