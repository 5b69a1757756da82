"""``mnist-nn evaluate``: how well a model does on samples it has not learnt from."""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .guard import note
from .options import DataDir, Debug

if TYPE_CHECKING:
    from ..data import Dataset, Samples
    from ..evaluation import Evaluation
    from ..model import Model


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
    debug: Debug = False,
) -> None:
    """Measure a model: loss, accuracy with its 95 % interval, and what it mistakes for what."""
    import numpy as np

    from ..data import load_dataset
    from ..errors import ConfigError, MnistNNError, ModelError
    from ..evaluation import evaluate as measure
    from ..model import check_fits, load_model
    from ..nn import LOSSES

    if min_accuracy is not None and not 0 <= min_accuracy <= 1:
        raise ConfigError(f"--min-accuracy {min_accuracy}: must be between 0 and 1")
    trained = load_model(model)
    data = load_dataset(trained.config.data.dataset if dataset is None else dataset, data_dir)
    samples = _samples(trained, data, split)
    check_fits(trained.config, data.name, data.info)
    loss = LOSSES[trained.config.training.loss]
    with np.errstate(all="ignore"):  # what is not finite is an error below
        result = measure(trained.network, loss, samples)
    if not math.isfinite(result.loss):
        raise ModelError(f"{model} cannot be measured: its loss is {result.loss} on {data.name}")
    if as_json:
        typer.echo(_as_json(result, model, data, split))
    else:
        _print_tables(result, model, data, split)
    if min_accuracy is not None and result.accuracy < min_accuracy:
        raise MnistNNError(f"accuracy {result.accuracy:.4f} is below --min-accuracy {min_accuracy}")


def _samples(trained: "Model", data: "Dataset", split: str) -> "Samples":
    """Pick the split, if it exists and the network can read it."""
    from ..errors import ConfigError

    if data.info.n_inputs != trained.network.sizes[0]:
        raise ConfigError(
            f"{data.name} has {data.info.n_inputs} numbers per sample, but the model reads "
            f"{trained.network.sizes[0]}; choose another --dataset"
        )
    samples = data.train if split == "train" else data.test
    if samples is None:
        raise ConfigError(f"{data.name} has no test samples; measure with --split train")
    if data.name == trained.config.data.dataset and data.sha256 != trained.sha256:
        note(f"note: {data.name} is not the same data that the model was trained on")
    return samples


def _as_json(result: "Evaluation", model: Path, data: "Dataset", split: str) -> str:
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
    )


def _print_tables(result: "Evaluation", model: Path, data: "Dataset", split: str) -> None:
    """Print for people: the headline, one row per class, and the confusion matrix."""
    from .tables import table

    low, high = result.interval
    typer.echo(f"{model} on {result.samples:,} {split} samples of {data.name}")
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
