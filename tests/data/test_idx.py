import gzip

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


def test_a_file_of_several_gzip_members_is_one_payload() -> None:
    blob = gzip.compress(PAYLOAD[:10]) + gzip.compress(PAYLOAD[10:])
    assert idx.decompress(blob, 40) == PAYLOAD


def test_a_bomb_is_not_unpacked() -> None:
    bomb = idx.compress(bytes(10_000_000))
    with pytest.raises(DataError, match="more than the 40 bytes expected"):
        idx.decompress(bomb, 40)


@pytest.mark.parametrize(
    "blob",
    [
        gzip.compress(PAYLOAD)[:-9],  # cut off
        gzip.compress(PAYLOAD)[:-8] + bytes(8),  # wrong checksum
        idx.GZIP_MAGIC + b"nonsense, not deflate",
    ],
)
def test_damaged_gzip_is_refused(blob: bytes) -> None:
    with pytest.raises(DataError, match="damaged gzip data"):
        idx.decompress(blob, 1000)
