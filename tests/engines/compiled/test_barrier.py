import threading
import time

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mnist_nn.engines.compiled.barrier import Task, make_barrier, release, wait


@njit(nogil=True)
def pass_through(barrier: NDArray[np.int64], tasks: int) -> None:
    wait(Task(0, tasks, barrier))


def test_no_thread_passes_before_all_have_come() -> None:
    barrier, passed = make_barrier(), []

    def come(number: int) -> None:
        pass_through(barrier, 3)
        passed.append(number)

    pass_through(make_barrier(), 1)  # compiles
    threads = [threading.Thread(target=come, args=(number,)) for number in range(3)]
    for thread in threads[:2]:
        thread.start()
    while barrier[0] < 2:  # those who have come
        time.sleep(0.001)
    assert passed == []
    threads[2].start()
    for thread in threads:
        thread.join(timeout=600)
    assert sorted(passed) == [0, 1, 2]


def test_a_released_barrier_holds_no_thread() -> None:
    barrier = make_barrier()
    waiting = threading.Thread(target=pass_through, args=(barrier, 2))
    waiting.start()
    release(barrier)
    waiting.join(timeout=600)
    assert not waiting.is_alive()
