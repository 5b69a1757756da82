"""What the scripts for PyTorch and for Keras have in common."""

import json
from string import Template
from typing import NamedTuple

from .. import __version__
from ..errors import ConfigError
from ..model import Model
from ..nn import Activation, BatchNorm, Dense, Dropout, Layer

TOP = Template('''\
"""The network $sizes, trained on $dataset, for $library.

Written by mnist-nn $version. The weights are in the .npz file beside this script, of the same name.

    model = load()
    predict(x)  # samples x as an array of shape (n, $n_inputs)$image

$samples
"""

from pathlib import Path

$imports

with np.load(Path(__file__).with_suffix(".npz"), allow_pickle=False) as file:
    WEIGHTS = dict(file)
CLASS_NAMES = $class_names
$constants

''')
PREPARE = Template('''\
def prepare(x):
    """Return samples as the first layer reads them, a row for each."""
    x = np.asarray(x)
$steps    return $result


''')


class Block(NamedTuple):
    """A layer of a network, and how its parameters are called: ``layer_1.weights`` and so on."""

    layer: Layer
    name: str  # layer_1


def blocks(model: Model, library: str) -> list[Block]:
    """Return a network's layers without the last activation; ConfigError if one is unknown."""
    found, number = [], 0
    for layer in model.network.layers[:-1]:
        if not isinstance(layer, Activation | BatchNorm | Dense | Dropout):
            raise ConfigError(f"the layer {layer} cannot be written for {library}; use --to npz")
        number += isinstance(layer, Dense)
        found.append(Block(layer, f"layer_{number}"))
    return found


def name_in(library: str, activation: Activation) -> str:
    """Return what an activation is called in torch or keras; ConfigError if it has no name."""
    name: str | None = getattr(activation.function, library)
    if name is None:
        raise ConfigError(
            f"the activation {activation.name} has no layer in {library}; use --to npz"
        )
    return name


def top(model: Model, library: str, imports: str) -> str:
    """Write what a script begins with: what it is of, the weights, and the constants."""
    network, shape = model.network, model.format.image_shape
    constants = []
    if network.input_scale != 1:
        constants.append(f"INPUT_SCALE = {network.input_scale!r}  # factor on whole numbers")
    if model.calibration:
        t = model.calibration.temperature
        constants.append(f"TEMPERATURE = {t!r}  # divides the logits, to calibrate probabilities")
    return TOP.substitute(
        sizes="-".join(map(str, network.sizes)),
        dataset=model.config.data.dataset,
        library=library,
        version=__version__,
        n_inputs=network.sizes[0],
        image=f" or (n, {shape[0]}, {shape[1]})" if shape else "",
        samples="Pixels are whole numbers of 0 to 255 or floats of 0 to 1."
        if shape
        else "Measurements are taken as they are.",
        imports=imports,
        class_names=json.dumps(model.format.class_names, ensure_ascii=False),
        constants="\n".join(constants),
    )


def prepare(model: Model, result: str) -> str:
    """Write the function that scales and normalizes; `result` makes the library's array of x."""
    steps = ""
    if model.network.input_scale != 1:
        steps = '    if x.dtype.kind in "iu":\n        x = x * INPUT_SCALE\n'
    steps += f"    x = x.reshape(len(x), {model.network.sizes[0]})\n"
    if model.network.normalization:
        steps += '    x = (x - WEIGHTS["normalization.offset"]) * WEIGHTS["normalization.factor"]\n'
    return PREPARE.substitute(steps=steps, result=result)


def returned(model: Model, outputs: str, indent: str) -> str:
    """Write the end of `predict`, which returns a column for each class."""
    if model.network.sizes[-1] > 1:
        return f"{indent}return {outputs}"
    return f"{indent}p = {outputs}  # of the second class\n{indent}return np.hstack([1 - p, p])"


def described(model: Model) -> str:
    """Say what `predict` returns."""
    n = len(model.format.class_names)
    if not model.network.output.probability:
        return f"Return the outputs, which are no probabilities, as an array of shape (n, {n})."
    kind = "calibrated probability" if model.calibration else "probability"
    return f"Return the {kind} of each class, as an array of shape (n, {n})."
