"""The formats that a trained network can be exported to."""

from collections.abc import Callable
from dataclasses import dataclass

from ..errors import ConfigError, hint
from ..model import Model
from .weights import write_npz, write_safetensors


@dataclass(frozen=True)
class Format:
    """An entry of the table of formats.

    The writer gets a model and the name of its file without the suffix, and returns a file's
    content for each suffix. It raises a ConfigError for a model that the format cannot have.
    """

    name: str  # key on the command line
    purpose: str  # what it is for, in one sentence without a full stop
    suffixes: tuple[str, ...]  # of the files: the first is the one that is named, others lie beside
    write: Callable[..., tuple[bytes, ...]]  # (model, name) -> contents


FORMATS = {
    entry.name: entry
    for entry in (
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
    fitting = [entry for entry in FORMATS.values() if entry.suffixes[0] == suffix]
    if not fitting:
        raise ConfigError(f"no format has files like *{suffix}; pass --to: {', '.join(FORMATS)}")
    if len(fitting) > 1:
        names = " or ".join(f"--to {entry.name}" for entry in fitting)
        raise ConfigError(f"more than one format has files like *{suffix}; pass {names}")
    return fitting[0]


def export_model(model: Model, to: str, *, name: str = "model") -> dict[str, bytes]:
    """Return the content of a model's files in a format, by their suffixes.

    `name` is that of the files without a suffix: scripts refer by it to their weights. ConfigError
    if the format is unknown, needs a library that is not installed, or cannot have the model.
    """
    entry = find_format(to, None)
    return dict(zip(entry.suffixes, entry.write(model, name), strict=True))
