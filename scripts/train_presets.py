"""Train the presets with several seeds, evaluate each model once, and write docs/accuracy.md.

Each run is ``mnist-nn train --config … --seed …``. When all seeds of a preset are trained,
``mnist-nn evaluate`` evaluates each model once; nothing else here reads the test samples. The
results go to docs/accuracy.json, preset by preset, and into the table of docs/accuracy.md. All
presets take several hours.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench_report import environment, table, write_page

from mnist_nn.evaluation import summarize
from mnist_nn.model import load_model

ROOT = Path(__file__).parents[1]
PRESETS = ("fast", "batch-norm", "sigmoid", "accurate", "simard", "best", "wild", "fashion")
COMMAND = [sys.executable, "-m", "mnist_nn"]

Row = dict[str, Any]


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument(
        "presets", nargs="*", metavar="PRESET", help=f"among {', '.join(PRESETS)} (default: all)"
    )
    parser.add_argument(
        "--seeds", type=int, default=3, help="runs of each, from seed 0 (default: 3)"
    )
    parser.add_argument(
        "--jobs", type=int, default=1, help="parallel runs, which share the processors (default: 1)"
    )
    parser.add_argument(
        "--set", action="append", default=[], help="option of train, for trial runs"
    )
    parser.add_argument("--models", type=Path, default=ROOT / "build" / "presets")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs", help="folder of the results (default: docs)"
    )
    chosen = parser.parse_args()
    unknown = sorted(set(chosen.presets) - set(PRESETS))
    if unknown:
        parser.error(f"unknown preset {unknown[0]!r}; choose among {', '.join(PRESETS)}")
    if chosen.set and chosen.output == ROOT / "docs":
        parser.error("results of --set cannot be written to docs; pass --output")
    if chosen.seeds < 2 or chosen.jobs < 1:
        parser.error("--seeds must be 2 or more and --jobs 1 or more")
    return chosen


def train(preset: str, seed: int, model: Path, chosen: argparse.Namespace) -> None:
    """Train a preset with a seed."""
    config = ROOT / "configs" / f"{preset}.yaml"
    threads = str(max(1, len(os.sched_getaffinity(0)) // chosen.jobs))
    more = [part for setting in chosen.set for part in ("--set", setting)]
    subprocess.run(
        [*COMMAND, "train", "--config", config, "--seed", str(seed), *more, "-o", model, "--quiet"],
        env=os.environ | {"NUMBA_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
        stdout=subprocess.DEVNULL,
        check=True,
    )


def evaluate(seed: int, path: Path) -> Row:
    """Evaluate a model once; return the result and facts about its training."""
    answer = subprocess.run(
        [*COMMAND, "evaluate", path, "--json"], stdout=subprocess.PIPE, check=True, text=True
    )
    result, model = json.loads(answer.stdout), load_model(path)
    return {
        "seed": seed,
        "accuracy": result["accuracy"],
        "interval": result["accuracy_interval"],
        "samples": result["samples"],
        "seconds": sum(epoch.seconds for epoch in model.history),
        "epochs": len(model.history),
        "sizes": model.network.sizes,
        "parameters": model.network.params.size,
        "training_loss": model.history[-1].loss,
    }


def measured(paths: list[Path], jobs: int) -> Row:
    """Evaluate the trained models of a preset, one for each seed."""
    return {
        "date": time.strftime("%Y-%m-%d"),
        "jobs": jobs,
        "machine": environment(),
        "config": load_model(paths[0]).config.model_dump(mode="json"),
        "runs": [evaluate(seed, path) for seed, path in enumerate(paths)],
    }


def cells(preset: str, result: Row) -> tuple[Any, ...]:
    """Format the row of a preset."""
    runs = result["runs"]
    found = summarize([run["accuracy"] for run in runs])
    seconds = [run["seconds"] for run in runs]
    cores = result["machine"]["cores"] / result["jobs"]
    return (
        f"`{preset}.yaml`",
        "-".join(map(str, runs[0]["sizes"])),
        f"{runs[0]['parameters']:,}",
        runs[0]["epochs"],
        f"{found.mean:.2%} ± {found.deviation:.2%}",
        ", ".join(f"{run['accuracy']:.2%}" for run in runs),
        f"{min(seconds):.1f} to {max(seconds):.1f} on {cores:g}",
    )


def markdown(results: Row) -> str:
    """Format the table and the machine it was measured on."""
    header = (
        "config",
        "network",
        "parameters",
        "epochs",
        "test accuracy, mean ± deviation",
        "each seed",
        "seconds of training, on processors",
    )
    done = [preset for preset in PRESETS if preset in results]
    machine = results[done[-1]]["machine"]
    versions = ", ".join(
        f"{name} {machine['versions'][name]}" for name in ("python", "numpy", "numba")
    )
    return (
        table(header, [cells(preset, results[preset]) for preset in done])
        + f"\n\nMeasured on {machine['cores']} processors of an {machine['cpu']}, {versions}."
    )


def main() -> None:
    """Train, evaluate and write the results."""
    chosen = options()
    record, page = chosen.output / "accuracy.json", chosen.output / "accuracy.md"
    results: Row = json.loads(record.read_text()) if record.exists() else {}
    presets = chosen.presets or list(PRESETS)
    paths = {
        preset: [chosen.models / f"{preset}-seed{seed}.pkl" for seed in range(chosen.seeds)]
        for preset in presets
    }
    chosen.models.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(chosen.jobs) as pool:
        runs = {
            preset: [
                pool.submit(train, preset, seed, path, chosen)
                for seed, path in enumerate(paths[preset])
            ]
            for preset in presets
        }
        for preset in presets:
            try:
                for run in runs[preset]:
                    run.result()
            except subprocess.CalledProcessError:
                pool.shutdown(cancel_futures=True)  # the others may take hours
                raise
            results[preset] = measured(paths[preset], chosen.jobs)
            record.write_text(json.dumps(results, indent=1) + "\n")
            write_page(page, markdown(results))
            print(*cells(preset, results[preset]), sep="  ", flush=True)


if __name__ == "__main__":
    main()
