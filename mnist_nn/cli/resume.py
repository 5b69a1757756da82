"""Going on with a run: what may be asked of it, and what must be as it was."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .guard import note

if TYPE_CHECKING:
    from ..config import Config
    from ..data import Dataset
    from ..model import Checkpoint

FREE = "training.epochs"  # what may change


def output_of(path: Path) -> Path:
    """Name the model that a checkpoint's run will end with, unless told otherwise.

    Raises
    ------
    ConfigError
        If the name of the checkpoint does not tell.
    """
    from ..errors import ConfigError

    if path.suffix != ".ckpt":
        raise ConfigError(f"--resume {path}: its name does not say where the model goes; -o does")
    return path.with_suffix("")


def check_settings(checkpoint: "Checkpoint", settings: "Config") -> None:
    """Refuse settings that are not the run's own.

    Raises
    ------
    ConfigError
        If one that changes the mathematics differs, or the run would be shorter than it is.
    """
    from ..errors import ConfigError, shown

    old, new = (dict(_leaves(config.model_dump())) for config in (checkpoint.config, settings))
    changed = [key for key in old | new if old.get(key) != new.get(key)]
    for key in changed:
        if key != FREE:
            raise ConfigError(
                f"--resume: {key} cannot be {shown(new.get(key))}, the run began with "
                f"{shown(old.get(key))}\nleave it out, or start a new run without --resume"
            )
    if not changed:
        return
    schedule, position = settings.training.schedule, checkpoint.snapshot.position
    if schedule.spans_run:
        raise ConfigError(
            f"--epochs {new[FREE]}: the {schedule.name} schedule is laid out for the whole run of "
            f"{old[FREE]} epochs, so its length cannot change"
        )
    begun = position.epoch - (position.samples == 0)
    if settings.training.epochs is not None and settings.training.epochs < begun:
        raise ConfigError(f"--epochs {new[FREE]}: the run is in epoch {begun} already")


def check_surroundings(checkpoint: "Checkpoint", dataset: "Dataset") -> None:
    """Refuse other training samples; say if another version may make another last digit.

    Raises
    ------
    DataError
        If the training samples are not those that the run began with.
    """
    from ..errors import DataError
    from ..model import current_versions

    if dataset.train_sha256 != checkpoint.sha256:
        raise DataError(f"{dataset.name} is not the same data that the run began with")
    libraries = [name for name in ("numba",) if name in checkpoint.versions]
    for name, now in current_versions(*libraries).items():
        then = checkpoint.versions.get(name)
        if then != now:
            note(f"note: the run began with {name} {then}, this is {now}; last digits may differ")


def command(path: Path, dataset: "Dataset") -> str:
    """Write the command that goes on from a checkpoint."""
    from ..data import data_folder

    place = ["--data-dir", str(dataset.folder)] if dataset.folder != data_folder() else []
    return shlex.join(["mnist-nn", "train", "--resume", str(path), *place])


def _leaves(values: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Flatten nested settings to dotted keys."""
    items = values.items() if isinstance(values, dict) else enumerate(values)
    for key, value in items:
        here = f"{path}{key}"
        if isinstance(value, dict | list):
            yield from _leaves(value, f"{here}.")
        else:
            yield here, value
