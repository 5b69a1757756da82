"""Series: one run for each of several seeds."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ..config import Config
from ..data import Dataset
from ..errors import ConfigError, warn
from ..evaluation import evaluate
from ..model import Checkpoint, SeedResult, Series, StartingWeights, load_model
from .run import Run, RunFiles
from .saving import sha256_of

MAX_SEEDS = 1000


def seed_path(output: Path, seed: int) -> Path:
    """Name the model file of a seed: ``model.pkl`` becomes ``model-seed3.pkl``."""
    return output.with_name(f"{output.stem}-seed{seed}{output.suffix}")


def kept_results(series: Series, output: Path) -> list[SeedResult]:
    """Return the results of an interrupted series whose runs need not be repeated.

    A model that is missing gets a warning; ConfigError if there is another file in its place.
    """
    results = []
    for result in series.results:
        path = seed_path(output, result.seed)
        if not path.exists():
            text = f"{path} is missing, so seed {result.seed} is trained again"
            warn(text)
        elif not path.is_file() or sha256_of(path) != result.sha256:
            raise ConfigError(
                f"--resume: {path} is not the model that the interrupted run wrote there\n"
                f"move it elsewhere, and seed {result.seed} is trained again"
            )
        else:
            results.append(result)
    return results


def seed_runs(
    config: Config,
    dataset: Dataset,
    series: Series,
    files: RunFiles,
    checkpoint: Checkpoint | None,
    results: list[SeedResult],
    init_from: StartingWeights | None = None,
) -> Iterator[Run]:
    """Yield the run of each seed that has no result yet, beginning with that of the config.

    Train and save each run before asking for the next: its result is then added to `results`, and
    the checkpoints of those that follow know of it. `checkpoint` is of the first run.
    """
    done = {config.seed, *(result.seed for result in results)}
    for seed in [config.seed, *(n for n in series.seeds if n not in done)]:
        is_first = seed == config.seed
        run = Run(
            config.model_copy(update={"seed": seed}),
            dataset,
            files=replace(
                files,
                output=seed_path(files.output, seed),
                resumed_from=files.resumed_from if is_first else None,
            ),
            checkpoint=checkpoint if is_first else None,
            series=replace(series, results=list(results)),
            init_from=init_from,
        )
        yield run
        results.append(run.result)


def series_accuracies(
    results: list[SeedResult], config: Config, dataset: Dataset, output: Path
) -> tuple[str, list[float]]:
    """Return which accuracy compares the models of a series, and that of each.

    It is the validation accuracy if samples were held out: holding samples out means choosing, and
    the test samples must not be chosen by. Otherwise it is the accuracy on the test samples, which
    each model sees here once, after all training.
    """
    if config.data.validation:
        return "validation", [result.epoch.validation_accuracy or 0.0 for result in results]
    test = dataset.test
    if test is None:
        return "training", [result.epoch.accuracy for result in results]
    networks = [load_model(seed_path(output, result.seed)).network for result in results]
    loss = config.training.loss
    return "test", [evaluate(network, test, loss).accuracy for network in networks]
