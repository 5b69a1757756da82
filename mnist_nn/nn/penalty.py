"""L2 penalty on weights, added to the loss: ``½ λ Σ w²`` over the weights, not the biases.

Its gradient is ``λ w``, so every step also pulls each weight towards zero. With plain gradient
descent that is the same as weight decay; with momentum or Adam it is not, as they treat the pull
like any other gradient.
"""

from .network import Network


def penalty(network: Network, l2: float) -> float:
    """Return ``½ λ Σ w²``."""
    return 0.5 * l2 * float(network.weights @ network.weights)


def add_penalty_gradient(network: Network, l2: float) -> None:
    """Add ``λ w`` to the gradient of every weight."""
    network.grads[: network.spec.n_decaying] += l2 * network.weights
