"""Make the model that ships with the package: the preset ``accurate``, in float16, compressed.

    python scripts/make_model.py
    python scripts/make_model.py --from accurate-seed0.pkl

The preset is trained on MNIST with seed 0, in some minutes, or a model file that ``mnist-nn train
accurate`` wrote is taken. Its weights are rounded to float16, and it is calibrated anew, on the
same validation samples. Then it is measured on MNIST's test samples, as it was and as it ships; the
figures go to docs/shipped.json.
"""

import argparse
import gzip
import json
import os
import pickle
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mnist_nn.config import find_config, load_config
from mnist_nn.data import Dataset, load_dataset
from mnist_nn.evaluation import AnsweredSamples, Subspace
from mnist_nn.evaluation.calibration import calibrate
from mnist_nn.evaluation.subspace import fit_subspace
from mnist_nn.files import atomic_write
from mnist_nn.model import Model, load_model
from mnist_nn.model.content import pickled
from mnist_nn.model.model import SHIPPED
from mnist_nn.nn.arrays import FloatArray
from mnist_nn.rngs import make_rngs
from mnist_nn.runs.run import hold_out

RECORD = Path(__file__).parents[1] / "docs" / "shipped.json"
PRESET = "accurate"
MAX_BYTES = 300_000


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument(
        "--from", dest="trained", type=Path, metavar="MODEL", help="model that is trained already"
    )
    parser.add_argument("--data", type=Path, help="folder of downloaded datasets")
    return parser.parse_args()


def train(model: Path, data: Path | None) -> None:
    """Train the preset."""
    command = [sys.executable, "-m", "mnist_nn", "train", PRESET, "--seed=0", f"--output={model}"]
    given = {} if data is None else {"MNIST_NN_DATA_DIR": str(data)}
    subprocess.run(command, check=True, env=os.environ | given)


def check(model: Model, mnist: Dataset) -> None:
    """End with an error if a model is not the preset's, or was trained on other data."""
    if model.config != load_config(find_config(PRESET)):
        sys.exit(f"the model's config is not that of the preset {PRESET}")
    if model.sha256 != mnist.sha256:
        sys.exit("the model was trained on other data than today's MNIST")


def rounded(array: FloatArray) -> FloatArray:
    """Round numbers to float16, in their own precision."""
    return array.astype(np.float16).astype(array.dtype)


def shipped(model: Model, mnist: Dataset) -> Model:
    """Round a model and calibrate it as it is then."""
    network = model.network.astype(model.network.dtype)
    network.params[...] = rounded(network.params)
    rng = make_rngs(model.config.seed).validation
    training, validation = hold_out(mnist.train, model.config.data.validation, rng)
    subspace = fit_subspace(network, training.x)
    assert validation is not None
    assert subspace is not None
    halved = Subspace(rounded(subspace.centre), rounded(subspace.components))
    return replace(model, network=network, calibration=calibrate(network, validation, halved))


def in_float16(model: Model) -> bytes:
    """Make the bytes of a model file whose arrays are float16."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.pkl")
        model.save(path)
        content = pickle.loads(path.read_bytes())
    for arrays in (content["parameters"], content["calibration"]["subspace"]):
        for name, array in arrays.items():
            arrays[name] = array.astype(np.float16)
    for epoch in content["history"]:  # in float32, whose zeros in a double are compressed
        epoch.update({k: float(np.float32(v)) for k, v in epoch.items() if type(v) is float})
    return pickled(content)


def measured(model: Model, mnist: Dataset) -> dict[str, Any]:
    """Measure a model on MNIST's test samples."""
    assert mnist.test is not None
    result = model.evaluate(mnist.test)
    answered = AnsweredSamples(model.answers(mnist.test.x), mnist.test.y)
    known = answered.answers.known
    return {
        "accuracy": result.accuracy,
        "accuracy_interval": result.interval,
        "loss": result.loss,
        "calibration_error": answered.reliability.error,
        "answered": float(known.mean()),
        "accuracy_of_answered": float(answered.right[known].mean()),
    }


def main() -> None:
    """Make the file, and measure it."""
    chosen = options()
    mnist = load_dataset("mnist", chosen.data)
    with tempfile.TemporaryDirectory() as folder:
        path = chosen.trained or Path(folder, "model.pkl")
        if chosen.trained is None:
            train(path, chosen.data)
        original = load_model(path)
    check(original, mnist)
    blob = gzip.compress(in_float16(shipped(original, mnist)), compresslevel=9, mtime=0)
    if len(blob) > MAX_BYTES:
        sys.exit(f"the file has {len(blob):,} bytes, more than {MAX_BYTES:,}")
    with atomic_write(SHIPPED) as file:
        file.write(blob)
    figures = {
        "preset": PRESET,
        "seed": original.config.seed,
        "bytes": len(blob),
        "float32": measured(original, mnist),
        "float16": measured(load_model(), mnist),
    }
    RECORD.write_text(json.dumps(figures, indent=1) + "\n")
    print(RECORD.read_text(), end="")


if __name__ == "__main__":
    main()
