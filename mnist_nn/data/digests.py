"""Hashes of the blocks of rows of an array."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray


def digest(block: NDArray[Any]) -> bytes:
    """Return the SHA-256 of an array's bytes."""
    return hashlib.sha256(np.ascontiguousarray(block).data, usedforsecurity=False).digest()


def wrong_block(key: str, row: int) -> str:
    """Say that a block of rows, the first of them `row`, is not what was written."""
    return f"the rows of {key} from {row:,} on do not have their SHA-256"
