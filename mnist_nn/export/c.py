"""A model as one C99 file that needs the standard library only, with its weights in it."""

from collections.abc import Iterator
from string import Template
from typing import Any

import numpy as np

from .. import __version__
from ..errors import ConfigError
from ..model import Model
from ..nn import ActivationFunction, BatchNorm, FoldedLayer, folded_layers
from ..nn.arrays import FloatArray

MAX_PARAMETERS = 4_000_000  # of a file of 50 MB, for which a compiler takes almost 1 GB
PER_LINE = 8  # numbers
REALS = {"float32": ("float", "f"), "float64": ("double", "")}  # type, suffix of a literal
FILE = Template("""\
/* The network $sizes, trained on $dataset, in C99; written by mnist-nn $version.

   predict returns the number of the most likely class of a sample, and writes
   $outputs to `outputs`.
   A sample is $sample.

   To try it: cc -std=c99 -O2 -DMNIST_NN_MAIN this_file.c -lm && ./a.out <samples
   Samples are read one after another, $input.
   A line for each says its class and the outputs. */

#include <math.h>

int predict(const $sample_type sample[$n_inputs], $real outputs[$n_classes]);
extern const char *const CLASS_NAMES[$n_classes];

const char *const CLASS_NAMES[$n_classes] = {
$class_names
};

$constants
/* Row i of the weights W has those of input i, to each unit; b has the biases.$folded */

$weights
/* What an input of value v adds to the sums z of a layer, if w are its weights. */
static void add($real *z, int units, $real v, const $real *w)
{
    int j;
    if (v != 0)
        for (j = 0; j < units; j++) z[j] += v * w[j];
}

${activations}int predict(const $sample_type sample[$n_inputs], $real outputs[$n_classes])
{
    int i, best = 0;
$passes
    for (i = 1; i < $n_classes; i++)
        if (outputs[i] > outputs[best]) best = i;
    return best;
}

#ifdef MNIST_NN_MAIN
#include <stdio.h>

$read
int main(void)
{
    static $sample_type sample[$n_inputs];
    $real outputs[$n_classes];
    int i;
    while (read_sample(sample)) {
        printf("%s", CLASS_NAMES[predict(sample, outputs)]);
        for (i = 0; i < $n_classes; i++) printf("\\t%.${digits}g", outputs[i]);
        printf("\\n");
    }
    return 0;
}
#endif
""")
READ_PIXELS = Template("""\
static int read_sample(unsigned char *sample)
{
    return fread(sample, 1, $n_inputs, stdin) == $n_inputs;
}
""")
READ_NUMBERS = Template("""\
static int read_sample(double *sample)
{
    int i;
    for (i = 0; i < $n_inputs; i++)
        if (scanf("%lf", &sample[i]) != 1) return 0;
    return 1;
}
""")
ACTIVATION = Template("""\
static void apply_$name($real *z, int units)
{
    int j;
    for (j = 0; j < units; j++) {
        const double v = z[j];
        z[j] = ($real)($formula);
    }
}

""")
SOFTMAX = Template("""\
/* e^z / (sum of e^z); the largest z is subtracted first, so that nothing overflows. */
static void apply_softmax($real *z, int units)
{
    $real largest = z[0], sum = 0;
    int j;
    for (j = 1; j < units; j++)
        if (z[j] > largest) largest = z[j];
    for (j = 0; j < units; j++) {
        z[j] = ($real)exp(z[j] - largest);
        sum += z[j];
    }
    for (j = 0; j < units; j++) z[j] /= sum;
}

""")


def write_c(model: Model) -> tuple[bytes]:
    """Write the file; ConfigError if the network is too large, or has a layer not known in C."""
    network, samples = model.network, model.format
    try:
        layers = folded_layers(network)
    except ValueError as error:
        raise ConfigError(f"this network cannot be written in C: {error}") from error
    if network.spec.size > MAX_PARAMETERS:
        raise ConfigError(
            f"the network has {network.spec.size:,} parameters, more than the {MAX_PARAMETERS:,} "
            "that compilers take as C; use --to onnx"
        )
    functions = {layer.activation.name: layer.activation for layer in layers}
    words = {
        "sizes": "-".join(map(str, network.sizes)),
        "dataset": model.config.data.dataset,
        "version": __version__,
        "n_inputs": network.sizes[0],
        "n_classes": len(samples.class_names),
        "outputs": _outputs(model),
        "sample": "its measurements, taken as they are",
        "input": f"{network.sizes[0]} numbers each, as text",
        "sample_type": "double",
        "real": REALS[network.dtype.name][0],
        "digits": 9 if network.dtype == "float32" else 17,
    }
    read, normalized = READ_NUMBERS, any(isinstance(x, BatchNorm) for x in network.layers)
    if shape := samples.image_shape:
        words["sample"] = f"an image, {shape[0]} rows of {shape[1]} pixels of 0 to 255"
        words["input"] = f"{network.sizes[0]} bytes each"
        words["sample_type"], read = "unsigned char", READ_PIXELS
    text = FILE.substitute(
        words,
        class_names="\n".join(f'    "{_escaped(name)}",' for name in samples.class_names),
        constants="".join(_constants(model)),
        folded=" Batch\n   normalization is part of both." if normalized else "",
        weights="".join(text for n, layer in enumerate(layers, 1) for text in _arrays(layer, n)),
        activations="".join(_activation(row, words) for row in functions.values()),
        passes="".join(_passes(model, layers, str(words["real"]))),
        read=read.substitute(words),
    )
    return (text.encode("ascii"),)


