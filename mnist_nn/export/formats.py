"""The formats that a trained network can be exported to."""

from collections.abc import Callable
from dataclasses import dataclass

from ..errors import ConfigError, hint
from ..model import Committee, Model
from .c import write_c
from .keras import write_keras
from .onnx import INPUT_TYPES, write_onnx
from .torch import write_torch
from .weights import write_npz, write_safetensors


@dataclass(frozen=True)
class Format:
    """An entry of the table of formats.

    The writer gets a model and returns a file's content for each suffix. It raises a ConfigError
    for a model that the format cannot have.
    """

    name: str  # key on the command line
    purpose: str  # what it is for, in one sentence without a full stop
    suffixes: tuple[str, ...]  # of the files: the first is the one that is named, others lie beside
    write: Callable[..., tuple[bytes, ...]]  # model -> contents
    committees: bool = False  # whether the writer takes a committee, too
    input_types: tuple[str, ...] = ()  # of samples, that the writer takes as `input_type`


FORMATS = {
    entry.name: entry
    for entry in (
        Format(
            "onnx",
            "the whole model, from pixels to probabilities, for ONNX Runtime and many others",
            (".onnx",),
            write_onnx,
            committees=True,
            input_types=INPUT_TYPES,
        ),
        Format(
            "torch",
            "a short script that rebuilds the model of PyTorch's layers, to read and to build on",
            (".py", ".npz"),
            write_torch,
        ),
        Format("keras", "the same of Keras' layers", (".py", ".npz"), write_keras),
        Format(
            "c",
            "one file of C99 that needs no library, for programs and small devices",
            (".c",),
            write_c,
        ),
        Format(
            "safetensors",
            "the weights alone, to be read safely by PyTorch, JAX and others",
            (".safetensors",),
            write_safetensors,
        ),
        Format("npz", "the weights alone, to be read by NumPy", (".npz",), write_npz),
    )
}


def find_format(name: str | None, suffix: str | None) -> Format:
    """Find the format that is named, or the only one with this suffix; ConfigError if none is."""
    if name is not None:
        if name not in FORMATS:
            raise ConfigError(f"unknown format '{name[:100]}' {hint(name, FORMATS)}")
        return FORMATS[name]
    if suffix is None:
        raise ConfigError(f"pass --to and a format: {', '.join(FORMATS)} (--list explains them)")
    if not suffix:
        raise ConfigError(f"the output has no suffix; pass --to: {', '.join(FORMATS)}")
    fitting = [entry for entry in FORMATS.values() if entry.suffixes[0] == suffix]
    if not fitting:
        raise ConfigError(f"no format has files like *{suffix}; pass --to: {', '.join(FORMATS)}")
    if len(fitting) > 1:
        names = " or ".join(f"--to {entry.name}" for entry in fitting)
        raise ConfigError(f"more than one format has files like *{suffix}; pass {names}")
    return fitting[0]


def export_model(
    model: Model | Committee, to: str, *, input_type: str | None = None
) -> dict[str, bytes]:
    """Return the content of a model's files in a format, by their suffixes.

    `input_type` is that of the samples that it reads, one of the format's; None for the usual one.
    ConfigError if the format is unknown, needs a library that is not installed, or cannot have the
    model.
    """
    entry = find_format(to, None)
    options = {} if input_type is None else {"input_type": input_type}
    if input_type is not None and input_type not in entry.input_types:
        raise ConfigError(_unknown_input_type(entry, input_type))
    if isinstance(model, Committee) and not entry.committees:
        able = " or ".join(other.name for other in FORMATS.values() if other.committees)
        raise ConfigError(f"{to} has one model in a file; export each by itself, or all to {able}")
    return dict(zip(entry.suffixes, entry.write(model, **options), strict=True))


def _unknown_input_type(entry: Format, input_type: str) -> str:
    """Say which types of samples a format can read."""
    if not entry.input_types:
        return f"{entry.name} has no choice of the type of its inputs; leave it out"
    return f"unknown type of inputs '{input_type[:100]}' {hint(input_type, entry.input_types)}"
