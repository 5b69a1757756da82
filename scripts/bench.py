"""Time mnist-nn's engines against other libraries, as tables, JSON and a bar chart.

    python scripts/bench.py --output build/bench

Needs torch, jax and scikit-learn in the same environment; those not installed are reported as
missing. Writes benchmarks.json, benchmarks.png and, between the markers of benchmarks.md, the
tables, which it also prints. The contestants of a batch size take turns, epoch by epoch, each in
its own process, with one thread and with all; the faster setting counts.
"""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

from bench_processes import compiling, describe, linearity, whole_processes
from bench_race import ENTRIES, LEARNING_RATES, Row, note, race
from bench_report import ENGINES, check_page, contestants_table, environment, markdown, write_page

BUSY = 0.5  # load average without the benchmark
DOCS = Path(__file__).parents[1] / "docs"


def options() -> argparse.Namespace:
    """Read the command line."""
    usage, _, more = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=usage, epilog=more, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add(
        "--output",
        type=Path,
        default=DOCS,
        metavar="DIR",
        help="folder of the results (default: docs)",
    )
    add("--rounds", type=int, default=5, metavar="N", help="timed epochs of each (default: 5)")
    add(
        "--dataset",
        default="mnist",
        choices=("mnist", "fashion-mnist", "mnist-sample"),
        help="dataset; mnist-sample is for trial runs (default: mnist)",
    )
    add(
        "--only",
        nargs="+",
        default=list(ENTRIES),
        choices=ENTRIES,
        metavar="NAME",
        help=f"contestants among {', '.join(ENTRIES)} (default: all)",
    )
    add(
        "--batch-sizes",
        nargs="+",
        type=int,
        default=list(LEARNING_RATES),
        choices=LEARNING_RATES,
        metavar="N",
        help=f"batch sizes among {', '.join(map(str, LEARNING_RATES))} (default: all)",
    )
    add(
        "--race-only",
        action="store_true",
        help="omit whole processes, compiling from scratch, and growing data",
    )
    chosen = parser.parse_args()
    if chosen.rounds < 1:
        parser.error("--rounds must be 1 or more")
    return chosen


def measure(chosen: argparse.Namespace) -> Row:
    """Run all measurements."""
    data = describe(chosen.dataset)
    results: Row = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "dataset": chosen.dataset,
        "samples": data["samples"],
        "rounds": chosen.rounds,
        "machine": environment(),
        "contestants": [],
        "processes": [],
        "compiling": [],
        "linearity": [],
    }
    if results["machine"]["load"] > BUSY:
        note("the machine is busy: results with several threads may be too slow")
    for size in chosen.batch_sizes:
        rows = race(chosen.only, size, chosen.dataset, chosen.rounds)
        note(contestants_table(rows, data["samples"]))
        results["contestants"] += rows
    if not chosen.race_only:
        timed = {row["contestant"] for row in results["contestants"] if row.get("best")}
        engines = [name for name in ENGINES if name in timed]
        results["processes"] = whole_processes(chosen.dataset, data["path"], chosen.rounds)
        if "numba" in engines:
            results["compiling"] = compiling(chosen.batch_sizes, chosen.dataset)
        results["linearity"] = linearity(engines, chosen.dataset)
    return results


def chart(results: Row, path: Path) -> None:
    """Draw the chart if matplotlib is installed."""
    try:
        from bench_chart import draw
    except ModuleNotFoundError as error:
        note(f"no chart: {error}")
        return
    title = f"Training 784-128-64-10 on {results['samples']:,} images, {results['machine']['cpu']}"
    draw(results["contestants"], path, f"{title}, {results['machine']['cores']} processors")


def main() -> None:
    """Measure, write the results and print the tables."""
    chosen = options()
    chosen.output.mkdir(parents=True, exist_ok=True)
    page = chosen.output / "benchmarks.md"
    check_page(page)
    results = measure(chosen)
    text = json.dumps(results, indent=1, ensure_ascii=False)
    (chosen.output / "benchmarks.json").write_text(f"{text}\n")
    tables = markdown(results)
    write_page(page, tables)
    print(tables)
    chart(results, chosen.output / "benchmarks.png")


if __name__ == "__main__":
    main()
