"""Options that several commands share, and how shells complete them."""

import os
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ..config import (
    SHORT_KEYS,
    Config,
    Source,
    find_config,
    preset_names,
    read_file,
    read_override,
    read_value,
    resolve,
)
from ..data import DATASETS, data_folder, imported_names
from .guard import Debug as Debug
from .models import SHIPPED

MAIN_PRESET = "base"
config_option = partial(typer.Option, show_default="from the config", rich_help_panel="Config")


def config_paths(named: list[Path] | None, given: list[Path] | None) -> list[Path]:
    """Find the configs that are named as arguments and those given by ``--config``."""
    return [find_config(config) for config in [*(named or []), *(given or [])]]


def complete_config(incomplete: str) -> list[str]:
    """Complete a preset's name, or the path of a YAML file."""
    folder = Path(f"{incomplete}x").parent
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    folders = [f"{path}{os.sep}" for path in paths if path.is_dir()]
    files = [str(path) for path in paths if path.suffix in (".yaml", ".yml")]
    return preset_names() + files + folders


def complete_dataset() -> list[str]:
    """Complete a dataset's name."""
    return sorted({*DATASETS, *imported_names(data_folder())})


DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        help="Folder of downloaded and imported datasets.",
        show_default="$MNIST_NN_DATA_DIR, or a folder in the user's cache",
        rich_help_panel="Data",
    ),
]
Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="PATH", help="Where to write the result.")
]
ModelFile = Annotated[
    Path | None,
    typer.Argument(
        metavar="MODEL",
        help="Model file, written by mnist-nn train or convert.",
        show_default=SHIPPED,
    ),
]
ModelFiles = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="MODEL",
        help="Model file, written by mnist-nn train or convert. Several with --together.",
        show_default=SHIPPED,
    ),
]
Together = Annotated[
    bool,
    typer.Option("--together", help="Average the probabilities of all the models that are named."),
]
Configs = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="CONFIG",
        autocompletion=complete_config,
        help="Name of a preset, or path of a YAML file. Of several, later ones win.",
        show_default=MAIN_PRESET,
    ),
]
ConfigFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--config",
        "-c",
        metavar="CONFIG",
        autocompletion=complete_config,
        help="The same as CONFIG. Repeatable.",
        rich_help_panel="Config",
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Set one key of the config, such as training.l2=1e-5. Repeatable.",
        rich_help_panel="Config",
    ),
]
Seed = Annotated[str | None, config_option(metavar="N", help="Seed of every random stream.")]


def read_settings(
    files: list[Path],
    overrides: list[str] | None,
    *,
    base: Config | None = None,
    **named: str | None,
) -> Config:
    """Merge config files, then ``--set``, then named options that were given, over `base`.

    Without files and `base`, the main preset is read. `named` are values as YAML, by option
    name with ``_`` for ``-``; None where it was not given.
    """
    if base is not None:
        sources = [Source("its config", base.model_dump(mode="json"))]
    else:
        sources = [] if files else [read_file(find_config(MAIN_PRESET))]
    sources += map(read_file, files)
    sources += map(read_override, overrides or ())
    for name, value in named.items():
        if value is not None:
            sources.append(read_value(f"--{name.replace('_', '-')}", SHORT_KEYS[name], value))
    return resolve(sources)
