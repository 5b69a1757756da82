"""Bar chart of the seconds per epoch."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # no window

from bench_race import ENTRIES, LEARNING_RATES, Row
from bench_report import batch_name, seconds
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

OURS, PEERS, FLOOR = "#c8452f", "#7f93a8", "#d9d9d9"
COLORS = {"numba": OURS, "numpy": OURS, "products": FLOOR}


def draw(rows: list[Row], path: Path, title: str) -> None:
    """Draw seconds per epoch, a panel for each batch size, the fastest on top."""
    panels = {size: entries(rows, size) for size in LEARNING_RATES}
    panels = {size: bars for size, bars in panels.items() if bars}
    heights = [len(bars) for bars in panels.values()]
    figure, axes = plt.subplots(
        len(panels),
        figsize=(8, 1.6 + 0.42 * sum(heights)),
        sharex=True,
        squeeze=False,
        gridspec_kw={"height_ratios": heights},
        layout="constrained",
    )
    for axis, (size, bars) in zip(axes[:, 0], panels.items(), strict=True):
        panel(axis, bars)
        axis.set_title(batch_name(size), loc="left", fontsize=10, fontweight="bold")
    axes[-1, 0].xaxis.set_major_formatter("{x:g}")
    axes[-1, 0].set_xlabel("seconds per epoch, median and range, logarithmic; lower is better")
    low, high = axes[0, 0].get_xlim()
    axes[0, 0].set_xlim(low, high * 2)  # room for the numbers
    figure.suptitle(title, fontsize=11)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def entries(rows: list[Row], size: int) -> list[Row]:
    """Return the rows of a panel: the best of each contestant, by speed, then missing ones."""
    here = [row for row in rows if row["batch_size"] == size]
    best = sorted((row for row in here if row.get("best")), key=lambda row: row["median"])
    names = {row["contestant"] for row in best}
    return best + [r for r in here if "missing" in r and r["contestant"] not in names]


def panel(axis: Axes, bars: list[Row]) -> None:
    """Draw the panel of one batch size."""
    axis.set_xscale("log")
    axis.set_yticks(
        range(len(bars)), [ENTRIES[row["contestant"]].title for row in bars], fontsize=9
    )
    axis.set_ylim(len(bars) - 0.4, -0.6)
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis="x", color="#e6e6e6")
    axis.set_axisbelow(True)
    for place, row in enumerate(bars):
        if "median" not in row:
            label = axis.get_yaxis_transform()  # x from 0 to 1 across the axis
            axis.text(
                0.01, place, "missing", transform=label, va="center", fontsize=9, style="italic"
            )
            continue
        median = row["median"]
        axis.barh(
            place,
            median,
            height=0.65,
            color=COLORS.get(row["contestant"], PEERS),
            hatch="///" if row["contestant"] == "products" else None,
            edgecolor="white",
            xerr=[[median - row["min"]], [row["max"] - median]],
            error_kw={"elinewidth": 1, "capsize": 2, "ecolor": "#333333"},
        )
        axis.annotate(
            f"{seconds(median)} s",
            (row["max"], place),
            (5, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
