"""Weights made elsewhere become the network of a config: which array is what, and what fits."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..config import Config
from ..data import SampleFormat
from ..errors import ConfigError, DataError, shown
from ..nn import Network
from .build import build_network, check_numbers, parameters_of

Arrays = Mapping[str, NDArray[Any]]
NORMALIZATION = ("normalization.offset", "normalization.factor")
TORCH_NAME = re.compile(r"(^|\W)weight$")
STATISTICS = re.compile(r"(running|moving)_(mean|var)")  # of batch normalization
PLAIN_NAME = re.compile(r"(^|[\W_])(kernel|coefs?|weights|w)[\W_\d]*$", re.IGNORECASE)
SAME = 1e-6  # share by which numbers of the same normalization may differ
PERFECT = np.ones(()), np.zeros(())


def network_of_weights(
    config: Config, samples: SampleFormat, arrays: Arrays, facts: Mapping[str, str]
) -> tuple[Network, list[str]]:
    """Make the network of a config of arrays from a file, and notes for the user.

    Arrays with the names of mnist-nn, ``layer_1.weights`` and so on, are what these are. Others are
    the matrices of the layers, in their order, and their biases: a matrix of shape (units,
    n_inputs), as PyTorch has it, is transposed. `facts` are strings of the file about itself: see
    `mnist_nn.export.facts`. ConfigError if the config's network is another, DataError if a number
    is not finite, or a variance is negative.
    """
    _check_facts(config, samples, facts)
    weights = {name: array for name, array in arrays.items() if name not in NORMALIZATION}
    shapes = {p.name: p.shape for p in parameters_of(config, samples.n_inputs).parameters}
    if "layer_1.weights" in weights:
        found, notes = _by_name(weights, shapes, facts)
    else:
        found, notes = _by_shape(weights, shapes, facts, config)
    found, more = _with_inputs_of(samples, found, arrays, facts)
    network = build_network(config, samples, None)
    with np.errstate(over="ignore"):
        for name, view in network.named_parameters().items():
            view[...] = found[name]
    try:
        check_numbers(network)
    except ValueError as error:
        raise DataError(str(error)) from error
    return network, [*notes, *more, *_conversions(weights.values(), config), *_left_out(facts)]


def _by_name(
    arrays: Arrays, shapes: Mapping[str, tuple[int, ...]], facts: Mapping[str, str]
) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Take arrays with the names of mnist-nn, which are exactly those of the config's network."""
    found = dict(arrays)
    matrices = [shape for name, shape in shapes.items() if name.endswith(".weights")]
    notes = [f"its layers: {'-'.join(map(str, [matrices[0][0], *(m[1] for m in matrices)]))}"]
    missing = [name for name in shapes if name not in arrays]
    if missing and all(name.endswith(".biases") for name in missing):
        found |= {name: np.zeros(shapes[name]) for name in missing}
        notes.append(f"it has no {' and '.join(missing)}: they are zeros")
    for name in dict.fromkeys([*shapes, *found]):
        its = found[name].shape if name in found else "missing"
        if its != shapes.get(name, "missing"):
            raise ConfigError(
                f"{shown(name)} is {its} in the file, and {shapes.get(name, 'missing')} in the "
                f"config's network\n{_remedy(arrays, facts)}"
            )
    return found, notes


