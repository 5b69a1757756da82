"""Records in the file of an imported dataset: what is known of it before its arrays are read."""

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from ..checks import RECORD
from .format import MAX_INPUTS, SampleFormat

MAX_SAMPLES = 1 << 40
KEYS = ("x_train", "y_train", "x_test", "y_test")

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", strict=True)]
Line = Annotated[str, Field(max_length=1000, strict=True)]
N = Annotated[int, Field(ge=1, le=MAX_SAMPLES, strict=True)]
NInputs = Annotated[int, Field(ge=1, le=MAX_INPUTS, strict=True)]


@dataclass(frozen=True)
class ArrayRecord:
    """What is known of an array before it is read.

    `sha256` is that of all its bytes, `digests_sha256` that of the array of its blocks' hashes.
    """

    __pydantic_config__: ClassVar = RECORD

    shape: tuple[N] | tuple[N, NInputs]
    dtype: Literal["|u1", "<f8"]
    sha256: Digest
    block_rows: N
    digests_sha256: Digest

    @property
    def n_blocks(self) -> int:
        """Number of its blocks."""
        return -(-self.shape[0] // self.block_rows)

    @property
    def nbytes(self) -> int:
        """Number of its bytes."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class StoreRecord:
    """Content of ``dataset.json``; `source` has the names of the files that it was made from."""

    __pydantic_config__: ClassVar = RECORD

    format: Literal["mnist-nn dataset"]
    version: Literal[1]
    samples: SampleFormat
    licence: Line | None
    source: Annotated[tuple[Line, ...], Field(max_length=1000)]
    arrays: Annotated[dict[str, ArrayRecord], Field(max_length=len(KEYS))]

    def __post_init__(self) -> None:
        """Refuse arrays that are not the samples of such a format."""
        if tuple(self.arrays) not in (KEYS[:2], KEYS):
            raise ValueError(f"its arrays are not {', '.join(KEYS[:2])} or {', '.join(KEYS)}")
        dtype = dtype_of(self.samples)
        for part in self.parts:
            x, y = self.arrays[f"x_{part}"], self.arrays[f"y_{part}"]
            wanted = (y.shape[0], self.samples.n_inputs)
            if (x.shape, x.dtype, y.dtype) != (wanted, dtype, "|u1") or len(y.shape) != 1:
                raise ValueError(f"x_{part} and y_{part} do not fit the samples")

    @property
    def parts(self) -> dict[str, int]:
        """Number of samples of each part."""
        return {
            part: self.arrays[f"y_{part}"].shape[0]
            for part in ("train", "test")[: len(self.arrays) // 2]
        }

    @property
    def sha256(self) -> dict[str, str]:
        """SHA-256 of each array's bytes."""
        return {key: array.sha256 for key, array in self.arrays.items()}


def dtype_of(format: SampleFormat) -> str:
    """Return the type of the numbers of samples: bytes of images, floats of measurements."""
    return "|u1" if format.image_shape else "<f8"
