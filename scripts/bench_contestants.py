"""The contestants: our engines and other libraries, each training an epoch at a time.

All start from the same weights and take the same steps: plain gradient descent or Adam, softmax and
cross-entropy, sigmoid hidden layers, the same learning rate, a new order of the samples each epoch.
The same function measures the accuracy of all.
"""

from contextlib import nullcontext
from functools import partial
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mnist_nn.blas import one_blas_thread
from mnist_nn.engines import EngineName, StepConfig, choose_engine, make_engine
from mnist_nn.nn import LOSSES, Network, block
from mnist_nn.training import SGD, Adam

SIZES = (784, 128, 64, 10)  # inputs, and units of each layer
Array = NDArray[Any]
Layers = list[tuple[Array, Array]]  # weights of shape (n_in, n_out) and biases of each layer


class Job(NamedTuple):
    """A training to run."""

    x: Array  # an image a row, of the contestant's type `pixels`
    y: Array  # labels, int64
    start: Layers  # initial weights, which may be changed
    batch_size: int
    learning_rate: float
    threads: int | None  # None for the library's default
    optimizer: str = "sgd"  # or "adam"


class Contestant(Protocol):
    """Trains a network, epoch by epoch."""

    pixels: ClassVar[DTypeLike]  # of its images: bytes from 0 to 255 or floats from 0 to 1

    def __init__(self, job: Job) -> None: ...

    def epoch(self, order: NDArray[np.intp]) -> None:
        """Train on all samples in this order, and wait for the result."""

    def layers(self) -> Layers | None:
        """Return the weights; None if it has none."""


def start_network(sizes: tuple[int, ...] = SIZES) -> Network:
    """Return the network that all start from: Glorot weights, zero biases."""
    hidden = [layer for units in sizes[1:-1] for layer in block(units, "sigmoid")]
    layers = [*hidden, *block(sizes[-1], "softmax")]
    return Network(sizes[0], layers, rng=np.random.default_rng(0), input_scale=1 / 255)


def layers_of(network: Network) -> Layers:
    """Return a copy of a network's parameters."""
    return [(layer.W.copy(), layer.b.copy()) for layer in network.dense if layer.b is not None]


def accuracy(layers: Layers, x: Array, y: Array) -> float:
    """Return the accuracy of these weights."""
    network = start_network()
    for layer, (W, b) in zip(network.dense, layers, strict=True):
        assert layer.b is not None
        layer.W[...] = W
        layer.b[...] = b
    return float(np.mean(network.predict(x).argmax(1) == y))


class OurNumpy:
    """The NumPy engine, called in chunks as training does."""

    pixels: ClassVar[DTypeLike] = np.uint8
    engine_name: EngineName = "numpy"

    def __init__(self, job: Job) -> None:
        self.network = start_network((len(job.start[0][0]), *(len(b) for _, b in job.start)))
        optimizer = {"sgd": SGD, "adam": Adam}[job.optimizer](learning_rate=job.learning_rate)
        step_config = StepConfig(LOSSES["cross_entropy"], optimizer)
        choice = choose_engine(self.engine_name, self.network, step_config, job.batch_size)
        self.chosen = choice.name
        self.threads = one_blas_thread if job.threads is None else nullcontext  # as `fit` does
        self.rates = np.full(len(job.y), job.learning_rate)  # at least one for each step
        rng = np.random.default_rng(0)
        self.engine = make_engine(
            choice, self.network, step_config, job.x, job.y, job.batch_size, rng
        )

    def epoch(self, order: NDArray[np.intp]) -> None:
        """Train: see `Contestant`."""
        with self.threads():
            for start in range(0, len(order), self.engine.chunk):
                self.engine.run(order[start : start + self.engine.chunk], self.rates)

    def layers(self) -> Layers:
        """Return the weights: see `Contestant`."""
        return layers_of(self.network)


class OurNumba(OurNumpy):
    """The Numba engine."""

    engine_name: EngineName = "numba"


class OurAuto(OurNumpy):
    """The engine that ``auto`` chooses."""

    engine_name: EngineName = "auto"


