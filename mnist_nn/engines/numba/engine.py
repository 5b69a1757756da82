"""The Numba engine: NumPy's steps, compiled, and sparing the zeros of the input.

What makes it fast, beside compiling: the first layer skips inputs that are zero (`sparse`); weights
lie where whole vectors of them can be loaded (`layout`); a step goes straight to the weights, as
plain gradient descent needs no gradient in memory (`passes`); and where batches are small, the
first layer takes several of them at a time (`kernel.catch_up`).
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ...nn import Loss, Network
from ..interface import Stepper, whole_batches
from .elementwise import LOSS_CODES
from .kernel import compiled
from .layout import PANELS, WIDTH, aligned, lay_out, pack, unpack
from .sparse import SLACK

GROUP = 16  # samples that small batches go through the first layer with
WORK_PER_CHUNK = 500_000_000  # parameters times samples: some hundredths of a second
WORK_PER_TASK = 500_000  # the same of a batch for each thread: starting it takes a microsecond
MAX_LISTS = 2**26  # bytes for the inputs of a batch

_kernel: Callable[[bool], Callable[..., tuple[float, int]]] = cache(compiled)


def obstacle(network: Network, batch_size: int) -> str | None:
    """Say why this engine will not do for a run, if it will not.

    Parameters
    ----------
    network, batch_size
        Of the run.

    Returns
    -------
    str or None
        The end of a sentence that begins with the engine's name.
    """
    size = batch_size * (network.sizes[0] + SLACK) * (4 + network.dtype.itemsize)
    if size > MAX_LISTS:
        return (
            f"takes batches of up to {MAX_LISTS // (size // batch_size):,} samples "
            f"of {network.sizes[0]:,} inputs, not of {batch_size:,}"
        )
    return None


def _n_threads() -> int:
    """Count the threads that can share a batch: one unless OpenMP is there to start them quickly.

    What Numba has without OpenMP takes 90 µs to start threads, longer than a whole batch takes.
    """
    try:
        import_module("numba.np.ufunc.omppool")
    except ImportError:
        return 1
    n: int = numba.get_num_threads()
    return n


class NumbaEngine:
    """Trains a network on the samples it is pointed at: an `Engine`.

    Making one loads the compiled kernel or, the first time on a machine, compiles it, which takes
    some seconds.

    Parameters
    ----------
    network, loss, optimizer, x, y, batch_size
        As for every `Engine`.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        optimizer: Stepper,
        x: NDArray[Any],
        y: NDArray[np.integer[Any]],
        batch_size: int,
    ) -> None:
        self.network, self.loss, self.optimizer = network, loss, optimizer
        dtype = x.dtype.newbyteorder("=") if x.dtype.kind in "iu" else network.dtype
        self.x = np.ascontiguousarray(x, dtype).reshape(-1)
        self.y, self.batch_size = np.ascontiguousarray(y, np.int64), batch_size
        self.group_size = max(GROUP // batch_size, 1) * batch_size
        self.layout = lay_out(network, self.group_size)
        self.parameters = aligned(self.layout.n_parameters, network.dtype)
        self.buffers = self._allocate()
        scale = network.input_scale if x.dtype.kind in "iu" else 1.0
        self.scale = np.array([scale], network.dtype)
        work = network.params.size
        self.chunk = whole_batches(max(WORK_PER_CHUNK // work, 1), batch_size)
        self.n_tasks = self._share_out(work * batch_size // WORK_PER_TASK)
        self.kernel = _kernel(self.n_tasks > 1)
        self.run(np.arange(0))  # compiles

    def _allocate(self) -> tuple[NDArray[Any], ...]:
        """Make the arrays for a group, in the order in which the kernel takes them."""
        n, dtype = self.group_size, self.network.dtype
        room = n * (self.network.sizes[0] + SLACK)
        n_products = n * n if n > self.batch_size else 0
        return (
            aligned(self.layout.n_workspace, dtype),  # outputs
            aligned(self.layout.n_workspace, dtype),  # deltas
            aligned(n * int(self.layout.plan[WIDTH, -1]), dtype),  # logits
            np.empty(n, np.int64),  # labels
            np.empty(n),  # losses
            np.empty(n, np.int64),  # hits
            np.empty(room, np.int32),  # places
            np.empty(room, dtype),  # values
            np.empty(n, np.int64),  # ends
            np.empty(n_products, dtype),  # products
        )

    def _share_out(self, most: int) -> int:
        """Say how many threads should share a batch; small ones in groups go one after another."""
        if self.group_size > self.batch_size:
            return 1
        return max(1, min(_n_threads(), int(self.layout.plan[PANELS, 0]), most))

    def run(self, order: NDArray[np.intp]) -> tuple[float, int]:
        """Step through samples in the given order: see `Engine`."""
        n_threads = numba.get_num_threads()
        pack(self.network, self.layout, self.parameters)
        numba.set_num_threads(self.n_tasks)
        try:
            total, hits = self.kernel(
                self.layout.plan,
                self.parameters,
                self.buffers,
                self.x,
                self.y,
                self.scale,
                np.ascontiguousarray(order, np.int64),
                self.batch_size,
                self.group_size,
                self.network.dtype.type(self.optimizer.learning_rate),
                LOSS_CODES[self.loss.name],
                self.n_tasks,
            )
        finally:
            numba.set_num_threads(n_threads)
        unpack(self.network, self.layout, self.parameters)
        return total, hits
