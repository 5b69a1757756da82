"""What the measurements come to: targets met or missed, and Markdown tables."""

import os
import platform
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from bench_race import ENTRIES, LEARNING_RATES, Row, n_cores

START, END = "<!-- results -->", "<!-- end of results -->"
PACKAGES = ("numpy", "numba", "torch", "jax", "jaxlib", "scikit-learn")
NEW_PAGE = f"""# Benchmarks

Measured by `scripts/bench.py`, which replaces what is between the markers.

![Seconds per epoch of all contestants](benchmarks.png)

{START}
{END}
"""


class Target(NamedTuple):
    """How many times faster an engine should be than another contestant."""

    engine: str
    batch_size: int
    against: str
    ratio: float
    stretch: bool = False


TARGETS = (
    Target("numpy", 1, "reference-a", 3.5),
    Target("numpy", 1, "pytorch", 5),
    Target("numpy", 32, "pytorch", 2),
    Target("numpy", 128, "pytorch", 1.5),
    Target("numpy", 32, "jax", 1, stretch=True),
    Target("numba", 1, "jax", 3),
    Target("numba", 1, "pytorch", 40),
    Target("numba", 32, "jax", 1.5),
    Target("numba", 32, "pytorch", 5),
    Target("numba", 128, "jax", 1.3),
    Target("numba", 128, "pytorch", 3),
    Target("numba", 32, "products", 1, stretch=True),
    Target("numba", 128, "products", 1, stretch=True),
)


def environment() -> Row:
    """Describe the machine and what is installed on it."""
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
        "load": round(os.getloadavg()[0], 1),  # in the minute before
        "system": f"{platform.system()} {os.uname().machine}",
        "versions": versions,
    }


def judge(results: Row) -> list[Row]:
    """Hold the measurements against the targets.

    Returns
    -------
    list of dict
        What is wanted, what was reached, both as people read them, and ``met``: None where
        something was not measured.
    """
    medians = {
        (row["contestant"], row["batch_size"]): row["median"]
        for row in results["contestants"]
        if row.get("best")
    }
    rows = []
    for target in TARGETS:
        mine = medians.get((target.engine, target.batch_size))
        theirs = medians.get((target.against, target.batch_size))
        what = f"{ENTRIES[target.engine].title}, {batch_name(target.batch_size)}, against "
        what += ENTRIES[target.against].title + (" (stretch)" if target.stretch else "")
        ratio = theirs / mine if mine and theirs else None
        rows.append(verdict(what, ratio, "at least", target.ratio, "×"))
    return rows + judge_processes(results["processes"])


def judge_processes(processes: list[Row]) -> list[Row]:
    """Hold whole processes against the targets."""
    figures = {row["process"]: row for row in processes if "median" in row}
    train, script, evaluate, usage = (
        figures.get(name, {})
        for name in ("mnist-nn train", "PyTorch script", "mnist-nn evaluate", "mnist-nn --help")
    )
    both = bool(train and script)
    faster = script["median"] / train["median"] if both else None
    smaller = script["peak_bytes"] / train["peak_bytes"] if both else None
    return [
        verdict("mnist-nn train, seconds, against the PyTorch script", faster, "at least", 3, "×"),
        verdict("mnist-nn train, memory, against the PyTorch script", smaller, "at least", 3, "×"),
        verdict("mnist-nn evaluate", evaluate.get("median"), "at most", 1, "s"),
        verdict("mnist-nn --help", usage.get("median"), "at most", 0.25, "s"),
    ]


def verdict(what: str, reached: float | None, bound: str, wanted: float, unit: str) -> Row:
    """Write one target's outcome down."""
    met = None
    if reached is not None:
        met = reached >= wanted if bound == "at least" else reached <= wanted
    return {
        "target": what,
        "wanted": f"{bound} {wanted:g} {unit}",
        "reached": None if reached is None else f"{reached:.2f} {unit}",
        "met": met,
    }


def batch_name(size: int) -> str:
    """Name a batch size."""
    return "per-sample" if size == 1 else f"batches of {size}"


def table(header: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    """Lay a Markdown table out so that it can be read as it is; numbers to the right."""
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
    """Write seconds."""
    if value is None:
        return ""
    return f"{value:.{3 if value < 1 else 2 if value < 10 else 1}f}"


def megabytes(value: int | None) -> str:
    """Write bytes as millions of them."""
    return "" if value is None else f"{value / 1e6:,.0f} MB"


def percent(value: float | None) -> str:
    """Write a share."""
    return "" if value is None else f"{value:.2%}"


def figures(row: Row) -> tuple[str, str]:
    """Write the median and the range of a row."""
    return seconds(row["median"]), f"{seconds(row['min'])} to {seconds(row['max'])}"


def contestants_table(rows: list[Row], samples: int) -> str:
    """Lay the race at one batch size out, the fastest first, the missing last."""
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
    """Write all tables."""
    samples = results["samples"]
    parts = [
        f"{samples:,} samples of {results['dataset']}, {results['date']}. Each contestant took its "
        f"turn in {results['rounds']} rounds, after an epoch that does not count; of one thread "
        "and all, its better median counts.",
        "*Accuracy* is of the test images after all these epochs. *Prepared in* is what it takes, "
        "beside importing, to be ready: compiling, or loading what was compiled. *Memory* is the "
        "peak of the whole process, interpreter and images included.",
    ]
    for size in LEARNING_RATES:
        rows = [row for row in results["contestants"] if row["batch_size"] == size]
        if rows:
            parts += [f"### {batch_name(size).capitalize()}", contestants_table(rows, samples)]
    names = {True: "met", False: "missed", None: "not measured"}
    rows = [(r["target"], r["wanted"], r["reached"], names[r["met"]]) for r in results["targets"]]
    parts += ["### Targets", table(("", "wanted", "reached", ""), rows)]
    parts += [*processes_part(results), *linearity_part(results), *environment_part(results)]
    return "\n\n".join(parts)


def processes_part(results: Row) -> list[str]:
    """Write about whole processes and compiling."""
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
    """Write about growing data."""
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
    """Write about the machine."""
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
    """Refuse a page without markers before anything is measured."""
    if page.exists() and not all(marker in page.read_text() for marker in (START, END)):
        raise SystemExit(f"{page} must hold the lines {START} and {END}, for the results")


def write_page(page: Path, text: str) -> None:
    """Put the tables between a page's markers; a page that does not exist is made."""
    old = page.read_text() if page.exists() else NEW_PAGE
    before, _, rest = old.partition(START)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{START}\n\n{text}\n\n{END}{after}")
