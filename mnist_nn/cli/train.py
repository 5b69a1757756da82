"""``mnist-nn train``: from a config to a model file."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .guard import note
from .options import ConfigFiles, DataDir, Debug, Overrides, read_settings

if TYPE_CHECKING:
    import numpy as np

    from ..config import Config
    from ..data import Samples
    from ..engines import Choice
    from ..nn import Network

MAX_EPOCHS = 1_000_000  # each is an entry of the history, which a model file has room for


def train(
    config: ConfigFiles,
    set_: Overrides = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where the model goes.")
    ] = Path("model.pkl"),
    data_dir: DataDir = None,
    seed: Annotated[str | None, typer.Option(metavar="N", help="Set seed.")] = None,
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
    is printed at the end.
    """
    from ..data import dataset_info, load_dataset
    from ..engines import choose_engine
    from ..model import Model, build_network, check_fits, current_versions, save_model
    from ..streams import streams
    from ..training import step_size

    settings = read_settings(
        config, set_, seed=seed, epochs=epochs, batch_size=batch_size, lr=lr, engine=engine
    )
    name = settings.data.dataset
    info = dataset_info(name)
    check_fits(settings, name, info)
    if dry_run:
        typer.echo(_describe(settings, info.n_inputs), nl=False)
        return
    _check_output(output)
    rng = streams(settings.seed)
    network = build_network(settings, info.n_inputs, info.input_scale, rng.initialisation)
    dataset = load_dataset(name, data_dir)
    training, validation = _hold_out(dataset.train, settings.data.validation, rng.validation)
    step = step_size(len(training.y), settings.training.batch_size)
    choice = choose_engine(settings.training.engine, network, step)
    history = _train(network, settings, training, validation, rng.shuffling, choice, quiet)
    libraries = ["numba"] if choice.name == "numba" else []
    model = Model(settings, network, history, dataset.sha256, current_versions(*libraries))
    save_model(output, model)
    typer.echo(output)


def _check_output(output: Path) -> None:
    """Refuse, before training, a place where the model could not be written after it."""
    from ..errors import ConfigError

    try:
        target = output.resolve()  # what a link leads to
        exists = target.exists()
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "it is a link to itself"
        raise ConfigError(f"--output {output}: {reason}") from error
    if output.is_dir():
        raise ConfigError(f"--output {output} is a folder; name a file in it")
    if exists and not target.is_file():
        raise ConfigError(f"--output {output} is a device or a pipe; name a plain file")
    if not target.parent.is_dir():
        raise ConfigError(f"--output {output}: the folder {target.parent} does not exist")
    if not os.access(target.parent, os.W_OK):
        raise ConfigError(f"--output {output}: the folder {target.parent} cannot be written to")


def _hold_out(
    samples: "Samples", held_out: int | float, rng: "np.random.Generator"
) -> "tuple[Samples, Samples | None]":
    """Split the training samples by a count or a fraction; no validation samples for 0."""
    from ..data import stratified_split
    from ..errors import ConfigError

    n = len(samples.y)
    count = held_out if isinstance(held_out, int) else round(held_out * n)
    if count >= n:
        raise ConfigError(f"data.validation: {count:,} of {n:,} samples leaves none to train on")
    if held_out == 0:
        return samples, None
    if count == 0:
        raise ConfigError(f"data.validation: {held_out} of {n:,} samples is less than one")
    kept, held = stratified_split(samples.y, count, rng)
    return samples.take(kept), samples.take(held)


def _announce(network: "Network", settings: "Config", n: int, held: int, choice: "Choice") -> None:
    """Say what is going to be trained, on what, and by which engine."""
    held_out = f", {held:,} held out" if held else ""
    note(
        f"training {'-'.join(map(str, network.sizes))} ({network.params.size:,} parameters) "
        f"on {n:,} samples of {settings.data.dataset}{held_out}"
    )
    note(f"engine: {choice.name}" + (f" ({choice.reason})" if choice.reason else ""))


def _train(
    network: "Network",
    settings: "Config",
    samples: "Samples",
    validation: "Samples | None",
    rng: "np.random.Generator",
    choice: "Choice",
    quiet: bool,
) -> list[dict[str, Any]]:
    """Train under a progress bar; return the history, one dict per epoch."""
    from ..errors import ConfigError
    from ..training import fit, run_length
    from .progress import TrainingProgress, said_if_slow

    plan = settings.training
    epochs, total = run_length(len(samples.y), plan.batch_size, plan.epochs, plan.iterations)
    if epochs > MAX_EPOCHS:
        raise ConfigError(f"training: {epochs:,} epochs are more than the {MAX_EPOCHS:,} of a run")
    if not quiet:
        held = len(validation.y) if validation else 0
        _announce(network, settings, len(samples.y), held, choice)
    elif plan.engine not in ("auto", choice.name):
        note(f"engine: {choice.name} ({choice.reason})")
    with said_if_slow("compiling the engine; the next run will find it ready", quiet=quiet):
        reports = fit(
            network,
            samples,
            rng=rng,
            loss=plan.loss,
            optimizer=plan.optimizer,
            batch_size=plan.batch_size,
            epochs=plan.epochs,
            iterations=plan.iterations,
            shuffle=plan.shuffle,
            replacement=plan.replacement,
            validation=validation,
            engine=choice.name,
            running=True,
        )
    history = []
    with TrainingProgress(epochs, total, quiet=quiet) as progress:
        for report in reports:
            progress.show(report)
            if report.complete:
                history.append({k: v for k, v in asdict(report).items() if k != "complete"})
    return history


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
