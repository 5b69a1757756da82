import threading
import time

from numba import njit

from mnist_nn.engines.numba.gate import make_gate, throw_open, wait


@njit(nogil=True)
def pass_through(gate, tasks):
    wait(gate, tasks)


def test_nobody_passes_before_all_have_come() -> None:
    gate, passed = make_gate(), []

    def come(number: int) -> None:
        pass_through(gate, 3)
        passed.append(number)

    pass_through(make_gate(), 1)  # compiles
    threads = [threading.Thread(target=come, args=(number,)) for number in range(3)]
    for thread in threads[:2]:
        thread.start()
    while gate[0] < 2:  # those who have come
        time.sleep(0.001)
    assert passed == []
    threads[2].start()
    for thread in threads:
        thread.join(timeout=600)
    assert sorted(passed) == [0, 1, 2]


def test_a_gate_thrown_open_holds_nobody() -> None:
    gate = make_gate()
    waiting = threading.Thread(target=pass_through, args=(gate, 2))
    waiting.start()
    throw_open(gate)
    waiting.join(timeout=600)
    assert not waiting.is_alive()
