"""A script that rebuilds a model with Keras' layers, of the weights in a file beside it.

Keras computes in float32, whatever it is given.
"""

from string import Template

from ..model import Model
from ..nn import Activation, BatchNorm, Dense, Dropout
from ..nn.layers.batch_norm import EPSILON, MOMENTUM
from .script import Block, blocks, described, name_in, prepare, returned, top
from .weights import write_npz

IMPORTS = "import keras\nimport numpy as np\nfrom keras import layers"
SCRIPT = Template('''\
def build():
    """Return the layers, untrained; the last one gives logits."""
    return keras.Sequential(
        [
            keras.Input(($n_inputs,)),
$layers
        ]
    )


def load():
    """Return the layers with the trained weights, those of a layer in Keras' order."""
    model = build()
$weights
    return model


$prepare''')
PREDICT = Template('''\
def predict(x, model=None):
    """$described"""
    model = load() if model is None else model
    logits = model(prepare(x), training=False)
$returned
''')
SET_NORM = Template("""\
    model.layers[$position].set_weights(
        [WEIGHTS[f"$name.{part}"] for part in ("gamma", "beta", "mean", "variance")]
    )""")


def write_keras(model: Model) -> tuple[bytes, bytes]:
    """Write the script and the weights; ConfigError if Keras lacks a layer or an activation."""
    return _script(model).encode(), *write_npz(model)


def _script(model: Model) -> str:
    rows = blocks(model, "keras")
    layers = [f"            layers.{_layer(row)}," for row in rows]
    weights = [_weights(position, row) for position, row in enumerate(rows)]
    last = model.network.layers[-1]
    assert isinstance(last, Activation)
    logits = "logits / TEMPERATURE" if model.calibration else "logits"
    outputs = f"layers.{name_in('keras', last)}({logits})"
    body = SCRIPT.substitute(
        n_inputs=model.network.sizes[0],
        layers="\n".join(layers),
        weights="\n".join(filter(None, weights)),
        prepare=prepare(model, 'x.astype("float32")'),
    )
    return f"{top(model, 'Keras', IMPORTS)}\n{body}" + PREDICT.substitute(
        described=described(model),
        returned=returned(model, f"keras.ops.convert_to_numpy({outputs})", " " * 4),
    )


def _layer(row: Block) -> str:
    """Write Keras' layer for one of ours."""
    layer = row.layer
    if isinstance(layer, Dense):
        return f"Dense({layer.units}{'' if layer.bias else ', use_bias=False'})"
    if isinstance(layer, BatchNorm):
        return f"BatchNormalization(momentum={MOMENTUM}, epsilon={EPSILON})"
    if isinstance(layer, Dropout):
        return f"Dropout({layer.rate!r})"
    assert isinstance(layer, Activation)
    return name_in("keras", layer)


def _weights(position: int, row: Block) -> str:
    """Write how a layer gets its weights, if it has any."""
    if isinstance(row.layer, BatchNorm):
        return SET_NORM.substitute(position=position, name=row.name)
    if not isinstance(row.layer, Dense):
        return ""
    names = ["weights", *["biases"] * row.layer.bias]
    arrays = ", ".join(f'WEIGHTS["{row.name}.{name}"]' for name in names)
    return f"    model.layers[{position}].set_weights([{arrays}])"
