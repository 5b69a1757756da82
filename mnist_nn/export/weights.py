"""Files of weights: the parameters as they are, by name, and facts about the model."""

import io
import json
from typing import Any

import numpy as np

from ..model import Model
from .facts import facts
from .libraries import required


def write_npz(model: Model, name: str) -> tuple[bytes]:
    """Write NumPy's archive, in which ``metadata`` is a string: JSON of the facts."""
    file = io.BytesIO()
    metadata = np.array(json.dumps(facts(model), ensure_ascii=False))
    arrays: dict[str, Any] = {"metadata": metadata, **model.network.named_parameters()}
    np.savez(file, **arrays)
    return (file.getvalue(),)


def write_safetensors(model: Model, name: str) -> tuple[bytes]:
    """Write a safetensors file, with the facts as its metadata."""
    safetensors = required("safetensors.numpy")
    arrays = {name: array.copy() for name, array in model.network.named_parameters().items()}
    return (_with_sorted_metadata(safetensors.save(arrays, facts(model))),)


def _with_sorted_metadata(blob: bytes) -> bytes:
    """Sort a file's metadata, whose order is otherwise another at each call."""
    end = 8 + int.from_bytes(blob[:8], "little")
    header = json.loads(blob[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # what follows is aligned
    return len(text).to_bytes(8, "little") + text + blob[end:]