def _by_shape(
    arrays: Arrays,
    shapes: Mapping[str, tuple[int, ...]],
    facts: Mapping[str, str],
    config: Config,
) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Find each layer's matrix by its shape and, of several that fit, by its place."""
    layers = [name.removesuffix(".weights") for name in shapes if name.endswith(".weights")]
    if len(shapes) > 2 * len(layers) or any(map(STATISTICS.search, arrays)):
        raise ConfigError(
            "batch normalization is read only from files of mnist-nn export and from ONNX\n"
            "save the model as ONNX, where it becomes part of the weights, and set "
            "network.layers.….batch_norm=false"
        )
    matrices = [name for name, array in arrays.items() if array.ndim == 2]
    vectors = [name for name, array in arrays.items() if array.ndim == 1]
    others = [name for name in arrays if name not in {*matrices, *vectors}]
    if others or len(matrices) != len(layers) or len(vectors) not in (0, len(layers)):
        raise ConfigError(
            f"the config's network has {len(layers)} dense layers, each with a matrix and biases; "
            f"the file has {_listed(arrays)}\n{_remedy(arrays, facts)}"
        )
    has_biases = f"{layers[0]}.biases" in shapes
    chosen = _choose(arrays, matrices, [shapes[f"{layer}.weights"] for layer in layers], facts)
    found, notes = {}, []
    for layer, (name, transposed), entry in zip(layers, chosen, config.network.layers, strict=True):
        found[f"{layer}.weights"] = arrays[name].T if transposed else arrays[name]
        how = f", transposed from {arrays[name].shape}," if transposed else ""
        biases = vectors[matrices.index(name)] if vectors else ""
        if biases and not has_biases:
            raise ConfigError(
                f"the file has biases, {shown(biases)}, and the config's network none\n"
                "--set network.bias=true"
            )
        if biases and arrays[biases].shape != shapes[f"{layer}.biases"]:
            raise ConfigError(
                f"{shown(biases)} should be the biases of {shown(name)}, but is "
                f"{arrays[biases].shape}, not {shapes[f'{layer}.biases']}\n"
                "save the arrays in the order of the layers"
            )
        if has_biases:
            size = shapes[f"{layer}.biases"]
            found[f"{layer}.biases"] = arrays[biases] if biases else np.zeros(size)
        second = shown(biases) if biases else "zeros for biases, which the file has not"
        notes.append(
            f"{layer.replace('_', ' ')} ({entry.activation}): "
            f"{shown(name)}{f'{how} and {second}' if has_biases else how.rstrip(',')}"
        )
    return found, notes


def _choose(
    arrays: Arrays,
    matrices: list[str],
    shapes: list[tuple[int, ...]],
    facts: Mapping[str, str],
) -> list[tuple[str, bool]]:
    """Choose each layer's matrix, and say whether it is to be transposed."""
    left, names = list(matrices), []
    for place, shape in enumerate(shapes):
        fitting = [name for name in left if arrays[name].shape in (shape, shape[::-1])]
        if not fitting:
            raise ConfigError(
                f"layer {place + 1} of the config's network has {shape[0]} inputs and {shape[1]} "
                f"units, for which there is no matrix; the file has {_listed(arrays)}\n"
                f"{_remedy(arrays, facts)}"
            )
        names.append(matrices[place] if matrices[place] in fitting else fitting[0])
        left.remove(names[-1])
    pairs = list(zip(names, shapes, strict=True))
    seen = {arrays[name].shape != shape for name, shape in pairs if shape[0] != shape[1]}
    return [
        (name, arrays[name].shape != shape if shape[0] != shape[1] else _is_transposed(name, seen))
        for name, shape in pairs
    ]


def _is_transposed(name: str, others: set[bool]) -> bool:
    """Tell by the file's other matrices, or by its name, whether a square one is PyTorch's."""
    if len(others) == 1:
        return next(iter(others))
    if TORCH_NAME.search(name) or PLAIN_NAME.search(name):
        return bool(TORCH_NAME.search(name))
    raise ConfigError(
        f"{shown(name)} has as many rows as columns, so it does not show whether rows are inputs "
        "or, as in PyTorch, units\nname it kernel if rows are inputs, weight if they are units"
    )


def _check_facts(config: Config, samples: SampleFormat, facts: Mapping[str, str]) -> None:
    """Refuse other activations or classes than the config's."""
    its = _json_list(facts, "layers")
    ours = config.network.layers
    for i, (entry, layer) in enumerate(zip(its, ours, strict=False)):
        name = entry.get("activation") if isinstance(entry, dict) else None
        if isinstance(name, str) and name != layer.activation:
            raise ConfigError(
                f"network.layers.{i}.activation: it is {shown(name)} in the file, and "
                f"'{layer.activation}' in the config\n"
                f"--set network.layers.{i}.activation={name if name.isidentifier() else '…'}"
            )
    classes = _json_list(facts, "class_names")
    if classes and classes != list(samples.class_names):
        raise ConfigError(
            f"its classes are {shown(classes)}, those of {config.data.dataset} are others\n"
            "--set data.dataset=… with the dataset that it is for"
        )


