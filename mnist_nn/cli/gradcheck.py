"""``mnist-nn gradcheck``: hold backpropagation against numerical differentiation."""

import math
from typing import TYPE_CHECKING

import typer

from .guard import eprint
from .options import ConfigFiles, DataDir, Debug, Overrides, read_settings

if TYPE_CHECKING:
    from ..nn import GroupCheck

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

    On a few real samples and fresh weights, for up to 1,000 parameters of each group; with the
    config's smoothed labels, penalty on weights, batch normalization, and dropout, of which one
    mask is drawn. The error
    is the largest difference between the two gradients, relative to the largest gradient in the
    group; above 1e-6 the command exits with 1.
    """
    import numpy as np

    from ..data import dataset_info, load_dataset
    from ..model import build_network, check_fits
    from ..nn import LOSSES, check_gradients, draw_noise, target_rows
    from ..rngs import make_rngs
    from .tables import table

    settings = read_settings(config, set_)
    name = settings.data.dataset
    info = dataset_info(name)
    check_fits(settings, name, info)
    rng = make_rngs(settings.seed)
    network = build_network(settings, info.n_inputs, info.input_scale, rng.initialisation)
    samples = load_dataset(name, data_dir).train
    samples = samples.take(rng.shuffling.permutation(len(samples.y))[:SAMPLES])

    plan, n_outputs = settings.training, network.sizes[-1]
    targets = target_rows(n_outputs, np.float64, plan.label_smoothing)[samples.y]
    noise = draw_noise(network, len(samples.y), rng.dropout)
    with np.errstate(all="ignore"):  # what is not finite fails the check
        groups = list(
            check_gradients(
                network,
                LOSSES[plan.loss],
                samples.x,
                targets,
                tolerance=TOLERANCE,
                limit=LIMIT,
                rng=rng.shuffling,
                l2=plan.l2,
                training=True,
                noise=noise,
            )
        )
    rows = [
        (
            group.name,
            f"{group.checked:,}/{group.size:,}",
            f"{group.error:.1e}" if group.measurable or group.error > TOLERANCE else "too small",
            f"{group.analytic:.5e}",
            f"{group.numeric:.5e}",
        )
        for group in groups
    ]
    typer.echo(table(("parameters", "checked", "error", "backprop", "numeric"), rows) + "\n")
    _judge(groups)


def _judge(groups: "list[GroupCheck]") -> None:
    """Print the verdict, or raise it."""
    from ..errors import MnistNNError

    wrong = [group.error for group in groups if not group.error <= TOLERANCE]
    if wrong:
        worst = max(wrong, key=lambda error: math.inf if math.isnan(error) else error)
        raise MnistNNError(f"the largest relative error, {worst:.1e}, is above {TOLERANCE:.0e}")
    measured = [group.error for group in groups if group.measurable]
    if not measured:
        raise MnistNNError(
            "every gradient is too small to be measured; start from larger weights, with "
            "--set network.initializer.scale=…"
        )
    skipped = len(groups) - len(measured)
    if skipped:
        eprint(
            f"note: {skipped} of {len(groups)} groups have gradients too small to be measured well"
        )
    worst = max(measured)
    typer.echo(f"the gradients agree: largest relative error {worst:.1e}, at most {TOLERANCE:.0e}")
