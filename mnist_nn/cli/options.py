"""Options that several commands share."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .guard import remember_debug

if TYPE_CHECKING:
    from ..config import Config

Debug = Annotated[
    bool,
    typer.Option("--debug", callback=remember_debug, help="On an error, show the traceback."),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        help="Where downloaded data lie; else $MNIST_NN_DATA_DIR, else the user's cache folder.",
    ),
]
ConfigFiles = Annotated[
    list[Path],
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="A YAML config; given several times, later files win over earlier ones.",
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Set one key, such as training.l2=1e-5. Repeatable.",
    ),
]


def read_settings(files: list[Path], overrides: list[str] | None, **named: str | None) -> "Config":
    """Merge config files, then ``--set``, then named options that were given.

    Parameters
    ----------
    files, overrides
        As on the command line.
    **named
        Values as YAML, by option name with ``_`` for ``-``; None where it was not given.
    """
    from ..config import load_config, read_override, read_value

    keys = {
        "seed": "seed",
        "epochs": "training.epochs",
        "batch_size": "training.batch_size",
        "lr": "training.optimizer.learning_rate",
        "engine": "training.engine",
    }
    sources = [read_override(text) for text in overrides or ()]
    for name, value in named.items():
        if value is not None:
            sources.append(read_value(f"--{name.replace('_', '-')}", keys[name], value))
    return load_config(files, sources)


def check_output(output: Path) -> None:
    """Refuse, before the work, a place where its result could not be written after it.

    Raises
    ------
    ConfigError
        If it is a folder or a device, or its folder does not exist or cannot be written to.
    """
    from ..errors import ConfigError

    try:
        target = output.resolve()  # what a link leads to
        exists = target.exists()
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "it is a link to itself"
        raise ConfigError(f"--output {output}: {reason}") from error
    if output.is_dir():
        raise ConfigError(f"--output {output} is a folder; name a file in it")
    if exists and not target.is_file():
        raise ConfigError(f"--output {output} is a device or a pipe; name a plain file")
    if not target.parent.is_dir():
        raise ConfigError(f"--output {output}: the folder {target.parent} does not exist")
    if not os.access(target.parent, os.W_OK):
        raise ConfigError(f"--output {output}: the folder {target.parent} cannot be written to")
