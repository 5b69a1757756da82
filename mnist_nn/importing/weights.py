"""Files of weights from other programs: their arrays by name, and what they say of them."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError, DataError, shown
from ..extras import required
from ..files import read_bounded
from .array_files import NUMBERS, check_room, read_archive
from .onnx_graph import read_graph

MAX_BYTES = 2 << 30
MAX_ARRAYS = 1000
FACTS = "metadata"  # text in an .npz of mnist-nn: JSON of the facts
TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4"}  # of safetensors


class WeightsFile(NamedTuple):
    """The arrays of a file in order, by name, facts about them, and notes for the user.

    Those that have the names of mnist-nn, such as ``layer_1.weights``, mean what they mean there.
    Facts are strings: ``layers``, JSON of a list with the ``activation`` of each, ``input_scale``,
    ``class_names``, ``temperature`` and others that `mnist-nn export` writes.
    """

    arrays: dict[str, NDArray[Any]]
    facts: dict[str, str]
    notes: list[str]


def read_weights(path: Path) -> WeightsFile:
    """Read a file of weights; nothing in it is executed.

    DataError if it cannot be read or is damaged; ConfigError if it is of another kind, or the
    library that reads it is missing.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ConfigError(
            f"{path}: weights are read from files like {', '.join(f'*{name}' for name in READERS)}"
            "; of a pickle such as *.pt, which could run code, save the state_dict() with "
            "safetensors.torch.save_file"
        )
    try:
        return reader(path)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    except DataError as error:
        raise DataError(f"{path} holds no usable weights: {error}") from error
    except MemoryError as error:
        raise DataError(f"{path} is too large for the memory") from error


def _read_npz(path: Path) -> WeightsFile:
    """Read NumPy's archive, whose arrays have an order."""
    if path.exists() and not path.is_file():
        raise DataError("it is a folder, a pipe or a device, not a plain file")
    arrays, facts, notes = {}, {}, []
    found = read_archive(path, MAX_ARRAYS, scalars=True, max_bytes=MAX_BYTES)
    for name, array in found.items():
        if array.dtype.kind in NUMBERS:
            arrays[name] = array
        elif name == FACTS and array.ndim == 0:
            facts = _facts(str(array))
        else:
            notes.append(f"left out: {shown(name)}, which is text")
    return WeightsFile(arrays, facts, notes)


def _facts(text: str) -> dict[str, str]:
    """Read JSON of strings by name; nothing if it is something else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        return {}
    return found


def _read_safetensors(path: Path) -> WeightsFile:
    """Read a file whose arrays have no order but that of their names."""
    safetensors = required("safetensors")
    blob = read_bounded(path, MAX_BYTES, DataError)
    check_room(2 * len(blob), "export it on a machine with more memory")
    try:
        tensors = safetensors.deserialize(blob)
        header = json.loads(blob[8 : 8 + int.from_bytes(blob[:8], "little")])
    except Exception as error:  # the library's own type, or one of Rust's
        raise DataError(f"it is damaged ({str(error)[:100]})") from error
    if len(tensors) > MAX_ARRAYS:
        raise DataError(f"it holds {len(tensors):,} arrays, more than {MAX_ARRAYS:,}")
    arrays, notes = {}, []
    for name, tensor in sorted(tensors, key=lambda item: _natural(item[0])):
        arrays[name] = _array(name, tensor)
        if tensor["dtype"] == "BF16":
            notes.append(f"{shown(name)} is converted from bfloat16")
    return WeightsFile(arrays, header.get("__metadata__") or {}, notes)


def _array(name: str, tensor: dict[str, Any]) -> NDArray[Any]:
    """Make an array of a tensor, whose size the library has checked."""
    kind, data = tensor["dtype"], tensor["data"]
    if kind == "BF16":  # the upper half of a float32
        upper = np.frombuffer(data, "<u2").astype(np.uint32) << 16
        return upper.view(np.float32).reshape(tensor["shape"])
    if kind not in TYPES:
        raise DataError(f"{shown(name)} is of the type {kind}, which is not read")
    return np.frombuffer(data, TYPES[kind]).reshape(tensor["shape"])


def _natural(name: str) -> list[Any]:
    """Return a key that sorts numbers in names by their size: 2 before 10."""
    parts = re.split(r"(\d+)", name)  # text and digits by turns
    parts[1::2] = [digits.lstrip("0") for digits in parts[1::2]]
    return [(len(part), part) if i % 2 else part for i, part in enumerate(parts)]


def _read_onnx(path: Path) -> WeightsFile:
    """Read the layers of a graph, which say their order, activations and scale themselves."""
    blob = read_bounded(path, MAX_BYTES, DataError)
    check_room(3 * len(blob), "export it on a machine with more memory")
    return WeightsFile(*read_graph(blob), notes=[])


READERS = {".safetensors": _read_safetensors, ".npz": _read_npz, ".onnx": _read_onnx}
