"""The IDX format of MNIST: a short header, then the array's bytes.

Two zero bytes, a type code (8 for unsigned bytes, all that MNIST uses), the number of dimensions,
each dimension as a big-endian 32-bit integer, then the values in row-major order.
http://yann.lecun.com/exdb/mnist/ described it.
"""

import gzip
import math
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError

UNSIGNED_BYTE = 8
TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
MAX_DIMENSIONS = 4
GZIP_MAGIC = b"\x1f\x8b"
GZIP_SLACK = 1 << 20  # a .gz is never larger than its payload by more than this


def header(shape: tuple[int, ...]) -> bytes:
    """Return the IDX header of an array of bytes of this shape."""
    return struct.pack(f">HBB{len(shape)}I", 0, UNSIGNED_BYTE, len(shape), *shape)


def parse(payload: bytes, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return the array of a decompressed IDX payload, as a read-only view.

    DataError if its header is not that of this shape, or the length is wrong.
    """
    expected = header(shape)
    if payload[: len(expected)] != expected:
        raise DataError(f"not IDX data of shape {shape}: {_describe(payload)}")
    if len(payload) != len(expected) + math.prod(shape):
        raise DataError(
            f"IDX data of shape {shape} has {len(expected) + math.prod(shape):,} bytes, "
            f"got {len(payload):,}"
        )
    return np.frombuffer(payload, np.uint8, offset=len(expected)).reshape(shape)


def parse_any(payload: bytes) -> NDArray[Any]:
    """Return the array of a decompressed IDX payload of any type and shape, as a read-only view.

    DataError if the header is none, or the length is not the one it says.
    """
    dtype, shape, offset = read_header(payload)
    size = offset + math.prod(shape) * dtype.itemsize
    if len(payload) != size:
        raise DataError(f"IDX data of shape {shape} has {size:,} bytes, got {len(payload):,}")
    return np.frombuffer(payload, dtype, offset=offset).reshape(shape)


def read_header(start: bytes) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Return what the first bytes of any IDX file say: type, shape, and where the values begin.

    DataError if they are not those of an IDX file; nothing else is checked.
    """
    if not is_idx(start) or len(start) < 4 + 4 * start[3]:
        raise DataError(f"not IDX data: {_describe(start)}")
    shape = struct.unpack_from(f">{start[3]}I", start, 4)
    return np.dtype(TYPES[start[2]]), shape, 4 + 4 * start[3]


def is_idx(start: bytes) -> bool:
    """Return whether a file that begins with these bytes seems to be IDX data."""
    return (
        len(start) >= 4
        and start[:2] == b"\0\0"
        and start[2] in TYPES
        and 1 <= start[3] <= MAX_DIMENSIONS
    )


def decompress(blob: bytes, limit: int) -> bytes:
    """Unpack gzip data and return anything else as it is: HTTP layers add and remove gzip.

    At most `limit` + 1 bytes are unpacked. DataError if the gzip data are damaged, unpack to more
    than `limit`, or anything follows them.
    """
    if not blob.startswith(GZIP_MAGIC):
        return blob
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)  # a gzip header and its checksum
    try:
        payload = unpacker.decompress(blob, limit + 1)
    except zlib.error as error:
        raise DataError(f"damaged gzip data: {error}") from error
    if len(payload) > limit:
        raise DataError(f"gzip data unpack to more than the {limit:,} bytes expected")
    if not unpacker.eof:
        raise DataError("damaged gzip data: they end too early")
    if unpacker.unused_data:
        more = "a second gzip member" if unpacker.unused_data.startswith(GZIP_MAGIC) else "bytes"
        raise DataError(f"damaged gzip data: {more} after their end")
    return payload


def unpack_start(start: bytes) -> bytes:
    """Unpack the beginning of gzip data; empty if they are damaged."""
    try:
        return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS).decompress(start, 1 << 12)
    except zlib.error:
        return b""


def compress(payload: bytes) -> bytes:
    """Return a payload as gzip without a time stamp: equal payloads give equal files."""
    return gzip.compress(payload, mtime=0)


def _describe(payload: bytes) -> str:
    """Describe what a wrong file seems to be."""
    start = payload[:64].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "it is a web page instead of the file"
    return f"it begins with {payload[:8].hex(' ')}" if payload else "it is empty"
