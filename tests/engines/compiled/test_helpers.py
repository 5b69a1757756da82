import subprocess
import sys
import threading

import numpy as np
import pytest

from mnist_nn.engines import StepConfig
from mnist_nn.engines.compiled import NumbaEngine
from mnist_nn.engines.compiled.barrier import Task
from mnist_nn.engines.compiled.helpers import Helpers
from mnist_nn.errors import MnistNNWarning
from mnist_nn.nn import LOSSES, Network, block
from mnist_nn.training import SGD

WITHOUT_THREADS = """
import os, resource, warnings
from mnist_nn.engines.compiled.helpers import Helpers

if os.getuid() == 0:  # whom no limit binds
    os.setgid(54321)
    os.setuid(54321)
resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
with warnings.catch_warnings(record=True) as caught:
    print(Helpers(3).count, "helpers")
print(caught[0].message)
"""

FORK = """
import os, signal, sys
import numpy as np
from mnist_nn.engines import NumpyEngine, StepConfig
from mnist_nn.engines.compiled import NumbaEngine
from mnist_nn.nn import LOSSES, block, Network
from mnist_nn.training import SGD

engines = {"numpy": (NumpyEngine, {}), "numba": (NumbaEngine, {"threads": 2})}
engine_class, options = engines[sys.argv[1]]
rng = np.random.default_rng(0)
x, y = rng.integers(0, 256, (256, 784), np.uint8), rng.integers(0, 10, 256, np.uint8)
layers = [*block(128, "relu"), *block(10, "softmax")]
network = Network(784, layers, rng=rng, input_scale=1 / 255)
engine = engine_class(network, StepConfig(LOSSES["cross_entropy"], SGD()), x, y, 64, rng, **options)
engine.run(np.arange(256), np.full(4, 0.1))
child = os.fork()
if child == 0:
    signal.alarm(60)  # ends it if it hangs
engine.run(np.arange(256), np.full(4, 0.1))
if child:
    assert os.waitpid(child, 0)[1] == 0, "the child hung or failed"
os.write(1, network.params.tobytes())
"""


def train(threads: int) -> np.ndarray:
    """Train a little, and return the parameters."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (64, 784), np.uint8), rng.integers(0, 10, 64, np.uint8)
    layers = [*block(64, "relu"), *block(10, "softmax")]
    network = Network(784, layers, rng=rng, input_scale=1 / 255)
    step_config = StepConfig(LOSSES["cross_entropy"], SGD())
    engine = NumbaEngine(network, step_config, x, y, 32, rng, threads=threads)
    engine.run(np.arange(64), np.full(2, 0.1))
    return network.params


def test_without_any_new_thread_one_works_and_a_warning_says_so() -> None:
    command = [sys.executable, "-c", WITHOUT_THREADS]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    expected = "0 helpers\nonly 1 of 4 threads work on a batch: can't start new thread"
    assert result.stdout.startswith(expected), result


def test_fewer_threads_than_wanted_come_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    start, before = threading.Thread.start, set(threading.enumerate())

    def limited(thread: threading.Thread) -> None:
        if set(threading.enumerate()) - before:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    with pytest.warns(MnistNNWarning, match="only 2 of 4 threads"):
        params = train(threads=4)
    np.testing.assert_array_equal(params, train(threads=1))


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_a_forked_child_trains_as_its_parent_does(engine: str) -> None:
    command = [sys.executable, "-c", FORK, engine]
    result = subprocess.run(command, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr
    childs, parents = np.split(np.frombuffer(result.stdout, np.float32), 2)
    np.testing.assert_array_equal(childs, parents)


def test_a_helper_that_fails_lets_the_others_through() -> None:
    opened = []

    def kernel(task: Task) -> None:
        if task.number == 1:
            raise MemoryError
        while not task.barrier.any():  # as a task waits that the failed one never joins
            pass
        opened.append(task.number)

    with pytest.raises(MemoryError):
        Helpers(1).run(kernel, (), 2)
    assert opened == [0]
