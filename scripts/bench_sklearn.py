"""Measure our `MLPClassifier` beside scikit-learn's, and write docs/scikit-learn.json.

Each fit is a process of its own, in turn with the other classifier's: it reads samples from a file,
fits a few of them first, so that all code is loaded, and then all for a fixed number of epochs.
With one thread, seconds are the processor's, so that other load counts little; with as many threads
as either takes by itself, they are the clock's.
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

DOCS = Path(__file__).parents[1] / "docs"
RESULTS, PAGE = DOCS / "scikit-learn.json", DOCS / "scikit-learn.md"
START, END = "<!-- results -->", "<!-- end of results -->"
RATIOS = {"ratio": "seconds", "threaded_ratio": "threaded_seconds"}
CLASSIFIERS = {"scikit-learn": Theirs, "mnist-nn": Ours}
PARTS = ("x", "y", "x_test", "y_test")
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS")


class Case(NamedTuple):
    """Samples, and how many epochs of them are measured."""

    name: str
    data: str
    dtype: str
    epochs: int


CASES = (
    Case("MNIST, 0 to 1", "mnist", "float64", 3),
    Case("MNIST, 0 to 1", "mnist", "float32", 3),
    Case("MNIST, standardized", "standardized", "float64", 3),
    Case("MNIST, standardized", "standardized", "float32", 3),
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
    busy = time.process_time()
    model = make(**settings).fit(x, y)
    busy, waited = time.process_time() - busy, time.perf_counter() - loaded
    peak = memory("VmHWM")
    return {
        "seconds": busy,
        "wall_seconds": waited,
        "accuracy": model.score(x_test, y_test),
        "first_seconds": loaded - began,
        "peak_bytes": peak,
        "added_bytes": peak - before,
    }


def memory(what: str) -> int:
    """Return the memory that this process has (VmRSS), or had at most (VmHWM), in bytes; Linux."""
    (line,) = re.findall(rf"{what}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return 1024 * int(line)


def run_alone(arguments: list[str], *, threads: int | None, **more: str) -> dict[str, float]:
    """Run `fit_once` in a process of its own; None leaves the threads to the libraries."""
    command = [sys.executable, __file__, "--fit", *arguments]
    environment = {name: value for name, value in os.environ.items() if name not in THREADS}
    if threads is not None:
        environment |= dict.fromkeys(THREADS, str(threads))
    answer = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment | more)
    found: dict[str, float] = json.loads(answer.stdout)
    return found


def measure(case: Case, folder: str, rounds: int) -> dict[str, Any]:
    """Fit both classifiers in turn, a seed for each round; return medians and spreads."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in CLASSIFIERS}
    for seed in range(rounds):
        for name in CLASSIFIERS:
            arguments = [folder, name, str(case.epochs), str(seed)]
            run = run_alone(arguments, threads=1)
            run["threaded_seconds"] = run_alone(arguments, threads=None)["wall_seconds"]
            runs[name].append(run)
    row: dict[str, Any] = case._asdict()
    for name, found in runs.items():
        columns = {key: [run[key] for run in found] for key in found[0]}
        row[name] = {key: spread(values) for key, values in columns.items()}
    pairs = list(zip(*(runs[name] for name in CLASSIFIERS), strict=True))
    for ratio, key in RATIOS.items():
        row[ratio] = spread([theirs[key] / ours[key] for theirs, ours in pairs])
    print(case, *(row[ratio] for ratio in RATIOS), file=sys.stderr)
    return row


def spread(values: list[float]) -> dict[str, float]:
    """Return the median, the least and the greatest of some numbers."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def tables(results: dict[str, Any]) -> str:
    """Return the results as the page has them, between its markers."""
    n = results["environment"]["processors"]
    lines = [
        f"| samples | precision | epochs | scikit-learn, 1 thread | mnist-nn | times as fast | "
        f"scikit-learn, {n} processors | mnist-nn | times as fast |",
        f"| --- | --- |{' ---: |' * 7}",
    ]
    for row in results["cases"]:
        facts = [row["name"], row["dtype"], str(row["epochs"])]
        for ratio, key in RATIOS.items():
            facts += [f"{row[name][key]['median']:.2f} s" for name in CLASSIFIERS]
            low, middle, high = (row[ratio][each] for each in ("min", "median", "max"))
            facts.append(f"**{middle:.2f}** ({low:.2f} to {high:.2f})")
        lines.append(f"| {' | '.join(facts)} |")
    lines += [
        "",
        "| samples | precision | accuracy: scikit-learn | mnist-nn | memory: scikit-learn | "
        "mnist-nn |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for row in results["cases"]:
        right = [share(row[name]["accuracy"]) for name in CLASSIFIERS]
        peaks = [memory_of(row[name]) for name in CLASSIFIERS]
        lines.append(f"| {' | '.join([row['name'], row['dtype'], *right, *peaks])} |")
    found, versions = results["compile_seconds"], results["environment"]
    compiling = ", ".join(f"{seconds:.0f} s for {dtype}" for dtype, seconds in found.items())
    lines += [
        "",
        f"Compiling, once for a machine and precision: {compiling}. Medians of {results['rounds']} "
        f"fits with different seeds; {', '.join(f'{k} {v}' for k, v in versions.items())}.",
    ]
    return "\n".join(lines)


def memory_of(found: dict[str, Any]) -> str:
    """Return the peak of a process, and what `fit` added to the samples."""
    peak, added = (found[key]["median"] / 1e6 for key in ("peak_bytes", "added_bytes"))
    return f"{peak:.0f} MB, {added:.0f} by `fit`"


def share(values: dict[str, float]) -> str:
    """Return a median and its spread as percentages."""
    low, middle, high = (f"{values[key]:.2%}" for key in ("min", "median", "max"))
    return f"{middle} ({low} to {high})"


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
                cache = f"{folder}/cache"
                first = run_alone([folder, "mnist-nn", "1", "0"], threads=1, NUMBA_CACHE_DIR=cache)
                compiling[case.dtype] = first["first_seconds"]
    packages = ("scikit-learn", "numpy", "numba")
    results = {
        "rounds": rounds,
        "environment": {
            "processors": str(os.cpu_count()),
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in packages},
        },
        "compile_seconds": compiling,
        "cases": rows,
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    before, _, rest = PAGE.read_text().partition(START)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{START}\n\n{tables(results)}\n\n{END}{after}")


if __name__ == "__main__":
    if "--fit" in sys.argv:
        folder, classifier, epochs, seed = sys.argv[2:]
        print(json.dumps(fit_once(folder, classifier, int(epochs), int(seed))))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
