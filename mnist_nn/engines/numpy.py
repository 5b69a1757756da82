"""The NumPy engine is the reference: each step is what the mathematics says, batch by batch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..nn import (
    Network,
    add_penalty_gradient,
    draw_noise,
    drop,
    predicted_classes,
    target_rows,
)
from ..nn.arrays import FloatArray
from .interface import EngineSnapshot, whole_batches
from .recipe import Recipe

CHUNK = 1000  # samples
GROUP = 64  # samples that small batches go through the first layer with


class NumpyEngine:
    """Trains a network on the samples it is pointed at: an `Engine`.

    Parameters
    ----------
    network, recipe, x, y, batch_size, rng
        As for every `Engine`.
    """

    def __init__(
        self,
        network: Network,
        recipe: Recipe,
        x: NDArray[Any],
        y: NDArray[np.integer[Any]],
        batch_size: int,
        rng: np.random.Generator,
    ) -> None:
        self.network, self.recipe, self.rng = network, recipe, rng
        self.x, self.y, self.batch_size = x, y, batch_size
        smoothing = recipe.more.label_smoothing
        self.target_rows = target_rows(network.sizes[-1], network.dtype, smoothing)
        self.workspace = network.workspace(batch_size, training=True)
        self.state = recipe.optimizer.start(network.params, network.n_weights)
        self.averaged = network.astype(network.dtype) if recipe.more.ema_decay else None
        self.chunk = whole_batches(CHUNK, batch_size)
        n_batches = GROUP // batch_size  # of fewer than four, a group would not pay
        grouped = n_batches >= 4 and recipe.plain
        self.group_size = batch_size * (n_batches if grouped else 1)

    def run(
        self,
        order: NDArray[np.intp],
        rates: NDArray[np.float64],
        x: NDArray[Any] | None = None,
    ) -> tuple[float, int]:
        """Step through samples in the given order: see `Engine`.

        NumPy's warnings about numbers that are not finite are silenced; a caller sees the loss.
        """
        x, labels = self.x[order] if x is None else x, self.y[order]
        targets = self.target_rows[labels]  # (m, n_outputs)
        logits = np.empty_like(targets)
        noise = draw_noise(self.network, len(order), self.rng)
        run = self._run_batch if self.group_size == self.batch_size else self._run_group
        with np.errstate(all="ignore"):
            for start in range(0, len(order), self.group_size):
                part = slice(start, start + self.group_size)
                steps = slice(start // self.batch_size, None)
                run(x[part], targets[part], logits[part], noise[part], rates[steps])
            outputs = self.network.layers[-1].activation.function(logits, None)
            values = self.recipe.loss.values(logits, outputs, targets)
        hits = np.count_nonzero(predicted_classes(outputs) == labels)
        return float(np.sum(values, dtype=np.float64)), int(hits)

    def snapshot(self) -> EngineSnapshot:
        """Copy what it knows: see `Engine`."""
        average = self.averaged.params.copy() if self.averaged else None
        dropout = self.rng.bit_generator.state
        return EngineSnapshot(self.state.slots.copy(), self.state.steps, average, dropout)

    def restore(self, snapshot: EngineSnapshot) -> None:
        """Go back to what it knew: see `Engine`."""
        self.state.slots[...] = snapshot.slots
        self.state.steps = snapshot.steps
        if self.averaged:
            self.averaged.params[...] = snapshot.average
        self.rng.bit_generator.state = snapshot.dropout

    def _run_batch(
        self,
        x: NDArray[Any],
        targets: FloatArray,
        logits: FloatArray,
        noise: NDArray[np.uint16],
        rates: NDArray[np.float64],
    ) -> None:
        """Take one step, and fill in the logits before it."""
        network, recipe, more = self.network, self.recipe, self.recipe.more
        work = self.workspace.first(len(x))
        drop(network, noise, work)
        outputs = network.forward(x, work)
        logits[...] = work.logits
        recipe.loss.gradient(network.layers[-1].activation, outputs, targets, work.deltas[-1])
        network.backward(work)
        if more.l2:
            add_penalty_gradient(network, more.l2)
        if more.clip_norm:
            norm = np.linalg.norm(network.grads)
            if norm > more.clip_norm:
                network.grads *= more.clip_norm / norm
        recipe.optimizer.step(network.params, network.grads, self.state, float(rates[0]))
        if self.averaged:
            change = network.params - self.averaged.params
            change *= 1 - more.share_kept(self.state.steps)
            self.averaged.params += change

    def _run_group(
        self,
        x: NDArray[Any],
        targets: FloatArray,
        logits: FloatArray,
        noise: NDArray[np.uint16],
        rates: NDArray[np.float64],
    ) -> None:
        """Take the steps of several small batches; the same, but in fewer and larger products.

        The first layer has most of the weights, and to go through them for a single sample costs
        nearly as much as for a dozen. So its sums are made for the whole group, with the weights W
        as they stand before it, and what the batches say of W is added up at its end. In between,
        each batch's sums lack what the earlier samples t of the group, by ``W += xₜᵀ sₜ`` with
        ``sₜ = -rate · dzₜ``, would have added to them: ``x (xₜᵀ sₜ) = (x · xₜ) sₜ``, for
        which W is not needed.
        """
        network, W = self.network, self.network.layers[0].W
        inputs = np.empty(x.shape, network.dtype)
        network.scale(x, inputs)
        sums = inputs @ W  # (n, in) @ (in, units) -> (n, units)
        products = inputs @ inputs.T  # (n, n)
        steps = np.empty_like(sums)
        rest = slice(W.size, None)  # behind the first layer's weights come all other parameters
        params, grads = network.params[rest], network.grads[rest]
        activation = network.layers[-1].activation
        work = self.workspace
        for step, start in enumerate(range(0, len(x), self.batch_size)):
            batch, rate = slice(start, start + self.batch_size), float(rates[step])
            if start + self.batch_size > len(x):
                work = work.first(len(x) - start)
            z = np.dot(products[batch, :start], steps[:start], out=network.first_sums(work))
            z += sums[batch]
            drop(network, noise[batch], work)
            outputs = network.forward_from_sums(work)
            logits[batch] = work.logits
            self.recipe.loss.gradient(activation, outputs, targets[batch], work.deltas[-1])
            network.backward_to_sums(work)
            self.recipe.optimizer.step(params, grads, self.state, rate)
            np.multiply(work.deltas[0], -rate, out=steps[batch])
        W += inputs.T @ steps
