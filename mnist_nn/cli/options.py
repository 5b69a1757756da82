"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from ..config import (
    SHORT_KEYS,
    Config,
    Source,
    find_config,
    read_file,
    read_override,
    read_value,
    resolve,
)
from .guard import remember_debug

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
_config = typer.Option(
    "--config",
    "-c",
    metavar="FILE",
    help="A YAML config; given several times, later files win over earlier ones.",
)
ConfigFiles = Annotated[list[Path], _config]
ConfigFilesIfAny = Annotated[list[Path] | None, _config]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Set one key, such as training.l2=1e-5. Repeatable.",
    ),
]


def read_settings(
    files: list[Path] | None,
    overrides: list[str] | None,
    *,
    base: Config | None = None,
    **named: str | None,
) -> Config:
    """Merge config files, then ``--set``, then named options that were given, over `base`.

    `named` are values as YAML, by option name with ``_`` for ``-``; None where it was not given.
    """
    sources = [Source("its config", base.model_dump(mode="json"))] if base else []
    sources += [read_file(find_config(file)) for file in files or ()]
    sources += map(read_override, overrides or ())
    for name, value in named.items():
        if value is not None:
            sources.append(read_value(f"--{name.replace('_', '-')}", SHORT_KEYS[name], value))
    return resolve(sources)
