"""An animation of a training: the model is trained again, and its boundary drawn on the way."""

from collections.abc import Iterator
from typing import IO

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..errors import ConfigError
from ..evaluation import Plane
from ..runs import Run
from .evaluated_model import LoadedModel
from .guard import eprint

MAX_FRAMES = 60


def check_animated(loaded: LoadedModel) -> None:
    """Refuse a model that does not read two numbers or has no history, with ConfigError."""
    n_inputs = loaded.model.network.sizes[0]
    if n_inputs != 2:
        raise ConfigError(
            f"--animate: the model reads {n_inputs} numbers per sample, and only of two there is "
            "a boundary in the plane; take one that was trained on moons"
        )
    if loaded.model.init_from:
        raise ConfigError(
            "--animate: the model started from the weights of another, which its file does not have"
        )
    if not loaded.model.history:
        raise ConfigError("--animate: the model has no history that says how long to train")


def write_animation(file: IO[bytes], loaded: LoadedModel) -> None:
    """Write the GIF of a model that `check_animated` admits."""
    from ..evaluation import charts, render

    n = len(loaded.model.history)
    frames = []
    for epoch, field in fields(loaded, _epochs(n)):
        title = f"epoch {epoch:,} of {n:,}"
        chart = charts.draw_boundary(loaded.evaluated, loaded.all_samples, field, title)
        assert chart is not None
        frames.append(render.frame(chart))
    render.write_gif(file, frames)


def _epochs(n: int) -> list[int]:
    """Choose epochs of 1 to n, evenly, both ends included."""
    return sorted({round(epoch) for epoch in np.linspace(1, n, MAX_FRAMES).tolist()})


def fields(loaded: LoadedModel, epochs: list[int]) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Train again, and yield for some epochs the network's outputs everywhere after it."""
    config = loaded.model.config
    data = loaded.data
    plane = Plane.around(np.concatenate([samples.x for samples in loaded.all_samples]))
    run = Run(config, data)
    eprint(f"training again for {epochs[-1]:,} epochs, to see how the boundary moves")
    with tqdm(total=epochs[-1], unit=" epochs", leave=False, disable=None) as bar:
        for metrics in run:
            if not metrics.complete:
                continue
            bar.update()
            if metrics.epoch in epochs:
                yield metrics.epoch, plane.outputs(run.network)
            if metrics.epoch == epochs[-1]:
                return
