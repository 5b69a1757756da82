"""Timing of whole commands, of compiling from scratch, and of growing data."""

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
TIMES = (1, 4, 16)  # copies of the samples in the linearity measurement


def describe(dataset: str) -> Row:
    """Return the number of samples of a dataset and its file, or exit if it cannot be loaded."""
    command = [sys.executable, str(WORKER), "describe", dataset]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if answer.returncode:
        raise SystemExit(answer.returncode)  # the worker printed the reason
    row: Row = json.loads(answer.stdout)
    return row


def run(command: list[str]) -> Row:
    """Run a command; return its seconds and peak memory, or why it failed, as ``missing``."""
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
    """Return the accuracy that a command prints as JSON."""
    answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return None if answer.returncode else float(json.loads(answer.stdout)["accuracy"])


def whole_processes(dataset: str, path: str, rounds: int) -> list[Row]:
    """Time commands from start to exit, in turn; `path` is the file of the dataset."""
    note("whole processes")
    ours = [sys.executable, "-m", "mnist_nn"]
    script = [sys.executable, str(ROOT / "scripts" / "bench_torch.py"), path]
    training = yaml.safe_load(CONFIG.read_text())["training"]
    job = ["--epochs", str(training["epochs"]), "--batch-size", str(training["batch_size"])]
    job += ["--learning-rate", str(training["optimizer"]["learning_rate"])]
    with tempfile.TemporaryDirectory() as folder:
        model, theirs = f"{folder}/model.pkl", f"{folder}/model.pt"
        source = ["--config", str(CONFIG), "--set", f"data.dataset={dataset}"]
        source += ["--set", "data.validation=0"]  # all samples, as for the others
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
    """Run commands in turn, round by round, after an untimed first round."""
    runs: dict[str, list[Row]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        note(f"  round {number} of {rounds}" if number else "  untimed round")
        for name, command in commands.items():
            if "missing" not in (runs[name] or [{}])[-1]:
                runs[name].append(run(command))
    return [{"process": name} | summarize_runs(results) for name, results in runs.items()]


def summarize_runs(runs: list[Row]) -> Row:
    """Return the figures of a command; if a run failed, it is missing."""
    if "missing" in runs[-1]:
        return runs[-1]
    counted = runs[1:]
    peak = max(result["peak_bytes"] for result in counted)
    return spread([result["seconds"] for result in counted]) | {"peak_bytes": peak}


def compiling(batch_sizes: list[int], dataset: str) -> list[Row]:
    """Time the first start of the Numba engine on a machine, which compiles its kernel."""
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
    """Time our engines on copies of the samples, whose time should grow linearly."""
    note("growing data")
    rows = []
    for times in TIMES:
        for engine in engines:
            command = [sys.executable, str(WORKER), "linearity", engine, str(times), "32", dataset]
            answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            rows.append({"contestant": engine, "times": times} | json.loads(answer.stdout))
            note(f"  {engine}, {times}×: {rows[-1]['seconds_per_60000']:.3g} s per 60,000")
    return rows
