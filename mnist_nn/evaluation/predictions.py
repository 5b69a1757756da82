"""A reading is what a network takes a sample for, and how sure it is."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..blas import one_blas_thread
from ..nn import Network, predicted_classes


@dataclass(frozen=True, eq=False)
class Predictions:
    """Of some samples.

    Attributes
    ----------
    predicted
        The classes that they are taken for, of shape (n,).
    confidence
        Of shape (n,): the output that won; where there is a single output p, the larger of p and
        1 - p.
    is_probability
        Whether a confidence is a probability, because of what the last layer puts out.
    """

    predicted: NDArray[np.intp]
    confidence: NDArray[np.float64]
    is_probability: bool

    def confidence_text(self, i: int) -> str:
        """Say how sure the network is of a sample, for people."""
        value = self.confidence[i]
        if not self.is_probability:
            return f"output {value:.3g}"
        return f"{value:.2%} sure" if value < 0.99995 else ">99.99% sure"


@one_blas_thread()
def predict(network: Network, x: NDArray[Any]) -> Predictions:
    """Let a network read samples.

    Parameters
    ----------
    network
        Left as it is.
    x
        Of shape (n, n_inputs).

    Returns
    -------
    Predictions
    """
    outputs = network.predict(x)
    won = np.maximum(outputs[:, 0], 1 - outputs[:, 0]) if outputs.shape[1] == 1 else outputs.max(1)
    is_probability = network.output.probability
    return Predictions(predicted_classes(outputs), won.astype(np.float64), is_probability)
