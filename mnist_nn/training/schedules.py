"""Schedules: how the learning rate varies in the course of a run.

Each is a frozen record whose fields are its keys in a config. It computes the rate of every step as
a factor of the optimizer's ``learning_rate``, and has no state: what it needs to know of the run is
in `Progress`, and what it needs of the losses so far in `PlateauState`.
"""

import math
from dataclasses import dataclass as plain_dataclass
from dataclasses import replace
from typing import Annotated, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

Floats: TypeAlias = NDArray[np.float64]
Factor: TypeAlias = Annotated[float, Field(gt=0, lt=1, strict=True)]
Epochs: TypeAlias = Annotated[float, Field(ge=1e-3, strict=True)]

CHECKED = ConfigDict(extra="forbid", allow_inf_nan=False)


@plain_dataclass(frozen=True)
class PlateauState:
    """What `ReduceOnPlateau` knows of the losses of the epochs so far."""

    epochs: int = 0  # that are over
    best: float = math.inf  # lowest loss that counted as better, after warm-up
    waited: int = 0  # epochs since then, or since the latest fall
    falls: int = 0  # how often the rate has fallen


@plain_dataclass(frozen=True)
class Progress:
    """Where in a run some steps are."""

    epochs: Floats  # (n_steps,): epochs before each step, with fractions
    step: float  # what one step adds to that
    total: float  # epochs of the whole run, above 0
    plateau: PlateauState = PlateauState()  # see `Schedule.watch`


@dataclass(frozen=True, config=CHECKED)
class Schedule:
    """Base of all schedules.

    Attributes
    ----------
    name
        Its key in a config.
    warmup
        Epochs in which the rate first rises from 0 in a straight line. The schedule itself begins
        after them.
    spans_run
        Whether its rates depend on how long the whole run is.
    """

    spans_run: ClassVar[bool] = False

    name: str = ""
    warmup: Annotated[float, Field(ge=0, strict=True)] = 0.0

    def learning_rates(self, learning_rate: float, progress: Progress) -> Floats:
        """Return the learning rate of each step, of shape (n_steps,), given the full one."""
        rise = np.ones_like(progress.epochs)
        if self.warmup:
            rise = (progress.epochs + progress.step) / max(self.warmup, progress.step)
            rise = np.minimum(rise, 1)
        epochs = np.maximum(progress.epochs - self.warmup, 0)
        total = max(progress.total - self.warmup, progress.step)
        rates: Floats = learning_rate * rise * self.factors(epochs, total, progress.plateau)
        return rates

    def watch(self, plateau: PlateauState, loss: float) -> PlateauState:
        """Return the state after an epoch of this loss: on validation samples if there are any."""
        return plateau

    def factors(self, epochs: Floats, total: float, plateau: PlateauState) -> Floats:
        """Return the factor of each step; arguments are as in `Progress`, but after warm-up."""
        raise NotImplementedError


@dataclass(frozen=True, config=CHECKED)
class Constant(Schedule):
    """The same rate throughout."""

    name: Literal["constant"] = "constant"

    def factors(self, epochs: Floats, total: float, plateau: PlateauState) -> Floats:
        """Return 1 for each step."""
        return np.ones_like(epochs)


@dataclass(frozen=True, config=CHECKED)
class Step(Schedule):
    """A fall every so many epochs.

    Attributes
    ----------
    every
        Epochs between falls.
    factor
        Factor on the rate at each fall.
    """

    name: Literal["step"] = "step"
    every: Epochs = 10.0
    factor: Factor = 0.1

    def factors(self, epochs: Floats, total: float, plateau: PlateauState) -> Floats:
        """``factor ^ ⌊epochs / every⌋``."""
        falls = np.floor(epochs / self.every + 1e-9)  # a whole number may come out just short
        return self.factor**falls


@dataclass(frozen=True, config=CHECKED)
class Exponential(Schedule):
    """An exponential fall.

    Attributes
    ----------
    factor
        Factor on the rate from one epoch to the next.
    """

    name: Literal["exponential"] = "exponential"
    factor: Factor = 0.95

    def factors(self, epochs: Floats, total: float, plateau: PlateauState) -> Floats:
        """``factor ^ epochs``."""
        return self.factor**epochs


