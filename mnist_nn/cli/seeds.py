"""A run repeated with several seeds: what is luck, and what is not."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .guard import eprint

if TYPE_CHECKING:
    from ..config import Config
    from ..data import Dataset
    from ..model import SeedResult, Series

MAX_SEEDS = 1000


def seed_path(output: Path, seed: int) -> Path:
    """Name the model file of a seed: ``model.pkl`` becomes ``model-seed3.pkl``."""
    return output.with_name(f"{output.stem}-seed{seed}{output.suffix}")


def kept_results(series: "Series", output: Path) -> "list[SeedResult]":
    """Find the runs of an interrupted series that need not be repeated; a lost model is noted.

    ConfigError if there is another file where a model was.
    """
    from ..errors import ConfigError

    results = []
    for result in series.results:
        path = seed_path(output, result.seed)
        if not path.exists():
            eprint(f"note: {path} is missing, so seed {result.seed} is trained again")
        elif not path.is_file() or sha256_of(path) != result.sha256:
            raise ConfigError(
                f"--resume: {path} is not the model that the interrupted run wrote there\n"
                f"move it elsewhere, and seed {result.seed} is trained again"
            )
        else:
            results.append(result)
    return results


def sha256_of(path: Path) -> str:
    """Hash a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def summarise(
    results: "list[SeedResult]", settings: "Config", dataset: "Dataset", output: Path
) -> None:
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
    paths = [seed_path(output, result.seed) for result in results]
    accuracies = [
        evaluate(load_model(path).network, loss, test).accuracy
        if test
        else getattr(result.epoch, key)
        for result, path in zip(results, paths, strict=True)
    ]
    rows = [
        (str(result.seed), f"{accuracy:.2%}", f"{result.seconds:.1f}", str(path))
        for result, accuracy, path in zip(results, accuracies, paths, strict=True)
    ]
    typer.echo(table(("seed", f"{kind} accuracy", "seconds", "model"), rows) + "\n")
    result = summary(accuracies)
    low, high = max(result.interval[0], 0.0), min(result.interval[1], 1.0)
    typer.echo(
        f"{kind} accuracy of {len(results)} seeds: mean {result.mean:.2%}, "
        f"standard deviation {result.deviation:.2%}\n"
        f"95 % interval of the mean: {low:.2%} to {high:.2%}"
    )
    if settings.network.initializer.legacy_seed is not None:
        eprint("note: with network.initializer.legacy_seed all seeds start from the same weights")
