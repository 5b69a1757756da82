"""NumPy engine, the reference: each step is what the mathematics says, batch by batch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..nn import (
    Network,
    add_penalty_gradient,
    draw_noise,
    predicted_classes,
    set_dropout_masks,
    target_rows,
    weighted,
)
from ..nn.arrays import FloatArray
from ..rngs import rng_state
from .grouped import GroupedSteps, grouping_pays
from .interface import EngineState, whole_batches
from .step_config import StepConfig

CHUNK, MAX_CHUNK = 1000, 2**27  # samples, and bytes of them


class NumpyEngine:
    """An `Engine` in NumPy."""

    def __init__(
        self,
        network: Network,
        step_config: StepConfig,
        x: NDArray[Any],
        y: NDArray[np.integer[Any]],
        batch_size: int,
        rng: np.random.Generator,
    ) -> None:
        self.network, self.step_config, self.rng = network, step_config, rng
        self.x, self.y, self.batch_size = x, y, batch_size
        self.weights = step_config.sample_weights
        smoothing = step_config.regularization.label_smoothing
        self.target_rows = target_rows(network.sizes[-1], network.dtype, smoothing)
        self.workspace = network.workspace(batch_size, training=True)
        self.state = step_config.optimizer.start(network.trainable, network.spec.n_decaying)
        self.averaged = (
            network.astype(network.dtype) if step_config.regularization.ema_decay else None
        )
        largest = MAX_CHUNK // (x.shape[1] * x.dtype.itemsize)
        self.chunk = whole_batches(max(min(CHUNK, largest), 1), batch_size)
        self.take_steps, self.group_size = self._run_batch, batch_size
        if grouping_pays(network, step_config, batch_size):
            grouped = GroupedSteps(network, step_config, batch_size, self.state)
            self.take_steps, self.group_size = grouped.run, grouped.size

    def run(
        self,
        indices: NDArray[np.intp],
        learning_rates: NDArray[np.float64],
        x: NDArray[Any] | None = None,
    ) -> tuple[float, int]:
        """Take the steps: see `Engine`.

        NumPy's warnings about numbers that are not finite are silenced; a caller sees the loss.
        """
        x, labels = self.x[indices] if x is None else x, self.y[indices]
        targets = self.target_rows[labels]  # (m, n_outputs)
        weights = None if self.weights is None else self.weights[indices]
        logits = np.empty_like(targets)
        noise = draw_noise(self.network, len(indices), self.rng)
        with np.errstate(all="ignore"):
            for start in range(0, len(indices), self.group_size):
                part = slice(start, start + self.group_size)
                steps = slice(start // self.batch_size, None)
                self.take_steps(
                    x[part],
                    targets[part],
                    None if weights is None else weights[part],
                    logits[part],
                    noise[part],
                    learning_rates[steps],
                )
            outputs = self.network.output.function(logits, None)
            values = weighted(self.step_config.loss, weights).values(logits, outputs, targets)
        n_correct = np.count_nonzero(predicted_classes(outputs) == labels)
        return float(np.sum(values, dtype=np.float64)), int(n_correct)

    def snapshot(self) -> EngineState:
        """Copy its state: see `Engine`."""
        average = self.averaged.params.copy() if self.averaged else None
        dropout = rng_state(self.rng)
        return EngineState(self.state.slots.copy(), self.state.steps, average, dropout)

    def restore(self, state: EngineState) -> None:
        """Return to a snapshot: see `Engine`."""
        self.state.slots[...] = state.slots
        self.state.steps = state.steps
        if self.averaged:
            self.averaged.params[...] = state.average
        self.rng.bit_generator.state = state.dropout

    def _run_batch(
        self,
        x: NDArray[Any],
        targets: FloatArray,
        weights: FloatArray | None,
        logits: FloatArray,
        noise: NDArray[np.uint16],
        learning_rates: NDArray[np.float64],
    ) -> None:
        """Take one step, and fill in the logits before it."""
        network, step_config = self.network, self.step_config
        regularization = step_config.regularization
        work = self.workspace.resized(len(x))
        set_dropout_masks(network, noise, work)
        outputs = network.forward(x, work)
        logits[...] = work.logits
        loss = weighted(step_config.loss, weights)
        loss.gradient(network.output, logits, outputs, targets, work.delta)
        network.backward(work)
        if regularization.l2:
            add_penalty_gradient(network, regularization.l2)
        if regularization.clip_norm:
            norm = np.linalg.norm(network.grads)
            if norm > regularization.clip_norm:
                network.grads *= regularization.clip_norm / norm
        step_config.optimizer.step(
            network.trainable, network.grads, self.state, float(learning_rates[0])
        )
        if self.averaged:
            change = network.params - self.averaged.params
            change *= 1 - regularization.ema_decay_at(self.state.steps)
            self.averaged.params += change