class PyTorch:
    """Eager PyTorch as in its tutorials, but without a DataLoader, which is slower.

    The samples are reordered once per epoch, so that a batch is a view.
    """

    pixels: ClassVar[DTypeLike] = np.float32

    def __init__(self, job: Job) -> None:
        import torch

        self.torch, self.job = torch, job
        if job.threads is not None:
            torch.set_num_threads(job.threads)
        self.x, self.y = torch.from_numpy(job.x), torch.from_numpy(job.y)
        modules: list[Any] = []
        for W, _ in job.start:
            modules += [torch.nn.Linear(*W.shape), torch.nn.Sigmoid()]
        self.model = torch.nn.Sequential(*modules[:-1])
        with torch.no_grad():
            for linear, (W, b) in zip(self.model[::2], job.start, strict=True):
                linear.weight.copy_(torch.from_numpy(W.T))
                linear.bias.copy_(torch.from_numpy(b))
        self.loss = torch.nn.CrossEntropyLoss()
        kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[job.optimizer]
        self.optimizer = kind(self.model.parameters(), lr=job.learning_rate)

    def epoch(self, order: NDArray[np.intp]) -> None:
        """Train: see `Contestant`."""
        places = self.torch.from_numpy(order)
        x, y = self.x[places], self.y[places]
        size = self.job.batch_size
        for start in range(0, len(order), size):
            self.optimizer.zero_grad()
            outputs = self.model(x[start : start + size])
            self.loss(outputs, y[start : start + size]).backward()
            self.optimizer.step()

    def layers(self) -> Layers:
        """Return the weights: see `Contestant`."""
        return [
            (linear.weight.detach().numpy().T, linear.bias.detach().numpy())
            for linear in self.model[::2]
        ]


class Jax:
    """JAX with the whole epoch compiled: a scan over the batches, parameters updated in place."""

    pixels: ClassVar[DTypeLike] = np.float32

    def __init__(self, job: Job) -> None:
        import jax

        self.jax = jax
        params = [(jax.numpy.array(W), jax.numpy.array(b)) for W, b in job.start]
        zeros = [jax.tree.map(jax.numpy.zeros_like, params) for _ in range(2)]
        self.state = (params, *zeros, 0.0) if job.optimizer == "adam" else (params,)
        self.x, self.y = jax.numpy.asarray(job.x), jax.numpy.asarray(job.y)
        epoch = jax.jit(self._epoch(job), donate_argnums=0)
        order = jax.numpy.arange(len(job.y))
        self.compiled = epoch.lower(self.state, self.x, self.y, order).compile()

    def _epoch(self, job: Job) -> Any:
        """Return an epoch as a function of the parameters and, with Adam, its averages and time."""
        jax, size = self.jax, job.batch_size

        def loss(params: Any, x: Any, y: Any) -> Any:
            for W, b in params[:-1]:
                x = jax.nn.sigmoid(x @ W + b)
            W, b = params[-1]
            scores = jax.nn.log_softmax(x @ W + b)
            return -jax.numpy.mean(jax.numpy.take_along_axis(scores, y[:, None], 1))

        update = partial(adam if job.optimizer == "adam" else sgd, jax, job.learning_rate)

        def epoch(state: Any, x: Any, y: Any, order: Any) -> Any:
            def step(state: Any, places: Any) -> Any:
                return update(state, jax.grad(loss)(state[0], x[places], y[places])), None

            whole = len(order) // size * size
            state, _ = jax.lax.scan(step, state, order[:whole].reshape(-1, size))
            return step(state, order[whole:])[0] if whole < len(order) else state

        return epoch

    def epoch(self, order: NDArray[np.intp]) -> None:
        """Train: see `Contestant`."""
        places = self.jax.numpy.array(order)
        self.state = self.jax.block_until_ready(self.compiled(self.state, self.x, self.y, places))

    def layers(self) -> Layers:
        """Return the weights: see `Contestant`."""
        return [(np.asarray(W), np.asarray(b)) for W, b in self.state[0]]


def sgd(jax: Any, rate: float, state: Any, grads: Any) -> Any:
    """A step of plain SGD for JAX; the state is the parameters."""
    return (jax.tree.map(lambda p, g: p - rate * g, state[0], grads),)


def adam(jax: Any, rate: float, state: Any, grads: Any) -> Any:
    """A step of Adam for JAX; the state is parameters, both averages and the number of steps."""
    params, means, squares, t = state
    t = t + 1
    means = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, means, grads)
    squares = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, squares, grads)
    size, root = rate / (1 - 0.9**t), jax.numpy.sqrt(1 - 0.999**t)
    params = jax.tree.map(
        lambda p, m, v: p - size * m / (jax.numpy.sqrt(v) / root + 1e-8), params, means, squares
    )
    return params, means, squares, t


