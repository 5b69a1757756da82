"""Markdown tables of the benchmark results."""

import os
import platform
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from bench_race import ENTRIES, LEARNING_RATES, Row, n_cores

START, END = "<!-- results -->", "<!-- end of results -->"
PACKAGES = ("numpy", "numba", "torch", "jax", "jaxlib", "scikit-learn")
NEW_PAGE = f"""# Benchmarks

Measured by `scripts/bench.py`, which replaces the text between the markers.

![Seconds per epoch of every contestant](benchmarks.png)

{START}
{END}
"""


ENGINES = ("numba", "numpy")


def environment() -> Row:
    """Return the hardware, the load and the versions of the libraries."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    versions: Row = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    return {
        "cpu": models[0] if models else platform.processor() or platform.machine(),
        "cores": n_cores(),
        "load": round(os.getloadavg()[0], 1),  # of the last minute
        "system": f"{platform.system()} {os.uname().machine}",
        "versions": versions,
    }


def batch_name(size: int) -> str:
    """Return the name of a batch size."""
    return "per-sample" if size == 1 else f"batches of {size}"


def table(header: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    """Format an aligned Markdown table, all columns but the first right-aligned."""
    cells = [header, *[tuple("" if cell is None else str(cell) for cell in row) for row in rows]]
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    lines = [
        "| "
        + " | ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in cells
    ]
    rule = [
        ("-" * (width - 1) + ":") if place else "-" * width for place, width in enumerate(widths)
    ]
    lines.insert(1, "| " + " | ".join(rule) + " |")
    return "\n".join(lines)


def seconds(value: float | None) -> str:
    """Format seconds."""
    if value is None:
        return ""
    return f"{value:.{3 if value < 1 else 2 if value < 10 else 1}f}"


def megabytes(value: int | None) -> str:
    """Format bytes as megabytes."""
    return "" if value is None else f"{value / 1e6:,.0f} MB"


def percent(value: float | None) -> str:
    """Format a fraction as a percentage."""
    return "" if value is None else f"{value:.2%}"


def ratio(theirs: float | None, ours: float) -> str:
    """Format a ratio."""
    return "" if theirs is None else f"{theirs / ours:.2f} ×"


def figures(row: Row) -> tuple[str, str]:
    """Format the median and the range of a row."""
    return seconds(row["median"]), f"{seconds(row['min'])} to {seconds(row['max'])}"


def contestants_table(rows: list[Row], samples: int) -> str:
    """Return the table of one batch size, the fastest contestant first, missing ones last."""
    header = (
        "",
        "threads",
        "s per epoch",
        "range",
        "samples/s",
        "accuracy",
        "prepared in",
        "memory",
    )
    cells: list[tuple[Any, ...]] = []
    for row in sorted((r for r in rows if r.get("best")), key=lambda r: r["median"]):
        cells.append(
            (
                ENTRIES[row["contestant"]].title,
                row["threads"],
                *figures(row),
                f"{samples / row['median']:,.0f}",
                percent(row["accuracy"]),
                f"{seconds(row['prepare_seconds'])} s",
                megabytes(row["peak_bytes"]),
            )
        )
    here = {row["contestant"] for row in rows if row.get("best")}
    for row in rows:
        if "missing" in row and row["contestant"] not in here:
            title = ENTRIES[row["contestant"]].title
            cells.append((f"{title}: missing ({row['missing']})", *[""] * (len(header) - 1)))
    return table(header, cells)


def markdown(results: Row) -> str:
    """Return all tables."""
    samples = results["samples"]
    parts = [
        f"{samples:,} samples of {results['dataset']}, {results['date']}: the median of "
        f"{results['rounds']} epochs after an untimed one, with one thread or with all, whichever "
        "was faster.",
        "*Accuracy*: on the test images, after all these epochs. *Prepared in*: time to compile, "
        "or to load what was compiled, without imports. *Memory*: peak of the whole process, "
        "interpreter and images included.",
    ]
    for size in LEARNING_RATES:
        rows = [row for row in results["contestants"] if row["batch_size"] == size]
        if rows:
            parts += [f"### {batch_name(size).capitalize()}", contestants_table(rows, samples)]
    parts += [*ratios_part(results), *processes_part(results)]
    parts += [*linearity_part(results), *environment_part(results)]
    return "\n\n".join(parts)


def ratios_part(results: Row) -> list[str]:
    """Return the section on how many times faster the engines are than the other libraries."""
    medians = {
        (row["contestant"], row["batch_size"]): row["median"]
        for row in results["contestants"]
        if row.get("best")
    }
    peers = [
        name
        for name in ENTRIES
        if name not in ENGINES and any((name, size) in medians for size in LEARNING_RATES)
    ]
    rows = [
        (
            f"{ENTRIES[engine].title}, {batch_name(size)}",
            *(ratio(medians.get((peer, size)), medians[engine, size]) for peer in peers),
        )
        for size in LEARNING_RATES
        for engine in ENGINES
        if (engine, size) in medians
    ]
    if not peers or not rows:
        return []
    header = ("times as fast as", *(ENTRIES[peer].title for peer in peers))
    return ["### Speed ratios", table(header, rows)]


def processes_part(results: Row) -> list[str]:
    """Return the sections on whole processes and compiling."""
    parts = []
    if results["processes"]:
        cells = [
            (f"{row['process']}: missing ({row['missing']})", "", "", "", "")
            if "missing" in row
            else (
                row["process"],
                *figures(row),
                percent(row["accuracy"]),
                megabytes(row["peak_bytes"]),
            )
            for row in results["processes"]
        ]
        header = ("", "s", "range", "accuracy", "memory")
        parts += ["### Whole processes", table(header, cells)]
    if results["compiling"]:
        times = [
            (batch_name(row["batch_size"]), seconds(row["seconds"])) for row in results["compiling"]
        ]
        parts += ["### Compiling the Numba engine, once per machine", table(("", "s"), times)]
    return parts


def linearity_part(results: Row) -> list[str]:
    """Return the section on growing data."""
    if not results["linearity"]:
        return []
    cells: list[tuple[Any, ...]] = []
    for row in results["linearity"]:
        extra = row["extra_bytes_per_image"]
        cells.append(
            (
                ENTRIES[row["contestant"]].title,
                f"{row['samples']:,}",
                seconds(row["seconds_per_60000"]),
                "not measured" if extra is None else f"{extra:.0f}",
            )
        )
    header = ("", "samples", "s per 60,000", "extra bytes per image")
    return ["### Growing data, batches of 32", table(header, cells)]


def environment_part(results: Row) -> list[str]:
    """Return the section on the machine."""
    machine = results["machine"]
    cells = [
        ("CPU", machine["cpu"]),
        ("processors", machine["cores"]),
        ("load before", machine["load"]),
        ("system", machine["system"]),
    ]
    cells += [(name, version or "not installed") for name, version in machine["versions"].items()]
    return ["### Machine", table(("", ""), cells)]


def check_page(page: Path) -> None:
    """Exit with an error if an existing page lacks the markers."""
    if page.exists() and not all(marker in page.read_text() for marker in (START, END)):
        raise SystemExit(
            f"{page} lacks the lines {START} and {END}, between which the results are written"
        )


def write_page(page: Path, text: str, start: str = START, end: str = END) -> None:
    """Replace the text between the markers of a page; create the page if it does not exist."""
    old = page.read_text() if page.exists() else NEW_PAGE
    before, _, rest = old.partition(start)
    after = rest.partition(end)[2]
    page.write_text(f"{before}{start}\n\n{text}\n\n{end}{after}")
