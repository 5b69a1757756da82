"""Sizes that a picture may have, so that reading it takes some seconds and megabytes at most."""

from ..errors import DataError

MAX_SIDE = 1200  # pixels of a picture that is read; larger ones are downscaled
MAX_PIXELS = 50_000_000  # of a file
MAX_LENGTH = 100_000  # pixels of a file's side


def check_size(width: int, height: int, name: str) -> None:
    """Refuse more than 50 million pixels or 100,000 in a row, and fewer than one."""
    if width < 1 or height < 1:
        raise DataError(f"{name} has no pixels: it is {width}×{height}")
    if width * height > MAX_PIXELS:
        raise DataError(too_large(name, f": {width:,}×{height:,}"))
    if max(width, height) > MAX_LENGTH:
        raise DataError(
            f"{name} has a side of more than {MAX_LENGTH:,} pixels: {width:,}×{height:,}; "
            "cut the digit out first"
        )


def too_large(name: str, size: str = "") -> str:
    """Say that a picture has too many pixels."""
    return f"{name} has more than {MAX_PIXELS:,} pixels{size}; make it smaller first"
