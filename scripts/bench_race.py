"""The race: a process for each contestant and number of threads; they train in turn, by epochs.

Taking turns spreads other load and throttling over all contestants. The driver imports nothing
large, since the peak memory of a process it starts includes the driver's.
"""

import contextlib
import json
import os
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

WORKER = Path(__file__).with_name("bench_worker.py")
LEARNING_RATES = {1: 0.05, 32: 0.5, 128: 1.0}  # of all contestants, by batch size
PAUSE = 0.2  # seconds between epochs, until idle threads of the last contestant stop spinning
WORTH_KEEPING = 1.5  # a setting slower than the contestant's best by this factor is dropped
PATIENCE = 5.0  # more seconds until its first epoch is stopped

Row = dict[str, Any]


class Entry(NamedTuple):
    """Title of a contestant and the batch sizes at which it runs."""

    title: str
    batch_sizes: tuple[int, ...] = tuple(LEARNING_RATES)


ENTRIES = {
    "numba": Entry("mnist-nn numba"),
    "numpy": Entry("mnist-nn numpy"),
    "jax": Entry("JAX"),
    "pytorch": Entry("PyTorch"),
    "scikit-learn": Entry("scikit-learn", (32, 128)),
    "reference-a": Entry("reference system A", (1,)),
    "products": Entry("two dense products alone", (32, 128)),
}


class WorkerError(Exception):
    """A worker failed; the message has the reason."""


class TooSlow(Exception):
    """A worker exceeded its time limit."""


def note(text: str) -> None:
    """Print progress to standard error."""
    print(text, file=sys.stderr, flush=True)


def spread(seconds: list[float]) -> Row:
    """Return the minimum, median and maximum of repeated measurements."""
    return {
        "seconds": seconds,
        "min": min(seconds),
        "median": statistics.median(seconds),
        "max": max(seconds),
    }


def n_cores() -> int:
    """Return the number of processors available to this process."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def with_threads(n: int) -> dict[str, str]:
    """Return environment variables with which every library uses `n` threads."""
    names = ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "NUMBA_NUM", "VECLIB_MAXIMUM")
    env = os.environ | {f"{name}_THREADS": str(n) for name in names}
    if n == 1:
        env["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return env


class Worker:
    """A contestant in its own process, which ends with the context; `row` is its JSON entry."""

    def __init__(self, name: str, batch_size: int, threads: int, dataset: str, **env: str) -> None:
        self.row: Row = {"contestant": name, "batch_size": batch_size, "threads": threads}
        arguments = (name, threads, batch_size, LEARNING_RATES[batch_size], dataset)
        self.start("contestant", *map(str, arguments), env=with_threads(threads) | env)

    def start(self, *arguments: str, env: dict[str, str]) -> None:
        """Start the process."""
        self.process = subprocess.Popen(
            [sys.executable, str(WORKER), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=env,
            start_new_session=True,  # Ctrl-C reaches only the driver, which ends its workers
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.communicate()

    def __str__(self) -> str:
        threads = self.row["threads"]
        title = ENTRIES[self.row["contestant"]].title
        return f"{title}, {threads} thread{'s' if threads > 1 else ''}"

    @property
    def running(self) -> bool:
        """Whether the worker is still in the race."""
        return not {"missing", "dropped"} & self.row.keys()

    def hear(self, limit: float | None = None) -> Row:
        """Return its next answer; wait at most `limit` seconds."""
        stdout = self.process.stdout
        assert stdout is not None
        if not select.select([stdout], [], [], limit)[0]:
            raise TooSlow(f"first epoch stopped after {limit:.0f} s")
        line = stdout.readline()
        if not line:
            raise WorkerError(f"its process ended with exit status {self.process.wait()}")
        answer: Row = json.loads(line)
        if "missing" in answer:
            raise WorkerError(answer["missing"])
        return answer

    def ask(self, request: str, limit: float | None = None) -> Row:
        """Send a line and return the answer."""
        stdin = self.process.stdin
        assert stdin is not None
        with contextlib.suppress(BrokenPipeError):  # then hear() raises
            stdin.write(f"{request}\n")
            stdin.flush()
        return self.hear(limit)

    def leave(self, how: str, why: str) -> None:
        """Remove the worker from the race as ``missing`` or ``dropped``."""
        self.row[how] = why
        note(f"  {self}: {how}: {why}")
        self.process.kill()


@contextlib.contextmanager
def still_in_the_race(worker: Worker) -> Iterator[None]:
    """Remove a worker from the race if it fails or is too slow in the block."""
    try:
        yield
    except WorkerError as error:
        worker.leave("missing", str(error))
    except TooSlow as error:
        worker.leave("dropped", str(error))


def line_up(name: str, batch_size: int, dataset: str, stack: contextlib.ExitStack) -> list[Worker]:
    """Start a contestant with one thread and with all, and run an untimed first epoch of each."""
    workers: list[Worker] = []
    best = None
    for threads in sorted({1, n_cores()}):
        worker = stack.enter_context(Worker(name, batch_size, threads, dataset))
        workers.append(worker)
        with still_in_the_race(worker):
            worker.row |= worker.hear()
            limit = None if best is None else WORTH_KEEPING * best + PATIENCE
            seconds = worker.ask("epoch", limit)["seconds"]
            worker.row["warm_up_seconds"] = seconds
            best = seconds if best is None else min(best, seconds)
            note(f"  {worker}: first epoch {seconds:.3g} s")
        if "missing" in worker.row:  # with any number of threads
            break
    for worker in workers:
        if best and worker.running and worker.row["warm_up_seconds"] > WORTH_KEEPING * best:
            worker.leave("dropped", f"first epoch over {WORTH_KEEPING} times the best")
    return workers


def running(workers: list[Worker]) -> list[Worker]:
    """Return the workers that are still in the race."""
    return [worker for worker in workers if worker.running]


def race(names: list[str], batch_size: int, dataset: str, rounds: int) -> list[Row]:
    """Time contestants at one batch size; return a row for each and each number of threads.

    A row has all figures, or ``missing`` or ``dropped`` with the reason; ``best`` marks the faster
    setting of a contestant.
    """
    note(f"batch size {batch_size}")
    with contextlib.ExitStack() as stack:
        workers: list[Worker] = []
        for name in names:
            if batch_size in ENTRIES[name].batch_sizes:
                workers += line_up(name, batch_size, dataset, stack)
        times: dict[Worker, list[float]] = {worker: [] for worker in workers}
        for number in range(1, rounds + 1):
            note(f"  round {number} of {rounds}")
            for worker in running(workers):
                time.sleep(PAUSE)
                with still_in_the_race(worker):
                    times[worker].append(worker.ask("epoch")["seconds"])
        for worker in running(workers):
            with still_in_the_race(worker):
                worker.row |= worker.ask("end") | spread(times[worker])
    rows = [worker.row for worker in workers]
    mark_best(rows)
    return rows


def mark_best(rows: list[Row]) -> None:
    """Mark the faster number of threads of each contestant."""
    for row in rows:
        rivals = [
            r["median"] for r in rows if r["contestant"] == row["contestant"] and "median" in r
        ]
        if "median" in row:
            row["best"] = row["median"] == min(rivals)