def _outputs(model: Model) -> str:
    """Say what the outputs are."""
    if not model.network.output.probability:
        return "the outputs for all classes, which are no probabilities,"
    return f"the {'calibrated ' if model.calibration else ''}probability of each class"


def _escaped(name: str) -> str:
    """Write a name within a string literal, which nothing in it may end; beyond ASCII in octal."""
    special = {'"': r"\"", "\\": r"\\", "?": r"\?"}  # with ?? begin C's trigraphs
    characters = map(chr, name.encode())
    return "".join(special.get(c, c if " " <= c <= "~" else f"\\{ord(c):03o}") for c in characters)


def _constants(model: Model) -> Iterator[str]:
    """Declare what happens to inputs and to logits."""
    network, calibration = model.network, model.calibration
    if network.input_scale != 1:
        yield f"static const double SCALE = {network.input_scale!r}; /* factor on pixels */\n"
    if network.normalization:
        yield _array(f"OFFSET[{network.sizes[0]}]", network.normalization.offset)
        yield _array(f"FACTOR[{network.sizes[0]}]", network.normalization.factor)
    if calibration:
        yield "/* Logits are divided by it, which calibrates the probabilities. */\n"
        yield f"static const double TEMPERATURE = {calibration.temperature!r};\n"


def _arrays(layer: FoldedLayer, number: int) -> Iterator[str]:
    """Declare a layer's weights and biases."""
    n_inputs, units = layer.W.shape
    yield _array(f"W{number}[{n_inputs}][{units}]", layer.W)
    if layer.b is not None:
        yield _array(f"b{number}[{units}]", layer.b)


def _array(name: str, array: FloatArray) -> str:
    """Declare an array of one or two dimensions; each number is the shortest that reads back."""
    if not np.isfinite(array).all():
        raise ConfigError(f"this network cannot be written in C: in {name} a number is not finite")
    kind, suffix = REALS[array.dtype.name]
    rows = [_numbers(row, suffix) for row in np.atleast_2d(array)]
    body = rows[0] if array.ndim == 1 else "},\n".join(f"{{{row}" for row in rows) + "}"
    return f"static const {kind} {name} = {{\n{body}}};\n"


def _numbers(numbers: FloatArray, suffix: str) -> str:
    """Write numbers, some on a line."""
    texts = [f"{number!s}{suffix}" for number in numbers]
    return ",\n".join(",".join(texts[i : i + PER_LINE]) for i in range(0, len(texts), PER_LINE))


def _activation(row: ActivationFunction, words: dict[str, Any]) -> str:
    """Write an activation as a function; ConfigError if it has no formula."""
    if row.name == "softmax":
        return SOFTMAX.substitute(words)
    if row.formula is None:
        raise ConfigError(f"the activation {row.name} has no formula to be written in C")
    return ACTIVATION.substitute(words, name=row.name, formula=row.formula)


def _passes(model: Model, layers: list[FoldedLayer], real: str) -> Iterator[str]:
    """Write what `predict` does, layer by layer."""
    x = _input(model, real)
    for number, layer in enumerate(layers, 1):
        n_inputs, units = layer.W.shape
        z = f"h{number}"
        yield f"\n    /* layer {number}: {n_inputs} -> {units} */\n"
        if number == len(layers) and units > 1:
            z = "outputs"
        else:
            yield f"    {real} {z}[{units}];\n"
        start = "0" if layer.b is None else f"b{number}[i]"
        yield f"    for (i = 0; i < {units}; i++) {z}[i] = {start};\n"
        yield f"    for (i = 0; i < {n_inputs}; i++) add({z}, {units}, {x}, W{number}[i]);\n"
        if number == len(layers) and model.calibration:
            yield f"    for (i = 0; i < {units}; i++) {z}[i] = ({real})({z}[i] / TEMPERATURE);\n"
        yield f"    apply_{layer.activation.name}({z}, {units});\n"
        x = f"{z}[i]"
    if z != "outputs":
        yield f"    outputs[0] = 1 - {z}[0];\n    outputs[1] = {z}[0];\n"


def _input(model: Model, real: str) -> str:
    """Write how the first layer reads an input."""
    x = "sample[i]" if model.network.input_scale == 1 else "sample[i] * SCALE"
    if model.network.normalization:
        x = f"({x} - OFFSET[i]) * FACTOR[i]"
    return f"({real})({x})"
