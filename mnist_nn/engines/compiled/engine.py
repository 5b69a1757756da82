"""The Numba engine: NumPy's steps, compiled, and sparing the zeros of the input.

What makes it fast, beside compiling: the first layer skips inputs that are zero (`sparse`); weights
lie where whole vectors of them can be loaded (`layout`); a plain step goes straight to the weights,
with no gradient in memory (`passes`), and any other optimizer's is made in one sweep (`update`);
and where batches are small, the first layer takes several at a time (`kernel.correct_sums`).
"""

import threading
import time
from functools import cache
from itertools import pairwise
from multiprocessing.dummy import DummyProcess
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ...limits import available_cpus
from ...nn import Network, check_labels, draw_noise
from ...nn.arrays import FloatArray
from ...rngs import rng_state
from ..interface import EngineState, whole_batches
from ..step_config import StepConfig
from .barrier import CAN_WAIT
from .elementwise import KNOWN, LOSS_CODES, LossSettings
from .helpers import Helpers
from .kernel import Setup, Work, compiled
from .layout import aligned, lay_out, pack, read_stages, unpack
from .passes import Rows
from .sparse import SLACK, Inputs, Lists
from .tuner import ThreadTuner
from .update import BLOCK_SIZE, OPTIMIZERS, UpdateState, update_settings
from .vectors import lanes_of

GROUP = 16  # samples that small batches go through the first layer with
WORK_PER_CHUNK = 2_000_000_000  # parameters times samples: a twentieth of a second or two
MAX_CHUNK = 2**27  # bytes of its samples
WORK_PER_TASK = 500_000  # the same, of a batch: for less, one more thread does not pay
MAX_LISTS = 2**26  # bytes for the inputs of a batch
WIDE_LAYER, LARGE_BATCH = 500_000, 128  # weights and samples: see `slower_reason`
SAMPLED = 200  # samples that show how many inputs are zero
# Share of inputs that are not zero, above which the first layer reads all of them. Listing and
# reading all take equally long at 0.3; a third of the time is saved at 0.5, and half of it at 0.9.
DENSE = 0.33

_kernel = cache(compiled)


def unsupported_reason(network: Network, step_config: StepConfig, batch_size: int) -> str | None:
    """Return why this engine cannot run a training, None if it can.

    The reason is the end of a sentence that begins with the engine's name.
    """
    try:
        stages = read_stages(network)
    except ValueError as error:
        return str(error)
    for stage in stages:
        if stage.activation not in KNOWN:  # a user's own, in Python
            return f"does not know the activation {stage.activation.name}"
    if step_config.loss not in KNOWN:
        return f"does not know the loss {step_config.loss.name}"
    optimizer = type(step_config.optimizer)
    ours = optimizer.__module__.partition(".")[0] == __name__.partition(".")[0]
    if not ours or optimizer.__name__ not in OPTIMIZERS:
        return f"does not know the optimizer {optimizer.__name__}"
    n_inputs = network.sizes[0]
    most = MAX_LISTS // ((n_inputs + SLACK) * (4 + network.dtype.itemsize))
    if batch_size <= most:
        return None
    return f"takes batches of up to {most:,} samples of {n_inputs:,} inputs, not of {batch_size:,}"


def most_threads() -> int:
    """Return how many threads may share a batch.

    It is Numba's number or, where that is not set, at most the number of processors that this
    process may use. A thread of a `ThreadPool`, one of several that work already, such as joblib's,
    has no other threads to share with.
    """
    if isinstance(threading.current_thread(), DummyProcess):
        return 1
    chosen: int = numba.config.NUMBA_NUM_THREADS
    unset = chosen == numba.config.NUMBA_DEFAULT_NUM_THREADS
    return min(chosen, available_cpus()) if unset else chosen


def slower_reason(network: Network, batch_size: int) -> str | None:
    """Return why NumPy runs a training that this engine can run as fast or faster, None if not.

    Measured with 784-1024-1024-10 on one processor (Zen 3): plain gradient descent takes 1.1 to 1.5
    times as long with NumPy in batches of 32, and 0.8 to 1.1 times from 128 on, where the BLAS
    library's products are what takes the time. A second processor makes up for that.
    """
    widest = max(n_in * n_out for n_in, n_out in pairwise(network.sizes))
    if widest < WIDE_LAYER or batch_size < LARGE_BATCH or most_threads() > 1:
        return None
    return f"is no faster than NumPy with one processor and layers of {widest:,} weights"


