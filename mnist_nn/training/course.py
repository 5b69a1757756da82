"""A course is where a run has come to: which rates are due, and which pictures."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..augmentation import Augmenter
from ..data import Samples
from ..engines import Engine
from .schedules import Curve, Progress


@dataclass
class Course:
    """A run: what carries it out, how long it is, and how its epochs went so far.

    Attributes
    ----------
    engine, schedule, samples, batch_size
        As for `fit`.
    n_samples
        How many it will see in all: see `run_length`.
    distort
        What makes new pictures of old ones, if anything does.
    losses
        The one of each epoch that `Progress` asks for.
    """

    engine: Engine
    schedule: Curve
    samples: Samples
    batch_size: int
    n_samples: int
    distort: Augmenter | None
    losses: list[float] = field(default_factory=list)

    def rates(self, epoch: int, n: int) -> NDArray[np.float64]:
        """Give the learning rate of each step of an epoch.

        Parameters
        ----------
        epoch
            From 1; those before it are over.
        n
            How many samples it shows.

        Returns
        -------
        ndarray of shape (n_steps,)
        """
        n_samples = len(self.samples.y)
        per_epoch = math.ceil(n_samples / self.batch_size)
        whole, rest = divmod(self.n_samples, n_samples)
        steps = np.arange(math.ceil(n / self.batch_size))
        progress = Progress(
            epoch - 1 + steps / per_epoch,
            1 / per_epoch,
            whole + math.ceil(rest / self.batch_size) / per_epoch,
            self.losses,
        )
        return self.schedule.rates(self.engine.recipe.optimizer.learning_rate, progress)

    def show(self, places: NDArray[np.intp], rates: NDArray[np.float64]) -> tuple[float, int]:
        """Have the engine step through some samples, as they are or distorted: see `Engine.run`."""
        if self.distort is None:
            return self.engine.run(places, rates)
        return self.engine.run(places, rates, self.distort(self.samples.x[places]))
