"""Write the tables of keys in docs/configuration.md from the classes that check a config.

    python scripts/reference.py

Keys, defaults and values are those of the fields; what a key means is its entry in the docstring of
the class. A test fails while the page has other tables.
"""

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mnist_nn.augmentation import Augmentation
from mnist_nn.config import schema
from mnist_nn.training import AnyOptimizer, AnySchedule, EarlyStopping, TrainingConfig

PAGE = Path(__file__).parents[1] / "docs" / "configuration.md"
SECTIONS = {
    "": schema.Config,
    "data": schema.DataConfig,
    "data.augmentation": Augmentation,
    "network": schema.NetworkConfig,
    "network.layers.N": schema.LayerConfig,
    "network.initializer": schema.InitializerConfig,
    "training": TrainingConfig,
    "training.early_stopping": EarlyStopping,
}
TABLES = {"training.optimizer": AnyOptimizer, "training.schedule": AnySchedule}
HEAD = "| key | default | meaning and values |\n| --- | --- | --- |"
BOUNDS: dict[type, str] = {Ge: "ge", Gt: "gt", Le: "le", Lt: "lt"}
KINDS = {int: "whole number", float: "number", bool: "`true` or `false`"}


def entries(record: type) -> dict[str, str]:
    """Read the entries of the section Attributes in the docstring of a class."""
    _, _, section = (inspect.getdoc(record) or "").partition("\nAttributes\n----------\n")
    section = re.split(r"\n\n\S.*\n-+\n", section)[0]
    found: dict[str, str] = {}
    for names, text in re.findall(r"^(\S.*)\n((?:[ ]+.*\n?|\n)+)", section, re.MULTILINE):
        found |= dict.fromkeys(names.split(", "), " ".join(text.split()))
    return found


def meaning(record: type, name: str) -> str:
    """Find the entry of a field, in the docstring of the class or of the nearest base."""
    for base in record.__mro__:
        text = entries(base).get(name, "As ")
        if not text.startswith("As "):
            return text
    raise SystemExit(f"the docstring of {record.__name__} has no entry for {name}")


def parts(annotation: Any) -> Iterator[Any]:
    """Yield what a type is made of: types, choices, bounds and validators."""
    yield from annotation.metadata if isinstance(annotation, FieldInfo) else [annotation]
    for part in get_args(annotation):
        yield from parts(part)


def interval(bounds: dict[str, str]) -> str:
    """Put the bounds of a number into words."""
    if {"ge", "le"} <= {*bounds}:
        return f"from {bounds['ge']} to {bounds['le']}"
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    return " and ".join(f"{words[kind]} {bound}" for kind, bound in bounds.items())


def values(field: FieldInfo) -> str:
    """Put into words which values a field takes."""
    found = [*field.metadata, *parts(field.annotation)]
    bounds: dict[str, str] = {}
    choices: list[str] = []
    rule = ""
    for part in found:
        if kind := BOUNDS.get(type(part)):
            bound = getattr(part, kind)
            bounds[kind] = f"{bound:,}" if bound <= 2**32 else f"2^{bound.bit_length() - 1}"
        elif isinstance(part, str):
            choices.append(part)
        elif check := getattr(part, "func", None):
            variables = inspect.getclosurevars(check).nonlocals
            rule = variables.get("rule", "")
            choices += variables.get("known", ())
    number = next((KINDS[part] for part in found if part in KINDS), "list")
    text = rule or ", ".join(f"`{name}`" for name in choices) or f"{number} {interval(bounds)}"
    text = f"{text[0].upper()}{text[1:].rstrip()}"
    return f"{text}, or `null`" if type(None) in found else text


def default(field: FieldInfo) -> str:
    """Show the default of a field as YAML has it; layers by their units and activations."""
    value = field.default
    if field.is_required():
        return "required"
    if isinstance(value, list):
        return ", ".join(f"{layer.units} {layer.activation}" for layer in value)
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def table(record: Any, path: str) -> str:
    """Make the table of the keys of a section, without its own sections."""
    rows = [HEAD]
    is_model = issubclass(record, BaseModel)
    fields = record.model_fields if is_model else record.__pydantic_fields__
    for name, field in fields.items():
        key = f"{path}.{name}".lstrip(".")
        if key not in SECTIONS and key not in TABLES and key.removesuffix(".name") not in TABLES:
            cells = (f"`{key}`", default(field), f"{meaning(record, name)}<br>{values(field)}")
            rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def tables() -> Iterator[tuple[str, str]]:
    """Yield the name of each place in the page and what belongs there."""
    for path, record in SECTIONS.items():
        yield path or "config", table(record, path)
    for path, union in TABLES.items():
        records = get_args(get_args(union)[0])
        named = (f"### `{record.name}`\n\n{table(record, path)}" for record in records)
        yield path, "\n\n".join(named)


def generated(page: str) -> str:
    """Return the page with today's tables in their places."""
    for name, text in tables():
        begin, end = f"<!-- keys of {name} -->\n", "\n<!-- end -->"
        before, found, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise SystemExit(f"{PAGE.name} has no place for the keys of {name}")
        page = f"{before}{begin}\n{text}\n{end}{after}"
    return page


if __name__ == "__main__":
    PAGE.write_text(generated(PAGE.read_text("utf-8")), "utf-8")
