"""The process of one contestant, started by ``bench.py`` and ``bench_grid.py``.

    bench_worker.py contestant NAME THREADS BATCH_SIZE LEARNING_RATE DATASET
    bench_worker.py linearity ENGINE TIMES BATCH_SIZE DATASET
    bench_worker.py describe DATASET
    bench_worker.py grid NAME DATASET

Answers are JSON objects, one a line. A contestant reports when it is ready and then reads commands
from standard input: ``epoch`` trains for an epoch and answers its seconds, ``end`` the results.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from bench_contestants import (
    CONTESTANTS,
    Contestant,
    Job,
    accuracy,
    layers_of,
    start_network,
)

import mnist_nn.data
from mnist_nn.data import load_dataset
from mnist_nn.data.location import data_folder
from mnist_nn.engines import EngineName, StepConfig, choose_engine, make_engine
from mnist_nn.errors import MnistNNError
from mnist_nn.nn import LOSSES
from mnist_nn.training import SGD

IMPORTS = {  # modules to import before the preparation of a contestant is timed
    "auto": "mnist_nn.engines",
    "numba": "mnist_nn.engines.compiled",
    "pytorch": "torch",
    "jax": "jax",
    "scikit-learn": "sklearn.neural_network",
}
IN_ALL = 16  # passes over the original samples in every linearity measurement


def answer(**fields: Any) -> None:
    """Send an answer to the driver."""
    print(json.dumps(fields), flush=True)


def peak_memory() -> int:
    """Return the peak memory of this process in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def contestant(name: str, threads: str, batch_size: str, rate: str, dataset: str) -> None:
    """Prepare a contestant and train an epoch at each request of the driver."""
    if name == "jax" and threads == "1" and hasattr(os, "sched_setaffinity"):
        # JAX starts a thread for each available processor. Its flags alone do not stop it from
        # passing work between threads, which doubles the time of a per-sample epoch.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    try:
        import_module(IMPORTS.get(name, "numpy"))
    except ImportError as error:
        answer(missing=str(error).partition("\n")[0] or type(error).__name__)
        return
    kind = CONTESTANTS[name]
    data = load_dataset(dataset)
    x, y = data.train.x, data.train.y.astype(np.int64)
    assert data.test is not None
    x_test, y_test = data.test
    del data  # floats replace the bytes
    if kind.pixels != np.uint8:
        x = x * np.asarray(1 / 255, kind.pixels)
    start = layers_of(start_network())
    job = Job(x, y, start, int(batch_size), float(rate), int(threads))
    began = time.perf_counter()
    ready = kind(job)
    answer(prepare_seconds=time.perf_counter() - began)
    rng = np.random.default_rng(1)
    for line in sys.stdin:
        if line == "end\n":
            break
        assert ready is not None
        order = rng.permutation(len(y))
        began = time.perf_counter()
        ready.epoch(order)
        answer(seconds=time.perf_counter() - began)
    peak, layers = peak_memory(), ready.layers()
    reached = None if layers is None else accuracy(layers, x_test, y_test)
    answer(accuracy=reached, peak_bytes=peak)


def grid(name: str, dataset: str) -> None:
    """Prepare the cells that the driver sends and train an epoch at each request."""
    try:
        import_module(IMPORTS.get(name, "numpy"))
    except ImportError as error:
        answer(missing=str(error).partition("\n")[0] or type(error).__name__)
        return
    answer(ready=True)
    train, kind = load_dataset(dataset).train, CONTESTANTS[name]
    ready: Contestant | None = None
    for line in sys.stdin:
        if line != "epoch\n":
            cell = json.loads(line)
            x, y = train.x[: cell["samples"]], train.y[: cell["samples"]].astype(np.int64)
            if cell["inputs"] == "dense":
                x = ((x - x.mean()) / x.std()).astype(np.float32)
            elif kind.pixels != np.uint8:
                x = x * np.float32(1 / 255)
            start = layers_of(start_network(tuple(cell["sizes"])))
            job = Job(x, y, start, cell["batch_size"], cell["rate"], None, cell["optimizer"])
            ready, rng = kind(job), np.random.default_rng(1)
        assert ready is not None
        order = rng.permutation(len(y))
        began = time.perf_counter()
        ready.epoch(order)
        seconds = time.perf_counter() - began
        answer(seconds=seconds, samples=len(y), engine=getattr(ready, "chosen", name))


def memory(field: str) -> int | None:
    """Return VmRSS (memory in use) or VmHWM (its peak) in bytes; None without ``/proc``."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return 1024 * int(fields[field].split()[0])


def reset_peak() -> None:
    """Reset the peak, so that loading the data does not count."""
    if Path("/proc/self/clear_refs").exists():
        Path("/proc/self/clear_refs").write_text("5")


def linearity(name: EngineName, times: str, batch_size: str, dataset: str) -> None:
    """Measure time and memory of training on several copies of the samples.

    Every process trains on equally many samples in total. A first engine on a few of them loads
    Numba and the compiled kernel before memory is measured.
    """
    train, size = load_dataset(dataset).train, int(batch_size)
    x, y = np.tile(train.x, (int(times), 1)), np.tile(train.y, int(times))
    del train
    network, sgd = start_network(), SGD(learning_rate=0.5)
    step_config, rng = StepConfig(LOSSES["cross_entropy"], sgd), np.random.default_rng(0)
    arguments = (choose_engine(name, network, step_config, size), network, step_config)
    rates = np.full(len(y), sgd.learning_rate)  # at least one for each step
    make_engine(*arguments, x[:1000], y[:1000], size, rng).run(np.arange(1000), rates)
    reset_peak()
    before, rng, seconds = memory("VmRSS"), np.random.default_rng(1), 0.0
    engine = make_engine(*arguments, x, y, size, rng)
    for _ in range(IN_ALL // int(times)):
        began = time.perf_counter()
        order = rng.permutation(len(y))
        for start in range(0, len(y), engine.chunk):
            engine.run(order[start : start + engine.chunk], rates)
        seconds += time.perf_counter() - began
    after = memory("VmHWM")
    extra = None if before is None or after is None else (after - before) / len(y)
    per_sample = seconds / (IN_ALL // int(times)) / len(y)
    answer(samples=len(y), seconds_per_60000=60_000 * per_sample, extra_bytes_per_image=extra)


def describe(dataset: str) -> None:
    """Report the number of samples of a dataset and the file that holds them."""
    try:
        samples = len(load_dataset(dataset).train.y)
    except MnistNNError as error:
        raise SystemExit(str(error)) from error
    shipped = Path(mnist_nn.data.__file__).parent / f"{dataset}.npz"
    path = shipped if shipped.exists() else data_folder() / f"{dataset}.npz"
    answer(samples=samples, path=str(path))


if __name__ == "__main__":
    jobs: dict[str, Callable[..., None]] = {
        "contestant": contestant,
        "linearity": linearity,
        "describe": describe,
        "grid": grid,
    }
    jobs[sys.argv[1]](*sys.argv[2:])
