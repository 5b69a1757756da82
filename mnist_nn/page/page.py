"""The page to draw on: one HTML file with a network and the JavaScript that runs it.

Nothing is loaded: style, scripts and weights are in the file, and its content security policy lets
the browser run only the scripts whose hashes are in it, and load nothing at all.
"""

import base64
import hashlib
import json
import re
from importlib.resources import files
from string import Template
from typing import Any
from urllib.parse import quote

from ..data import Preparation, SampleFormat
from ..errors import ConfigError
from ..images.center import BOX, CENTRE, SIDE, SMALLEST, THIN
from ..nn import Activation, FoldedLayer, Network, folded_layers
from ..nn.arrays import FloatArray

SCRIPTS = ["arrays", "prepare", "forward", "pen", "show", "page"]
MAX_SIDE = 64  # pixels of an image
MAX_BYTES = 128 << 20  # of parameters; browsers cannot hold strings of half a gigabyte
RESIZED = ": the brightness of the paper, averaged over each pixel"
C_NAMES = (  # of the functions that the formulas of activations call
    "const { exp, expm1, log1p, tanh, abs: fabs, max: fmax } = Math;\n"
)
NOTES = {  # by method and whether dark and light are exchanged
    ("mnist", False): ", prepared as MNIST’s digits were: cut out, fitted into 20&nbsp;×&nbsp;20, "
    "and moved so that the centre of mass is in the middle. Whatever the pen, its lines are a "
    "seventh as wide as the drawing is long",
    ("resize", False): RESIZED,
    ("resize", True): f"{RESIZED}; ink is 1 and paper 0",
}
NOTES["mnist", True] = NOTES["mnist", False]  # which finds out what is ink
ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>"
    "<path d='M4 4h8l-5 9' fill='none' stroke='#c23b25' stroke-width='2.6'"
    " stroke-linecap='round' stroke-linejoin='round'/></svg>"
)


def draw_page(
    network: Network, samples: SampleFormat, source: str, *, temperature: float = 1.0
) -> bytes:
    """Return the page of a network that reads samples of a format, as HTML.

    There is a class name for each output, or two for a single one; `source` says in a few words
    where the network comes from. The page shows probabilities calibrated with `temperature`, that
    of a network whose outputs are probabilities. ConfigError if the samples are no images of up to
    64×64 pixels, or if the network is too large, or has layers that the page cannot run.
    """
    shape, how = samples.image_shape, samples.preparation
    if shape is not None and how is None:
        raise ConfigError("the model does not say how a drawing becomes one of its samples")
    if shape is None or how is None or max(shape) > MAX_SIDE:
        reads = "×".join(map(str, shape)) if shape else f"{samples.n_inputs} numbers"
        raise ConfigError(
            f"the model reads {reads} per sample, but a drawing is an image of at most "
            f"{MAX_SIDE}×{MAX_SIDE} pixels; use a model of such images"
        )
    if network.params.nbytes > MAX_BYTES:
        raise ConfigError(
            f"the model's parameters are {network.params.nbytes:,} bytes, more than the "
            f"{MAX_BYTES:,} that a page may hold; use a smaller network"
        )
    style = f"\n{_text('page.css')}"
    scripts = [
        _constants(shape, how),
        _activations(network),
        *(_text(f"{name}.js") for name in SCRIPTS),
    ]
    scripts = [f"\n{script}" for script in scripts]
    page = Template(_text("page.html")).substitute(
        policy=_policy(style, scripts),
        icon=f"data:image/svg+xml,{quote(ICON)}",
        style=style,
        model=_model(network, samples.class_names, source, temperature),
        height=shape[0],
        width=shape[1],
        preparation=NOTES[how.method, how.invert],
        scripts="\n".join(f"<script>{script}</script>" for script in scripts),
    )
    return page.encode()


def _text(name: str) -> str:
    return (files(__package__) / name).read_text("utf-8")


def _policy(style: str, scripts: list[str]) -> str:
    """Allow the style and the scripts of the file, and nothing else."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; "
        f"script-src {' '.join(map(_hash, scripts))}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode(), usedforsecurity=False).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _constants(shape: tuple[int, int], how: Preparation) -> str:
    """Write the constants of the preparation of images as JavaScript."""
    constants = {
        "SHAPE": shape,
        "METHOD": how.method,
        "INVERT": how.invert,
        "SIDE": SIDE,
        "BOX": BOX,
        "CENTRE": CENTRE,
        "THIN": THIN,
        "SMALLEST": SMALLEST,
    }
    rows = [f"const {name} = {json.dumps(value)};\n" for name, value in constants.items()]
    return f'"use strict";\n{"".join(rows)}'


def _activations(network: Network) -> str:
    """Write the network's activations as JavaScript; ConfigError if one has none."""
    used = {layer.name: layer.function for layer in network.layers if isinstance(layer, Activation)}
    rows = []
    for name, function in used.items():
        if function.formula is None and name != "softmax":
            raise ConfigError(
                f"the activation {name} cannot run in a browser; give its record a formula"
            )
        call = "softmax(z)" if name == "softmax" else f"z.map((v) => {function.formula})"
        rows.append(f"  {json.dumps(name)}: (z) => {call},\n")
    return f'"use strict";\n{C_NAMES}const ACTIVATIONS = {{\n{"".join(rows)}}};\n'


def _model(network: Network, class_names: tuple[str, ...], source: str, temperature: float) -> str:
    """Write the network as JSON that no name in it can break out of."""
    normalization = network.normalization
    try:
        layers = folded_layers(network)
    except ValueError as error:
        raise ConfigError(f"the page cannot run this network: {error}") from error
    layers[-1] = layers[-1].divided_by(temperature)
    model = {
        "title": _title(class_names),
        "source": source,
        "classes": class_names,
        "layers": list(map(_layer, layers)),
        "dtype": network.dtype.name,
        "offset": _base64(normalization.offset) if normalization else None,
        "factor": _base64(normalization.factor) if normalization else None,
    }
    return re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(model))


def _title(class_names: tuple[str, ...]) -> str:
    """Say what to draw."""
    if max(map(len, class_names)) > 1:
        return f"Draw one of {len(class_names)} things"
    return "Draw a digit" if "".join(class_names).isdigit() else "Draw a character"


def _layer(layer: FoldedLayer) -> dict[str, Any]:
    """Describe a layer, with what the page must know of its activation."""
    activation = layer.activation
    return {
        "n_in": len(layer.W),
        "units": layer.W.shape[1],
        "W": _base64(layer.W),
        "b": None if layer.b is None else _base64(layer.b),
        "activation": activation.name,
        "signed": activation.signed,
        "bounded": activation.bounded,
        "probability": activation.probability,
    }


def _base64(array: FloatArray) -> str:
    """Encode an array's numbers, little-endian."""
    return base64.b64encode(array.astype(f"<f{array.dtype.itemsize}").tobytes()).decode()
