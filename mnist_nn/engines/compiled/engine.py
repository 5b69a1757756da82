"""The Numba engine: NumPy's steps, compiled, and sparing the zeros of the input.

What makes it fast, beside compiling: the first layer skips inputs that are zero (`sparse`); weights
lie where whole vectors of them can be loaded (`layout`); a plain step goes straight to the weights,
with no gradient in memory (`passes`), and any other optimizer's is made in one sweep (`update`);
and where batches are small, the first layer takes several at a time (`kernel.correct_sums`).
"""

import time
from functools import cache
from itertools import pairwise
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ...limits import available_cpus
from ...nn import Network, check_labels, draw_noise
from ...rngs import rng_state
from ..interface import EngineState, whole_batches
from ..step_config import StepConfig
from .barrier import CAN_WAIT, make_barrier
from .elementwise import KNOWN, LOSS_CODES
from .helpers import Helpers
from .kernel import Inputs, Lists, Sizes, compiled
from .layout import BIASES, READ_WIDTH, aligned, lay_out, pack, read_stages, unpack
from .passes import LossSettings, Rows
from .sparse import SLACK
from .tuner import ThreadTuner
from .update import BLOCK_SIZE, OPTIMIZERS, UpdateState, update_settings
from .vectors import lanes_of

GROUP = 16  # samples that small batches go through the first layer with
WORK_PER_CHUNK = 2_000_000_000  # parameters times samples: a twentieth of a second or two
WORK_PER_TASK = 500_000  # the same, of a batch: for less, a thread more is not worth waiting for
MAX_LISTS = 2**26  # bytes for the inputs of a batch
WIDE_LAYER, LARGE_BATCH = 500_000, 128  # weights and samples: see `slower_reason`
SAMPLED = 200  # samples that show how many inputs are zero
# Share of inputs that are not zero, above which the first layer reads all of them. Listing and
# reading all take equally long at 0.3; a third of the time is saved at 0.5, and half of it at 0.9.
DENSE = 0.33

_kernel = cache(compiled)


