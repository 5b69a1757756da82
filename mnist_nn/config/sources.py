"""Sources of a config's values, YAML files and options of the command, and how they merge.

They merge key by key, the later over the earlier. Lists are replaced whole, but a single item can
be set by its number (``network.layers.0.units``). A mapping with another ``name`` replaces the
earlier one; and setting ``epochs`` clears ``iterations``, and vice versa.

A source may come from a stranger: its size is bounded before it is parsed.
"""

import codecs
import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from ..errors import ConfigError, shown
from ..files import StrPath

MAX_BYTES = 100_000  # of a file or a value; the longest config of this project has 2,000
MAX_NODES = 10_000  # keys, values and items, with aliases expanded
MAX_DIGITS = 1000  # of a whole number: Python cannot print more than 4,300
MAX_KEY = 200  # characters of a dotted key

SHORT_KEYS = {  # keys that have options of their own, by the options' names
    "seed": "seed",
    "epochs": "training.epochs",
    "batch_size": "training.batch_size",
    "lr": "training.optimizer.learning_rate",
    "engine": "training.engine",
    "freeze": "training.frozen_layers",
}


@dataclass(frozen=True)
class Source:
    """Nested mappings of values, and the label for errors: the file's path, or the option."""

    label: str
    values: dict[Any, Any]


def shorten(text: str, limit: int = 100) -> str:
    """Make text fit into a line of a message: escape control characters and cut a long one."""
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[: limit + 1])
    return line if len(line) <= limit else f"{line[:limit]}…"