class ScikitLearn:
    """scikit-learn's MLPClassifier, which shuffles the samples itself."""

    pixels: ClassVar[DTypeLike] = np.float32

    def __init__(self, job: Job) -> None:
        from sklearn.neural_network import MLPClassifier

        self.x, self.y = job.x, job.y
        self.model = MLPClassifier(
            hidden_layer_sizes=[W.shape[1] for W, _ in job.start[:-1]],
            activation="logistic",
            solver=job.optimizer,
            alpha=0.0,
            batch_size=job.batch_size,
            learning_rate_init=job.learning_rate,
            momentum=0.0,
            nesterovs_momentum=False,
            random_state=np.random.RandomState(0),  # an integer would repeat the order each epoch
        )
        size = job.batch_size
        self.model.partial_fit(
            self.x[:size], self.y[:size], classes=np.arange(10)
        )  # creates the weights
        mine = zip(self.model.coefs_, self.model.intercepts_, strict=True)
        for (W, b), (W_start, b_start) in zip(mine, job.start, strict=True):
            W[...], b[...] = W_start, b_start

    def epoch(self, order: NDArray[np.intp]) -> None:
        """Train: see `Contestant`."""
        self.model.partial_fit(self.x, self.y)

    def layers(self) -> Layers:
        """Return the weights: see `Contestant`."""
        return list(zip(self.model.coefs_, self.model.intercepts_, strict=True))


def sigmoid(z: Array) -> Array:
    """The textbook formula."""
    return 1 / (1 + np.exp(-z))


class ReferenceA:
    """The training loop of write-up A, with the right derivative, in float64.

    One sample at a time, no biases, dictionaries of parameters and activations, a new array for
    each result.
    """

    pixels: ClassVar[DTypeLike] = np.float64

    def __init__(self, job: Job) -> None:
        self.x, self.y, self.learning_rate = job.x, job.y, job.learning_rate
        self.targets = np.eye(10)
        self.params = {  # a row of weights for each unit
            f"W{number}": np.array(W.T, np.float64, order="C")
            for number, (W, _) in enumerate(job.start, 1)
        }

    def epoch(self, order: NDArray[np.intp]) -> None:
        """Train: see `Contestant`."""
        for place in order:
            values = self._forward(self.x[place])
            changes = self._backward(values, self.targets[self.y[place]])
            for name, change in changes.items():
                self.params[name] -= self.learning_rate * change

    def _forward(self, x: Array) -> dict[str, Array]:
        params, values = self.params, {"A0": x}
        values["Z1"] = np.dot(params["W1"], values["A0"])
        values["A1"] = sigmoid(values["Z1"])
        values["Z2"] = np.dot(params["W2"], values["A1"])
        values["A2"] = sigmoid(values["Z2"])
        values["Z3"] = np.dot(params["W3"], values["A2"])
        powers = np.exp(values["Z3"] - values["Z3"].max())
        values["A3"] = powers / np.sum(powers)
        return values

    def _backward(self, values: dict[str, Array], target: Array) -> dict[str, Array]:
        params, changes = self.params, {}
        error = values["A3"] - target
        changes["W3"] = np.outer(error, values["A2"])
        error = np.dot(params["W3"].T, error) * values["A2"] * (1 - values["A2"])
        changes["W2"] = np.outer(error, values["A1"])
        error = np.dot(params["W2"].T, error) * values["A1"] * (1 - values["A1"])
        changes["W1"] = np.outer(error, values["A0"])
        return changes

    def layers(self) -> Layers:
        """Return the weights: see `Contestant`."""
        return [(W.T, np.zeros(len(W))) for W in self.params.values()]


class FirstLayerProducts:
    """The two matrix products of a dense first layer alone, for comparison.

    These are the forward product and the gradient of the weights: no shuffling, no activation, no
    step, no other layers.
    """

    pixels: ClassVar[DTypeLike] = np.float32

    def __init__(self, job: Job) -> None:
        self.x, self.size = job.x, job.batch_size
        self.W, _ = job.start[0]
        self.sums = np.empty((self.size, self.W.shape[1]), np.float32)
        self.deltas = np.full_like(self.sums, 0.01)
        self.gradient = np.empty_like(self.W)

    def epoch(self, order: NDArray[np.intp]) -> None:
        """Compute both products, batch by batch."""
        for start in range(0, len(self.x), self.size):
            x = self.x[start : start + self.size]
            np.dot(x, self.W, out=self.sums[: len(x)])
            np.dot(x.T, self.deltas[: len(x)], out=self.gradient)

    def layers(self) -> None:
        """Return None: nothing is trained."""


CONTESTANTS: dict[str, type[Contestant]] = {
    "auto": OurAuto,
    "numba": OurNumba,
    "numpy": OurNumpy,
    "pytorch": PyTorch,
    "jax": Jax,
    "scikit-learn": ScikitLearn,
    "reference-a": ReferenceA,
    "products": FirstLayerProducts,
}
