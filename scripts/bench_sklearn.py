"""Measure our `MLPClassifier` beside scikit-learn's, and write docs/scikit-learn.json.

Each fit is a process of its own, in turn with the other classifier's: it reads samples from a file,
fits a few of them first, so that all code is loaded, and then all for a fixed number of epochs.
Usage: ``python scripts/bench_sklearn.py [ROUNDS]`` on Linux; MNIST comes from the data folder.
"""

import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits, make_classification
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier as Theirs
from sklearn.preprocessing import StandardScaler

from mnist_nn import load_dataset
from mnist_nn.sklearn import MLPClassifier as Ours

RESULTS = Path(__file__).parents[1] / "docs" / "scikit-learn.json"
CLASSIFIERS = {"scikit-learn": Theirs, "mnist-nn": Ours}
PARTS = ("x", "y", "x_test", "y_test")
ALONE = {"OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


class Case(NamedTuple):
    """Samples, and how many epochs of them are measured."""

    name: str
    data: str
    dtype: str
    epochs: int


CASES = (
    Case("MNIST, 0 to 1", "mnist", "float64", 5),
    Case("MNIST, 0 to 1", "mnist", "float32", 5),
    Case("MNIST, standardized", "standardized", "float64", 5),
    Case("MNIST, standardized", "standardized", "float32", 5),
    Case("digits", "digits", "float64", 50),
    Case("synthetic, 500,000 × 54", "synthetic", "float64", 2),
    Case("synthetic, 500,000 × 54", "synthetic", "float32", 2),
)


def load(data: str) -> tuple[NDArray[Any], ...]:
    """Return x, y, x_test and y_test of a case."""
    if data == "digits":
        x, y = load_digits(return_X_y=True)
        x, x_test, y, y_test = train_test_split(x / 16, y, random_state=0, stratify=y)
        return x, y, x_test, y_test
    if data == "synthetic":
        x, y = make_classification(
            550_000, 54, n_informative=20, n_classes=7, class_sep=1.5, random_state=0
        )
        return x[:500_000], y[:500_000], x[500_000:], y[500_000:]
    mnist = load_dataset("mnist")
    assert mnist.test is not None
    x, x_test = mnist.train.x / 255, mnist.test.x / 255
    if data == "standardized":
        scaler = StandardScaler().fit(x)
        x, x_test = scaler.transform(x), scaler.transform(x_test)
    return x, mnist.train.y, x_test, mnist.test.y


def fit_once(folder: str, classifier: str, epochs: int, seed: int) -> dict[str, float]:
    """Fit a classifier to the samples in a folder, in this process."""
    x, y, x_test, y_test = (np.load(f"{folder}/{part}.npy") for part in PARTS)
    settings = {"max_iter": epochs, "tol": 0.0, "n_iter_no_change": 10**6, "random_state": seed}
    warnings.simplefilter("ignore")  # that it has not converged
    make: Any = CLASSIFIERS[classifier]
    began = time.perf_counter()
    make(max_iter=1).fit(x[:200], y[:200])
    loaded, before = time.perf_counter(), memory("VmRSS")
    model = make(**settings).fit(x, y)
    seconds, peak = time.perf_counter() - loaded, memory("VmHWM")
    return {
        "seconds": seconds,
        "accuracy": model.score(x_test, y_test),
        "first_seconds": loaded - began,
        "peak_bytes": peak,
        "added_bytes": peak - before,
    }


def memory(what: str) -> int:
    """Return the memory that this process has (VmRSS), or had at most (VmHWM), in bytes; Linux."""
    (line,) = re.findall(rf"{what}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return 1024 * int(line)


def run_alone(arguments: list[str], **environment: str) -> dict[str, float]:
    """Run `fit_once` in a process of its own, on one processor."""
    command = [sys.executable, __file__, "--fit", *arguments]
    answer = subprocess.run(
        command, stdout=subprocess.PIPE, check=True, env={**os.environ, **ALONE, **environment}
    )
    found: dict[str, float] = json.loads(answer.stdout)
    return found


def measure(case: Case, folder: str, rounds: int) -> dict[str, Any]:
    """Fit both classifiers in turn, a seed for each round; return medians and spreads."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in CLASSIFIERS}
    for seed in range(rounds):
        for name in CLASSIFIERS:
            runs[name].append(run_alone([folder, name, str(case.epochs), str(seed)]))
    row: dict[str, Any] = case._asdict()
    for name, found in runs.items():
        columns = {key: [run[key] for run in found] for key in found[0]}
        row[name] = {
            key: {"median": statistics.median(values), "min": min(values), "max": max(values)}
            for key, values in columns.items()
        }
    pairs = zip(*(runs[name] for name in CLASSIFIERS), strict=True)
    ratios = [theirs["seconds"] / ours["seconds"] for theirs, ours in pairs]
    row["ratio"] = {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)}
    print(case, row["ratio"], file=sys.stderr)
    return row


def main(rounds: int) -> None:
    """Measure all cases and write the results."""
    rows, compiling = [], {}
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            for part, array in zip(PARTS, load(case.data), strict=True):
                dtype = case.dtype if part.startswith("x") else array.dtype
                np.save(f"{folder}/{part}.npy", array.astype(dtype, copy=False))
            rows.append(measure(case, folder, rounds))
            if case.dtype not in compiling:
                first = run_alone([folder, "mnist-nn", "1", "0"], NUMBA_CACHE_DIR=f"{folder}/cache")
                compiling[case.dtype] = first["first_seconds"]
    packages = ("scikit-learn", "numpy", "numba")
    results = {
        "rounds": rounds,
        "environment": {
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in packages},
        },
        "compile_seconds": compiling,
        "cases": rows,
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    if "--fit" in sys.argv:
        folder, classifier, epochs, seed = sys.argv[2:]
        print(json.dumps(fit_once(folder, classifier, int(epochs), int(seed))))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
