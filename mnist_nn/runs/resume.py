"""Resuming a run: what may change, and what must be as it was."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..config import Config
from ..data import Dataset, data_folder
from ..errors import ConfigError, DataError, shell_command, shown, warn
from ..model import Checkpoint, current_versions

FREE = "training.epochs"  # the one key that may change


def output_of(path: Path, checkpoint: Checkpoint) -> Path:
    """Infer a run's ``--output`` from its checkpoint's name; ConfigError if that does not tell."""
    output, tail = path.with_suffix(""), f"-seed{checkpoint.config.seed}"
    if path.suffix != ".ckpt" or (checkpoint.series and not output.stem.endswith(tail)):
        raise ConfigError(f"--resume: cannot infer the output path from '{path}'; pass -o")
    return output.with_stem(output.stem.removesuffix(tail)) if checkpoint.series else output


def check_config(checkpoint: Checkpoint, config: Config) -> None:
    """Refuse any change but a longer run, or fewer epochs than are done: ConfigError."""
    old, new = (dict(_leaves(c.model_dump())) for c in (checkpoint.config, config))
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
    schedule, position = config.training.schedule, checkpoint.state.position
    if schedule.spans_run:
        raise ConfigError(
            f"--epochs {new[FREE]}: the {schedule.name} schedule is laid out for the whole run of "
            f"{old[FREE]} epochs, so its length cannot change"
        )
    begun = position.epoch - (position.samples == 0)
    if config.training.epochs is not None and config.training.epochs < begun:
        raise ConfigError(f"--epochs {new[FREE]}: the run is in epoch {begun} already")


def check_environment(checkpoint: Checkpoint, dataset: Dataset) -> None:
    """Refuse other training samples: DataError. Warn of versions that may change last digits."""
    if dataset.train_sha256 != checkpoint.sha256:
        raise DataError(f"{dataset.name} is not the same data that the run began with")
    libraries = [name for name in ("numba",) if name in checkpoint.versions]
    for name, now in current_versions(*libraries).items():
        then = checkpoint.versions.get(name)
        if then != now:
            text = f"the run began with {name} {then}, this is {now}; last digits may differ"
            warn(text)


def resume_command(
    path: Path, *, dataset: Dataset, log_dir: Path | None = None, output: Path | None = None
) -> str:
    """Write the command that resumes a run from the checkpoint `path`, to be pasted in any folder.

    `output` is the model's path, if the checkpoint's name does not tell. It is then another run
    than the present one, and its logs are not known.
    """
    options = {"--resume": path, "--output": output, "--data-dir": _data_dir(dataset)}
    if output is None:
        options["--log-dir"] = log_dir
    words = ["mnist-nn", "train"]
    for option, value in options.items():
        if value is not None:
            words += [option, str(value.absolute())]
    return shell_command(words)


def evaluate_command(path: Path, dataset: Dataset) -> str:
    """Write the command that evaluates a model of a dataset, to be pasted in this folder."""
    name = str(path)
    words = ["mnist-nn", "evaluate", f"./{name}" if name.startswith("-") else name]
    if "test" not in dataset.info.parts:
        words += ["--split", "train"]
    folder = _data_dir(dataset)
    return shell_command([*words, "--data-dir", str(folder)] if folder else words)


def _data_dir(dataset: Dataset) -> Path | None:
    """Return the folder of a downloaded or imported dataset, if it is not the usual one."""
    is_default = dataset.folder == data_folder() and not os.environ.get("MNIST_NN_DATA_DIR")
    return dataset.folder if dataset.info.in_folder and not is_default else None


def _leaves(values: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Flatten nested config to dotted keys."""
    items = values.items() if isinstance(values, dict) else enumerate(values)
    for key, value in items:
        here = f"{path}{key}"
        if isinstance(value, dict | list):
            yield from _leaves(value, f"{here}.")
        else:
            yield here, value
