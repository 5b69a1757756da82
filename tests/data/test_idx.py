import gzip
import tracemalloc
import zlib

import numpy as np
import pytest

from mnist_nn.data import idx
from mnist_nn.errors import DataError

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
PAYLOAD = bytes.fromhex("00000803 00000002 00000003 00000004") + bytes(range(24))


def test_parse_reads_what_the_format_says() -> None:
    np.testing.assert_array_equal(idx.parse(PAYLOAD, (2, 3, 4)), IMAGES)


def test_header_is_the_inverse_of_parse() -> None:
    assert idx.header((2, 3, 4)) + IMAGES.tobytes() == PAYLOAD


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        (b"", "it is empty"),
        (b"<!DOCTYPE html><html>moved</html>", "a web page instead of the file"),
        (b"\0\0\x0d\x03" + PAYLOAD[4:], "begins with 00 00 0d 03"),
        (b"\0\0\x08\x01" + PAYLOAD[4:], "begins with 00 00 08 01"),
        (PAYLOAD[:4] + b"\xff\xff\xff\xff" + PAYLOAD[8:], "begins with 00 00 08 03 ff"),
        (PAYLOAD[:-1], "has 40 bytes, got 39"),
        (PAYLOAD + b"!", "has 40 bytes, got 41"),
    ],
)
def test_anything_else_is_refused(payload: bytes, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        idx.parse(payload, (2, 3, 4))


def test_gzip_comes_off_and_raw_stays() -> None:
    assert idx.decompress(gzip.compress(PAYLOAD), 40) == PAYLOAD
    assert idx.decompress(PAYLOAD, 40) == PAYLOAD


def test_a_bomb_is_not_unpacked() -> None:
    packer = zlib.compressobj(9, wbits=31)
    first, again = (
        packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2)
    )
    bomb = first + 1023 * again + packer.flush()  # a gigabyte of zeros
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="more than the 100,000 bytes expected"):
            idx.decompress(bomb, 100_000)
        assert tracemalloc.get_traced_memory()[1] < 2 * 100_000 + len(bomb) + 100_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("tail", "complaint"),
    [
        (gzip.compress(b""), "a second gzip member after their end"),
        (gzip.compress(PAYLOAD), "a second gzip member after their end"),
        (b"\0", "bytes after their end"),
        (b"!" * 100, "bytes after their end"),
    ],
    ids=["an empty member", "a member", "a zero", "text"],
)
def test_nothing_may_follow_the_gzip_data(tail: bytes, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        idx.decompress(gzip.compress(PAYLOAD) + tail, 40)


@pytest.mark.parametrize("size", range(len(idx.compress(PAYLOAD))))
def test_gzip_data_cut_off_anywhere_are_refused(size: int) -> None:
    with pytest.raises(DataError):
        idx.parse(idx.decompress(idx.compress(PAYLOAD)[:size], 40), (2, 3, 4))


@pytest.mark.parametrize(
    "blob",
    [
        gzip.compress(PAYLOAD)[:-9],
        gzip.compress(PAYLOAD)[:-8] + bytes(8),
        gzip.compress(PAYLOAD)[:-4] + bytes(4),
        idx.GZIP_MAGIC + b"nonsense, not deflate",
    ],
    ids=["cut off", "wrong checksum", "wrong length", "no deflate"],
)
def test_damaged_gzip_is_refused(blob: bytes) -> None:
    with pytest.raises(DataError, match="damaged gzip data"):
        idx.decompress(blob, 1000)
