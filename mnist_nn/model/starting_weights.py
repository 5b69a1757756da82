"""Starting weights: those of a trained model, which a new run starts from."""

import hashlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..checks import RECORD
from ..config import Config
from ..data import SampleFormat
from ..errors import ConfigError, ModelError
from ..files import StrPath
from ..nn import Network
from ..nn.arrays import FloatArray
from .build import parameters_of
from .content import Sha256, read
from .model import MAX_BYTES, Model, model_of


@dataclass(frozen=True, eq=False)
class StartingWeights:
    """Weights of a model that a run starts from, instead of ones that are drawn.

    Attributes
    ----------
    sha256
        Hash of the model's file.
    parameters
        Arrays by name, running averages included, of all layers or of all but the last.
    """

    __pydantic_config__: ClassVar = RECORD

    sha256: Sha256
    parameters: dict[str, FloatArray]

    @property
    def n_layers(self) -> int:
        """How many layers start from the model."""
        return len({name.partition(".")[0] for name in self.parameters})

    def copy_to(self, network: Network) -> None:
        """Give a network the weights."""
        views = network.named_parameters()
        for name, array in self.parameters.items():
            views[name][...] = array

    def check(self, config: Config, n_inputs: int) -> None:
        """Refuse, with ModelError, weights that a config's network does not have."""
        shapes = {p.name: p.shape for p in parameters_of(config, n_inputs).parameters}
        for name, array in self.parameters.items():
            dtype = array.dtype.newbyteorder("=")
            if shapes.get(name) != array.shape or dtype != config.network.dtype:
                raise ModelError(f"its starting {name!r:.40} are not of its config's network")
            if not np.isfinite(array).all():
                raise ModelError("a starting weight is not finite")


def load_starting_weights(path: StrPath, config: Config, samples: SampleFormat) -> StartingWeights:
    """Read the weights of a model file that the network of a config can start from.

    They are those of all layers, if all have the same shapes, or else of all but the last, if these
    have. ConfigError if even those differ, ModelError if the file cannot be used.
    """

    def make(blob: bytes) -> tuple[Model, str]:
        return model_of(blob), hashlib.sha256(blob, usedforsecurity=False).hexdigest()

    model, sha256 = read(path, "model", MAX_BYTES, make)
    n_inputs, its_inputs = samples.n_inputs, model.format.n_inputs
    if its_inputs != n_inputs:
        raise ConfigError(
            f"cannot start from {path}: it reads {its_inputs:,} numbers per sample, and "
            f"{config.data.dataset} has {n_inputs:,}; both must have the same"
        )
    spec = parameters_of(config, n_inputs)
    arrays = model.network.named_parameters()
    its, ours = ({p.name: p.shape for p in s.parameters} for s in (model.network.spec, spec))
    differing = [name for name in [*its, *ours] if its.get(name) != ours.get(name)]
    depth = len(config.network.layers)
    if depth > 1 and depth == len(model.config.network.layers) and differing:
        last = f"layer_{depth}."
        arrays = {name: array for name, array in arrays.items() if not name.startswith(last)}
        differing = [name for name in differing if not name.startswith(last)]
    if differing:
        name = differing[0]
        raise ConfigError(
            f"cannot start from {path}: {name} is {its.get(name, 'missing')} in the model and "
            f"{ours.get(name, 'missing')} in the config's network\n"
            "all layers must have the shapes of the model's, or all but the last"
        )
    dtype = config.network.dtype
    return StartingWeights(sha256, {name: array.astype(dtype) for name, array in arrays.items()})
