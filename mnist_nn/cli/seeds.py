"""A run repeated with several seeds: what is luck, and what is not."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from .guard import note

if TYPE_CHECKING:
    from ..config import Config
    from ..data import Dataset

MAX_SEEDS = 1000


class Finished(NamedTuple):
    """A run that is over.

    Attributes
    ----------
    seed
        Its seed.
    path
        Where its model is.
    epoch
        What its history has of the epoch that the model is of.
    seconds
        Spent on training.
    """

    seed: int
    path: Path
    epoch: dict[str, Any]
    seconds: float


def seed_path(output: Path, seed: int) -> Path:
    """Name the model file of a seed: ``model.pkl`` becomes ``model-seed3.pkl``."""
    return output.with_name(f"{output.stem}-seed{seed}{output.suffix}")


def summarise(runs: list[Finished], settings: "Config", dataset: "Dataset") -> None:
    """Print each seed's accuracy, their mean, deviation and interval.

    What is compared is the validation accuracy if samples were held out: whoever holds samples out
    is choosing something, and must not choose by the test samples. Otherwise it is the accuracy on
    the test samples, which each model sees here once, after all training.
    """
    from ..evaluation import evaluate, summary
    from ..model import load_model
    from ..nn import LOSSES
    from .tables import table

    test = None if settings.data.validation else dataset.test
    kind = "validation" if settings.data.validation else "training" if test is None else "test"
    loss = LOSSES[settings.training.loss]
    key = "validation_accuracy" if kind == "validation" else "accuracy"
    accuracies = [
        evaluate(load_model(run.path).network, loss, test).accuracy if test else run.epoch[key]
        for run in runs
    ]
    rows = [
        (str(run.seed), f"{accuracy:.2%}", f"{run.seconds:.1f}", str(run.path))
        for run, accuracy in zip(runs, accuracies, strict=True)
    ]
    typer.echo(table(("seed", f"{kind} accuracy", "seconds", "model"), rows) + "\n")
    result = summary(accuracies)
    low, high = max(result.interval[0], 0.0), min(result.interval[1], 1.0)
    typer.echo(
        f"{kind} accuracy of {len(runs)} seeds: mean {result.mean:.2%}, "
        f"standard deviation {result.deviation:.2%}\n"
        f"95 % interval of the mean: {low:.2%} to {high:.2%}"
    )
    if settings.network.initializer.legacy_seed is not None:
        note("note: with network.initializer.legacy_seed all seeds start from the same weights")
