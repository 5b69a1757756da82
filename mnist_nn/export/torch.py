"""A script that rebuilds a model with PyTorch's layers, of the weights in a file beside it."""

from string import Template

from ..model import Model
from ..nn import Activation, BatchNorm, Dense, Dropout
from ..nn.layers.batch_norm import EPSILON, MOMENTUM
from .script import Block, blocks, described, name_in, prepare, returned, top
from .weights import write_npz

IMPORTS = "import numpy as np\nimport torch\nfrom torch import nn"
SCRIPT = Template('''\
def build():
    """Return the layers, untrained; the last one gives logits, as PyTorch's losses read them."""
    return nn.Sequential(
$layers
    )$double


def load():
    """Return the layers with the trained weights, to be evaluated."""
    model = build()
    weights = {  # by PyTorch's names; its weights are (units, inputs)
$weights
    }
    model.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})
    return model.eval()


$prepare''')
PREDICT = Template('''\
def predict(x, model=None):
    """$described"""
    model = load() if model is None else model
    with torch.no_grad():
        logits = model(prepare(x))
$returned
''')


def write_torch(model: Model) -> tuple[bytes, bytes]:
    """Write the script and the weights; ConfigError if PyTorch lacks a layer or an activation."""
    return _script(model).encode(), *write_npz(model)


def _script(model: Model) -> str:
    rows = blocks(model, "torch")
    n_inputs, layers, weights = model.network.sizes[0], [], []
    for position, row in enumerate(rows):
        layers.append(f"        nn.{_layer(row, n_inputs)},")
        weights += [f'        "{position}.{theirs}": {ours},' for theirs, ours in _weights(row)]
        n_inputs = row.layer.n_outputs(n_inputs)
    last = model.network.layers[-1]
    assert isinstance(last, Activation)
    logits = "logits / TEMPERATURE" if model.calibration else "logits"
    body = SCRIPT.substitute(
        layers="\n".join(layers),
        weights="\n".join(weights),
        double="" if model.network.dtype == "float32" else ".double()",
        prepare=prepare(model, f'torch.from_numpy(x.astype("{model.network.dtype}"))'),
    )
    return f"{top(model, 'PyTorch', IMPORTS)}\n{body}" + PREDICT.substitute(
        described=described(model),
        returned=returned(model, f"nn.{name_in('torch', last)}({logits}).numpy()", " " * 8),
    )


def _layer(row: Block, n_inputs: int) -> str:
    """Write PyTorch's layer for one of ours that reads so many numbers."""
    layer = row.layer
    if isinstance(layer, Dense):
        return f"Linear({n_inputs}, {layer.units}{'' if layer.bias else ', bias=False'})"
    if isinstance(layer, BatchNorm):  # its momentum is the share that a step replaces
        return f"BatchNorm1d({n_inputs}, eps={EPSILON}, momentum={1 - MOMENTUM:.6g})"
    if isinstance(layer, Dropout):
        return f"Dropout({layer.rate!r})"
    assert isinstance(layer, Activation)
    return name_in("torch", layer)


def _weights(row: Block) -> list[tuple[str, str]]:
    """Pair PyTorch's names of a layer's parameters with expressions of ours."""
    layer = row.layer
    if isinstance(layer, Dense):
        pairs = [("weight", f'WEIGHTS["{row.name}.weights"].T')]
        return pairs + [("bias", f'WEIGHTS["{row.name}.biases"]')] * layer.bias
    if isinstance(layer, BatchNorm):
        names = {"weight": "gamma", "bias": "beta"}
        names |= {"running_mean": "mean", "running_var": "variance"}
        return [(theirs, f'WEIGHTS["{row.name}.{ours}"]') for theirs, ours in names.items()]
    return []
