"""Update of the parameters once a batch's gradient is known, compiled.

The optimizers' files in `training` have the mathematics and are the reference. All of it is
arithmetic on each parameter by itself, except for the length of the gradient, so the panels and
paddings of `layout` do not matter: a padding's gradient is zero, and a zero stays a zero.

Each function does the share of one task of several. The vectors are cut into blocks whose size
depends on nothing, and no sum crosses a block, so results do not depend on the number of tasks.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...compiling import part
from ...nn.arrays import FloatArray
from ..step_config import StepConfig
from .elementwise import OPTIONS
from .vectors import load_scalar, store_scalar

BLOCK_SIZE = 4096  # parameters

SGD, ADAGRAD, RMSPROP, ADAM = range(4)
OPTIMIZERS = {
    "SGD": (SGD, ("momentum", "nesterov")),
    "AdaGrad": (ADAGRAD, ("epsilon",)),
    "RMSprop": (RMSPROP, ("rho", "epsilon")),
    "Adam": (ADAM, ("beta_1", "beta_2", "epsilon")),
    "AdamW": (ADAM, ("beta_1", "beta_2", "epsilon")),
}
"""The code of each optimizer's class, and which of its fields the kernel gets as `constants`."""


class UpdateState(NamedTuple):
    """What outlives a step: vectors as long as the parameters, which may be empty if not needed."""

    grads: FloatArray  # the gradient, all zeros between steps
    first: FloatArray  # slots of the optimizer
    second: FloatArray
    average: FloatArray  # moving average of the parameters
    squares: NDArray[np.float64]  # of each block, the sum of the squares of its gradient


class UpdateSettings(NamedTuple):
    """What a step is made of besides its rate; 0 for what is not used."""

    code: int  # of the optimizer
    constants: tuple[float, float, float]
    n_weights: int  # how many parameters are weights; they come first
    weight_decay: float
    l2: float
    clip_norm: float
    ema_decay: float


class Step(NamedTuple):
    """A step: its number, from 1, its learning rate, and a factor on the gradient."""

    number: int
    rate: float
    factor: float


def update_settings(step_config: StepConfig, n_weights: int) -> UpdateSettings:
    """Convert a step config to numbers."""
    optimizer, regularization = step_config.optimizer, step_config.regularization
    code, names = OPTIMIZERS[type(optimizer).__name__]
    constants = [float(getattr(optimizer, name)) for name in names] + [0.0] * 3
    return UpdateSettings(
        code,
        (constants[0], constants[1], constants[2]),
        n_weights,
        weight_decay=float(optimizer.weight_decay),
        l2=float(regularization.l2),
        clip_norm=float(regularization.clip_norm or 0),
        ema_decay=float(regularization.ema_decay or 0),
    )


@part(**OPTIONS)
def add_penalty(
    settings: UpdateSettings, params: FloatArray, state: UpdateState, lo: int, hi: int
) -> None:
    """Add the penalty's gradient to that of parameters lo to hi, as far as they are weights."""
    grads, l2 = state.grads, params.dtype.type(settings.l2)
    for j in range(lo, min(hi, settings.n_weights)):
        store_scalar(grads, j, load_scalar(grads, j) + l2 * load_scalar(params, j))


@part(**OPTIONS)
def finish_gradient(
    settings: UpdateSettings, params: FloatArray, state: UpdateState, lo: int, hi: int
) -> None:
    """Add the penalty's gradient to blocks lo to hi, and sum their squares for `clip_factor`."""
    grads = state.grads
    for block in range(lo, hi):
        start, end = block * BLOCK_SIZE, min((block + 1) * BLOCK_SIZE, len(params))
        if settings.l2:
            add_penalty(settings, params, state, start, end)
        total = 0.0
        for j in range(start, end):
            total += load_scalar(grads, j) * load_scalar(grads, j)
        state.squares[block] = total


@part(**OPTIONS)
def clip_factor(settings: UpdateSettings, state: UpdateState) -> float:
    """Return what to multiply the gradient by so that it is no longer than it may be."""
    total = 0.0
    for square in state.squares:
        total += square
    norm = np.sqrt(total)
    return settings.clip_norm / norm if norm > settings.clip_norm > 0 else 1.0


