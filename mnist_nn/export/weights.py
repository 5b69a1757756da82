"""Files of weights: the parameters as they are, by name, and facts about the model.

A normalization is two arrays more: ``normalization.offset`` and ``normalization.factor``.
"""

import io
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..extras import required
from ..model import Model
from .facts import facts


def write_npz(model: Model) -> tuple[bytes]:
    """Write NumPy's archive, in which ``metadata`` is a string: JSON of the facts."""
    file = io.BytesIO()
    entries: dict[str, Any] = dict(_arrays(model))
    entries["metadata"] = np.array(json.dumps(facts(model), ensure_ascii=False))
    np.savez(file, **entries)
    return (file.getvalue(),)


def write_safetensors(model: Model) -> tuple[bytes]:
    """Write a safetensors file, with the facts as its metadata."""
    safetensors = required("safetensors.numpy")
    return (_with_sorted_metadata(safetensors.save(_arrays(model), facts(model))),)


def _arrays(model: Model) -> dict[str, NDArray[Any]]:
    """Return the parameters, and the vectors of a normalization, by name."""
    network = model.network
    arrays: dict[str, NDArray[Any]] = dict(network.named_parameters())
    if network.normalization:
        arrays["normalization.offset"] = network.normalization.offset
        arrays["normalization.factor"] = network.normalization.factor
    return arrays


def _with_sorted_metadata(blob: bytes) -> bytes:
    """Sort a file's metadata, whose order is otherwise another at each call."""
    end = 8 + int.from_bytes(blob[:8], "little")
    header = json.loads(blob[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # what follows is aligned
    return len(text).to_bytes(8, "little") + text + blob[end:]
