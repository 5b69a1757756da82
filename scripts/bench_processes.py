"""Whole processes: commands from start to exit, compiling from scratch, and growing data."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from bench_race import WORKER, Row, Worker, n_cores, note, spread

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "configs" / "base.yaml"
TIMES = (1, 4, 16)  # how often over the linearity measurement has the samples


def describe(dataset: str) -> Row:
    """Find out how many samples a dataset has and which file they are in, or end with why not."""
    command = [sys.executable, str(WORKER), "describe", dataset]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if answer.returncode:
        raise SystemExit(answer.returncode)  # the worker has said why
    row: Row = json.loads(answer.stdout)
    return row


def run(command: list[str]) -> Row:
    """Run a command to its end: its seconds and its peak memory, or why it is missing."""
    with tempfile.TemporaryFile("w+") as errors:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            lines = errors.read().splitlines() or [f"exit status {process.returncode}"]
            return {"missing": lines[-1]}
    unit = 1 if sys.platform == "darwin" else 1024
    return {"seconds": seconds, "peak_bytes": unit * usage.ru_maxrss}


def accuracy(command: list[str]) -> float | None:
    """Run a command that prints one JSON object with an accuracy."""
    answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return None if answer.returncode else float(json.loads(answer.stdout)["accuracy"])


def whole_processes(dataset: str, path: str, rounds: int) -> list[Row]:
    """Time commands from start to exit, in turn, after a first run of each that does not count.

    Parameters
    ----------
    dataset, path
        Its name, and the file it is in.
    rounds
        Timed runs of each.

    Returns
    -------
    list of dict
        A row for each command.
    """
    note("whole processes")
    ours = [sys.executable, "-m", "mnist_nn"]
    script = [sys.executable, str(ROOT / "scripts" / "bench_torch.py"), path]
    training = yaml.safe_load(CONFIG.read_text())["training"]
    job = ["--epochs", str(training["epochs"]), "--batch-size", str(training["batch_size"])]
    job += ["--learning-rate", str(training["optimizer"]["learning_rate"])]
    with tempfile.TemporaryDirectory() as folder:
        model, theirs = f"{folder}/model.pkl", f"{folder}/model.pt"
        source = ["--config", str(CONFIG), "--set", f"data.dataset={dataset}"]
        commands = {
            "mnist-nn train": [*ours, "train", *source, "-o", model],
            "PyTorch script": [*script, theirs, *job],
            "mnist-nn evaluate": [*ours, "evaluate", model],
            "mnist-nn --help": [*ours, "--help"],
        }
        rows = timed_in_turn(commands, rounds)
        reached = {
            "mnist-nn train": accuracy([*ours, "evaluate", model, "--json"]),
            "PyTorch script": accuracy([*script, theirs, "--evaluate"]),
        }
    return [row | {"accuracy": reached.get(row["process"])} for row in rows]


def timed_in_turn(commands: dict[str, list[str]], rounds: int) -> list[Row]:
    """Run commands in turn, round after round; the first round does not count."""
    runs: dict[str, list[Row]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        note(f"  round {number} of {rounds}" if number else "  a first round")
        for name, command in commands.items():
            if "missing" not in (runs[name] or [{}])[-1]:
                runs[name].append(run(command))
    return [{"process": name} | summed_up(results) for name, results in runs.items()]


def summed_up(runs: list[Row]) -> Row:
    """Sum up the runs of a command; if one failed, the command is missing."""
    if "missing" in runs[-1]:
        return runs[-1]
    counted = runs[1:]
    peak = max(result["peak_bytes"] for result in counted)
    return spread([result["seconds"] for result in counted]) | {"peak_bytes": peak}


def compiling(batch_sizes: list[int], dataset: str) -> list[Row]:
    """Time the Numba engine's first start on a machine, when its kernel must be compiled."""
    note("compiling the Numba engine from scratch")
    rows = []
    for batch_size in batch_sizes:
        with (
            tempfile.TemporaryDirectory() as folder,
            Worker("numba", batch_size, n_cores(), dataset, NUMBA_CACHE_DIR=folder) as worker,
        ):
            seconds = worker.hear()["prepare_seconds"]
        rows.append({"batch_size": batch_size, "seconds": seconds})
        note(f"  batch size {batch_size}: {seconds:.3g} s")
    return rows


def linearity(engines: list[str], dataset: str) -> list[Row]:
    """Have our engines train on the samples several times over: time should grow just as much."""
    note("growing data")
    rows = []
    for times in TIMES:
        for engine in engines:
            command = [sys.executable, str(WORKER), "linearity", engine, str(times), "32", dataset]
            answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            rows.append({"contestant": engine, "times": times} | json.loads(answer.stdout))
            note(f"  {engine}, {times}×: {rows[-1]['seconds_per_60000']:.3g} s per 60,000")
    return rows
