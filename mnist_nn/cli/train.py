"""``mnist-nn train``: from a config to a model file."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .guard import note
from .options import ConfigFiles, DataDir, Debug, Overrides, check_output, read_settings
from .seeds import MAX_SEEDS, Finished, seed_path, summarise

if TYPE_CHECKING:
    from ..config import Config
    from ..data import Dataset


def train(
    config: ConfigFiles,
    set_: Overrides = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where the model goes.")
    ] = Path("model.pkl"),
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
    """
    from ..config.schema import SEED_LIMIT
    from ..data import dataset_info, load_dataset
    from ..errors import ConfigError
    from ..model import check_fits

    settings = read_settings(
        config, set_, seed=seed, epochs=epochs, batch_size=batch_size, lr=lr, engine=engine
    )
    name = settings.data.dataset
    info = dataset_info(name)
    check_fits(settings, name, info)
    if dry_run:
        typer.echo(_describe(settings, info.n_inputs), nl=False)
        return
    check_output(output)
    last = settings.seed + (seeds or 1) - 1
    if last >= SEED_LIMIT:
        raise ConfigError(f"--seeds {seeds}: the last would be {last}, not below 2^63")
    if seeds is None:
        _train(settings, load_dataset(name, data_dir), output, quiet)
        typer.echo(output)
        return
    paths = {number: seed_path(output, number) for number in range(settings.seed, last + 1)}
    for path in paths.values():
        check_output(path)
    dataset = load_dataset(name, data_dir)
    summarise(list(_train_each(settings, dataset, paths, quiet)), settings, dataset)


def _train_each(
    settings: "Config", dataset: "Dataset", paths: dict[int, Path], quiet: bool
) -> Iterator[Finished]:
    """Do a run for each seed."""
    from ..errors import DivergenceError

    for seed, path in paths.items():
        if not quiet:
            note(f"seed {seed}")
        try:
            yield _train(settings.model_copy(update={"seed": seed}), dataset, path, quiet)
        except DivergenceError as error:
            raise DivergenceError(f"seed {seed}: {error}") from error


def _train(settings: "Config", dataset: "Dataset", output: Path, quiet: bool) -> Finished:
    """Do one run, and write its model."""
    from ..model import Model, current_versions, save_model
    from .run import Run

    run = Run(settings, dataset.info, dataset.train, quiet=quiet)
    run.train()
    libraries = ["numba"] if run.choice.name == "numba" else []
    versions = current_versions(*libraries)
    save_model(output, Model(settings, run.network, run.history, dataset.sha256, versions))
    seconds = sum(epoch["seconds"] for epoch in run.history)
    epoch = run.history[run.kept_epoch - 1]
    return Finished(settings.seed, output, epoch, seconds)


def _describe(settings: "Config", n_inputs: int) -> str:
    """Write the resolved config, and the network as comments, so that it stays YAML."""
    from ..config import dump_config

    rows, total, n_in = [f"# network: {n_inputs} inputs"], 0, n_inputs
    for number, layer in enumerate(settings.network.layers, 1):
        size = (n_in + settings.network.bias) * layer.units
        rows.append(
            f"#   layer {number}: {n_in} -> {layer.units} {layer.activation}, {size:,} parameters"
        )
        total, n_in = total + size, layer.units
    rows.append(f"# parameters: {total:,}")
    return dump_config(settings) + "\n".join(rows) + "\n"
