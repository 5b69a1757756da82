"""The process in which one contestant runs, started by ``bench.py``; not for people.

    bench_worker.py contestant NAME THREADS BATCH_SIZE LEARNING_RATE DATASET
    bench_worker.py linearity ENGINE TIMES BATCH_SIZE DATASET
    bench_worker.py describe DATASET
    bench_worker.py grid NAME DATASET

It answers in JSON, one object a line. A contestant says when it is ready and then waits on standard
input: at ``epoch`` it trains for one and says how long it took, at ``end`` it says what came of it.
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

IMPORTS = {  # what a contestant needs, imported before its preparation is timed
    "auto": "mnist_nn.engines",
    "numba": "mnist_nn.engines.compiled",
    "pytorch": "torch",
    "jax": "jax",
    "scikit-learn": "sklearn.neural_network",
}
IN_ALL = 16  # times that the linearity measurement goes through the samples, however often repeated


def say(**answer: Any) -> None:
    """Answer the driver."""
    print(json.dumps(answer), flush=True)


def peak_memory() -> int:
    """Most bytes of memory that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def contestant(name: str, threads: str, batch_size: str, rate: str, dataset: str) -> None:
    """Prepare a contestant and train whenever the driver asks."""
    if name == "jax" and threads == "1" and hasattr(os, "sched_setaffinity"):
        # JAX has as many threads as processors it may use. Its flags alone do not stop it handing
        # work from thread to thread, which doubles the time of a per-sample epoch.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    try:
        import_module(IMPORTS.get(name, "numpy"))
    except ImportError as error:
        say(missing=str(error).partition("\n")[0] or type(error).__name__)
        return
    kind = CONTESTANTS[name]
    data = load_dataset(dataset)
    x, y = data.train.x, data.train.y.astype(np.int64)
    assert data.test is not None
    x_test, y_test = data.test
    del data  # who reads floats does not need the bytes as well
    if kind.pixels != np.uint8:
        x = x * np.asarray(1 / 255, kind.pixels)
    start = layers_of(start_network())
    job = Job(x, y, start, int(batch_size), float(rate), int(threads))
    began = time.perf_counter()
    ready = kind(job)
    say(prepare_seconds=time.perf_counter() - began)
    rng = np.random.default_rng(1)
    for line in sys.stdin:
        if line == "end\n":
            break
        assert ready is not None
        order = rng.permutation(len(y))
        began = time.perf_counter()
        ready.epoch(order)
        say(seconds=time.perf_counter() - began)
    peak, layers = peak_memory(), ready.layers()
    reached = None if layers is None else accuracy(layers, x_test, y_test)
    say(accuracy=reached, peak_bytes=peak)


def grid(name: str, dataset: str) -> None:
    """Train for an epoch whenever the driver asks, after preparing the cells that it names."""
    try:
        import_module(IMPORTS.get(name, "numpy"))
    except ImportError as error:
        say(missing=str(error).partition("\n")[0] or type(error).__name__)
        return
    say(ready=True)
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
        say(seconds=seconds, samples=len(y), engine=getattr(ready, "chosen", name))


def memory(field: str) -> int | None:
    """Read VmRSS, what this process holds, or VmHWM, its peak, in bytes; None without ``/proc``."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return 1024 * int(fields[field].split()[0])


def forget_peak() -> None:
    """Begin measuring the peak anew, so that reading the data does not count."""
    if Path("/proc/self/clear_refs").exists():
        Path("/proc/self/clear_refs").write_text("5")


def linearity(name: EngineName, times: str, batch_size: str, dataset: str) -> None:
    """Train on the samples, each of them several times over, and say what time and memory it takes.

    Every process sees equally many samples in all. A first engine on a few of them has Numba loaded
    and its kernel compiled before memory is measured.
    """
    train, size = load_dataset(dataset).train, int(batch_size)
    x, y = np.tile(train.x, (int(times), 1)), np.tile(train.y, int(times))
    del train
    network, sgd = start_network(), SGD(learning_rate=0.5)
    step_config, rng = StepConfig(LOSSES["cross_entropy"], sgd), np.random.default_rng(0)
    arguments = (choose_engine(name, network, step_config, size), network, step_config)
    rates = np.full(len(y), sgd.learning_rate)  # more than enough
    make_engine(*arguments, x[:1000], y[:1000], size, rng).run(np.arange(1000), rates)
    forget_peak()
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
    say(samples=len(y), seconds_per_60000=60_000 * per_sample, extra_bytes_per_image=extra)


def describe(dataset: str) -> None:
    """Say how many samples a dataset has, and in which file they are."""
    try:
        samples = len(load_dataset(dataset).train.y)
    except MnistNNError as error:
        raise SystemExit(str(error)) from error
    shipped = Path(mnist_nn.data.__file__).parent / f"{dataset}.npz"
    path = shipped if shipped.exists() else data_folder() / f"{dataset}.npz"
    say(samples=samples, path=str(path))


if __name__ == "__main__":
    jobs: dict[str, Callable[..., None]] = {
        "contestant": contestant,
        "linearity": linearity,
        "describe": describe,
        "grid": grid,
    }
    jobs[sys.argv[1]](*sys.argv[2:])
