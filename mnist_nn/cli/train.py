"""``mnist-nn train``: from a config to a model file."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

from ..config import Config, dump_config
from ..config.schema import SEED_LIMIT
from ..data import Dataset, dataset_info, load_dataset
from ..engines.choice import numba_fault
from ..errors import ConfigError
from ..evaluation import summarize
from ..files import StrPath
from ..model import (
    SeedResult,
    Series,
    check_fits,
    describe_network,
    load_checkpoint,
    load_starting_weights,
)
from ..outputs import check_output
from ..runs import (
    MAX_SEEDS,
    Run,
    RunFiles,
    check_config,
    check_environment,
    check_logs,
    check_run_output,
    checkpoint_path,
    evaluate_command,
    kept_results,
    output_of,
    seed_path,
    seed_runs,
    series_accuracies,
)
from .clock import training_clock
from .guard import eprint, print_path
from .options import (
    ConfigFiles,
    Configs,
    DataDir,
    Debug,
    Overrides,
    Seed,
    config_option,
    config_paths,
    read_settings,
)
from .progress import TrainingProgress, announce, compilation_noted, starting_text, stopping_text
from .signals import Interrupted, Request, deferred
from .tables import table

RUN_PANEL = "Long and repeated runs"
START_PANEL = "Start from a trained model"


def train(
    named: Configs = None,
    config: ConfigFiles = None,
    set_: Overrides = None,
    seed: Seed = None,
    epochs: Annotated[
        str | None, config_option(metavar="N", help="Passes over the training samples.")
    ] = None,
    batch_size: Annotated[
        str | None, config_option(metavar="N", help="Samples per step, or full: all of them.")
    ] = None,
    lr: Annotated[
        str | None, config_option(metavar="X", help="Learning rate of the optimizer.")
    ] = None,
    engine: Annotated[
        str | None,
        config_option(
            metavar="NAME",
            autocompletion=lambda: ["auto", "numpy", "numba"],
            help="What runs the steps: auto, numpy or numba.",
        ),
    ] = None,
    data_dir: DataDir = None,
    init_from: Annotated[
        Path | None,
        typer.Option(
            metavar="MODEL",
            help="Start a new run from the weights of this model: of all layers, or of all but the "
            "last if only that has another shape. An interrupted run continues with --resume.",
            rich_help_panel=START_PANEL,
        ),
    ] = None,
    freeze: Annotated[
        str | None,
        config_option(
            metavar="N",
            help="Do not train the first N layers.",
            rich_help_panel=START_PANEL,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to write the model file.",
            show_default="model.pkl",
        ),
    ] = None,
    log_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for metrics.jsonl and metrics.csv, with a line per epoch, and for event "
            "files of TensorBoard (extra: tensorboard).",
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="CKPT",
            help="Resume the interrupted run, or runs, of this checkpoint. Needs no config.",
            rich_help_panel=RUN_PANEL,
        ),
    ] = None,
    checkpoint_every: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Write a checkpoint every N epochs.",
            show_default="every epoch, if the run takes over a minute",
            rich_help_panel=RUN_PANEL,
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=2,
            max=MAX_SEEDS,
            help="Repeat the run with N seeds and print the mean accuracy, its standard deviation "
            "and its 95 % interval.",
            rich_help_panel=RUN_PANEL,
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Print the resolved config and the network; train nothing.",
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
    debug: Debug = False,
) -> None:
    """Train a network and save it to a model file.

    The network, its training and its dataset are a config: a preset (see mnist-nn presets) or a
    YAML file. Options win over --set, --set over configs, later configs over earlier ones. The path
    of the model is printed at the end.

    Ctrl-C writes a checkpoint, model.pkl.ckpt, and prints the command to resume; a second one ends
    at once. A resumed run gives the same model, bit for bit. Everything it needs is in the
    checkpoint; --epochs can make it longer, if its schedule allows.

    Where the config holds samples out (data.validation), the probabilities are calibrated on them
    at the end, and predict's limits for answering ? are set so that 99 % of them are answered.

    With --seeds each seed has its own model, model-seed0.pkl and so on. Their accuracies are
    measured on the validation samples if there are any, else on the test samples.
    """
    configs = config_paths(named, config)
    if resume is not None and seeds is not None:
        raise ConfigError(
            "--seeds: a checkpoint of a run with several seeds knows them; leave it out"
        )
    if resume is not None and init_from is not None:
        raise ConfigError(
            "--init-from: a run that is resumed has its weights in its checkpoint; leave it out, "
            "or start a new run without --resume"
        )
    checkpoint = load_checkpoint(resume) if resume else None
    settings = read_settings(
        configs,
        set_,
        base=checkpoint.config if checkpoint else None,
        seed=seed,
        epochs=epochs,
        batch_size=batch_size,
        lr=lr,
        engine=engine,
        freeze=freeze,
    )
    if checkpoint:
        check_config(checkpoint, settings)
    info = dataset_info(settings.data.dataset, data_dir)
    check_fits(settings, info.name, info.format)
    weights = checkpoint.init_from if checkpoint else None
    if init_from is not None:
        weights = load_starting_weights(init_from, settings, info.format)
        if not quiet:
            eprint(starting_text(weights, init_from, len(settings.network.layers)))
    if dry_run:
        network = "".join(f"# {row}\n" for row in describe_network(settings, info.format.n_inputs))
        typer.echo(dump_config(settings) + network, nl=False)
        return
    series = checkpoint.series if checkpoint else None
    if seeds is not None:
        series = _new_series(settings.seed, seeds)
    if output is None:
        output = output_of(resume, checkpoint) if resume and checkpoint else Path("model.pkl")
    files = RunFiles(output, checkpoint_every, log_dir, resume)
    _check_files(files, [*configs, init_from] if init_from else configs, series)
    dataset = _load_data(settings, data_dir)
    if checkpoint:
        check_environment(checkpoint, dataset)
    if series is None:
        with ExitStack() as stack:
            run = Run(settings, dataset, files=files, checkpoint=checkpoint, init_from=weights)
            train_run(run, lambda: stack.enter_context(deferred()), quiet=quiet)
        print_path(output)
        if not quiet:
            eprint(f"next: {evaluate_command(output, dataset)}")
        return
    results = kept_results(series, output)
    with ExitStack() as stack:
        defer = cache(lambda: stack.enter_context(deferred()))
        for run in seed_runs(settings, dataset, series, files, checkpoint, results, weights):
            if not quiet:
                eprint(f"seed {run.config.seed}")
            train_run(run, defer, quiet=quiet)
    _print_series(sorted(results, key=lambda result: result.seed), settings, dataset, output)


def train_run(run: Run, defer: Callable[[], Request], *, quiet: bool) -> None:
    """Train a run and write its model, showing progress.

    Once it has started, `defer` has a signal wait until a checkpoint can be written. Interrupted
    then says how to resume.
    """
    with run:
        announce(run, quiet=quiet)
        with compilation_noted(quiet=quiet):
            trainer = run.start()
        request = defer()
        with TrainingProgress(run, quiet=quiet) as progress, training_clock() as trainer.clock:
            for metrics in run:
                progress.show(metrics)
                if request.number is not None:
                    _interrupt(run, request.number, metrics.epoch)
        text = stopping_text(run)
        if text and not quiet:
            eprint(text)
        run.save()
        if request.number is None:
            return
        if run.series:  # more runs are to follow
            _interrupt(run, request.number, run.epochs)
        assert run.files is not None
        text = f"interrupted; the run is over, its model: {run.files.output}"
        raise Interrupted(request.number, text)


def _interrupt(run: Run, number: int, epoch: int) -> None:
    """End the program with a checkpoint of the run, after the signal of this number."""
    assert run.checkpoints is not None
    run.checkpoints.save_now()
    seed = f"seed {run.config.seed}, " if run.series else ""
    command = run.checkpoints.command(run.checkpoints.path)
    raise Interrupted(
        number,
        f"interrupted in {seed}epoch {epoch} of {run.epochs}; resume with: {command}",
    )


def _new_series(first: int, count: int) -> Series:
    """Begin a series, if its last seed is small enough."""
    series = Series(first, count, [])
    if series.seeds[-1] >= SEED_LIMIT:
        raise ConfigError(f"--seeds {count}: the last would be {series.seeds[-1]}, not below 2^63")
    return series


def _check_files(files: RunFiles, inputs: list[Path], series: Series | None) -> None:
    """Refuse, before the work, files that could not be written or would replace an input."""
    output, resume = files.output, files.resumed_from
    if series:
        check_output(output)
    for path in [seed_path(output, n) for n in series.seeds] if series else [output]:
        check_run_output(path, inputs, resume)
        if files.log_dir:
            read = [*inputs, resume] if resume else inputs
            check_logs(files.log_dir, [path, checkpoint_path(path)], read)


def _load_data(config: Config, data_dir: StrPath | None) -> Dataset:
    """Read and verify the dataset in a thread, while this one imports the engine."""
    name = config.data.dataset
    with ThreadPoolExecutor(1) as pool:
        try:
            loading = pool.submit(load_dataset, name, data_dir)
        except RuntimeError:  # no thread can be started
            return load_dataset(name, data_dir)
        if config.training.engine != "numpy":
            numba_fault()
        return loading.result()


def _print_series(
    results: list[SeedResult], config: Config, dataset: Dataset, output: Path
) -> None:
    """Print each seed's accuracy, their mean, deviation and interval."""
    kind, accuracies = series_accuracies(results, config, dataset, output)
    rows = [
        (str(result.seed), f"{accuracy:.2%}", f"{result.seconds:.1f}", str(path))
        for result, accuracy in zip(results, accuracies, strict=True)
        for path in [seed_path(output, result.seed)]
    ]
    typer.echo(table(("seed", f"{kind} accuracy", "seconds", "model"), rows) + "\n")
    found = summarize(accuracies)
    low, high = max(found.interval[0], 0.0), min(found.interval[1], 1.0)
    typer.echo(
        f"{kind} accuracy of {len(results)} seeds: mean {found.mean:.2%}, "
        f"standard deviation {found.deviation:.2%}\n"
        f"95 % interval of the mean: {low:.2%} to {high:.2%}"
    )
    if config.network.initializer.legacy_seed is not None:
        eprint("note: with network.initializer.legacy_seed all seeds start from the same weights")
