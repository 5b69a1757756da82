"""Content of a model or checkpoint file: a pickled dict of exact keys and types, all verified."""

import platform
from collections.abc import Callable
from importlib.metadata import version
from pickle import dumps
from typing import Annotated, Any, TypeVar

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError

from .. import __version__
from ..config import Config, Source, resolve
from ..data import DATASETS, SampleFormat
from ..errors import ConfigError, ModelError
from ..files import StrPath, atomic_write, read_bounded
from .unpickler import read_pickle

PROTOCOL = 4  # the first with frames, the last with arrays in the stream itself
PICKLE = b"\x80"  # what one begins with, from protocol 2 on


Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Content = TypeVar("Content")
Result = TypeVar("Result")


def current_versions(*libraries: str) -> dict[str, str]:
    """Return the versions of mnist-nn, NumPy, Python and of more libraries."""
    return {
        "mnist-nn": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        **{library: version(library) for library in libraries},
    }


def pickled(content: dict[str, Any]) -> bytes:
    """Pickle a content."""
    return dumps(content, protocol=PROTOCOL)


def write(path: StrPath, blob: bytes) -> None:
    """Write a file, whole or not at all; `ModelError` if that fails."""
    try:
        with atomic_write(path) as file:
            file.write(blob)
    except OSError as error:
        raise ModelError(f"cannot write {path}: {error.strerror or error}") from error


def read(path: StrPath, what: str, most: int, make: Callable[[bytes], Result]) -> Result:
    """Read a file of at most so many bytes, and make something of it; ModelError names the path."""
    try:
        return make(read_bounded(path, most, ModelError))
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}") from error
    except ModelError as error:
        raise ModelError(f"{path} is not a usable {what} file: {error}") from error


def check_size(size: int, most: int, what: str) -> None:
    """Refuse a file that is larger than the largest."""
    if size > most:
        raise ModelError(f"it has {size:,} bytes, more than the {most:,} of the largest {what}")


def check_format(raw: Any, known: dict[str, str], wanted: str, version: int) -> None:
    """Refuse a file of another version or kind; `known` explains the other kinds."""
    name = raw.get("format") if isinstance(raw, dict) else None
    if name != wanted:
        other = name if isinstance(name, str) else ""
        raise ModelError(known.get(other, "it was not written by mnist-nn train"))
    its = raw.get("version") if isinstance(raw, dict) else None
    if its != version:
        shown = its if type(its) is int and abs(its) < 10**6 else "of another kind"
        raise ModelError(
            f"its format's version is {shown}, this program reads {version}; use the version of "
            "mnist-nn that wrote it"
        )


def parse(
    blob: bytes, adapter: TypeAdapter[Content], wanted: str, version: int, known: dict[str, str]
) -> Content:
    """Read the content of a file; `ModelError` if it has other keys or types."""
    if not blob.startswith(PICKLE):
        raise ModelError(
            "it is not a pickle; mnist-nn train writes models, and mnist-nn convert makes them of "
            "weights (.safetensors, .npz, .onnx)"
        )
    raw = read_pickle(blob)
    check_format(raw, known, wanted, version)
    content = {key: value for key, value in raw.items() if key not in ("format", "version")}
    try:
        return adapter.validate_python(content)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(map(str, problem["loc"]))
        raise ModelError(f"its {where!r:.60} is wrong: {problem['msg']:.200}") from error
    except (RecursionError, ValueError) as error:
        raise ModelError(_in_a_line(error)) from error


def config_of(values: dict[str, Any]) -> Config:
    """Read the config that a file carries; `ModelError` if it is none."""
    try:
        return resolve([Source("its config", values)])
    except (ConfigError, RecursionError, ValueError) as error:
        raise ModelError(_in_a_line(error)) from error


def known_format(config: Config) -> SampleFormat:
    """Return the format of the samples of a file that does not say it: of mnist-nn 0.2 or older."""
    name = config.data.dataset
    if name not in DATASETS:
        raise ModelError(f"it does not say what the samples of {name} look like")
    return DATASETS[name].format


def _in_a_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
