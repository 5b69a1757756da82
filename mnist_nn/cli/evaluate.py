"""``mnist-nn evaluate``: how well a model does on samples it has not learnt from."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..errors import escaped
from ..outputs import check_output
from .evaluated_model import Measured, measured, model_curves
from .options import DataDir, Debug

if TYPE_CHECKING:
    from ..data import Dataset
    from ..evaluation import Evaluation


def evaluate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A file that train wrote.")],
    data_dir: DataDir = None,
    dataset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Another dataset than the one it was trained on."),
    ] = None,
    split: Annotated[
        Literal["test", "train"], typer.Option(help="Which samples of the dataset.")
    ] = "test",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of tables.")
    ] = False,
    min_accuracy: Annotated[
        float | None,
        typer.Option(metavar="X", help="Exit with 1 if the accuracy is below X, of 0 to 1."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write an HTML page with charts of all this and of the training, too. It needs "
            "matplotlib, which the extra named plots installs.",
        ),
    ] = None,
    debug: Debug = False,
) -> None:
    """Measure a model: loss, accuracy with its 95 % interval, and what it mistakes for what."""
    from ..data import load_dataset
    from ..errors import ConfigError, MnistNNError
    from ..model import load_model

    if min_accuracy is not None and not 0 <= min_accuracy <= 1:
        raise ConfigError(f"--min-accuracy {min_accuracy}: must be between 0 and 1")
    trained = load_model(model)
    if report is not None:
        _check_report(report, model)
    data = load_dataset(trained.config.data.dataset if dataset is None else dataset, data_dir)
    curves = model_curves(model, trained) if report is not None else None
    whole = measured(model, trained, data, split, curves)
    result = whole.evaluated.result
    if report is not None:
        _write_report(report, whole)
    if as_json:
        typer.echo(_as_json(result, model, data, split, report))
    else:
        _print_tables(result, model, data, split)
        if report is not None:
            typer.echo(f"\nreport    {escaped(str(report))}")
    if min_accuracy is not None and result.accuracy < min_accuracy:
        raise MnistNNError(f"accuracy {result.accuracy:.4f} is below --min-accuracy {min_accuracy}")


def _check_report(report: Path, model: Path) -> None:
    """Refuse, before the work, what could not be drawn or written after it."""
    from ..evaluation import require_matplotlib

    require_matplotlib()
    check_output(report, "--report", inputs=[model])


def _write_report(report: Path, whole: Measured) -> None:
    """Draw everything, and say where the model comes from."""
    from ..config import dump_config
    from ..evaluation.report import Provenance, write_report
    from ..files import atomic_write

    trained, config = whole.model, whole.model.config
    seconds = [metrics.seconds for metrics in trained.history]
    sizes, count = "-".join(map(str, trained.network.sizes)), trained.network.params.size
    facts = [
        ("network", f"{sizes}, {count:,} parameters of {config.network.dtype}"),
        ("trained on", config.data.dataset),
        ("seed", str(config.seed)),
        ("training", f"{len(seconds):,} epochs, {sum(seconds):,.1f} seconds"),
        *trained.versions.items(),
        *((f"SHA-256 {key}", value) for key, value in trained.sha256.items()),
    ]
    page = write_report(whole.evaluated, whole.parts, Provenance(facts, dump_config(config)))
    with atomic_write(report) as file:
        file.write(page)


def _as_json(
    result: "Evaluation", model: Path, data: "Dataset", split: str, report: Path | None
) -> str:
    rows = zip(data.info.class_names, result.per_class, strict=True)
    return json.dumps(
        {
            "accuracy": result.accuracy,
            "accuracy_interval": result.interval,
            "loss": result.loss,
            "samples": result.samples,
            "per_class": [{"class": name} | asdict(score) for name, score in rows],
            "confusion_matrix": result.confusion.tolist(),
            "model": str(model),
            "dataset": data.name,
            "split": split,
        }
        | ({"report": str(report)} if report is not None else {})
    )


def _print_tables(result: "Evaluation", model: Path, data: "Dataset", split: str) -> None:
    """Print for people: the headline, one row per class, and the confusion matrix."""
    from .tables import table

    low, high = result.interval
    typer.echo(f"{escaped(str(model))} on {result.samples:,} {split} samples of {data.name}")
    typer.echo(f"loss      {result.loss:.4f}")
    typer.echo(f"accuracy  {result.accuracy:.2%} (95 % interval {low:.2%} to {high:.2%})\n")

    names = data.info.class_names
    scores = [
        (
            name,
            *(f"{share:.2%}" for share in (row.precision, row.recall, row.f1)),
            f"{row.support:,}",
        )
        for name, row in zip(names, result.per_class, strict=True)
    ]
    typer.echo(table(("class", "precision", "recall", "F1", "support"), scores) + "\n")

    counts = [
        (name, *(str(count or ".") for count in row))
        for name, row in zip(names, result.confusion.tolist(), strict=True)
    ]
    typer.echo("confusion matrix: a row for each true class, a column for each predicted one")
    typer.echo(table(("", *names), counts))
