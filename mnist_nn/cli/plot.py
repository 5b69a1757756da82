"""``mnist-nn plot``: charts of models, and of runs that are still going, as files."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..errors import escaped
from ..files import atomic_write
from ..outputs import check_output
from .evaluated_model import Measured, measured, model_curves
from .guard import eprint, print_path
from .metrics_file import metrics_file, read_metrics
from .options import DataDir, Debug

if TYPE_CHECKING:
    from ..evaluation import Curves
    from ..evaluation.charts import Chart

NAMES = ("curves", "classes", "calibration", "confusion", "mistakes", "weights", "boundary")


def plot(
    models: Annotated[
        list[Path],
        typer.Argument(
            metavar="MODEL...",
            help="Files that train wrote, or folders that train --log-dir writes to.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="The folder for the charts.")
    ] = Path("plots"),
    format_: Annotated[
        Literal["png", "svg"], typer.Option("--format", help="What kind of files.")
    ] = "png",
    animate: Annotated[
        bool,
        typer.Option(
            "--animate",
            help="Of a model of two inputs, write how its boundary moved, too: boundary.gif.",
        ),
    ] = False,
    data_dir: DataDir = None,
    debug: Debug = False,
) -> None:
    """Draw charts of a model, or compare several.

    Learning curves, scores by class and calibration; of a single model the confusion matrix, the
    mistakes it was surest of and the first layer's weights as well, or, if it reads two numbers,
    its decision boundary. They are measured on the test samples where the dataset has some. Of a
    run that is still going, named by its --log-dir, there are the curves so far. The paths are
    printed. It needs matplotlib, which the extra named plots installs.
    """
    from ..errors import ConfigError
    from ..evaluation import require_matplotlib
    from ..evaluation.palette import MODELS
    from .animate import check_animated, write_animation

    require_matplotlib()
    if len(models) > len(MODELS):
        raise ConfigError(f"{len(models)} models: at most {len(MODELS)} can be told apart")
    runs, wholes = _read(models, data_dir)
    if animate:
        if len(models) > 1 or not wholes:
            raise ConfigError("--animate takes a single model, and no metrics")
        check_animated(wholes[0])
    files = [f"{name}.{format_}" for name in NAMES] + ["boundary.gif"] * animate
    _check_folder(output, files, models)
    written = [_write(output, chart, format_) for chart in _charts(runs, wholes)]
    if not written:
        eprint("note: there is nothing to draw that these models have in common")
    if animate:
        with atomic_write(output / "boundary.gif") as file:
            write_animation(file, wholes[0])
        print_path(output / "boundary.gif")


def _read(models: list[Path], data_dir: Path | None) -> "tuple[list[Curves], list[Measured]]":
    """Read what is named, models and metrics, and measure the models."""
    from ..data import dataset_info, load_dataset
    from ..model import load_model

    runs, wholes = [], []
    for path in models:
        metrics = metrics_file(path)
        if metrics is not None:
            runs.append(read_metrics(metrics, escaped(str(path))))
            continue
        trained = load_model(path)
        curves = model_curves(path, trained)
        name = trained.config.data.dataset
        split = "test" if "test" in dataset_info(name).parts else "train"
        wholes.append(measured(path, trained, load_dataset(name, data_dir), split, curves))
        if curves is None:
            eprint(f"note: {path} has no history, so there are no curves of it")
        else:
            runs.append(curves)
    return runs, wholes


def _check_folder(output: Path, files: list[str], models: list[Path]) -> None:
    """Make the folder; refuse, before the work, one where these files could not be written."""
    from ..errors import ConfigError

    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--output {output}: {error.strerror or error}; name a folder") from error
    for file in files:
        check_output(output / file, inputs=[metrics_file(path) or path for path in models])


def _charts(runs: "list[Curves]", wholes: list[Measured]) -> "Iterator[Chart]":
    """Draw what there is of all of them together, and more of a single one."""
    from ..evaluation import charts

    subjects = [whole.evaluated for whole in wholes]
    drawn: list[Chart | None] = [charts.draw_curves(runs)] if runs else []
    if subjects:
        if len({subject.class_names for subject in subjects}) == 1:
            drawn.append(charts.draw_scores(subjects))
        drawn.append(charts.draw_calibration(subjects))
    if len(subjects) == 1:
        drawn += [
            charts.draw_confusion(subjects[0]),
            charts.draw_mistakes(subjects[0]),
            charts.draw_weights(subjects[0]),
            charts.draw_boundary(subjects[0], wholes[0].parts),
        ]
    yield from filter(None, drawn)


def _write(output: Path, chart: "Chart", format_: str) -> Path:
    """Write a chart, and print where it is."""
    from ..evaluation import render

    path = output / f"{chart.name}.{format_}"
    blob = render.png(chart) if format_ == "png" else render.svg(chart).encode()
    with atomic_write(path) as file:
        file.write(blob)
    print_path(path)
    return path
