"""Resuming a run: what may be asked of it, and what must be as it was."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import shell_command
from .guard import eprint

if TYPE_CHECKING:
    from ..config import Config
    from ..data import Dataset
    from ..model import Checkpoint

FREE = "training.epochs"  # what may change


def output_of(path: Path, checkpoint: "Checkpoint") -> Path:
    """Infer a run's ``--output`` from its checkpoint's name; ConfigError if that does not tell."""
    from ..errors import ConfigError

    output, tail = path.with_suffix(""), f"-seed{checkpoint.config.seed}"
    if path.suffix != ".ckpt" or (checkpoint.series and not output.stem.endswith(tail)):
        raise ConfigError(f"--resume: cannot infer the output path from '{path}'; pass -o")
    return output.with_stem(output.stem.removesuffix(tail)) if checkpoint.series else output


def check_settings(checkpoint: "Checkpoint", settings: "Config") -> None:
    """Refuse other mathematics than the run's, or fewer epochs than it has done: ConfigError."""
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
    if checkpoint.series:
        raise ConfigError(
            f"--epochs {new[FREE]}: with --seeds all runs are of the same length, "
            f"{old[FREE]} epochs; leave it out"
        )
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
    """Refuse other training samples, with DataError; note versions that may change last digits."""
    from ..errors import DataError
    from ..model import current_versions

    if dataset.train_sha256 != checkpoint.sha256:
        raise DataError(f"{dataset.name} is not the same data that the run began with")
    libraries = [name for name in ("numba",) if name in checkpoint.versions]
    for name, now in current_versions(*libraries).items():
        then = checkpoint.versions.get(name)
        if then != now:
            eprint(f"note: the run began with {name} {then}, this is {now}; last digits may differ")


def command(
    path: Path, *, dataset: "Dataset", log_dir: Path | None = None, output: Path | None = None
) -> str:
    """Write the command that resumes a run from the checkpoint `path`, to be pasted in any folder.

    `output` is where the model goes, if the checkpoint's name does not tell. The run is then
    another than the one that is going on, with no place for logs.
    """
    from ..data import data_folder

    options: dict[str, Path | None] = {"--resume": path, "--output": output}
    is_default = dataset.folder == data_folder() and not os.environ.get("MNIST_NN_DATA_DIR")
    if dataset.info.files and not is_default:
        options["--data-dir"] = dataset.folder
    if output is None:
        options["--log-dir"] = log_dir
    words = ["mnist-nn", "train"]
    for option, value in options.items():
        if value is not None:
            words += [option, str(value.absolute())]
    return shell_command(words)


def _leaves(values: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Flatten nested settings to dotted keys."""
    items = values.items() if isinstance(values, dict) else enumerate(values)
    for key, value in items:
        here = f"{path}{key}"
        if isinstance(value, dict | list):
            yield from _leaves(value, f"{here}.")
        else:
            yield here, value
