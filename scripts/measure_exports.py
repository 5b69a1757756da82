"""Measure how far exported models are from the program itself, and write it to docs/export.md.

    python scripts/measure_exports.py

For each activation, without and with batch normalization, a network is trained for three epochs on
the digits that ship, exported, and run by the other program on test images. What counts is the
largest difference of any probability from that of `Model.answers`; and the same once the network
is made one of float64. The model that ships is compared on MNIST's test images, too. The results
go to docs/exports.json, and into the tables of docs/export.md. Needs MNIST in the cache, and
onnxruntime, torch, keras and gcc.
"""

import argparse
import json
import os
import runpy
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from bench_report import table, write_page
from numpy.typing import NDArray

from mnist_nn import Model, load_dataset, load_model, train
from mnist_nn.export import export_model
from mnist_nn.nn import ACTIVATIONS

Array = NDArray[Any]
Runner = Callable[[Model, Array, Path], Array]
EPOCHS = 3
LIBRARIES = ("numpy", "onnxruntime", "torch", "keras")


def onnx(model: Model, x: Array, folder: Path) -> Array:
    """Run a graph with ONNX Runtime."""
    session = onnxruntime.InferenceSession(export_model(model, "onnx")[".onnx"])
    outputs: Array = session.run(["probabilities"], {"samples": x.reshape(-1, 28, 28)})[0]
    return outputs


def script(to: str) -> Runner:
    """Return what runs a script of PyTorch or Keras."""

    def run(model: Model, x: Array, folder: Path) -> Array:
        for suffix, content in export_model(model, to).items():
            (folder / f"exported{suffix}").write_bytes(content)
        outputs: Array = runpy.run_path(str(folder / "exported.py"))["predict"](x)
        return outputs

    return run


def c(model: Model, x: Array, folder: Path) -> Array:
    """Compile a C file and run it."""
    source, program = folder / "exported.c", folder / "exported"
    source.write_bytes(export_model(model, "c")[".c"])
    options = ["-std=c99", "-O2", "-DMNIST_NN_MAIN", "-o", str(program), str(source), "-lm"]
    subprocess.run(["gcc", *options], check=True)
    done = subprocess.run([program], input=x.tobytes(), stdout=subprocess.PIPE, check=True)
    return np.array([line.split(b"\t")[1:] for line in done.stdout.splitlines()], float)


def one_by_one(model: Model, x: Array, folder: Path) -> Array:
    """Run the model itself on one sample at a time, whose sums add up in another order."""
    return np.concatenate([model.answers(row[None]).outputs for row in x])


SINGLE = {
    "onnx": onnx,
    "torch": script("torch"),
    "keras": script("keras"),
    "c": c,
    "itself": one_by_one,
}
DOUBLE = {name: SINGLE[name] for name in ("onnx", "torch", "c")}  # Keras computes in float32
KINDS = {"": False, ", batch_norm": True}


def measured(model: Model, x: Array, runners: dict[str, Runner]) -> dict[str, float]:
    """Return the largest difference from the model's own probabilities, by format."""
    expected = model.answers(x).outputs
    with tempfile.TemporaryDirectory() as folder:
        return {
            name: float(np.abs(run(model, x, Path(folder)) - expected).max())
            for name, run in runners.items()
        }


def trained(activation: str, *, batch_norm: bool) -> Model:
    """Train a network on the digits that ship."""
    hidden = {"activation": activation, "batch_norm": batch_norm}
    layers = [{"units": 128, **hidden}, {"units": 64, **hidden}]
    settings = {
        "network.layers": [*layers, {"units": 10, "activation": "softmax"}],
        "training.optimizer": {"name": "adam"},
    }
    return train("sample", epochs=EPOCHS, overrides=settings)


def test_images(dataset: str) -> Array:
    """Return the test images of a dataset."""
    test = load_dataset(dataset).test
    assert test is not None
    images: Array = np.asarray(test.x)
    return images


def markdown(results: dict[str, Any]) -> str:
    """Format the tables."""
    tables = []
    for precision, columns in (("float32", SINGLE), ("float64", DOUBLE)):
        rows = [
            (name, *(f"{row[column]:.1e}" for column in columns))
            for name, row in results[precision].items()
        ]
        tables.append(table((precision, *columns), rows))
    shipped = [("the model that ships", *(f"{row:.1e}" for row in results["shipped"].values()))]
    tables.append(table(("float32, MNIST's test images", *SINGLE), shipped))
    used = ", ".join(f"{name} {number}" for name, number in results["versions"].items())
    return "\n\n".join([*tables, f"Measured with {used}."])


def main() -> None:
    """Measure, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[1] / "docs")
    folder = parser.parse_args().output
    os.environ["KERAS_BACKEND"] = "torch"
    x = test_images("mnist-sample")
    results: dict[str, Any] = {
        "versions": {name: version(name) for name in LIBRARIES},
        "float32": {},
        "float64": {},
        "shipped": measured(load_model(), test_images("mnist"), SINGLE),
    }
    for activation in [name for name, row in ACTIVATIONS.items() if row.trainable]:
        for suffix, batch_norm in KINDS.items():
            model, name = trained(activation, batch_norm=batch_norm), activation + suffix
            double = replace(model, network=model.network.astype(np.float64))
            results["float32"][name] = measured(model, x, SINGLE)
            results["float64"][name] = measured(double, x, DOUBLE)
            print(name, results["float32"][name], results["float64"][name])
    (folder / "exports.json").write_text(json.dumps(results, indent=1) + "\n")
    write_page(folder / "export.md", markdown(results))


if __name__ == "__main__":
    main()
