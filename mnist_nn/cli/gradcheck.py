"""``mnist-nn gradcheck``: hold backpropagation against numerical differentiation."""

import typer

from .options import ConfigFiles, DataDir, Debug, Overrides, resolve

SAMPLES = 5
LIMIT = 1000  # parameters per group; a group of 100,000 would take minutes and tell no more
TOLERANCE = 1e-6


def gradcheck(
    config: ConfigFiles,
    set_: Overrides = None,
    data_dir: DataDir = None,
    debug: Debug = False,
) -> None:
    """Check a config's gradients: backpropagation against central differences, in float64.

    On a few real samples, for up to 1,000 parameters of each group. The error is the largest
    difference between the two gradients, relative to the largest gradient in the group; above 1e-6
    the command exits with 1.
    """
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    from ..data import dataset_info, load_dataset
    from ..errors import MnistNNError
    from ..model import build_network, check_fits
    from ..nn import LOSSES, check_gradients
    from ..streams import streams

    settings = resolve(config, set_)
    name = settings.data.dataset
    info = dataset_info(name)
    check_fits(settings, name, info)
    rng = streams(settings.seed)
    network = build_network(settings, info.n_inputs, info.input_scale, rng.initialisation)
    samples = load_dataset(name, data_dir).train
    samples = samples.take(rng.shuffling.permutation(len(samples.y))[:SAMPLES])

    table = Table(box=SIMPLE)
    table.add_column("parameters", no_wrap=True)
    for heading in ("checked", "error", "backprop", "numeric"):
        table.add_column(heading, justify="right", no_wrap=True)
    worst = 0.0
    loss = LOSSES[settings.training.loss]
    for group in check_gradients(
        network, loss, *samples, tolerance=TOLERANCE / 10, limit=LIMIT, rng=rng.shuffling
    ):
        table.add_row(
            group.name,
            f"{group.checked:,}/{group.size:,}",
            f"{group.error:.1e}",
            f"{group.analytic:.8f}",
            f"{group.numeric:.8f}",
        )
        worst = max(worst, group.error)
    Console(highlight=False).print(table)
    if not worst <= TOLERANCE:
        raise MnistNNError(f"the largest relative error, {worst:.1e}, is above {TOLERANCE:.0e}")
    typer.echo(f"the gradients agree: largest relative error {worst:.1e}, at most {TOLERANCE:.0e}")
