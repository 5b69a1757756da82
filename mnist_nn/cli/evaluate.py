"""``mnist-nn evaluate``: measure a model on samples that it was not trained on."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import typer
from rich.cells import cell_len

from ..config import dump_config
from ..data import load_dataset
from ..errors import ConfigError, MnistNNError, escaped
from ..evaluation import EvaluatedModel, Evaluation, require_matplotlib
from ..files import atomic_write
from ..model import load_model
from ..outputs import check_output
from .calibration import calibration_lines, calibration_measured
from .evaluated_model import LoadedModel, evaluate_model, model_curves
from .guard import styled
from .options import DataDir, Debug, complete_dataset
from .tables import table

WIDTH = 80  # columns that a confusion matrix may take
MISTAKES = 20  # rows, instead of a matrix that is too wide


def evaluate(
    model: Path,
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            autocompletion=complete_dataset,
            help="Dataset to measure on.",
            show_default="the one it was trained on",
        ),
    ] = None,
    split: Annotated[Literal["test", "train"], typer.Option(help="Which of its samples.")] = "test",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON object instead of tables.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write an HTML page with charts of this and of the training. Needs matplotlib "
            "(extra: plots).",
        ),
    ] = None,
    min_accuracy: Annotated[
        float | None,
        typer.Option(metavar="X", help="Exit with 1 if the accuracy, from 0 to 1, is below X."),
    ] = None,
    data_dir: DataDir = None,
    debug: Debug = False,
) -> None:
    """Measure the loss and accuracy of a model.

    Prints precision, recall and F1 of each class, the confusion matrix, and the accuracy with its
    95 % confidence interval. Of probabilities also the calibration error, how far they are from the
    share that is right, and the cross-entropy, before and after calibration; and how many of the
    samples are answered, where predict would not print a ? for the class.
    """
    if min_accuracy is not None and not 0 <= min_accuracy <= 1:
        raise ConfigError(f"--min-accuracy {min_accuracy}: must be between 0 and 1")
    trained = load_model(model)
    if report is not None:
        require_matplotlib()
        check_output(report, "--report", inputs=[model])
    data = load_dataset(trained.config.data.dataset if dataset is None else dataset, data_dir)
    curves = model_curves(model, trained) if report is not None else None
    loaded = evaluate_model(model, trained, data, split, curves)
    result = loaded.evaluated.result
    if report is not None:
        _write_report(report, loaded)
    if as_json:
        typer.echo(_as_json(loaded, model, split, report))
    else:
        typer.echo(_tables(result, data.info.format.class_names))
        typer.echo(_summary(loaded.evaluated, f"{escaped(str(model))} on"))
        if report is not None:
            typer.echo(f"report    {escaped(str(report))}")
    if min_accuracy is not None and result.accuracy < min_accuracy:
        raise MnistNNError(f"accuracy {result.accuracy:.4f} is below --min-accuracy {min_accuracy}")


def _write_report(report: Path, loaded: LoadedModel) -> None:
    """Write the report, with the facts of the training."""
    from ..evaluation.report import Provenance, write_report  # needs matplotlib

    trained, config = loaded.model, loaded.model.config
    seconds = [metrics.seconds for metrics in trained.history]
    sizes, count = "-".join(map(str, trained.network.sizes)), trained.network.params.size
    facts = [
        ("network", f"{sizes}, {count:,} parameters of {config.network.dtype}"),
        ("trained on", config.data.dataset),
        ("seed", str(config.seed)),
        *([("started from", f"model of SHA-256 {trained.init_from}")] if trained.init_from else ()),
        ("training", f"{len(seconds):,} epochs, {sum(seconds):,.1f} seconds"),
        *trained.versions.items(),
        *((f"SHA-256 {key}", value) for key, value in trained.sha256.items()),
    ]
    origin = Provenance(facts, dump_config(config))
    page = write_report(loaded.evaluated, loaded.all_samples, origin)
    with atomic_write(report) as file:
        file.write(page)


def _as_json(loaded: LoadedModel, model: Path, split: str, report: Path | None) -> str:
    result, data = loaded.evaluated.result, loaded.data
    rows = zip(data.info.format.class_names, result.per_class, strict=True)
    return json.dumps(
        {
            "accuracy": result.accuracy,
            "accuracy_interval": result.interval,
            "loss": result.loss,
            "samples": result.samples,
            "per_class": [{"class": name} | asdict(score) for name, score in rows],
            "confusion_matrix": result.confusion.tolist(),
            "calibration": calibration_measured(loaded.evaluated),
            "model": str(model),
            "dataset": data.name,
            "split": split,
        }
        | ({"report": str(report)} if report is not None else {})
    )


def _tables(result: Evaluation, names: tuple[str, ...]) -> str:
    """Lay out the scores of each class and the confusion matrix.

    Where the names make the matrix too wide, its rows and columns have numbers instead; where there
    are too many of these, it is replaced by the most frequent mistakes.
    """
    numbers = tuple(map(str, range(len(names))))
    confusion = _matrix(result, names)
    if not _fits(confusion):
        confusion = _matrix(result, numbers)
        if _fits(confusion):
            names = tuple(f"{number} {name}" for number, name in zip(numbers, names, strict=True))
        else:
            confusion = _most_frequent(result, names)
    scores = [
        (
            name,
            *(f"{share:.2%}" for share in (row.precision, row.recall, row.f1)),
            f"{row.support:,}",
        )
        for name, row in zip(names, result.per_class, strict=True)
    ]
    return f"{table(('class', 'precision', 'recall', 'F1', 'support'), scores)}\n\n{confusion}\n"


def _matrix(result: Evaluation, names: tuple[str, ...]) -> str:
    """Lay out the confusion matrix."""
    counts = [[str(count or ".") for count in row] for row in result.confusion.tolist()]
    rows = [(name, *row) for name, row in zip(names, counts, strict=True)]
    return (
        "confusion matrix: a row for each true class, a column for each predicted one\n"
        f"{table(('', *names), rows)}"
    )


def _fits(text: str) -> bool:
    return max(map(cell_len, text.splitlines())) <= WIDTH


def _most_frequent(result: Evaluation, names: tuple[str, ...]) -> str:
    """Lay out the most frequent mistakes."""
    wrong = result.confusion * (1 - np.eye(len(names), dtype=np.intp))
    order = np.argsort(-wrong, axis=None, kind="stable")[:MISTAKES]
    pairs = [divmod(int(i), len(names)) for i in order]
    rows = [(names[t], names[p], f"{wrong[t, p]:,}") for t, p in pairs if wrong[t, p]]
    return (
        f"the most frequent mistakes (the confusion matrix of {len(names)} classes is in --json)\n"
        f"{table(('true', 'predicted', 'times'), rows)}"
    )


def _summary(evaluated: EvaluatedModel, model: str) -> str:
    """Summarise a result; it is printed last, where a terminal still shows it."""
    result = evaluated.result
    low, high = result.interval
    accuracy = styled(f"{result.accuracy:.2%}", sys.stdout, bold=True)
    return "\n".join(
        [
            f"{model} {evaluated.where}",
            *calibration_lines(evaluated),
            f"loss      {result.loss:.4f}",
            f"accuracy  {accuracy} (95 % interval {low:.2%} to {high:.2%})",
        ]
    )