@part(**OPTIONS)
def step_sgd(
    constants: tuple[float, float, float],
    params: FloatArray,
    state: UpdateState,
    rate: float,
    lo: int,
    hi: int,
) -> None:
    """SGD with momentum, Nesterov's or not."""
    grads, velocity, number = state.grads, state.first, params.dtype.type
    momentum, eta = number(constants[0]), number(rate)
    ahead, along = (momentum, eta) if constants[1] else (number(1), number(0))
    for j in range(lo, hi):
        g = load_scalar(grads, j)
        v = momentum * load_scalar(velocity, j) - eta * g
        store_scalar(velocity, j, v)
        store_scalar(params, j, load_scalar(params, j) + ahead * v - along * g)


@part(**OPTIONS)
def step_scaled(
    constants: tuple[float, float, float],
    params: FloatArray,
    state: UpdateState,
    rate: float,
    lo: int,
    hi: int,
) -> None:
    """AdaGrad and RMSprop: divide by the root of a running sum or mean of squares.

    The constants are the factors of the old mean and of the new square, and ε.
    """
    grads, squares, number = state.grads, state.first, params.dtype.type
    old, new, epsilon = number(constants[0]), number(constants[1]), number(constants[2])
    eta = number(rate)
    for j in range(lo, hi):
        g = load_scalar(grads, j)
        s = old * load_scalar(squares, j) + new * g * g
        store_scalar(squares, j, s)
        store_scalar(params, j, load_scalar(params, j) - eta * g / np.sqrt(s + epsilon))


@part(**OPTIONS)
def step_adam(
    constants: tuple[float, float, float],
    params: FloatArray,
    state: UpdateState,
    step: Step,
    lo: int,
    hi: int,
) -> None:
    """Adam, and AdamW after weights have decayed."""
    grads, m, v, number = state.grads, state.first, state.second, params.dtype.type
    beta_1, beta_2, epsilon = number(constants[0]), number(constants[1]), number(constants[2])
    new_1, new_2 = number(1 - constants[0]), number(1 - constants[1])
    m_scale = number(step.rate / (1 - constants[0] ** step.number))
    v_scale = number(1 / (1 - constants[1] ** step.number))
    for j in range(lo, hi):
        g = load_scalar(grads, j)
        mean = beta_1 * load_scalar(m, j) + new_1 * g
        square = beta_2 * load_scalar(v, j) + new_2 * g * g
        store_scalar(m, j, mean)
        store_scalar(v, j, square)
        change = m_scale * mean / (np.sqrt(v_scale * square) + epsilon)
        store_scalar(params, j, load_scalar(params, j) - change)


@part(**OPTIONS)
def scale(vector: FloatArray, factor: float, lo: int, hi: int) -> None:
    """Multiply part of a vector in place."""
    number = vector.dtype.type(factor)
    for j in range(lo, hi):
        store_scalar(vector, j, number * load_scalar(vector, j))


@part(**OPTIONS)
def update(
    settings: UpdateSettings, params: FloatArray, state: UpdateState, step: Step, lo: int, hi: int
) -> None:
    """Update parameters lo to hi: penalize or clip, decay, optimize, average, clear the gradient.

    They should be few enough to stay in a cache through all of this.
    """
    grads, constants, rate = state.grads, settings.constants, step.rate
    if settings.l2 and not settings.clip_norm:
        add_penalty(settings, params, state, lo, hi)
    if step.factor != 1:
        scale(grads, step.factor, lo, hi)
    if settings.weight_decay:
        scale(params, 1 - rate * settings.weight_decay, lo, min(hi, settings.n_weights))
    if settings.code == SGD:
        step_sgd(constants, params, state, rate, lo, hi)
    elif settings.code == ADAGRAD:
        step_scaled((1.0, 1.0, constants[0]), params, state, rate, lo, hi)
    elif settings.code == RMSPROP:
        rho, epsilon = constants[0], constants[1]
        step_scaled((rho, 1 - rho, epsilon), params, state, rate, lo, hi)
    else:
        step_adam(constants, params, state, step, lo, hi)
    if settings.ema_decay:
        kept = min(settings.ema_decay, (1 + step.number) / (10 + step.number))
        average, new = state.average, params.dtype.type(1 - kept)
        for j in range(lo, hi):
            old = load_scalar(average, j)
            store_scalar(average, j, old + new * (load_scalar(params, j) - old))
    for j in range(lo, hi):
        store_scalar(grads, j, grads.dtype.type(0))
