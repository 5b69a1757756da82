"""A page is one HTML file that holds a network and all it takes to draw for it and to run it.

Nothing is fetched: style, programs and weights are in the file, and its content security policy
lets the browser run only the programs whose hashes are in it, and fetch nothing at all.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from string import Template
from typing import Any
from urllib.parse import quote

from ..errors import ConfigError
from ..images import PREPARED_SHAPE
from ..nn import Activation, ActivationFunction, Dense, Dropout, Network
from ..nn.arrays import FloatArray

PROGRAMS = tuple(
    f"{name}.js"
    for name in (
        *("arrays", "paper", "components", "surface", "prepare"),  # as in mnist_nn/images
        *("forward", "pen", "show"),
    )
)
MAX_BYTES = 128 << 20  # of parameters; browsers end at strings of half a gigabyte
ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>"
    "<path d='M4 4h8l-5 9' fill='none' stroke='#c23b25' stroke-width='2.6'"
    " stroke-linecap='round' stroke-linejoin='round'/></svg>"
)


def draw_page(network: Network, class_names: tuple[str, ...], source: str) -> bytes:
    """Write the page of a network.

    Parameters
    ----------
    network
        That reads images of 28×28.
    class_names
        One for each output, or two for a single one.
    source
        Where the network comes from, in a few words.

    Returns
    -------
    bytes
        An HTML file.

    Raises
    ------
    ConfigError
        If the network reads something else, or is too large for a page.
    """
    height, width = PREPARED_SHAPE
    if network.sizes[0] != height * width:
        raise ConfigError(
            f"the model reads {network.sizes[0]} numbers per sample, but a drawing is "
            f"{height}×{width}; take a model of images of that size"
        )
    if network.params.nbytes > MAX_BYTES:
        raise ConfigError(
            f"the model's parameters are {network.params.nbytes:,} bytes, more than the "
            f"{MAX_BYTES:,} that a page may hold; take a smaller network"
        )
    style = f"\n{_text('page.css')}"
    programs = [
        f"\n{text}" for text in (*map(_text, PROGRAMS), _activations(network), _text("page.js"))
    ]
    page = Template(_text("page.html")).substitute(
        policy=_policy(style, programs),
        icon=f"data:image/svg+xml,{quote(ICON)}",
        style=style,
        model=_model(network, class_names, source),
        scripts="\n".join(f"<script>{program}</script>" for program in programs),
    )
    return page.encode()


def _text(name: str) -> str:
    return (files(__package__) / name).read_text("utf-8")


def _policy(style: str, programs: list[str]) -> str:
    """Let the browser run what is in the file, and neither run nor fetch anything else."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; "
        f"script-src {' '.join(map(_hash, programs))}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode(), usedforsecurity=False).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _model(network: Network, class_names: tuple[str, ...], source: str) -> str:
    """Write the network as JSON that no name in it can break out of."""
    digits = all(name.isdigit() for name in class_names)
    model = {
        "title": "Draw a digit" if digits else f"Draw one of {len(class_names)} things",
        "source": source,
        "classes": class_names,
        "layers": [_layer(*part) for part in _dense_layers(network)],
        "dtype": network.dtype.name,
    }
    return re.sub("[<>&]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(model))


def _dense_layers(
    network: Network,
) -> Iterator[tuple[FloatArray, FloatArray | None, ActivationFunction]]:
    """Give weights, biases and activation of each dense layer, as they are in evaluation.

    A layer in between that is affine, ``s (x W + b) + t``, goes into weights and biases: ``W s``
    and ``b s + t``.

    Raises
    ------
    ConfigError
        If the network has a layer that the page cannot run.
    """
    W, b = None, None
    for layer in network.layers:
        affine = layer.affine()
        if isinstance(layer, Dense) and W is None:
            W, b = layer.W, layer.b
        elif isinstance(layer, Activation) and W is not None:
            yield W, b, layer.function
            W = None
        elif affine and W is not None:
            scale, shift = affine  # (units,)
            W, b = W * scale, shift if b is None else b * scale + shift
        elif not isinstance(layer, Dropout):
            raise ConfigError(
                f"the page cannot run the layer {layer} there; it takes dense layers, each with an "
                "activation and, in between, layers like batch normalization"
            )


def _layer(W: FloatArray, b: FloatArray | None, activation: ActivationFunction) -> dict[str, Any]:
    """Describe a layer, and what the page has to know of its activation."""
    return {
        "n_in": len(W),
        "units": W.shape[1],
        "W": _base64(W),
        "b": None if b is None else _base64(b),
        "activation": activation.name,
        "signed": activation.signed,
        "bounded": activation.bounded,
        "probability": activation.probability,
    }


def _base64(array: FloatArray) -> str:
    """Encode an array's numbers, the lowest byte first."""
    return base64.b64encode(array.astype(f"<f{array.dtype.itemsize}").tobytes()).decode()


def _activations(network: Network) -> str:
    """Write the JavaScript of the network's activations.

    Raises
    ------
    ConfigError
        If one has none.
    """
    used = {layer.name: layer.function for layer in network.layers if isinstance(layer, Activation)}
    rows = []
    for name, function in used.items():
        if function.javascript is None and name != "softmax":
            raise ConfigError(
                f"the activation {name} cannot run in a browser; give its record a javascript"
            )
        program = "softmax" if name == "softmax" else f"(z) => z.map((v) => {function.javascript})"
        rows.append(f"  {json.dumps(name)}: {program},\n")
    return f'"use strict";\nconst ACTIVATIONS = {{\n{"".join(rows)}}};\n'