def unsupported_reason(network: Network, step_config: StepConfig, batch_size: int) -> str | None:
    """Return why this engine cannot run a training, None if it can.

    Parameters
    ----------
    network, step_config, batch_size
        Of the run.

    Returns
    -------
    str or None
        The end of a sentence that begins with the engine's name.
    """
    try:
        stages = read_stages(network)
    except ValueError as error:
        return str(error)
    for stage in stages:
        if stage.activation not in KNOWN:  # one that somebody else wrote, in Python
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

    It is Numba's number or, where nobody has set that, at most the number of processors that this
    process may use.
    """
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
    """Trains a network on the samples it is pointed at: an `Engine`.

    Making one loads the compiled kernel or, the first time on a machine, compiles it, which takes
    some seconds.

    Parameters
    ----------
    network, step_config, x, y, batch_size, rng
        As for every `Engine`.
    threads
        How many threads share a batch; None for as many as are worth it (see `tuner`), at most
        Numba's own number: that of processors unless ``NUMBA_NUM_THREADS`` says otherwise (see
        `most_threads`). The result is the same.

    Raises
    ------
    ValueError
        If the samples are not the network's or a label is no class: the kernel does not look.
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
        self.dtype = x.dtype.newbyteorder("=") if x.dtype.kind in "iu" else network.dtype
        self.x, self.y = self._flat(x), np.ascontiguousarray(y, np.int64)
        self.batch_size = batch_size
        self.group_size = batch_size * (
            max(GROUP // batch_size, 1) if step_config.is_plain_sgd else 1
        )
        scale = network.input_scale if x.dtype.kind in "iu" else 1.0
        self.inputs = Inputs(self.x, np.array([scale], network.dtype))
        work = network.params.size
        self.chunk = whole_batches(max(WORK_PER_CHUNK // work, 1), batch_size)
        self.helpers = Helpers(self._choose_thread_count(threads) - 1)
        most = self.helpers.count + 1
        self.tuner = ThreadTuner({most} if threads else {1, most})
        self.layout = lay_out(
            network,
            self.group_size,
            n_tasks=most,
            dense=_is_dense(x),
            is_plain_sgd=step_config.is_plain_sgd,
        )
        n, n_weights = self.layout.n_parameters, int(self.layout.plan[BIASES, 0])
        self.arena = aligned(self.layout.size, network.dtype)
        self.params = self.arena[:n]
        pack(network, self.layout, self.params)
        self.settings = update_settings(step_config, n_weights)
        self.state = step_config.optimizer.start(self.params, n_weights)
        self.averaged = (
            network.astype(network.dtype) if step_config.regularization.ema_decay else None
        )
        self.update_state = self._make_update_state()
        self.lists = self._allocate_lists()
        grouped = self.group_size > batch_size
        self.products = np.empty(self.group_size**2, network.dtype) if grouped else None
        self._compile()

    def _compile(self) -> None:
        """Run no sample, so that the kernel is there when the first is to be run."""
        none, noise = np.empty(0, np.int64), draw_noise(self.network, 0, self.rng)
        self._run_threads(self.inputs, none, Rows(none, np.empty(0), none, noise), np.empty(0), 1)

    def _flat(self, x: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(x, self.dtype).reshape(-1)

    def _make_update_state(self) -> UpdateState | None:
        """Make the arrays that outlive a step; a plain one has none."""
        if self.step_config.is_plain_sgd:
            return None
        n, empty = len(self.params), np.empty(0, self.network.dtype)
        slots = [*self.state.slots, empty, empty]
        average = self.params.copy() if self.averaged else empty
        return UpdateState(
            self.arena[n : 2 * n], slots[0], slots[1], average, np.zeros(-(-n // BLOCK_SIZE))
        )

    def _allocate_lists(self) -> Lists:
        """Make the lists for a group."""
        n, dense = self.group_size, self.layout.plan[READ_WIDTH, 0] > 0
        room = 0 if dense else n * (self.network.sizes[0] + SLACK)
        values = np.empty(room, self.network.dtype)
        return Lists(np.empty(room, np.int32), values, np.empty(n, np.int64))

    def _choose_thread_count(self, wanted: int | None) -> int:
        """Say how many threads share a batch; small batches, in groups, go one after another."""
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
        """Step through samples in the given order: see `Engine`.

        Raises
        ------
        ValueError
            If there is not one rate for each step, or `x` is of another shape.
        IndexError
            If the order names a sample that does not exist.
        """
        if len(indices) and not 0 <= indices.min() <= indices.max() < len(self.y):
            raise IndexError(f"an order is of samples 0 to {len(self.y) - 1}")
        shape = (len(indices), self.network.sizes[0])
        if len(learning_rates) * self.batch_size < len(indices) or (
            x is not None and x.shape != shape
        ):
            raise ValueError(
                f"a run of {len(indices)} samples needs a rate per step, and all samples"
            )
        pack(self.network, self.layout, self.params)
        inputs = self.inputs if x is None else Inputs(self._flat(x), self.inputs.scale)
        positions = np.ascontiguousarray(
            indices if x is None else np.arange(len(indices)), np.int64
        )
        noise = draw_noise(self.network, len(indices), self.rng)
        learning_rates = np.ascontiguousarray(learning_rates, np.float64)
        losses, n_correct = np.empty(len(indices)), np.empty(len(indices), np.int64)
        start = 0
        while start < len(indices):
            threads, n_batches = self.tuner.next_piece()
            size = len(indices) if n_batches is None else n_batches * self.group_size
            part, steps = slice(start, start + size), slice(start // self.batch_size, None)
            rows = Rows(self.y[indices[part]], losses[part], n_correct[part], noise[part])
            began = time.perf_counter()
            self._run_threads(inputs, positions[part], rows, learning_rates[steps], threads)
            n_groups = -(-len(indices[part]) // self.group_size)
            self.tuner.record(threads, (time.perf_counter() - began) / n_groups)
            start += size
        unpack(self.network, self.layout, self.params)
        if self.averaged and self.update_state:
            unpack(self.averaged, self.layout, self.update_state.average)
        return float(losses.sum()), int(n_correct.sum())

    def snapshot(self) -> EngineState:
        """Copy what it knows, out of the panels: see `Engine`."""
        flat = self.network.astype(self.network.dtype)
        slots = np.empty((len(self.state.slots), flat.params.size), flat.dtype)
        for ours, theirs in zip(self.state.slots, slots, strict=True):
            unpack(flat, self.layout, ours)
            theirs[...] = flat.params
        average = self.averaged.params.copy() if self.averaged else None
        return EngineState(slots, self.state.steps, average, rng_state(self.rng))

    def restore(self, snapshot: EngineState) -> None:
        """Go back to what it knew: see `Engine`."""
        flat = self.network.astype(self.network.dtype)
        for ours, theirs in zip(self.state.slots, snapshot.slots, strict=True):
            flat.params[...] = theirs
            pack(flat, self.layout, ours)
        self.state.steps = snapshot.steps
        if self.averaged and self.update_state:
            self.averaged.params[...] = snapshot.average
            pack(self.averaged, self.layout, self.update_state.average)
        self.rng.bit_generator.state = snapshot.dropout

    def _run_threads(
        self,
        inputs: Inputs,
        indices: NDArray[np.int64],
        rows: Rows,
        learning_rates: NDArray[np.float64],
        threads: int,
    ) -> None:
        """Have a number of threads go through some samples, and fill in `rows`."""
        barrier, kernel = make_barrier(), _kernel()
        threads = min(threads, self.helpers.count + 1)  # after a fork there may be fewer
        loss = (
            LOSS_CODES[self.step_config.loss.name],
            float(self.step_config.regularization.label_smoothing),
        )
        arguments = (
            self.layout.plan,
            self.arena,
            self.params,
            self.update_state,
            self.lists,
            self.products,
            inputs,
            indices,
            rows,
            learning_rates,
            Sizes(self.batch_size, self.group_size, self.layout.n_scratch),
            self.settings,
            LossSettings(*loss),
            self.state.steps,
            barrier,
            threads,
        )
        self.helpers.run(kernel, arguments, barrier)
        self.state.steps += -(-len(indices) // self.batch_size)


def _is_dense(x: NDArray[Any]) -> bool:
    """Say, by a sample of the samples, whether listing non-zero inputs would not pay."""
    some = x[:: max(len(x) // SAMPLED, 1)]
    return bool(np.count_nonzero(some) > DENSE * some.size)
