"""Results do not depend on how many threads or processors there are."""

import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from mnist_nn.blas import one_blas_thread
from mnist_nn.data import Samples
from mnist_nn.evaluation import answer, evaluate
from mnist_nn.model import load_model
from mnist_nn.nn import Network, block
from mnist_nn.training import EpochMetrics

from .fitting import fit

LIBRARIES = {pool["filepath"] for pool in threadpool_info() if pool["user_api"] == "blas"}
SAMPLE = Path(__file__).parents[1] / "configs" / "sample.yaml"
FIXED = {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"}
ON_ONE_PROCESSOR = (
    "import os, sys\n"
    "if hasattr(os, 'sched_setaffinity'): os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
    "from mnist_nn.cli import main\n"
    "sys.exit(main())"
)


def blas_threads() -> list[int]:
    """Of each library that NumPy brought; SciPy, say, brings its own when it is imported."""
    return [pool["num_threads"] for pool in threadpool_info() if pool["filepath"] in LIBRARIES]


def start(folder: Path, *arguments: str, one: bool, **variables: str) -> "subprocess.Popen[bytes]":
    """Start a training run in a process of its own, on one processor or on all."""
    program = ["-c", ON_ONE_PROCESSOR] if one else ["-m", "mnist_nn"]
    command = [sys.executable, *program, "train", "--quiet", *arguments]
    environment = {key: value for key, value in os.environ.items() if key not in FIXED}
    return subprocess.Popen(
        command, cwd=folder, env=environment | variables, stdout=subprocess.DEVNULL
    )


def outcome(path: Path) -> tuple[bytes, list[EpochMetrics]]:
    """What a model has come to, apart from times."""
    model = load_model(path)
    return model.network.params.tobytes(), [replace(row, seconds=0) for row in model.history]


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_a_run_comes_to_the_same_on_any_number_of_processors(tmp_path: Path, engine: str) -> None:
    """Resumed on another number of them, too."""
    config = [*("--config", str(SAMPLE), "--engine", engine, "--batch-size", "128")]
    config += ["--set", "data.validation=1000"]
    each = ("--checkpoint-every", "1")
    two = dict.fromkeys(FIXED, "2")
    runs = [
        start(tmp_path, *config, "--epochs", "2", "-o", "two.pkl", one=False, **two),
        start(tmp_path, *config, "--epochs", "2", "-o", "one.pkl", one=True),
        start(tmp_path, *config, "--epochs", "1", "-o", "resumed.pkl", *each, one=True),
    ]
    assert [run.wait(timeout=300) for run in runs] == [0, 0, 0]
    resumed = start(tmp_path, "--resume", "resumed.pkl.ckpt", "--epochs", "2", one=False, **two)
    assert resumed.wait(timeout=300) == 0
    expected = outcome(tmp_path / "two.pkl")
    assert outcome(tmp_path / "one.pkl") == expected
    assert outcome(tmp_path / "resumed.pkl") == expected


def test_fit_evaluate_and_read_come_to_the_same_with_any_number_of_threads() -> None:
    rng = np.random.default_rng(0)
    x, y = (
        rng.integers(0, 256, (1500, 784)).astype(np.uint8),
        rng.integers(0, 10, 1500).astype(np.uint8),
    )
    results = []
    for threads in (1, 2):
        layers = [*block(256, "sigmoid"), *block(10, "softmax")]
        network = Network(784, layers, rng=np.random.default_rng(0), input_scale=1 / 255)
        with threadpool_limits(threads, user_api="blas"):
            trainer = fit(
                network, Samples(x, y), rng=np.random.default_rng(0), batch_size=500, engine="numpy"
            )
            next(trainer)
            result = evaluate(network, Samples(x, y))
            answers = answer(network, x, None)
        results.append((network.params.tobytes(), result.loss, answers.outputs.tobytes()))
    assert results[0] == results[1]


def test_a_caller_has_its_threads_back_between_epochs(rng: np.random.Generator) -> None:
    network = Network(784, [*block(10, "softmax")], rng=rng, input_scale=1 / 255)
    samples = Samples(np.zeros((20, 784), np.uint8), np.zeros(20, np.int64))
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        for _ in fit(network, samples, rng=rng, epochs=2):
            assert blas_threads() == before
        assert blas_threads() == before


def test_of_two_threads_the_one_that_ends_first_changes_nothing_for_the_other() -> None:
    entered, may_leave = threading.Event(), threading.Event()

    def other() -> None:
        with one_blas_thread():
            entered.set()
            may_leave.wait()

    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        thread = threading.Thread(target=other)
        with one_blas_thread():
            thread.start()
            entered.wait()
        inside = blas_threads()
        may_leave.set()
        thread.join()
        assert set(inside) <= {1}  # none where no library can be told
        assert blas_threads() == before


def test_it_works_in_a_thread_while_another_one_has_set_a_number() -> None:
    inside = []

    def other() -> None:
        with one_blas_thread():
            inside.extend(blas_threads())

    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert set(inside) <= {1}  # none where no library can be told
        assert blas_threads() == before
