"""Time mnist-nn's engines against their peers, as tables, JSON and a bar chart.

    python scripts/bench.py --output build/bench

Needs the peers in the same environment (torch, jax, scikit-learn); one that is not there is
reported as missing. Writes benchmarks.json, benchmarks.png and, between the markers of
benchmarks.md, the tables, which it also prints. All contestants of a batch size take turns, epoch
by epoch, each in its own process, with one thread and with all; the better median counts.
"""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

from bench_processes import compiling, describe, linearity, whole_processes
from bench_race import ENTRIES, LEARNING_RATES, Row, note, race
from bench_report import check_page, contestants_table, environment, judge, markdown, write_page

BUSY = 0.5  # processes that want to run, on average, besides the benchmark
DOCS = Path(__file__).parents[1] / "docs"


def options() -> argparse.Namespace:
    """Read the command line."""
    usage, _, more = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(
        description=usage, epilog=more, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--output", type=Path, default=DOCS, metavar="DIR", help="for the results (default: docs)")
    add("--rounds", type=int, default=5, metavar="N", help="timed epochs of each (default: 5)")
    add(
        "--dataset",
        default="mnist",
        choices=("mnist", "fashion-mnist", "mnist-sample"),
        help="what to train on; mnist-sample is for trying this out (default: mnist)",
    )
    add(
        "--only",
        nargs="+",
        default=list(ENTRIES),
        choices=ENTRIES,
        metavar="NAME",
        help=f"contestants, of: {', '.join(ENTRIES)} (default: all)",
    )
    add(
        "--batch-sizes",
        nargs="+",
        type=int,
        default=list(LEARNING_RATES),
        choices=LEARNING_RATES,
        metavar="N",
        help=f"of: {', '.join(map(str, LEARNING_RATES))} (default: all)",
    )
    add(
        "--race-only",
        action="store_true",
        help="leave out whole processes, compiling from scratch, and growing data",
    )
    chosen = parser.parse_args()
    if chosen.rounds < 1:
        parser.error("--rounds must be 1 or more")
    return chosen


def measure(chosen: argparse.Namespace) -> Row:
    """Do all measurements."""
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
        note("the machine is busy: threads that wait for one another may seem slower than they are")
    for size in chosen.batch_sizes:
        rows = race(chosen.only, size, chosen.dataset, chosen.rounds)
        note(contestants_table(rows, data["samples"]))
        results["contestants"] += rows
    if not chosen.race_only:
        able = [row["contestant"] for row in results["contestants"] if row.get("best")]
        engines = [name for name in ("numba", "numpy") if name in able]
        results["processes"] = whole_processes(chosen.dataset, data["path"], chosen.rounds)
        if "numba" in engines:
            results["compiling"] = compiling(chosen.batch_sizes, chosen.dataset)
        results["linearity"] = linearity(engines, chosen.dataset)
    results["targets"] = judge(results)
    return results


def chart(results: Row, path: Path) -> None:
    """Draw the chart, if matplotlib is there."""
    try:
        from bench_chart import draw
    except ModuleNotFoundError as error:
        note(f"no chart: {error}")
        return
    title = f"Training 784-128-64-10 on {results['samples']:,} images, {results['machine']['cpu']}"
    draw(results["contestants"], path, f"{title}, {results['machine']['cores']} processors")


def main() -> None:
    """Measure, then write and print what came of it."""
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
