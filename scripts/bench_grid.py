"""Time mnist-nn's engines against other libraries over a grid of trainings, as a Markdown table.

    python scripts/bench_grid.py > grid.md

{MNIST's bytes, standardized floats} × batch sizes × {narrow, wide network} × {SGD, Adam}. Every
contestant has its own process and its default number of threads and takes turns with the others,
epoch by epoch, on the first images of MNIST, fewer for the wide network. Libraries that cannot be
imported are omitted. The whole grid takes about ten minutes on two processors.
"""

import argparse
import contextlib
import itertools
import json
import os
import statistics
import time

from bench_race import Row, Worker, WorkerError, n_cores, note
from bench_report import environment

TITLES = {
    "auto": "auto",
    "numba": "numba",
    "numpy": "NumPy",
    "pytorch": "PyTorch",
    "jax": "JAX",
    "scikit-learn": "scikit-learn",
}
PEERS = ("pytorch", "jax", "scikit-learn")
INPUTS = {"bytes": "MNIST's bytes", "dense": "standardized floats"}
SAMPLES = {(784, 128, 64, 10): 12_800, (784, 1024, 1024, 10): 2_048}  # per epoch, by layer sizes
RATES = {"sgd": 0.1, "adam": 0.001}
BUDGET = 2.5  # seconds for the timed epochs of a contestant in a cell; at least one is timed
PAUSE = 0.3  # seconds between epochs, until idle threads of the last contestant stop spinning


class GridWorker(Worker):
    """A contestant in its own process, which trains one cell of the grid after another."""

    def __init__(self, name: str, dataset: str) -> None:
        self.name, self.row = name, {"contestant": name}
        self.start("grid", name, dataset, env=dict(os.environ))

    def __str__(self) -> str:
        return TITLES[self.name]


def options() -> argparse.Namespace:
    """Read the command line."""
    usage, _, more = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=usage, epilog=more, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--rounds", type=int, default=5, metavar="N", help="timed epochs of each (default: 5)")
    add("--dataset", default="mnist", help="mnist-sample is for trial runs (default: mnist)")
    add("--only", nargs="+", default=list(TITLES), choices=TITLES, metavar="NAME")
    add("--inputs", nargs="+", default=list(INPUTS), choices=INPUTS)
    add("--batch-sizes", nargs="+", type=int, default=[32, 128, 512], metavar="N")
    add("--optimizers", nargs="+", default=list(RATES), choices=RATES)
    add("--narrow-only", action="store_true", help="omit the wide network")
    return parser.parse_args()


def measure(workers: list[GridWorker], cell: Row, rounds: int) -> Row:
    """Return the median samples per second of each contestant and the engine it used."""
    seconds: dict[str, list[float]] = {worker.name: [] for worker in workers}
    answers: dict[str, Row] = {}
    for worker in workers:  # untimed first epochs
        answers[worker.name] = worker.ask(json.dumps(cell))
    for i in range(rounds):
        for worker in workers[i % len(workers) :] + workers[: i % len(workers)]:  # rotate the order
            if sum(seconds[worker.name]) < BUDGET:
                time.sleep(PAUSE)
                seconds[worker.name].append(worker.ask("epoch")["seconds"])
    speeds = {
        name: answer["samples"] / statistics.median(seconds[name])
        for name, answer in answers.items()
    }
    engines = {name: answer["engine"] for name, answer in answers.items()}
    return {"cell": cell, "speeds": speeds, "engines": engines}


def line(row: Row, names: list[str]) -> str:
    """Format a row of the table."""
    cell, speeds, engines = row["cell"], row["speeds"], row["engines"]
    sizes = "-".join(map(str, cell["sizes"]))
    cells = [INPUTS[cell["inputs"]], cell["batch_size"], sizes, cell["optimizer"]]
    for name in names:
        shown = f"{speeds[name]:,.0f}"
        if name == "auto":
            shown += f" ({engines[name]})"
        elif engines[name] != name:  # not supported: NumPy was used instead
            shown = "–"
        cells.append(shown)
    peers = [speeds[name] for name in names if name in PEERS]
    for other in (speeds.get("numpy"), max(peers, default=None)):
        known = other and "auto" in speeds
        cells.append(f"{speeds['auto'] / other:.2f}" if known else "–")
    return f"| {' | '.join(map(str, cells))} |"


def heading(names: list[str]) -> str:
    """Format the header of the table."""
    titles = ["inputs", "batch", "network", "optimizer", *(TITLES[name] for name in names)]
    titles += ["auto / NumPy", "auto / best other"]
    return f"| {' | '.join(titles)} |\n|{' --- |' * 4}{' ---: |' * (len(titles) - 4)}"


def main() -> None:
    """Measure and print the table."""
    chosen = options()
    with contextlib.ExitStack() as stack:
        workers = []
        for worker in [GridWorker(name, chosen.dataset) for name in chosen.only]:
            stack.enter_context(worker)
            try:
                worker.hear()
                workers.append(worker)
            except WorkerError as error:
                note(f"{worker}: missing: {error}")
        names = [worker.name for worker in workers]
        machine = environment()
        versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
        print(
            f"Samples per second, medians of {chosen.rounds} rounds; {machine['cpu']}, "
            f"{n_cores()} processors; {versions}; each with its default number of threads.\n"
        )
        print(heading(names), flush=True)
        networks = list(SAMPLES.items())[: 1 if chosen.narrow_only else 2]
        grid = itertools.product(chosen.inputs, networks, chosen.batch_sizes, chosen.optimizers)
        for inputs, (sizes, samples), batch_size, optimizer in grid:
            cell = {
                "inputs": inputs,
                "sizes": sizes,
                "samples": samples,
                "batch_size": batch_size,
                "optimizer": optimizer,
                "rate": RATES[optimizer],
            }
            print(line(measure(workers, cell, chosen.rounds), names), flush=True)


if __name__ == "__main__":
    main()
