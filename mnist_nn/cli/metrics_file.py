"""Read the metrics of a run that may still be training: what ``train --log-dir`` writes."""

import contextlib
import json
from pathlib import Path

from ..errors import DataError
from ..evaluation import Curves, curves_of
from ..files import read_bounded

FILE = "metrics.jsonl"
MAX_BYTES = 64 << 20  # 100,000 epochs, the most of a run, take less than half of it


def metrics_path(path: Path) -> Path | None:
    """Return the metrics file that a path names, or has in it; None for a model file."""
    if path.is_dir():
        return path / FILE
    return path if path.suffix == ".jsonl" else None


def read_metrics(path: Path, name: str) -> Curves:
    """Read the completed epochs of a run; a half-written last line does not count.

    DataError if the file cannot be read, no epoch is complete, or a line is something else.
    """
    try:
        blob = read_bounded(path, MAX_BYTES, DataError)
    except FileNotFoundError as error:
        raise DataError(f"there is no {path}; mnist-nn train --log-dir DIR writes one") from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    except DataError as error:
        raise DataError(f"cannot read {path}: {error}") from error
    *lines, last = blob.split(b"\n")
    entries = []
    for number, line in enumerate(lines, 1):
        try:
            entries.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"{path}, line {number}: not the metrics of an epoch as JSON"
            ) from error
    with contextlib.suppress(ValueError, RecursionError):  # it may be half-written, or empty
        entries.append(json.loads(last))
    if not entries:
        raise DataError(f"{path}: no epoch is complete yet")
    try:
        return curves_of(name, entries)
    except ValueError as error:
        raise DataError(f"{path}: {error}") from error