def _invalid(problem: str, node: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


class Loader(yaml.SafeLoader):
    """PyYAML's safe loader with YAML 1.2's numbers, without duplicate keys, and with bounds."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.sizes: dict[yaml.Node, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Read a node, refusing aliases of themselves and too many nodes.

        This is before values are constructed, which would expand the aliases.
        """
        node = super().compose_node(parent, index)
        if node is None or node in self.sizes:
            return node
        if isinstance(node, yaml.CollectionNode) and node.end_mark is None:  # not read to its end
            raise _invalid("an alias refers to a node that contains it", node)
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        items = node.value if isinstance(node, yaml.SequenceNode) else chain.from_iterable(pairs)
        self.sizes[node] = 1 + sum(self.sizes[item] for item in items)
        if self.sizes[node] > MAX_NODES:
            raise _invalid(f"more than {MAX_NODES:,} keys and values, with aliases expanded", node)
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Build a value; PyYAML itself does not catch errors of texts that do not fit their tag."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise _invalid(
                f"{shown(node.value)} is not a valid {node.tag.rpartition(':')[2]}", node
            ) from error

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        """Build a whole number, short enough to be printed."""
        if len(self.construct_scalar(node)) > MAX_DIGITS:
            raise _invalid(f"a whole number has at most {MAX_DIGITS:,} digits", node)
        return super().construct_yaml_int(node)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Build a mapping, refusing duplicate keys, which YAML forbids and PyYAML accepts."""
        seen = set()
        for key_node, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue  # its keys may be overridden
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                break  # the safe loader raises the error
            if key in seen:
                raise _invalid(f"the key {shown(key)} is given twice", key_node)
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
    Loader.add_constructor(numbers[0], Loader.construct_yaml_int)


_resolve_numbers_as_yaml_1_2()


def read_file(path: StrPath) -> Source:
    """Read a YAML file; ConfigError if it is unreadable, too large, not YAML or not a mapping."""
    try:
        with Path(path).open("rb") as file:
            blob = file.read(MAX_BYTES + 1)  # a device or a pipe may have no end
    except OSError as error:
        raise ConfigError(f"cannot read the config {path}: {error.strerror}") from error
    values = _parse(blob, str(path))
    if values is None:  # an empty file changes nothing
        values = {}
    if not isinstance(values, dict):
        raise ConfigError(
            f"{path}: a config is a mapping such as 'seed: 1', got {type(values).__name__}"
        )
    return Source(str(path), values)


def read_override(text: str) -> Source:
    """Read a ``key=value`` of the command line, a dotted key and YAML; ConfigError if it is not."""
    key, separator, value = text.partition("=")
    label = shorten(f"--set {text}")
    if not separator or not all(key.split(".")):
        raise ConfigError(f"{label}: must be key=value, such as training.epochs=5")
    if len(key) > MAX_KEY:
        raise ConfigError(f"{label}: a key has at most {MAX_KEY} characters, got {len(key):,}")
    return _single(label, key, value)


def read_value(option: str, key: str, value: str) -> Source:
    """Read the value of an option that stands for one key; ConfigError if it is not YAML."""
    return _single(shorten(f"{option} {value}"), key, value)


def _single(label: str, key: str, text: str) -> Source:
    """Return a source of one value, as YAML, under a dotted key."""
    return value_source(label, key, _parse(text.encode(errors="surrogatepass"), label))


def value_source(label: str, key: str, value: Any) -> Source:
    """Return a source of one value under a dotted key."""
    if not isinstance(key, str):
        raise ConfigError(f"a key must be text such as 'training.l2', got {shown(key)}")
    value = value.item() if isinstance(value, np.generic) else value
    for part in reversed(key.split(".")):
        value = {int(part) if part.isdecimal() else part: value}
    return Source(label, value)


def merge(sources: Sequence[Source], defaults: dict[str, Any]) -> dict[str, Any]:
    """Merge sources over the defaults, the last one winning."""
    merged = defaults
    for source in sources:
        merged = _merged(merged, source.values, (source.label,))
        _keep_one_length(merged.get("training"), source.values.get("training"))
    return merged


def _merged(old: Any, new: Any, place: tuple[Any, ...]) -> Any:
    """Merge `new` over `old`, changing neither; `place` is the source's label and the path."""
    if isinstance(new, dict) and isinstance(old, list) and new and all(type(i) is int for i in new):
        items = list(old)
        for i, value in new.items():
            if not 0 <= i < len(items):
                where = f"{place[0]}: {'.'.join(map(str, place[1:]))}"
                raise ConfigError(f"{where}: there are items 0 to {len(items) - 1}, got {shown(i)}")
            items[i] = _merged(items[i], value, (*place, i))
        return items
    if not isinstance(new, dict) or not isinstance(old, dict):
        return new
    if "name" in new and new["name"] != old.get("name"):
        return new
    return old | {key: _merged(old.get(key), value, (*place, key)) for key, value in new.items()}


def _keep_one_length(training: Any, latest: Any) -> None:
    """Clear ``epochs`` if ``iterations`` was set last, and vice versa."""
    if not isinstance(training, dict) or not isinstance(latest, dict):
        return
    for given, other in (("epochs", "iterations"), ("iterations", "epochs")):
        if latest.get(given) is not None and other not in latest:
            training[other] = None


def _parse(blob: bytes, label: str) -> Any:
    """Parse YAML; ConfigError with the line of the problem."""
    if len(blob) > MAX_BYTES:
        raise ConfigError(f"{label}: a config has at most {MAX_BYTES:,} bytes, this one has more")
    try:
        return yaml.load(_decoded(blob), Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}" if mark else ""
        problem = shorten(error.problem or "", 200)
        raise ConfigError(f"{label}{where}: not valid YAML: {problem}") from error
    except yaml.YAMLError as error:  # a character that YAML does not allow
        problem = str(error).partition("\n")[0]
        raise ConfigError(f"{label}: not valid YAML: {problem}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{label}: not text in UTF-8, or in UTF-16 with a byte-order mark"
        ) from error
    except RecursionError as error:
        raise ConfigError(f"{label}: not valid YAML: nested too deep") from error


def _decoded(blob: bytes) -> str:
    """Decode UTF-8, or the UTF-16 with a byte-order mark that PowerShell's ``>`` writes."""
    if blob.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return blob.decode("utf-16")
    return blob.decode("utf-8-sig")
