"""The models that a command line names, or the one that ships if it names none."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from ..errors import ConfigError, escaped
from ..model import Committee, Model, load_model

SHIPPED = "the model that ships with mnist-nn"
SUFFIX = ".pkl"
PICKLES = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))  # what a pickle begins with

AnyModel: TypeAlias = Model | Committee


def load_named(paths: Sequence[Path] | None, *, together: bool, views: int = 1) -> AnyModel:
    """Load a model, or a committee if several, or several views, are to answer together."""
    if paths and len(paths) > 1 and not together:
        raise ConfigError(
            f"{len(paths)} models are named: average their probabilities with --together, or name "
            "one"
        )
    models = list(map(load_model, paths)) if paths else [load_model()]
    return Committee(models, views=views) if together or views > 1 else models[0]


def name_of(path: Path | None) -> str:
    """Name a model in messages."""
    return SHIPPED if path is None else escaped(str(path))


def members_of(chosen: AnyModel) -> Sequence[Model]:
    """Return the models of a committee, or a model alone."""
    return chosen.models if isinstance(chosen, Committee) else [chosen]


def split_models(arguments: Sequence[str]) -> tuple[list[Path], list[str]]:
    """Split arguments into the model files that they begin with, and all that follows.

    ConfigError if there is a model file among the others, where it would not be used.
    """
    count = next((i for i, path in enumerate(arguments) if not _is_model(path)), len(arguments))
    models, others = arguments[:count], arguments[count:]
    if late := [path for path in others if _is_model(path)]:
        raise ConfigError(f"{late[0]} is a model; name models before the pictures")
    return list(map(Path, models)), list(others)


def _is_model(path: str) -> bool:
    """Return whether a path is meant as that of a model: by its suffix, or its first bytes."""
    if path.lower().endswith(SUFFIX):
        return True
    with contextlib.suppress(OSError, ValueError):  # reading it as a picture reports it
        if Path(path).is_file():  # opening a pipe could wait forever, or take what is in it
            with Path(path).open("rb") as file:
                return file.read(2) in PICKLES
    return False
