"""Loading of a config: merge its sources, validate the result, and explain errors."""

import dataclasses
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ..errors import ConfigError, hint, shown
from ..files import StrPath
from ..training import MAX_LAYERS, AnyOptimizer, AnySchedule, EarlyStopping
from .presets import find_config
from .schema import Config
from .sources import Source, merge, read_file, shorten, value_source

UNKNOWN_KEY = ("invalid_key", "extra_forbidden", "unexpected_keyword_argument")
PLAIN_WORDS = {
    "a valid integer": "a whole number",
    "a valid number": "a number",
    "a valid string": "text",
    "a valid boolean": "true or false",
}
COMPARISONS = (
    (r"greater than or equal to (\S+)", r"\1 or more"),
    (r"less than or equal to (\S+)", r"at most \1"),
    (r"greater than (\S+)", r"above \1"),
    (r"less than (\S+)", r"below \1"),
)

RECORDS = {  # the records that a key may hold, by their names
    key: {record.name: record for record in get_args(get_args(table)[0])}
    for key, table in (("optimizer", AnyOptimizer), ("schedule", AnySchedule))
}


def load_config(
    configs: StrPath | Sequence[StrPath] = (),
    overrides: Mapping[str, Any] | Sequence[Source] = (),
) -> Config:
    """Load a config.

    Parameters
    ----------
    configs
        Name of a preset or path of a YAML file, or several, of which later ones win over earlier
        ones. Keys that none sets have their defaults.
    overrides
        Values that win over the configs, by dotted key: ``{"training.l2": 1e-5}``.

    Returns
    -------
    Config

    Raises
    ------
    ConfigError
        If a config cannot be read, or a key or value is wrong.
    """
    if isinstance(configs, str | os.PathLike):
        configs = [configs]
    if isinstance(overrides, Mapping):
        overrides = [value_source(key, key, value) for key, value in overrides.items()]
    return resolve([*map(read_file, map(find_config, configs)), *overrides])


def resolve(sources: Sequence[Source]) -> Config:
    """Merge sources over the defaults, the later over the earlier, and validate the result."""
    try:
        return Config.model_validate(merge(sources, _defaults()))
    except ValidationError as error:
        raise ConfigError(_describe(error, sources)) from error


def dump_config(config: Config) -> str:
    """Return a config as YAML with every key; `load_config` reads it back the same."""
    values = config.model_dump(mode="json")
    return yaml.safe_dump(values, sort_keys=False, default_flow_style=None, width=100)


def _defaults() -> dict[str, Any]:
    return Config().model_dump(mode="json")


def _describe(error: ValidationError, sources: Sequence[Source]) -> str:
    """Describe the first problem, and count the others."""
    problems = sorted(
        error.errors(include_url=False),
        key=lambda problem: problem["type"] not in UNKNOWN_KEY,  # often the cause of other problems
    )
    first = problems[0]
    place = _without_record(first["loc"])
    if first["type"].startswith("union_tag"):
        place = (*place, "name")
    path = ".".join(shorten(str(part), 60) for part in place)
    label = next((s.label for s in reversed(sources) if _sets(s.values, place)), None)
    if label is not None and label.startswith("--"):
        label = None if path and label.startswith(f"--set {path}=") else label
    text = ": ".join(part for part in (label, path, shorten(_message(first), 300)) if part)
    more = len(problems) - 1
    return text + (f"\n(and {more} more {'problem' if more == 1 else 'problems'})" if more else "")


def _without_record(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Remove the name of the record, which pydantic counts as a part of the path."""
    if len(path) > 2 and path[0] == "training" and path[2] in RECORDS.get(str(path[1]), ()):
        return (*path[:2], *path[3:])
    return path


def _sets(values: Any, path: tuple[str | int, ...]) -> bool:
    """Return whether a source has a value at a path, or above or below it."""
    for part in path:
        if not isinstance(values, dict):
            return True  # a list or a plain value, given whole
        named = {str(key): value for key, value in values.items()}  # as pydantic writes keys
        if str(part) not in named:
            return False
        values = named[str(part)]
    return bool(path)


def _message(problem: ErrorDetails) -> str:
    """Describe one problem: the rule and the value."""
    kind, value, path = problem["type"], problem["input"], problem["loc"]
    if kind in UNKNOWN_KEY:
        return f"unknown key {_hint_key(path)}"
    if kind == "value_error":
        return str(problem["ctx"]["error"])
    if kind.startswith("union_tag"):
        known = RECORDS[str(path[-1])]
        name = problem["ctx"].get("tag")
        if name:
            return f"unknown {path[-1]} {shown(name)} {hint(str(name), known)}"
        return f"missing: the name of the {path[-1]} {hint('', known)}"
    if kind == "missing":
        return "missing: every layer needs units and an activation"
    if isinstance(value, str) and path and value in RECORDS.get(str(path[-1]), ()):
        return f"must be a mapping, such as {{name: {value}}}, got {shown(value)}"
    if kind in ("model_type", "dataclass_type", "dict_type", "model_attributes_type"):
        return f"must be a mapping of keys to values, got {shown(value)}"
    if kind == "literal_error":
        return f"must be {problem['ctx']['expected']}, got {shown(value)}"
    if kind in ("list_type", "too_short", "too_long"):
        return f"must be a list of 1 to {MAX_LAYERS} layers, got {shown(value)}"
    rule = problem["msg"].removeprefix("Input should be ")
    rule = PLAIN_WORDS.get(rule, rule)
    for pattern, words in COMPARISONS:
        rule = re.sub(pattern, words, rule)
    return f"must be {rule}, got {shown(value)}"


def _hint_key(path: tuple[str | int, ...]) -> str:
    """Suggest a key for an unknown one: a sibling with a similar name, or its right place."""
    wrong = str(path[-1])
    known = list(_paths(_every_key(path)))
    parent = tuple("0" if isinstance(part, int) else part for part in _without_record(path)[:-1])
    siblings = [p[-1] for p in known if p[:-1] == parent]
    elsewhere = [".".join(p) for p in known if p[-1] == wrong]
    return f"(did you mean '{elsewhere[0]}'?)" if elsewhere else hint(wrong, siblings)


def _every_key(path: tuple[str | int, ...]) -> dict[str, Any]:
    """Return every key that a config may have, with those of the record on this path."""
    tree = _defaults()
    training = tree["training"]
    training["early_stopping"] = dataclasses.asdict(EarlyStopping())
    if len(path) > 2 and path[0] == "training":
        record = RECORDS.get(str(path[1]), {}).get(str(path[2]))
        if record is not None:
            training[path[1]] = {field.name: None for field in dataclasses.fields(record)}
    return tree


def _paths(values: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key."""
    items = enumerate(values[:1]) if isinstance(values, list) else values.items()
    for key, value in items:
        here = (*path, str(key))
        yield here
        if isinstance(value, dict | list):
            yield from _paths(value, here)
