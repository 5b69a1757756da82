"""Progress bar for work that is usually over at once."""

import sys
from typing import Never

from tqdm import tqdm

DELAY = 1  # seconds


def progress_bar(total: int, unit: str) -> "tqdm[Never]":
    """Make a bar that appears on standard error after `DELAY`, if that is a terminal."""
    return tqdm(
        total=total,
        unit=f" {unit}",
        bar_format="{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}{unit}, {remaining} left",
        leave=False,
        dynamic_ncols=True,
        file=sys.stderr,
        delay=DELAY,
        disable=None,
    )
