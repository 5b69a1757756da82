"""Network: a stack of layers over one flat vector of parameters.

The layers hold no numbers of their own. ``network.params`` is one vector, and a layer's ``W`` and
``b`` are views into it; ``network.grads`` mirrors it. So an optimizer steps on a whole vector, a
gradient check moves ``params[i]``, and a saved model is these numbers and their shapes. What a pass
computes lies in a `Workspace`, so a network has no state between calls.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from html import escape
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .activations import ActivationFunction
from .arrays import FloatArray
from .initializers import Initializer, Random
from .layers import Activation, Dense, Layer, block
from .losses import Loss
from .normalization import InputNormalization
from .parameters import Parameter, ParameterSpec
from .workspace import Workspace


class Network:
    """A stack of layers.

    Parameters
    ----------
    n_inputs
        Numbers per sample.
    layers
        Layers from the bottom to the output, which is an `Activation`; `block` makes them of a
        config's layer entry. They are copied.
    rng
        Generator that draws the starting weights; None leaves them zero, to be filled in.
    initializer
        How the starting weights are drawn; Glorot-uniform if None.
    input_scale
        Factor on integer inputs: 1/255 for pixels of 0 to 255. Floating-point inputs are taken as
        they are.
    normalization
        How inputs are normalized, once scaled; None for not at all.
    dtype
        float32 or float64, of parameters and arithmetic.

    Raises
    ------
    ValueError
        If there is no layer or no input, the last layer is no activation, the dtype is another, or
        the normalization is of another number of inputs.

    Attributes
    ----------
    sizes
        Numbers per sample at the input and after each layer with weights: (n_inputs, units, …,
        n_outputs).
    spec
        Names, shapes and positions of the parameters: see `ParameterSpec`.
    params
        All parameters, of shape (n_params,).
    grads
        The loss's gradient with respect to those that are trained, of shape (n_trainable,).
    layers
        The layers, each with its views of both.

    Examples
    --------
    >>> Network(784, [Dense(10), Activation("softmax")], rng=np.random.default_rng(0))
    Network(784, [Dense(units=10, bias=True), Activation(name='softmax')])
    """

    def __init__(
        self,
        n_inputs: int,
        layers: Sequence[Layer],
        *,
        rng: Random | None,
        initializer: Initializer | None = None,
        input_scale: float = 1.0,
        normalization: InputNormalization | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if n_inputs < 1 or not layers:
            raise ValueError(f"a network needs inputs and layers, got {n_inputs} and {len(layers)}")
        if not isinstance(layers[-1], Activation):
            raise ValueError(f"the last layer must be an Activation, got {layers[-1]}")
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise ValueError(f"dtype must be float32 or float64, got {np.dtype(dtype)}")
        if normalization is not None and len(normalization.offset) != n_inputs:
            raise ValueError(
                f"the normalization is of {len(normalization.offset)} inputs, not of {n_inputs}"
            )
        self.input_scale, self.normalization = input_scale, normalization
        self.layers = [copy(layer) for layer in layers]
        self.spec = parameter_spec(n_inputs, layers)
        self.params = np.zeros(self.spec.size, dtype)
        self.grads = np.zeros(self.spec.n_trainable, dtype)
        views = self.named_parameters()
        for p in self.spec.parameters:
            views[p.name][...] = p.start
        self.sizes = self._bind(n_inputs)
        if rng is not None:
            initializer = initializer or Initializer()
            for i, layer in enumerate(self.layers):
                layer.initialize(initializer, rng, self._gain_after(i))

    def _bind(self, n_inputs: int) -> tuple[int, ...]:
        """Bind each layer to its views; return the numbers per sample along the dense layers."""
        sizes, params, grads = [n_inputs], self.named_parameters(), self.named_gradients()
        for layer, (n_in, own) in zip(
            self.layers, _named_parameters(n_inputs, self.layers), strict=True
        ):
            names = {p.name.partition(".")[2]: p.name for p in own}
            layer.bind(
                n_in,
                {short: params[name] for short, name in names.items()},
                {short: grads[name] for short, name in names.items() if name in grads},
            )
            if any(p.decays for p in own):
                sizes.append(layer.n_outputs(n_in))
        return tuple(sizes)

    def _gain_after(self, i: int) -> float:
        """Return the gain of the first activation above layer i."""
        above = (layer for layer in self.layers[i:] if isinstance(layer, Activation))
        return next(above).function.gain

    @classmethod
    def from_architecture(
        cls, architecture: Iterable[Mapping[str, Any]], *, rng: Random | None, **options: Any
    ) -> Self:
        """Build a network from a list of dicts, one per dense layer.

        Parameters
        ----------
        architecture
            ``{"input_dim": 2, "output_dim": 25, "activation": "relu"}`` and so on, with other
            options of `block`; each layer reads what the one before it returns.
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
            If a dict lacks a key or has another, or the dimensions do not chain.
        """
        rows = [dict(row) for row in architecture]
        layers: list[Layer] = []
        n_inputs = n_before = rows[0].get("input_dim", 0) if rows else 0
        for number, row in enumerate(rows, 1):
            keys = {"input_dim", "output_dim", "activation"}
            if not keys <= set(row):
                raise ValueError(f"layer {number} must have the keys {sorted(keys)}, got {[*row]}")
            n_in, units = row.pop("input_dim"), row.pop("output_dim")
            if n_in != n_before:
                raise ValueError(f"layer {number} reads {n_in} numbers, but gets {n_before}")
            layers += block(units, **row)
            n_before = units
        return cls(n_inputs, layers, rng=rng, **options)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle or a deep copy has: the parameters once, without views of them."""
        layers = [copy(layer) for layer in self.layers]
        for layer in layers:
            for name, value in [*vars(layer).items()]:
                vectors = (self.params, self.grads) if isinstance(value, np.ndarray) else ()
                if any(np.may_share_memory(value, vector) for vector in vectors):
                    delattr(layer, name)
        return {**vars(self), "layers": layers, "grads": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore it, with views of its own parameters."""
        vars(self).update(state)
        self.grads = np.zeros(self.spec.n_trainable, self.dtype)
        self._bind(self.sizes[0])

    def __repr__(self) -> str:
        """Show the inputs and the layers."""
        return f"Network({self.sizes[0]}, {self.layers})"

    def _repr_html_(self) -> str:
        """Show the layers and their parameters as a table, in a notebook."""
        rows = [_row("layer", "inputs", "outputs", "parameters")]
        for layer, (n_inputs, own) in zip(
            self.layers, _named_parameters(self.sizes[0], self.layers), strict=True
        ):
            size = sum(p.size for p in own)
            rows.append(_row(repr(layer), n_inputs, layer.n_outputs(n_inputs), size))
        return f"<table>{''.join(rows)}{_row('all', '', '', self.spec.size)}</table>"

    @property
    def dtype(self) -> np.dtype[np.floating[Any]]:
        """Data type of the parameters and of all arithmetic."""
        return self.params.dtype

    @property
    def trainable(self) -> FloatArray:
        """View of the parameters that are trained: the first n_trainable."""
        return self.params[: self.spec.n_trainable]

    @property
    def weights(self) -> FloatArray:
        """View of the parameters that decay: the first n_decaying."""
        return self.params[: self.spec.n_decaying]

    @property
    def dense(self) -> list[Dense]:
        """The dense layers."""
        return [layer for layer in self.layers if isinstance(layer, Dense)]

    @property
    def output(self) -> ActivationFunction:
        """The activation of the outputs."""
        last = self.layers[-1]
        assert isinstance(last, Activation)
        return last.function

    def named_parameters(self) -> dict[str, FloatArray]:
        """Return views of the parameters by name: ``layer_1.weights`` and so on."""
        return self.spec.views(self.params)

    def named_gradients(self) -> dict[str, FloatArray]:
        """Return views of the gradients by the same names."""
        return self.spec.views(self.grads)

    def astype(self, dtype: DTypeLike) -> "Network":
        """Return a copy of the network in another precision."""
        other = Network(
            self.sizes[0],
            self.layers,
            rng=None,
            input_scale=self.input_scale,
            normalization=self.normalization,
            dtype=dtype,
        )
        other.params[...] = self.params
        return other

    def workspace(self, n: int, *, training: bool = False) -> Workspace:
        """Return a workspace for passes of `n` samples, of training or of evaluation."""
        return Workspace(self.layers, self.sizes[0], n, self.dtype, training=training)

    def forward(self, x: NDArray[Any], workspace: Workspace | None = None) -> FloatArray:
        """Run the network forward on a batch.

        Parameters
        ----------
        x
            Array of shape (n, n_inputs): integers (pixels), which are scaled, or floats.
        workspace
            For n samples; a new one, for evaluation, if None.

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
        y = self.scale(x, work.x)
        for layer, cache in zip(self.layers, work.caches, strict=True):
            y = layer.forward(y, cache)
        return y

    def scale(self, x: NDArray[Any], inputs: FloatArray) -> FloatArray:
        """Write samples (n, n_inputs) to `inputs`, scaled if they are integers, and normalized."""
        if x.shape != inputs.shape:
            raise ValueError(f"samples must be an array of shape {inputs.shape}, got {x.shape}")
        scale = self.input_scale if x.dtype.kind in "iu" else 1.0
        if self.normalization:
            inputs[...] = self.normalization.apply(x * scale)
        else:
            np.multiply(x, scale, out=inputs, dtype=inputs.dtype, casting="same_kind")
        return inputs

    def backward(self, workspace: Workspace) -> None:
        """Fill `grads`, given the loss's gradient at the logits in ``workspace.delta``.

        Each layer turns the gradient at its outputs into that at its inputs, which are the outputs
        of the layer below; on its way it fills in the gradients of its own parameters.
        """
        dy, caches = workspace.delta, workspace.caches
        for layer, cache in zip(self.layers[-2::-1], caches[-2::-1], strict=True):
            dy = layer.backward(dy, cache)

    def loss(
        self, x: NDArray[Any], targets: FloatArray, loss: Loss, workspace: Workspace | None = None
    ) -> float:
        """Return the mean loss of a batch.

        Samples have the shape (n, n_inputs), targets (n, n_outputs): `encode` makes them of labels.
        The loss is an entry of `LOSSES` that fits the output; the workspace is as for `forward`.
        """
        work = workspace or self.workspace(len(x))
        outputs = self.forward(x, work)
        return loss.mean(work.logits, outputs, targets)

    def loss_and_gradient(
        self, x: NDArray[Any], targets: FloatArray, loss: Loss, workspace: Workspace | None = None
    ) -> float:
        """Return what `loss` returns, and leave its gradient in `grads`."""
        work = workspace or self.workspace(len(x))
        outputs = self.forward(x, work)
        loss.gradient(self.output, work.logits, outputs, targets, work.delta)
        self.backward(work)
        return loss.mean(work.logits, outputs, targets)

    def predict(self, x: NDArray[Any], batch_size: int = 1000) -> FloatArray:
        """Run the network on any number of samples, `batch_size` at a time to spare memory.

        Parameters
        ----------
        x
            Array of shape (n, n_inputs).
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
        outputs = np.empty((len(x), self.sizes[-1]), self.dtype)
        for batch, work in self._passes(x, batch_size):
            outputs[batch] = work.outputs
        return outputs

    def logits(self, x: NDArray[Any], batch_size: int = 1000) -> FloatArray:
        """Return the sums below the last activation, (n, n_outputs), of what `predict` reads."""
        logits = np.empty((len(x), self.sizes[-1]), self.dtype)
        for batch, work in self._passes(x, batch_size):
            logits[batch] = work.logits
        return logits

    def _passes(self, x: NDArray[Any], batch_size: int) -> Iterator[tuple[slice, Workspace]]:
        """Run the network on some samples at a time; yield which, and what it computed."""
        if x.ndim == 1:
            raise ValueError(f"samples must be rows; for a single one pass x[None], got {x.shape}")
        work = self.workspace(min(batch_size, len(x)))
        for start in range(0, len(x), batch_size):
            batch = slice(start, start + batch_size)
            work = work.resized(len(x[batch]))
            self.forward(x[batch], work)
            yield batch, work


def parameter_spec(n_inputs: int, layers: Iterable[Layer]) -> ParameterSpec:
    """List the parameters of a network without making it.

    A name begins with the number of the layer with weights that the parameter's layer is or
    follows: ``layer_1.weights``.
    """
    return ParameterSpec(p for _, own in _named_parameters(n_inputs, layers) for p in own)


def _named_parameters(n_inputs: int, layers: Iterable[Layer]) -> list[tuple[int, list[Parameter]]]:
    """List for each layer how many numbers it reads, and its parameters under their full names."""
    found, number = [], 0
    for layer in layers:
        own = layer.parameters(n_inputs)
        number += any(p.decays for p in own)
        found.append((n_inputs, [replace(p, name=f"layer_{number}.{p.name}") for p in own]))
        n_inputs = layer.n_outputs(n_inputs)
    return found


def _row(name: str, *cells: int | str) -> str:
    """Write a row of an HTML table."""
    texts = (
        f"<td>{cell:,}</td>" if isinstance(cell, int) else f"<th>{cell}</th>" for cell in cells
    )
    return f'<tr><th style="text-align: left">{escape(name)}</th>{"".join(texts)}</tr>'
