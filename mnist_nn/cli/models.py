"""The models that a command line names, or the one that ships if it names none."""

from collections.abc import Sequence
from pathlib import Path

from ..errors import ConfigError, escaped
from ..model import Committee, Model, load_model

SHIPPED = "the model that ships with mnist-nn"


def load_named(paths: Sequence[Path] | None, *, together: bool) -> Model | Committee:
    """Load a model, or a committee if several are to answer `together`."""
    if paths and len(paths) > 1 and not together:
        raise ConfigError(
            f"{len(paths)} models are named: average their probabilities with --together, or name "
            "one"
        )
    models = list(map(load_model, paths)) if paths else [load_model()]
    return Committee(models) if together else models[0]


def name_of(path: Path | None) -> str:
    """Name a model in messages."""
    return SHIPPED if path is None else escaped(str(path))
