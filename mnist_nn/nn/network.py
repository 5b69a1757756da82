"""A network is a stack of dense layers over one flat vector of parameters.

A dense layer turns ``n_in`` numbers into ``units``: ``y = activation(x W + b)``. The layers hold no
numbers of their own. ``network.params`` is one vector, all weights first and then all biases, and
each layer's ``W`` and ``b`` are views into it; ``network.grads`` mirrors it. So an optimizer steps
on a whole vector, a gradient check wiggles ``params[i]``, and a saved model is these numbers and
their shapes. What a pass computes on its way lies in a `Workspace`, so a network remembers nothing
between calls.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .activations import ACTIVATIONS
from .arrays import FloatArray
from .initializers import Initializer, Random
from .layer import Dense, Layer
from .losses import Loss
from .workspace import Workspace


class Network:
    """A stack of dense layers.

    Parameters
    ----------
    n_inputs
        Numbers per sample.
    layers
        From the first hidden layer to the output.
    rng
        Draws the starting weights; None leaves all parameters zero, to be filled in.
    bias
        Whether each unit adds a bias of its own.
    initializer
        How the starting weights are drawn.
    input_scale
        Integer inputs are multiplied by it: 1/255 for pixels of 0 to 255. Floating-point inputs
        are taken as they are.
    dtype
        float32 or float64, of parameters and arithmetic.

    Raises
    ------
    ValueError
        If there is no layer or no input, the last layer has dropout, or the dtype is another.

    Attributes
    ----------
    sizes
        Numbers per sample at the input and after each layer: (n_inputs, units, …, n_outputs).
    params, grads
        All parameters and the loss's gradient with respect to them, of shape (n_params,): weights
        layer by layer, then biases layer by layer.
    n_weights
        How many of `params` are weights.
    layers
        The `Layer` views.
    """

    def __init__(
        self,
        n_inputs: int,
        layers: Sequence[Dense],
        *,
        rng: Random | None,
        bias: bool = True,
        initializer: Initializer | None = None,
        input_scale: float = 1.0,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if n_inputs < 1 or not layers:
            raise ValueError(f"a network needs inputs and layers, got {n_inputs} and {len(layers)}")
        if layers[-1].dropout:
            raise ValueError("the last layer's outputs are the answer and cannot be dropped")
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise ValueError(f"dtype must be float32 or float64, got {np.dtype(dtype)}")
        self.sizes = (n_inputs, *(layer.units for layer in layers))
        self.bias = bias
        self.input_scale = input_scale
        self.n_weights = sum(n_in * n_out for n_in, n_out in pairwise(self.sizes))
        self.params = np.zeros(self.n_weights + bias * sum(self.sizes[1:]), dtype)
        self.grads = np.zeros_like(self.params)
        self.layers = self._lay_out(layers)
        initializer = initializer or Initializer()
        if rng is not None:
            for layer in self.layers:
                initializer.fill(rng, layer.W, layer.b, layer.activation.gain)

    def _lay_out(self, layers: Sequence[Dense]) -> list[Layer]:
        """Cut the two vectors into each layer's views."""
        views = []
        weight, bias = 0, self.n_weights  # where the next layer's views begin
        for n_in, dense in zip(self.sizes, layers, strict=False):
            W, dW = (
                vector[weight : weight + n_in * dense.units].reshape(n_in, dense.units)
                for vector in (self.params, self.grads)
            )
            b, db = (
                vector[bias : bias + dense.units] if self.bias else None
                for vector in (self.params, self.grads)
            )
            views.append(Layer(ACTIVATIONS[dense.activation], W, dW, b, db, dense.dropout))
            weight, bias = weight + W.size, bias + dense.units
        return views

    @classmethod
    def from_architecture(
        cls, architecture: Iterable[Mapping[str, Any]], *, rng: Random | None, **options: Any
    ) -> Self:
        """Build a network from a list of dicts, one per layer.

        Parameters
        ----------
        architecture
            ``{"input_dim": 2, "output_dim": 25, "activation": "relu"}`` and so on, with a
            ``"dropout"`` if there is to be one; each layer reads what the one before it puts out.
        rng
            Draws the starting weights.
        **options
            As for `Network`.

        Returns
        -------
        Network

        Raises
        ------
        ValueError
            If a dict has other keys or the dimensions do not chain.
        """
        rows = list(architecture)
        keys = {"input_dim", "output_dim", "activation"}
        for number, row in enumerate(rows, 1):
            if set(row) - {"dropout"} != keys:
                raise ValueError(
                    f"layer {number} must have the keys {sorted(keys)}, got {sorted(row)}"
                )
            before = rows[number - 2]["output_dim"] if number > 1 else row["input_dim"]
            if row["input_dim"] != before:
                raise ValueError(
                    f"layer {number} reads {row['input_dim']} numbers, but gets {before}"
                )
        layers = [Dense(r["output_dim"], r["activation"], r.get("dropout", 0.0)) for r in rows]
        return cls(rows[0]["input_dim"] if rows else 0, layers, rng=rng, **options)

    @property
    def architecture(self) -> list[dict[str, Any]]:
        """The layers as `from_architecture` takes them."""
        return [
            {"input_dim": n_in, "output_dim": n_out, "activation": layer.activation.name}
            | ({"dropout": layer.dropout} if layer.dropout else {})
            for (n_in, n_out), layer in zip(pairwise(self.sizes), self.layers, strict=True)
        ]

    @property
    def dtype(self) -> np.dtype[np.floating[Any]]:
        """Of the parameters and of all arithmetic."""
        return self.params.dtype

    def named_parameters(self) -> dict[str, FloatArray]:
        """Views of the parameters under names for people: ``layer_1.weights`` and so on."""
        return _named((layer.W, layer.b) for layer in self.layers)

    def named_gradients(self) -> dict[str, FloatArray]:
        """Views of the gradients under the same names."""
        return _named((layer.dW, layer.db) for layer in self.layers)

    def astype(self, dtype: DTypeLike) -> "Network":
        """Copy the network in another precision."""
        copy = Network(
            self.sizes[0],
            [Dense(len(row.W.T), row.activation.name, row.dropout) for row in self.layers],
            rng=None,
            bias=self.bias,
            input_scale=self.input_scale,
            dtype=dtype,
        )
        copy.params[...] = self.params
        return copy

    def workspace(self, n: int, *, training: bool = False) -> Workspace:
        """Make room for passes of `n` samples; only when `training` is there dropout in them."""
        dropped = [training and layer.dropout > 0 for layer in self.layers]
        return Workspace.allocate(self.sizes, n, self.dtype, dropped)

    def forward(self, x: NDArray[Any], workspace: Workspace | None = None) -> FloatArray:
        """Run the network forward on a batch.

        Parameters
        ----------
        x
            Of shape (n, n_inputs): integers (pixels), which are scaled, or floats.
        workspace
            For n samples; a new one if None.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            The last layer's outputs: a view into the workspace, overwritten by the next pass.

        Raises
        ------
        ValueError
            If `x` has another shape.
        """
        work = workspace or self.workspace(len(x))
        self.scale(x, work.outputs[0])
        np.dot(work.outputs[0], self.layers[0].W, out=self.first_sums(work))
        return self.forward_from_sums(work)

    def scale(self, x: NDArray[Any], inputs: FloatArray) -> None:
        """Make a layer's inputs of samples.

        Parameters
        ----------
        x
            Of shape (n, n_inputs): integers (pixels), which are scaled, or floats.
        inputs
            Where they go, of the same shape.

        Raises
        ------
        ValueError
            If `x` has another shape.
        """
        if x.shape != inputs.shape:
            raise ValueError(f"samples must be an array of shape {inputs.shape}, got {x.shape}")
        scale = self.input_scale if x.dtype.kind in "iu" else 1.0
        np.multiply(x, scale, out=inputs, dtype=inputs.dtype, casting="same_kind")

    def first_sums(self, workspace: Workspace) -> FloatArray:
        """Say where in a workspace the first layer's weighted sums go, of shape (n, units)."""
        return workspace.outputs[1] if len(self.layers) > 1 else workspace.logits

    def forward_from_sums(self, workspace: Workspace) -> FloatArray:
        """Run the network forward from the first layer's sums, which lack only its biases.

        Parameters
        ----------
        workspace
            With ``x W`` of the first layer in `first_sums`.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            As for `forward`.
        """
        work = workspace
        for i, layer in enumerate(self.layers):
            y = work.outputs[i + 1]
            z = work.logits if i == len(self.layers) - 1 else y
            if i > 0:
                np.dot(work.inputs[i], layer.W, out=z)  # (n, in) @ (in, units) -> (n, units)
            if layer.b is not None:
                z += layer.b
            layer.activation.function(z, y)
            mask = work.masks[i]
            if mask is not None:
                np.multiply(y, mask, out=work.inputs[i + 1])
        return work.outputs[-1]

    def backward(self, workspace: Workspace) -> None:
        """Fill `grads`, given the loss's gradient at the logits, ``workspace.deltas[-1]``.

        For one layer, ``z = x W + b``. If ``dz`` is the loss's gradient at its sums, the chain rule
        gives the gradient at everything that ``z`` was made of; and ``x`` being the output of the
        layer below, its activation's pullback takes ``dx`` on to that layer's own sums::

            dW = xᵀ dz      a weight carried x into z
            db = 1ᵀ dz      a bias was added to every row
            dx = dz Wᵀ      an input went through its row of weights

        Parameters
        ----------
        workspace
            As `forward` and a loss's gradient filled it.
        """
        self.backward_to_sums(workspace)
        x, dz = workspace.outputs[0], workspace.deltas[0]
        np.dot(x.T, dz, out=self.layers[0].dW)

    def backward_to_sums(self, workspace: Workspace) -> None:
        """Fill all of `grads` but what belongs to the first layer's weights.

        Parameters
        ----------
        workspace
            As for `backward`.
        """
        work = workspace
        for i in reversed(range(len(self.layers))):
            layer, dz = self.layers[i], work.deltas[i]
            if i > 0:
                np.dot(work.inputs[i].T, dz, out=layer.dW)  # (in, n) @ (n, units) -> (in, units)
            if layer.db is not None:
                np.dot(work.ones, dz, out=layer.db)  # (n,) @ (n, units) -> (units,)
            if i > 0:
                dx = np.dot(dz, layer.W.T, out=work.upstream[i - 1])  # -> (n, in)
                mask = work.masks[i - 1]
                if mask is not None:
                    dx *= mask
                below = self.layers[i - 1].activation
                below.pull_back(work.outputs[i], dx, work.deltas[i - 1])

    def loss(
        self,
        x: NDArray[Any],
        targets: FloatArray,
        loss: Loss,
        workspace: Workspace | None = None,
    ) -> float:
        """Run the network forward on a batch and score its outputs.

        Parameters
        ----------
        x
            Of shape (n, n_inputs).
        targets
            Of shape (n, n_outputs), the network's dtype; `encode` makes them of labels.
        loss
            An entry of `LOSSES` that fits the last layer's activation.
        workspace
            For n samples; it keeps the outputs. A new one if None.

        Returns
        -------
        float
            Mean loss of the batch.
        """
        work = workspace or self.workspace(len(x))
        outputs = self.forward(x, work)
        return loss.mean(work.logits, outputs, targets)

    def loss_and_gradient(
        self,
        x: NDArray[Any],
        targets: FloatArray,
        loss: Loss,
        workspace: Workspace | None = None,
    ) -> float:
        """Score a batch, and leave the gradient of its mean loss in `grads`.

        Parameters
        ----------
        x, targets, loss, workspace
            As for `loss`.

        Returns
        -------
        float
            Mean loss of the batch.
        """
        work = workspace or self.workspace(len(x))
        outputs = self.forward(x, work)
        loss.gradient(self.layers[-1].activation, outputs, targets, work.deltas[-1])
        self.backward(work)
        return loss.mean(work.logits, outputs, targets)

    def predict(self, x: NDArray[Any], batch_size: int = 1000) -> FloatArray:
        """Run the network on any number of samples, `batch_size` at a time to spare memory.

        Parameters
        ----------
        x
            Of shape (n, n_inputs).
        batch_size
            Samples per pass, 1 or more.

        Returns
        -------
        ndarray of shape (n, n_outputs)

        Raises
        ------
        ValueError
            If `x` has another shape; a single sample is ``x[None]``.
        """
        if x.ndim == 1:
            raise ValueError(f"samples must be rows; for a single one pass x[None], got {x.shape}")
        outputs = np.empty((len(x), self.sizes[-1]), self.dtype)
        work = self.workspace(min(batch_size, len(x)))
        for start in range(0, len(x), batch_size):
            rows = x[start : start + batch_size]
            outputs[start : start + batch_size] = self.forward(rows, work.first(len(rows)))
        return outputs


def _named(pairs: Iterable[tuple[FloatArray, FloatArray | None]]) -> dict[str, FloatArray]:
    """Name each layer's weights and, where it has them, biases."""
    named = {}
    for number, (weights, biases) in enumerate(pairs, 1):
        named[f"layer_{number}.weights"] = weights
        if biases is not None:
            named[f"layer_{number}.biases"] = biases
    return named
