"""``mnist-nn gradcheck``: compare backpropagation with numerical differentiation."""

import math
from pathlib import Path

import numpy as np
import typer

from ..blas import one_blas_thread
from ..config import Config
from ..data import dataset_info, load_dataset
from ..errors import MnistNNError
from ..model import build_network, check_fits, training_settings
from ..nn import GroupCheck, check_gradients, draw_noise, target_rows, weighted
from ..rngs import make_rngs
from ..training import make_step_config
from .bars import progress_bar
from .guard import eprint
from .options import ConfigFiles, Configs, DataDir, Debug, Overrides, config_paths, read_settings
from .tables import table

SAMPLES = 5
LIMIT = 1000  # parameters per group; a group of 100,000 would take minutes and tell no more
TOLERANCE = 1e-6


def gradcheck(
    named: Configs = None,
    config: ConfigFiles = None,
    set_: Overrides = None,
    data_dir: DataDir = None,
    debug: Debug = False,
) -> None:
    """Compare backpropagation with numerical gradients.

    Checks up to 1,000 parameters of each group on a few real samples, in float64, with the config's
    new weights, label smoothing, class weights, weight penalty, batch normalization and dropout
    (one fixed mask). The error is the largest difference between the two gradients, relative to the
    largest gradient of the group. Exits with 1 if it is above 1e-6.
    """
    groups = _check(read_settings(config_paths(named, config), set_), data_dir)
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
    typer.echo(_verdict(groups))


def _check(settings: Config, data_dir: Path | None) -> list[GroupCheck]:
    """Check each group of parameters."""
    name = settings.data.dataset
    info = dataset_info(name, data_dir)
    check_fits(settings, name, info.format)
    training = training_settings(settings, info.format)
    rng = make_rngs(settings.seed)
    network = build_network(settings, info.format, rng.initialisation)
    samples = load_dataset(name, data_dir).train
    step_config = make_step_config(training, network, samples.y)
    some = rng.shuffling.permutation(len(samples.y))[:SAMPLES]
    samples, weights = samples.take(some), step_config.sample_weights
    smoothing = training.label_smoothing
    targets = target_rows(network.sizes[-1], np.float64, smoothing)[samples.y]
    n_checked = sum(min(view.size, LIMIT) for view in network.named_gradients().values())
    bar = progress_bar(n_checked, "parameters")
    with bar, one_blas_thread(), np.errstate(all="ignore"):  # the products are small
        return list(
            check_gradients(
                network,
                weighted(step_config.loss, None if weights is None else weights[some]),
                samples.x[:],
                targets,
                tolerance=TOLERANCE,
                limit=LIMIT,
                rng=rng.shuffling,
                l2=training.l2,
                training=True,
                noise=draw_noise(network, len(samples.y), rng.dropout),
                progress=bar.update,
            )
        )


def _verdict(groups: list[GroupCheck]) -> str:
    """Return a line that the gradients agree; MnistNNError if they do not."""
    wrong = [group.error for group in groups if not group.error <= TOLERANCE]
    if wrong:
        worst = max(wrong, key=lambda error: math.inf if math.isnan(error) else error)
        raise MnistNNError(
            f"the gradients differ: the largest relative error, {worst:.1e}, is above "
            f"{TOLERANCE:.0e}"
        )
    measured = [group.error for group in groups if group.measurable]
    if not measured:
        raise MnistNNError(
            "all gradients are too small to measure; start from larger weights with "
            "--set network.initializer.scale=…"
        )
    skipped = len(groups) - len(measured)
    if skipped:
        eprint(
            f"note: {skipped} of {len(groups)} groups have gradients too small to be measured well"
        )
    return (
        f"the gradients agree: largest relative error {max(measured):.1e}, at most {TOLERANCE:.0e}"
    )
