"""The race: one process per contestant and number of threads, asked in turn for one epoch each.

So whatever the machine does meanwhile, grow hot or serve somebody else, hits all alike. The driver
itself imports nothing large: a process it starts counts what the driver held as its own peak.
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
LEARNING_RATES = {1: 0.05, 32: 0.5, 128: 1.0}  # of everybody, at each batch size
PAUSE = 0.2  # seconds between epochs, for threads of the last one that still spin, awaiting work
WORTH_KEEPING = 1.5  # a setting this much slower than the contestant's best is not run further
PATIENCE = 5.0  # seconds, beyond that, until its first epoch is broken off

Row = dict[str, Any]


class Entry(NamedTuple):
    """A contestant as the tables show it, and the batch sizes at which it runs."""

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
    """A worker cannot go on; the text says why."""


class TooSlow(Exception):
    """A worker is not worth waiting for; the text says how long it was given."""


def note(text: str) -> None:
    """Say on standard error what is going on."""
    print(text, file=sys.stderr, flush=True)


def spread(seconds: list[float]) -> Row:
    """Sum up what repeated measurements gave."""
    return {
        "seconds": seconds,
        "min": min(seconds),
        "median": statistics.median(seconds),
        "max": max(seconds),
    }


def n_cores() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def with_threads(n: int) -> dict[str, str]:
    """Make an environment in which every library uses `n` threads."""
    names = ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "NUMBA_NUM", "VECLIB_MAXIMUM")
    env = os.environ | {f"{name}_THREADS": str(n) for name in names}
    if n == 1:
        env["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return env


class Worker:
    """A contestant in a process of its own; leaving its context ends it.

    Attributes
    ----------
    row
        What is known of it so far, as it goes to the JSON file.
    """

    def __init__(self, name: str, batch_size: int, threads: int, dataset: str, **env: str) -> None:
        self.row: Row = {"contestant": name, "batch_size": batch_size, "threads": threads}
        arguments = (name, threads, batch_size, LEARNING_RATES[batch_size], dataset)
        self.start("contestant", *map(str, arguments), env=with_threads(threads) | env)

    def start(self, *arguments: str, env: dict[str, str]) -> None:
        """Start its process."""
        self.process = subprocess.Popen(
            [sys.executable, str(WORKER), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=env,
            start_new_session=True,  # Ctrl-C is for the driver, which ends its workers
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
        """Whether it is still in the race."""
        return not {"missing", "dropped"} & self.row.keys()

    def hear(self, limit: float | None = None) -> Row:
        """Wait for its next line, at most `limit` seconds."""
        stdout = self.process.stdout
        assert stdout is not None
        if not select.select([stdout], [], [], limit)[0]:
            raise TooSlow(f"first epoch broken off after {limit:.0f} s")
        line = stdout.readline()
        if not line:
            raise WorkerError(f"its process ended with exit status {self.process.wait()}")
        answer: Row = json.loads(line)
        if "missing" in answer:
            raise WorkerError(answer["missing"])
        return answer

    def ask(self, word: str, limit: float | None = None) -> Row:
        """Send a word and wait for the answer."""
        stdin = self.process.stdin
        assert stdin is not None
        with contextlib.suppress(BrokenPipeError):  # then there is no answer, either
            stdin.write(f"{word}\n")
            stdin.flush()
        return self.hear(limit)

    def leave(self, how: str, why: str) -> None:
        """Take it out of the race: it is ``missing`` or ``dropped``."""
        self.row[how] = why
        note(f"  {self}: {how}: {why}")
        self.process.kill()


@contextlib.contextmanager
def still_in_the_race(worker: Worker) -> Iterator[None]:
    """Take a worker out of the race if it cannot do what the block asks of it."""
    try:
        yield
    except WorkerError as error:
        worker.leave("missing", str(error))
    except TooSlow as error:
        worker.leave("dropped", str(error))


def line_up(name: str, batch_size: int, dataset: str, stack: contextlib.ExitStack) -> list[Worker]:
    """Start a contestant with one thread and with all, and run a first epoch that does not count.

    A setting that is not worth it leaves the race here.
    """
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
        if "missing" in worker.row:  # then it is so with any number of threads
            break
    for worker in workers:
        if best and worker.running and worker.row["warm_up_seconds"] > WORTH_KEEPING * best:
            worker.leave("dropped", f"first epoch over {WORTH_KEEPING} times its best")
    return workers


def running(workers: list[Worker]) -> list[Worker]:
    """Choose those that are still in the race."""
    return [worker for worker in workers if worker.running]


def race(names: list[str], batch_size: int, dataset: str, rounds: int) -> list[Row]:
    """Time contestants at one batch size.

    Parameters
    ----------
    names
        Keys of `ENTRIES`; those that do not run at this batch size are left out.
    batch_size, dataset
        Which training.
    rounds
        Timed epochs of each.

    Returns
    -------
    list of dict
        A row for each contestant and number of threads. It has ``missing`` or ``dropped``, with the
        reason, or else all figures; ``best`` marks a contestant's faster one.
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
    """Mark each contestant's faster number of threads: that is its figure."""
    for row in rows:
        rivals = [
            r["median"] for r in rows if r["contestant"] == row["contestant"] and "median" in r
        ]
        if "median" in row:
            row["best"] = row["median"] == min(rivals)
