"""``mnist-nn plot``: draw charts of models, and of runs that are still training."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from ..data import load_dataset
from ..errors import ConfigError, escaped
from ..evaluation import Curves, require_matplotlib
from ..evaluation.palette import MODELS
from ..files import atomic_write
from ..model import load_model
from ..outputs import check_output
from .animate import check_animated, write_animation
from .evaluated_model import LoadedModel, evaluate_model, model_curves
from .guard import eprint, print_path
from .metrics_file import metrics_path, read_metrics
from .options import DataDir, Debug, Output

NAMES = ("curves", "classes", "calibration", "confusion", "mistakes", "weights", "boundary")


def plot(
    models: Annotated[
        list[Path],
        typer.Argument(
            metavar="MODEL", help="Model files, or folders that train --log-dir writes to."
        ),
    ],
    output: Output = Path("plots"),
    format_: Annotated[
        Literal["png", "svg"], typer.Option("--format", help="File format of the charts.")
    ] = "png",
    animate: Annotated[
        bool,
        typer.Option(
            "--animate",
            help="Train a model of two inputs again, to animate its decision boundary as a GIF.",
        ),
    ] = False,
    data_dir: DataDir = None,
    debug: Debug = False,
) -> None:
    """Draw charts of one model, or compare several.

    Draws learning curves, scores by class and calibration, on the test samples if the dataset has
    some. Of a single model it also draws the confusion matrix, the most confident errors and the
    weights of the first layer or, for two inputs, the decision boundary. A run that is still
    training is named by its --log-dir and gets its learning curves so far. The paths of the charts
    are printed. Needs matplotlib (extra: plots).
    """
    require_matplotlib()
    if len(models) > len(MODELS):
        raise ConfigError(f"{len(models)} models: at most {len(MODELS)} can be compared")
    runs, loaded = _read(models, data_dir)
    if animate:
        if len(models) > 1 or not loaded:
            raise ConfigError("--animate: name a single model file, and no --log-dir")
        check_animated(loaded[0])
    files = [f"{name}.{format_}" for name in NAMES] + ["boundary.gif"] * animate
    _check_folder(output, files, models)
    if not _write_charts(output, format_, runs, loaded):
        eprint("note: these models have nothing in common to draw")
    if animate:
        with atomic_write(output / "boundary.gif") as file:
            write_animation(file, loaded[0])
        print_path(output / "boundary.gif")


def _read(models: list[Path], data_dir: Path | None) -> tuple[list[Curves], list[LoadedModel]]:
    """Read models and metrics, and measure the models."""
    runs, loaded = [], []
    for path in models:
        metrics = metrics_path(path)
        if metrics is not None:
            runs.append(read_metrics(metrics, escaped(str(path))))
            continue
        model = load_model(path)
        curves = model_curves(path, model)
        name = model.config.data.dataset
        data = load_dataset(name, data_dir)
        split = "test" if "test" in data.info.parts else "train"
        loaded.append(evaluate_model(path, model, data, split, curves))
        if curves is None:
            eprint(f"note: {path} has no history, so it has no learning curves")
        else:
            runs.append(curves)
    return runs, loaded


def _check_folder(output: Path, files: list[str], models: list[Path]) -> None:
    """Create the folder; ConfigError if the files could not be written there."""
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--output {output}: {error.strerror or error}; name a folder") from error
    for file in files:
        check_output(output / file, inputs=[metrics_path(path) or path for path in models])


def _write_charts(output: Path, format_: str, runs: list[Curves], loaded: list[LoadedModel]) -> int:
    """Write the charts of all models together and those of a single one; return how many."""
    from ..evaluation import charts, render  # they need matplotlib

    models = [one.evaluated for one in loaded]
    drawn: list[charts.Chart | None] = [charts.draw_curves(runs)] if runs else []
    if models:
        if len({model.class_names for model in models}) == 1:
            drawn.append(charts.draw_scores(models))
        drawn.append(charts.draw_calibration(models))
    if len(models) == 1:
        drawn += [
            charts.draw_confusion(models[0]),
            charts.draw_mistakes(models[0]),
            charts.draw_weights(models[0]),
            charts.draw_boundary(models[0], loaded[0].all_samples),
        ]
    n_written = 0
    for chart in filter(None, drawn):
        path = output / f"{chart.name}.{format_}"
        blob = render.png(chart) if format_ == "png" else render.svg(chart).encode()
        with atomic_write(path) as file:
            file.write(blob)
        print_path(path)
        n_written += 1
    return n_written
