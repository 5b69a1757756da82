"""Subspace: what samples have in common, and how far others are from it.

The principal components of the training samples rebuild what is like them and little else. The
squared error of a sample that is rebuilt from them is its score (Jackson and Mudholkar, "Control
procedures for residuals associated with principal component analysis", 1979).
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..checks import RECORD
from ..nn import Network
from ..nn.arrays import FloatArray

N_COMPONENTS = 64
MAX_INPUTS = 16_384  # numbers per sample, 128×128: of larger ones a model has no room
N_SAMPLES = 3000  # that the components are of, at most
MAX_NUMBERS = 20_000_000  # in these samples
BATCH = 1_000_000  # numbers of samples that are scored together, at most
ROUNDS = 4  # of the iteration, in which all but the last components settle


@dataclass(frozen=True, eq=False)
class Subspace:
    """Main components of samples.

    Attributes
    ----------
    centre
        Mean of the samples as the network reads them, scaled and normalized, of shape (n_inputs,).
    components
        Orthonormal columns, of shape (n_inputs, n_components).
    """

    __pydantic_config__: ClassVar = RECORD

    centre: FloatArray
    components: FloatArray

    def score(self, network: Network, x: NDArray[Any]) -> FloatArray:
        """Return the squared error of samples (n, n_inputs) rebuilt from the components, (n,).

        It is not finite where a sample's numbers are too large to be squared.
        """
        scores = np.empty(len(x), network.dtype)
        size = max(1, BATCH // len(self.centre))
        with np.errstate(all="ignore"):
            for start in range(0, len(x), size):
                batch = slice(start, start + size)
                offsets = _inputs(network, x[batch]) - self.centre
                rest = offsets - (offsets @ self.components) @ self.components.T
                scores[batch] = np.einsum("ni,ni->n", rest, rest)
        return scores


def fit_subspace(network: Network, x: NDArray[Any]) -> Subspace | None:
    """Find the main components of samples of shape (n, n_inputs), by orthogonal iteration.

    None if they have too few numbers to leave any out, or too many. Of many samples, some are
    taken, evenly from the first to the last.
    """
    n, n_inputs = x.shape
    if not N_COMPONENTS < n_inputs <= MAX_INPUTS:
        return None
    most = min(n, N_SAMPLES, MAX_NUMBERS // n_inputs)
    inputs = _inputs(network, x[np.linspace(0, n - 1, most).astype(np.intp)])
    centre = inputs.mean(axis=0)
    inputs -= centre
    start = np.random.default_rng(0).standard_normal((n_inputs, N_COMPONENTS))
    components = start.astype(network.dtype)
    with np.errstate(all="ignore"):
        for _ in range(ROUNDS):
            components, _ = np.linalg.qr(inputs.T @ (inputs @ components))
    return Subspace(centre, components)


def _inputs(network: Network, x: NDArray[Any]) -> FloatArray:
    """Return samples as the network reads them."""
    return network.scale(x, np.empty(x.shape, network.dtype))
