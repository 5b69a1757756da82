"""``mnist-nn train``: from a config to a model file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .guard import print_path
from .job import Job
from .logs import check_logs
from .options import ConfigFilesIfAny, DataDir, Debug, Overrides, read_settings
from .saving import check_output, check_run_output, checkpoint_path
from .seeds import MAX_SEEDS, seed_path, summarise

if TYPE_CHECKING:
    from ..config import Config
    from ..data import Dataset
    from ..model import Checkpoint


def train(
    config: ConfigFilesIfAny = None,
    set_: Overrides = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where the model goes: model.pkl unless said otherwise.",
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="CKPT",
            help="Resume the run that left this checkpoint, or all runs of --seeds; it needs no "
            "--config.",
        ),
    ] = None,
    checkpoint_every: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Write a checkpoint, FILE.ckpt, every N epochs; if not given, after each epoch "
            "of a run that takes more than a minute.",
        ),
    ] = None,
    log_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write metrics.jsonl and metrics.csv there, a line per epoch as it ends; with "
            "the extra named tensorboard, event files, too. With --seeds, each in a folder of "
            "its own.",
        ),
    ] = None,
    data_dir: DataDir = None,
    seed: Annotated[str | None, typer.Option(metavar="N", help="Set seed.")] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=2,
            max=MAX_SEEDS,
            help="Repeat the run with N seeds, from seed on; print mean, deviation and interval.",
        ),
    ] = None,
    epochs: Annotated[str | None, typer.Option(metavar="N", help="Set training.epochs.")] = None,
    batch_size: Annotated[
        str | None, typer.Option(metavar="N|full", help="Set training.batch_size.")
    ] = None,
    lr: Annotated[
        str | None, typer.Option(metavar="X", help="Set training.optimizer.learning_rate.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option(metavar="auto|numpy|numba", help="Set training.engine.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the resolved config and the network; stop.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
    debug: Debug = False,
) -> None:
    """Train a network as a config says, and write it to a model file.

    Options win over --set, --set over files, later files over earlier ones. The path of the model
    is printed at the end. With --seeds there is a model for each, model-seed0.pkl and so on, and a
    table of their accuracies: on the validation samples if any are held out, else on the test
    samples, which each model sees once, when all are trained.

    Ctrl-C leaves a checkpoint, model.pkl.ckpt, and prints the command to resume; a second one ends
    at once. A run that is resumed ends where it would have without the interruption, bit for bit.
    All it needs is in the checkpoint; --epochs can make it longer, if its schedule allows. With
    --seeds, the runs that are missing follow, and the table has them all.
    """
    from ..config.schema import SEED_LIMIT
    from ..data import dataset_info
    from ..errors import ConfigError
    from ..model import Series, check_fits
    from .resume import check_settings, check_surroundings, output_of

    if resume is None and not config:
        raise ConfigError("train needs --config FILE, or --resume CKPT to go on with a run")
    if resume is not None and seeds is not None:
        raise ConfigError(
            "--seeds: a checkpoint of a run with several seeds knows them; leave it out"
        )
    checkpoint = _load(resume)
    settings = read_settings(
        *(config, set_),
        base=checkpoint.config if checkpoint else None,
        seed=seed,
        epochs=epochs,
        batch_size=batch_size,
        lr=lr,
        engine=engine,
    )
    if checkpoint:
        check_settings(checkpoint, settings)
    name = settings.data.dataset
    info = dataset_info(name)
    check_fits(settings, name, info)
    if dry_run:
        typer.echo(_describe(settings, info.n_inputs), nl=False)
        return
    series = checkpoint.series if checkpoint else None
    if seeds is not None:
        series = Series(settings.seed, seeds)
    if series and series.seeds[-1] >= SEED_LIMIT:
        raise ConfigError(f"--seeds {seeds}: the last would be {series.seeds[-1]}, not below 2^63")
    if output is None:
        output = output_of(resume, checkpoint) if resume and checkpoint else Path("model.pkl")
    if series:
        check_output(output)
    for path in [seed_path(output, n) for n in series.seeds] if series else [output]:
        check_run_output(path, config or [], resume)
        if log_dir:
            inputs = [*(config or []), resume] if resume else config or []
            check_logs(log_dir, [path, checkpoint_path(path)], inputs)
    dataset = _load_data(settings, data_dir)
    if checkpoint:
        check_surroundings(checkpoint, dataset)
    job = Job(dataset, checkpoint_every, quiet, resume, checkpoint, log_dir)
    if series is None:
        job.run(settings, output)
        print_path(output)
    else:
        summarise(job.run_series(settings, output, series), settings, dataset, output)


def _load(resume: Path | None) -> "Checkpoint | None":
    """Read the checkpoint, if there is to be one."""
    from ..model import load_checkpoint

    return load_checkpoint(resume) if resume else None


def _load_data(settings: "Config", data_dir: Path | None) -> "Dataset":
    """Read and verify the dataset in a thread, while this one imports the engine."""
    from concurrent.futures import ThreadPoolExecutor

    from ..data import load_dataset
    from ..engines.choice import numba_fault

    name = settings.data.dataset
    with ThreadPoolExecutor(1) as pool:
        try:
            loading = pool.submit(load_dataset, name, data_dir)
        except RuntimeError:  # no thread is to be had
            return load_dataset(name, data_dir)
        if settings.training.engine != "numpy":
            numba_fault()
        return loading.result()


def _describe(settings: "Config", n_inputs: int) -> str:
    """Write the resolved config, and the network as comments, so that it stays YAML."""
    from ..config import dump_config
    from ..model import parameters_of

    spec, n_in = parameters_of(settings, n_inputs), n_inputs
    rows = [f"# network: {n_inputs} inputs"]
    for number, entry in enumerate(settings.network.layers, 1):
        size = sum(p.size for p in spec.parameters if p.name.startswith(f"layer_{number}."))
        what = f"{entry.activation} with batch_norm" if entry.batch_norm else entry.activation
        rows.append(f"#   layer {number}: {n_in} -> {entry.units} {what}, {size:,} parameters")
        n_in = entry.units
    rows.append(f"# parameters: {spec.size:,}")
    return dump_config(settings) + "\n".join(rows) + "\n"