class NumbaEngine:
    """An `Engine` whose kernel Numba compiles.

    Making one loads the compiled kernel or, the first time on a machine, compiles it, which takes
    some seconds. The kernel does not check its input, so a ValueError is raised here if the samples
    are not the network's or a label is no class. With `threads` None, as many threads share a batch
    as pay (see `tuner`), at most `most_threads`; the result does not depend on their number.
    """

    def __init__(
        self,
        network: Network,
        step_config: StepConfig,
        x: NDArray[Any],
        y: NDArray[np.integer[Any]],
        batch_size: int,
        rng: np.random.Generator,
        threads: int | None = None,
    ) -> None:
        if x.shape != (len(y), network.sizes[0]):
            raise ValueError(f"samples must be ({len(y)}, {network.sizes[0]}), got {x.shape}")
        check_labels(y, network.sizes[-1])
        self.network, self.step_config, self.rng = network, step_config, rng
        scaled = x.dtype.kind in "iu" and not network.normalization  # by the kernel
        self.dtype = x.dtype.newbyteorder("=") if scaled else network.dtype
        scale = network.input_scale if scaled else 1.0
        self.held = isinstance(x, np.ndarray)  # in memory; other samples come with `run`
        self.inputs = Inputs(
            self._flat(x if self.held else x[:0]), np.array([scale], network.dtype)
        )
        self.y, weights = np.ascontiguousarray(y, np.int64), step_config.sample_weights
        self.weights: NDArray[np.float64] = np.broadcast_to(
            np.asarray(1.0 if weights is None else weights, np.float64), len(y)
        )
        plain, self.batch_size = step_config.is_plain_sgd, batch_size
        self.group_size = batch_size * (max(GROUP // batch_size, 1) if plain else 1)
        row = x.shape[1] * x.dtype.itemsize
        largest = min(WORK_PER_CHUNK // network.params.size, MAX_CHUNK // row)
        self.chunk = whole_batches(max(largest, 1), batch_size)
        self.helpers = Helpers(self._choose_thread_count(threads) - 1)
        most = self.helpers.count + 1
        self.tuner = ThreadTuner({most} if threads else {1, most})
        dense = network.normalization is not None or _is_dense(x)
        self.layout = lay_out(
            network, self.group_size, n_tasks=most, dense=dense, is_plain_sgd=plain
        )
        n_weights = int(self.layout.layers["biases"][0])
        arena = aligned(self.layout.size, network.dtype)
        self.params = arena[: self.layout.n_parameters]
        pack(network, self.layout, self.params)
        self.setup = self._make_setup(arena, n_weights, 0 if dense else self.group_size)
        self.state = step_config.optimizer.start(self.params, n_weights)
        self.averaged = (
            network.astype(network.dtype) if step_config.regularization.ema_decay else None
        )
        self.update_state = None if plain else self._make_update_state()
        grouped = self.group_size > batch_size
        self.products = np.empty(self.group_size**2, network.dtype) if grouped else None
        self._compile()

    def _make_setup(self, arena: FloatArray, n_weights: int, n_lists: int) -> Setup:
        """Put what stays the same in all runs into the form that the kernel takes."""
        config = self.step_config
        return Setup(
            layers=self.layout.layers,
            arena=arena,
            params=self.params,
            lists=self._allocate_lists(n_lists),
            batch_size=self.batch_size,
            group_size=self.group_size,
            n_scratch=self.layout.n_scratch,
            update=update_settings(config, n_weights),
            loss=LossSettings(
                LOSS_CODES[config.loss.name], float(config.regularization.label_smoothing)
            ),
        )

    def _compile(self) -> None:
        """Run no sample, so that the kernel is there when the first is to be run."""
        none, noise = np.empty(0, np.int64), draw_noise(self.network, 0, self.rng)
        rows = Rows(none, np.empty(0), np.empty(0), none, noise)
        self._run_threads(Work(self.inputs, none, rows, np.empty(0), 0), 1)

    def _flat(self, x: NDArray[Any]) -> NDArray[Any]:
        if self.network.normalization:
            x = self.network.scale(x, np.empty(x.shape, self.dtype))
        flat = np.ascontiguousarray(x, self.dtype).reshape(-1)
        flat.flags.writeable = False  # as mapped memory is: the kernel is compiled for one of both
        return flat

    def _make_update_state(self) -> UpdateState:
        """Allocate the arrays that outlive a step which is more than plain gradient descent."""
        n, empty = len(self.params), np.empty(0, self.network.dtype)
        first, second = [*self.state.slots, empty, empty][:2]
        average = self.params.copy() if self.averaged else empty
        grads, squares = self.setup.arena[n : 2 * n], np.zeros(-(-n // BLOCK_SIZE))
        return UpdateState(grads, first, second, average, squares)

    def _allocate_lists(self, n: int) -> Lists:
        """Allocate the lists of n samples."""
        capacity = n * (self.network.sizes[0] + SLACK)
        values = np.empty(capacity, self.network.dtype)
        return Lists(np.empty(capacity, np.int32), values, np.empty(n, np.int64))

    def _choose_thread_count(self, wanted: int | None) -> int:
        """Return how many threads share a batch; small batches, in groups, go one after another."""
        if self.group_size > self.batch_size or not CAN_WAIT:
            return 1
        work = self.network.params.size * self.batch_size
        most = wanted or min(work // WORK_PER_TASK, most_threads())
        n_panels = -(-self.network.sizes[1] // lanes_of(self.network.dtype))
        return max(1, min(most, n_panels))

    def run(
        self,
        indices: NDArray[np.intp],
        learning_rates: NDArray[np.float64],
        x: NDArray[Any] | None = None,
    ) -> tuple[float, int]:
        """Take the steps: see `Engine`.

        A ValueError is raised if there is not one rate for each step or `x` has another shape, an
        IndexError if an index names no sample.
        """
        n = len(indices)
        if n and not 0 <= indices.min() <= indices.max() < len(self.y):
            raise IndexError(f"sample indices must lie in 0..{len(self.y) - 1}")
        if len(learning_rates) * self.batch_size < n:
            raise ValueError(f"{n} samples need a learning rate for each step")
        if x is None and not self.held:
            raise ValueError("samples that are not in memory must be passed as x")
        if x is not None and x.shape != (n, self.network.sizes[0]):
            raise ValueError(f"x must be ({n}, {self.network.sizes[0]}), got {x.shape}")
        pack(self.network, self.layout, self.params)
        inputs = self.inputs if x is None else Inputs(self._flat(x), self.inputs.scale)
        positions = np.ascontiguousarray(indices if x is None else np.arange(n), np.int64)
        noise = draw_noise(self.network, n, self.rng)
        learning_rates = np.ascontiguousarray(learning_rates, np.float64)
        rows = Rows(
            self.y[indices], self.weights[indices], np.empty(n), np.empty(n, np.int64), noise
        )
        self._run_pieces(Work(inputs, positions, rows, learning_rates, self.state.steps))
        unpack(self.network, self.layout, self.params)
        if self.averaged and self.update_state:
            unpack(self.averaged, self.layout, self.update_state.average)
        return float(rows.losses.sum()), int(rows.n_correct.sum())

    def _run_pieces(self, work: Work) -> None:
        """Run some groups at a time, on as many threads as the tuner says; fill in `work.rows`."""
        n, rows, start = len(work.indices), work.rows, 0
        while start < n:
            threads, n_groups = self.tuner.next_piece()
            size = n if n_groups is None else n_groups * self.group_size
            part, steps = slice(start, start + size), slice(start // self.batch_size, None)
            piece = work._replace(
                indices=work.indices[part],
                rows=Rows._make(column[part] for column in rows),
                learning_rates=work.learning_rates[steps],
                n_steps=self.state.steps,
            )
            began = time.perf_counter()
            self._run_threads(piece, threads)
            seconds = time.perf_counter() - began
            self.tuner.record(threads, seconds / -(-len(piece.indices) // self.group_size))
            self.state.steps += -(-len(piece.indices) // self.batch_size)
            start += size

    def _run_threads(self, work: Work, threads: int) -> None:
        """Call the kernel in a number of threads; after a fork there may be fewer."""
        threads = min(threads, self.helpers.count + 1)
        arguments = (self.setup, self.update_state, self.products, work)
        self.helpers.run(_kernel(), arguments, threads)

    def snapshot(self) -> EngineState:
        """Copy its state, out of the panels: see `Engine`."""
        flat = self.network.astype(self.network.dtype)
        slots = np.empty((len(self.state.slots), flat.params.size), flat.dtype)
        for ours, theirs in zip(self.state.slots, slots, strict=True):
            unpack(flat, self.layout, ours)
            theirs[...] = flat.params
        average = self.averaged.params.copy() if self.averaged else None
        return EngineState(slots, self.state.steps, average, rng_state(self.rng))

    def restore(self, state: EngineState) -> None:
        """Return to a snapshot: see `Engine`."""
        flat = self.network.astype(self.network.dtype)
        for ours, theirs in zip(self.state.slots, state.slots, strict=True):
            flat.params[...] = theirs
            pack(flat, self.layout, ours)
        self.state.steps = state.steps
        if self.averaged and self.update_state:
            self.averaged.params[...] = state.average
            pack(self.averaged, self.layout, self.update_state.average)
        self.rng.bit_generator.state = state.dropout


def _is_dense(x: NDArray[Any]) -> bool:
    """Return whether listing non-zero inputs would not pay, judged by some samples."""
    most = min(SAMPLED, max(MAX_CHUNK // (x.shape[1] * x.dtype.itemsize), 1))
    some = x[:: max(len(x) // most, 1)]
    return bool(np.count_nonzero(some) > DENSE * some.size)