@dataclass(frozen=True, config=CHECKED)
class Cosine(Schedule):
    """Half a cosine from the full rate down to the end of the run.

    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017, without
    restarts.

    Attributes
    ----------
    final_factor
        Share of the full rate at the end of the run.
    """

    spans_run: ClassVar[bool] = True

    name: Literal["cosine"] = "cosine"
    final_factor: Annotated[float, Field(ge=0, le=1, strict=True)] = 0.0

    def factors(self, epochs: Floats, total: float, plateau: PlateauState) -> Floats:
        """``final + (1 - final) (1 + cos(π epochs / total)) / 2``."""
        return _ease(1.0, self.final_factor, epochs / total)


@dataclass(frozen=True, config=CHECKED)
class OneCycle(Schedule):
    """A rise to the full rate, then a long fall to almost 0, both half cosines.

    Smith and Topin, "Super-convergence: very fast training of neural networks using large learning
    rates", 2018; names and defaults are PyTorch's.

    Attributes
    ----------
    pct_start
        Share of the run that the rise takes.
    div_factor
        Full rate divided by the first.
    final_div_factor
        First rate divided by the last.
    """

    spans_run: ClassVar[bool] = True

    name: Literal["one_cycle"] = "one_cycle"
    pct_start: Factor = 0.3
    div_factor: Annotated[float, Field(ge=1, strict=True)] = 25.0
    final_div_factor: Annotated[float, Field(ge=1, strict=True)] = 1e4

    def factors(self, epochs: Floats, total: float, plateau: PlateauState) -> Floats:
        """Return the rise of the first ``pct_start`` of the run, and the fall of the rest."""
        first = 1 / self.div_factor
        done, top = epochs / total, self.pct_start
        rise = _ease(first, 1.0, done / top)
        fall = _ease(1.0, first / self.final_div_factor, (done - top) / (1 - top))
        return np.where(done < top, rise, fall)


@dataclass(frozen=True, config=CHECKED)
class ReduceOnPlateau(Schedule):
    """A fall whenever the loss has stopped falling.

    It looks at the validation loss or, where nothing is held out, at the loss.

    Attributes
    ----------
    factor
        Factor on the rate at each fall.
    patience
        Epochs without a lower loss before the next fall.
    min_delta
        Smallest change that counts as a lower loss.
    min_factor
        Least share of the full rate.
    """

    name: Literal["reduce_on_plateau"] = "reduce_on_plateau"
    factor: Factor = 0.1
    patience: Annotated[int, Field(ge=1, le=1_000_000_000, strict=True)] = 10
    min_delta: Annotated[float, Field(ge=0, strict=True)] = 1e-4
    min_factor: Annotated[float, Field(ge=0, le=1, strict=True)] = 0.0

    def factors(self, epochs: Floats, total: float, plateau: PlateauState) -> Floats:
        """``factor`` to the number of plateaus so far."""
        return np.full_like(epochs, max(self.factor**plateau.falls, self.min_factor))

    def watch(self, plateau: PlateauState, loss: float) -> PlateauState:
        """Count the epochs without a better loss, except those of warm-up; see `Schedule.watch`."""
        epochs = plateau.epochs + 1
        if epochs <= math.ceil(self.warmup):
            return replace(plateau, epochs=epochs)
        if loss < plateau.best - self.min_delta:
            return replace(plateau, epochs=epochs, best=loss, waited=0)
        if plateau.waited + 1 == self.patience:
            return replace(plateau, epochs=epochs, waited=0, falls=plateau.falls + 1)
        return replace(plateau, epochs=epochs, waited=plateau.waited + 1)


def _ease(start: float, end: float, share: Floats) -> Floats:
    """Return start to end along half a cosine; `share` is how far, limited to 0 to 1."""
    turn = (1 - np.cos(np.pi * np.clip(share, 0, 1))) / 2
    eased: Floats = start + (end - start) * turn
    return eased


AnySchedule: TypeAlias = Annotated[
    Constant | Step | Exponential | Cosine | OneCycle | ReduceOnPlateau, Field(discriminator="name")
]
"""The table of schedules: the type that a config's ``training.schedule`` may have."""
