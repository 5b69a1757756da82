"""``mnist-nn export``: write a model in other programs' formats."""

from contextlib import ExitStack
from pathlib import Path
from textwrap import fill
from typing import Annotated

import typer

from ..errors import ConfigError
from ..export import FORMATS, INPUT_TYPES, Format, export_model, find_format
from ..files import atomic_write
from ..outputs import check_output
from .guard import print_path
from .models import load_named
from .options import Debug, ModelFiles, Together

IMPORTED = ("jax", "keras", "numpy", "tensorflow", "torch")  # by the scripts


def _list_formats(wanted: bool) -> None:
    """Print what each format is for."""
    if wanted:
        width = max(map(len, FORMATS))
        for entry in FORMATS.values():
            files = " and ".join(f"*{suffix}" for suffix in entry.suffixes)
            line = f"{entry.name:{width}}  {entry.purpose} ({files})"
            typer.echo(fill(line, 80, subsequent_indent=" " * (width + 2)))
        raise typer.Exit


def export(
    models: ModelFiles = None,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            help=f"Format: {', '.join(FORMATS)}.",
            show_default="from the suffix of --output",
            autocompletion=lambda: list(FORMATS),
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="Where to write the result.",
            show_default="the name of MODEL, with the suffix of the format",
        ),
    ] = None,
    input_: Annotated[
        str | None,
        typer.Option(
            "--input",
            metavar="TYPE",
            help=f"Type of the samples that an ONNX graph reads: {', '.join(INPUT_TYPES)}.",
            show_default="uint8 for images, float64 for measurements",
            autocompletion=lambda: list(INPUT_TYPES),
        ),
    ] = None,
    together: Together = False,
    list_: Annotated[
        bool,
        typer.Option(
            "--list", is_eager=True, callback=_list_formats, help="Say what each format is for."
        ),
    ] = False,
    debug: Debug = False,
) -> None:
    """Write a model in a format of other programs.

    The paths of the files are printed. What runs (ONNX, scripts, C) computes the calibrated
    probabilities that mnist-nn predict prints, and files of weights have the parameters as they
    are. ONNX and safetensors need libraries (extra: export). For example:

    [bold]mnist-nn export model.pkl --to onnx[/bold]

    The formats:
    """
    chosen = find_format(to, output.suffix if output else None)
    output = output or Path(_name(models) + chosen.suffixes[0])
    paths = _paths(chosen, output, models or [])
    model = load_named(models, together=together)
    contents = export_model(model, chosen.name, input_type=input_)
    with ExitStack() as stack:  # all files are complete before the first gets its name
        for suffix, path in paths.items():
            file = stack.enter_context(atomic_write(path))
            file.write(contents[suffix])
            file.flush()
    for path in paths.values():
        print_path(path)


def _paths(chosen: Format, output: Path, models: list[Path]) -> dict[str, Path]:
    """Return the paths of a format's files by their suffixes; ConfigError if one cannot be used."""
    if output.suffix != chosen.suffixes[0]:
        raise ConfigError(
            f"--output {output}: {chosen.name} is written to files like *{chosen.suffixes[0]}; "
            "name one, or leave --to out"
        )
    if output.suffix == ".py" and output.stem in IMPORTED:
        raise ConfigError(
            f"--output {output}: Python would import this script in the place of {output.stem}; "
            "name another file"
        )
    paths = {suffix: output.with_suffix(suffix) for suffix in chosen.suffixes}
    for path in paths.values():
        check_output(path, inputs=models)
    return paths


def _name(models: list[Path] | None) -> str:
    """Name a file after its models."""
    if not models:
        return "digits"
    return models[0].stem if len(models) == 1 else "committee"


FORMATS_HELP = [f"[bold]{entry.name}[/bold]: {entry.purpose}." for entry in FORMATS.values()]
export.__doc__ = "\n\n".join([str(export.__doc__), *FORMATS_HELP])
