"""Steps of several small batches at once, which make NumPy fast at one sample a step."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..nn import Dense, Loss, Network, Workspace, set_dropout_masks, weighted
from ..nn.arrays import FloatArray
from .step_config import StepConfig

GROUP = 64  # samples that small batches go through the first layer with


def grouping_pays(network: Network, step_config: StepConfig, batch_size: int) -> bool:
    """Return whether batches are small enough for groups, and steps linear in the samples."""
    return (
        batch_size <= GROUP // 4
        and step_config.is_plain_sgd
        and isinstance(network.layers[0], Dense)
    )


class GroupedSteps:
    """The same steps as one by one, but in fewer and larger products.

    The first layer has most of the weights, and reading them for a single sample costs nearly as
    much as for a dozen. So its sums are computed for the whole group, `size` samples in whole
    batches, with the weights W as they stand before it, and the steps of W are added up at its end.
    In between, each batch's sums lack what the earlier samples t of the group would have added to
    them, by ``W += xₜᵀ sₜ`` with ``sₜ = -rate · dzₜ``: ``x (xₜᵀ sₜ) = (x · xₜ) sₜ``, for which W is
    not needed.
    """

    def __init__(
        self, network: Network, step_config: StepConfig, batch_size: int, state: Any
    ) -> None:
        self.network, self.step_config, self.state = network, step_config, state
        self.batch_size, self.size = batch_size, GROUP // batch_size * batch_size
        self.first, self.activation = network.dense[0], network.output
        self._use(network.workspace(batch_size, training=True))

    def _use(self, workspace: Workspace) -> None:
        """Pair the layers above the first with their caches."""
        self.workspace = workspace
        self.above = list(zip(self.network.layers, workspace.caches, strict=True))[1:]
        self.back = self.above[-2::-1]

    def run(
        self,
        x: NDArray[Any],
        targets: FloatArray,
        weights: FloatArray | None,
        logits: FloatArray,
        noise: NDArray[np.uint16],
        learning_rates: NDArray[np.float64],
    ) -> None:
        """Take the steps of a group, and fill in the logits before each."""
        network, first = self.network, self.first
        inputs = network.scale(x, np.empty(x.shape, network.dtype))
        sums = inputs @ first.W  # (n, in) @ (in, units) -> (n, units)
        products = inputs @ inputs.T  # (n, n)
        steps = np.empty_like(sums)
        rest = slice(first.W.size, None)  # all parameters but the first layer's weights
        params, grads = network.trainable[rest], network.grads[rest]
        for step, start in enumerate(range(0, len(x), self.batch_size)):
            batch, rate = slice(start, start + self.batch_size), float(learning_rates[step])
            z = sums[batch]
            if start:
                z += np.dot(products[batch, :start], steps[:start])
            if first.b is not None:
                z += first.b
            loss = weighted(self.step_config.loss, None if weights is None else weights[batch])
            dz = self._above_first(z, targets[batch], loss, logits[batch], noise[batch])
            self.step_config.optimizer.step(params, grads, self.state, rate)
            np.multiply(dz, -rate, out=steps[batch])
        first.W += inputs.T @ steps

    def _above_first(
        self,
        z: FloatArray,
        targets: FloatArray,
        loss: Loss,
        logits: FloatArray,
        noise: NDArray[np.uint16],
    ) -> FloatArray:
        """Run forward and backward from the first layer's sums; fill all gradients but its W's."""
        if len(z) != self.workspace.n:
            self._use(self.workspace.resized(len(z)))
        work, y = self.workspace, z
        set_dropout_masks(self.network, noise, work)
        for layer, cache in self.above:
            y = layer.forward(y, cache)
        logits[...] = work.logits
        dy = work.delta
        loss.gradient(self.activation, logits, y, targets, dy)
        for layer, cache in self.back:
            dy = layer.backward(dy, cache)
        self.first.sum_biases(dy, work.caches[0])
        return dy
