"""A source is one place that a config's values come from: a YAML file, or an option of the command.

Sources merge, the later over the earlier, key by key. Lists are replaced whole, but a single item
can be reached by its number (``network.layers.0.units``). A mapping with another ``name`` is
another thing, so it replaces the earlier one; and setting ``epochs`` clears ``iterations``, and the
other way round.
"""

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..errors import ConfigError


@dataclass(frozen=True)
class Source:
    """Where some values come from.

    Attributes
    ----------
    label
        What an error calls it: the file's path, or the option.
    values
        Nested mappings.
    """

    label: str
    values: dict[Any, Any]


class Loader(yaml.SafeLoader):
    """YAML's safe loader, with YAML 1.2's numbers, and a key given twice an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Build a mapping, refusing duplicate keys, which YAML forbids and PyYAML overlooks."""
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue  # the safe loader resolves it; the keys it brings may be overridden
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                break  # the safe loader itself says what is wrong with it
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key}' is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def _resolve_numbers_as_yaml_1_2() -> None:
    """Let ``1e-3`` be a number, ``010`` not be eight, and ``1:30`` not be ninety."""
    of_1_1 = yaml.SafeLoader.yaml_implicit_resolvers
    numbers = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in numbers]
        for first, resolvers in of_1_1.items()
    }
    integer = r"[-+]?(?:0|[1-9][0-9_]*)$"
    real = r"[-+]?(?:(?:\d+\.\d*|\.\d+)(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+|\.inf)$|\.nan$"
    for tag, pattern in zip(numbers, (integer, real), strict=True):
        Loader.add_implicit_resolver(tag, re.compile(pattern), list("-+.0123456789"))


_resolve_numbers_as_yaml_1_2()


def read_file(path: Path) -> Source:
    """Read one YAML file.

    Raises
    ------
    ConfigError
        If it cannot be read, is not YAML, or is not a mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot read the config {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not a text file in UTF-8") from error
    values = _parse(text, str(path))
    if values is None:  # an empty file changes nothing
        values = {}
    if not isinstance(values, dict):
        raise ConfigError(
            f"{path}: a config is a mapping such as 'seed: 1', got {type(values).__name__}"
        )
    return Source(str(path), values)


def read_override(text: str) -> Source:
    """Read a ``key=value`` of the command line; the value is YAML.

    Raises
    ------
    ConfigError
        If there is no ``=`` or the value is not YAML.
    """
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise ConfigError(f"--set {text}: must be key=value, such as training.epochs=5")
    return _single(f"--set {text}", key, value)


def read_value(option: str, key: str, value: str) -> Source:
    """Read the value, as YAML, of an option that stands for one key.

    Raises
    ------
    ConfigError
        If the value is not YAML.
    """
    return _single(f"{option} {value}", key, value)


def _single(label: str, key: str, value: str) -> Source:
    """Make a source of one value under a dotted key."""
    nested = _parse(value, label)
    for part in reversed(key.split(".")):
        nested = {int(part) if part.isdecimal() else part: nested}
    return Source(label, nested)


def merge(sources: Sequence[Source], defaults: dict[str, Any]) -> dict[str, Any]:
    """Merge sources over the defaults, the last one winning."""
    merged = defaults
    for source in sources:
        merged = _merged(merged, source.values, source.label)
        _keep_one_length(merged.get("training"), source.values.get("training"))
    return merged


def _merged(old: Any, new: Any, label: str) -> Any:
    """Lay `new` over `old`, changing neither."""
    if (
        isinstance(new, dict)
        and isinstance(old, list)
        and new
        and all(isinstance(i, int) for i in new)
    ):
        items = list(old)
        for i, value in new.items():
            if not 0 <= i < len(items):
                raise ConfigError(f"{label}: there are items 0 to {len(items) - 1}, got {i}")
            items[i] = _merged(items[i], value, label)
        return items
    if not isinstance(new, dict) or not isinstance(old, dict):
        return new
    if "name" in new and new["name"] != old.get("name"):
        return new
    return old | {key: _merged(old.get(key), value, label) for key, value in new.items()}


def _keep_one_length(training: Any, latest: Any) -> None:
    """Clear ``epochs`` where ``iterations`` was set last, and the other way round."""
    if not isinstance(training, dict) or not isinstance(latest, dict):
        return
    for given, other in (("epochs", "iterations"), ("iterations", "epochs")):
        if latest.get(given) is not None and other not in latest:
            training[other] = None


def _parse(text: str, label: str) -> Any:
    """Read YAML, saying where it breaks."""
    try:
        return yaml.load(text, Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{label}{where}: not valid YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise ConfigError(f"{label}: not valid YAML: {error}") from error