def _json_list(facts: Mapping[str, str], key: str) -> list[Any]:
    """Read a fact that is a list; an empty one if it is missing or something else."""
    try:
        found = json.loads(facts.get(key, "[]"))
    except (ValueError, RecursionError):
        return []
    return found if isinstance(found, list) else []


def _with_inputs_of(
    samples: SampleFormat,
    found: dict[str, NDArray[Any]],
    arrays: Arrays,
    facts: Mapping[str, str],
) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """Let the first layer read the inputs that samples of the config's dataset become.

    The network's inputs x are ``(u - o) f`` of pixels u of 0 to 1 or of measurements; the weights
    may have been made for ``(s u - o') f'``, which is ``A x + B``.
    """
    offset, factor = _vectors(samples)
    its_offset, its_factor = (
        np.asarray(arrays.get(name, default), np.float64)
        for name, default in zip(NORMALIZATION, PERFECT[::-1], strict=True)
    )
    if any(v.shape not in ((), (samples.n_inputs,)) for v in (its_offset, its_factor)):
        raise DataError("its normalization is of another number of inputs")
    ratio = _number(facts.get("input_scale"), samples.input_scale) / samples.input_scale
    with np.errstate(all="ignore"):
        A = ratio * its_factor / factor
        B = (ratio * offset - its_offset) * its_factor
    if np.allclose(A, 1, rtol=0, atol=SAME) and np.allclose(B, 0, atol=SAME):
        return found, []
    if "layer_1.biases" not in found or not np.isfinite(A + B).all():
        raise ConfigError(
            "its inputs are scaled in another way than those of the dataset, which only biases in "
            "the first layer can make up for\n--set network.bias=true, without batch_norm in it"
        )
    W, b = (found[f"layer_1.{name}"].astype(np.float64) for name in ("weights", "biases"))
    changed = {
        "layer_1.weights": W * np.broadcast_to(A, len(W))[:, None],
        "layer_1.biases": b + np.broadcast_to(B, len(W)) @ W,
    }
    return found | changed, ["the scale of its inputs is now in the weights of the first layer"]


def _vectors(samples: SampleFormat) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the offset and factor of a format's normalization."""
    if samples.normalization is None:
        return PERFECT[1], PERFECT[0]
    return samples.normalization.offset, samples.normalization.factor


def _number(text: str | None, default: float) -> float:
    """Read a positive number; DataError if it is none."""
    try:
        value = default if text is None else float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < np.inf:
        raise DataError(f"its input_scale is no number above 0: {shown(text)}")
    return value


def _conversions(arrays: Iterable[NDArray[Any]], config: Config) -> list[str]:
    """Say which types of numbers were converted."""
    types = {array.dtype.newbyteorder("=").name for array in arrays} - {config.network.dtype}
    if not types:
        return []
    return [f"numbers are converted from {' and '.join(sorted(types))} to {config.network.dtype}"]


def _left_out(facts: Mapping[str, str]) -> list[str]:
    """Say that a calibration is not taken over: a file does not have all of it."""
    if "temperature" not in facts:
        return []
    return ["its calibration is left out: probabilities are the network's own"]


def _listed(arrays: Arrays) -> str:
    """List arrays with their shapes."""
    texts = [f"{shown(name)} {array.shape}" for name, array in arrays.items()]
    more = f" and {len(texts) - 12} more" if len(texts) > 12 else ""
    return ", ".join(texts[:12]) + more if texts else "none"


def _remedy(arrays: Arrays, facts: Mapping[str, str]) -> str:
    """Say how the config gets the file's layers, as far as it tells what they are."""
    known = _json_list(facts, "layers")
    texts: list[str] = []
    while (W := arrays.get(f"layer_{len(texts) + 1}.weights")) is not None and W.ndim == 2:
        entry = known[len(texts)] if len(texts) < len(known) else None
        name = entry.get("activation") if isinstance(entry, dict) else None
        name = name if isinstance(name, str) and name.isidentifier() else "…"
        norm = ", batch_norm: true" * (f"layer_{len(texts) + 1}.gamma" in arrays)
        texts.append(f"{{units: {W.shape[1]}, activation: {name}{norm}}}")
    layers = ", ".join(texts[:20]) or "{units: …, activation: …}, …"
    return f"give the config the file's layers: --set 'network.layers=[{layers}]'"
