"""Files that were made to do harm, and files at random: each is read right or refused."""

import gzip
import io
import os
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_nn.data import DATASETS, idx
from mnist_nn.data.cache import read_cache, write_cache
from mnist_nn.data.folder import read_folder
from mnist_nn.data.record import DataFile, DatasetInfo
from mnist_nn.errors import DataError

Tiny = tuple[DatasetInfo, dict[str, bytes]]

SHAPE = (2, 3, 4)
PAYLOAD = idx.header(SHAPE) + bytes(range(24))


@pytest.fixture
def folder(tiny: Tiny, tmp_path: Path) -> Path:
    for name, blob in tiny[1].items():
        (tmp_path / name).write_bytes(blob)
    return tmp_path


@pytest.fixture(scope="module")
def cache(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A good cache of the tiny source."""
    place = tmp_path_factory.mktemp("good")
    for name, blob in tiny[1].items():
        (place / name).write_bytes(blob)
    write_cache(place / "tiny.npz", read_folder(place, tiny[0]))
    return (place / "tiny.npz").read_bytes()


def peak(call: Callable[[], object]) -> int:
    """Run what must end in a DataError and measure how many bytes it held at once."""
    tracemalloc.start()
    try:
        with pytest.raises(DataError):
            call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# Files of a folder


@pytest.mark.parametrize("label", [10, 99, 255])
def test_a_label_that_is_no_digit_is_refused(label: int, tiny: Tiny, folder: Path) -> None:
    path = folder / "train-labels-idx1-ubyte.gz"
    payload = bytearray(gzip.decompress(path.read_bytes()))
    payload[-1] = label
    path.write_bytes(idx.compress(bytes(payload)))
    with pytest.raises(DataError, match=r"train-labels.*is not the pinned"):
        read_folder(folder, tiny[0])


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "train-images-idx3-ubyte.gz"])
def test_a_file_too_large_is_refused_unread(name: str, tiny: Tiny, folder: Path) -> None:
    (folder / "train-images-idx3-ubyte.gz").unlink()
    with (folder / name).open("wb") as file:
        file.truncate(10**11)  # sparse: it takes no place on the disk
    limit = tiny[0].files[0].size + idx.GZIP_SLACK
    assert peak(lambda: read_folder(folder, tiny[0])) < limit + 100_000


def test_a_header_that_claims_terabytes_is_refused(tiny: Tiny, folder: Path) -> None:
    claim = idx.header((2**32 - 1, 28, 28)) + bytes(20 * 784)
    (folder / "train-images-idx3-ubyte.gz").write_bytes(idx.compress(claim))
    with pytest.raises(DataError, match=r"train-images.*not IDX data of shape \(20, 28, 28\)"):
        read_folder(folder, tiny[0])


# Caches


def npy(description: str, data: bytes = b"", version: bytes = b"\1\0") -> bytes:
    """Write the bytes of a ``.npy`` file with a header of any text."""
    text = description.encode("latin1")
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text + data


def archived(members: dict[str, bytes], packing: int = zipfile.ZIP_STORED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def refused(path: Path, source: DatasetInfo, content: bytes) -> str:
    """Give what is said of a cache that is refused without taking much memory."""
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_cache(path, source)
    assert peak(lambda: read_cache(path, source)) < 1_000_000
    assert len(str(caught.value)) < 500
    return str(caught.value).removeprefix(str(path))


MEMBERS = ["x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy"]
DICT = "{{'descr': {}, 'fortran_order': False, 'shape': {}}}\n"


@pytest.mark.parametrize(
    ("first", "complaint"),
    [
        (npy(DICT.format("'|u1'", "(1000000000000,)")), "x_train is not (20, 28, 28) uint8"),
        (npy(DICT.format("'|O'", "(20, 28, 28)"), b"\x80\x04K\1."), "x_train is not"),
        (npy(DICT.format("'<U99'", "(20, 28, 28)")), "x_train is not"),
        (npy(DICT.format("[('a', '|O')]", "(20, 28, 28)")), "x_train is not"),
        (npy(DICT.format("'|u1'", "(20, 28, 28)")), "x_train is cut short"),  # no data
        (npy(DICT.format("'|u1'", "(-20, 28, 28)")), "x_train is not"),
        (npy(DICT.format("'|u1'", "(" + "9" * 5000 + ",)")), "is damaged"),
        (npy("[" * 9000), "is damaged"),
        (npy("-" * 9000 + "1"), "is damaged"),
        (npy(" " * 9000), "is damaged (ValueError)"),
        (npy("__import__('os')\n"), "is damaged (ValueError)"),
        (npy(DICT.format("'|u1'", "(20, 28, 28)"), version=b"\2\0"), "format 1.0"),
        (npy(DICT.format("'|u1'", "(20, 28, 28)"), version=b"\xff\xff"), "is damaged"),
        (b"\x80\x04K\1.", "is damaged (ValueError)"),  # a pickle, which is not even looked at
    ],
)
def test_an_array_that_lies_is_refused(
    first: bytes, complaint: str, tiny: Tiny, tmp_path: Path
) -> None:
    content = archived(dict.fromkeys(MEMBERS, first))
    assert complaint in refused(tmp_path / "tiny.npz", tiny[0], content)


def test_a_packed_array_is_refused(tiny: Tiny, cache: bytes, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(cache)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for packing in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        content = archived(members, packing)
        assert "its arrays are compressed" in refused(tmp_path / "tiny.npz", tiny[0], content)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_array_given_twice_is_refused(tiny: Tiny, cache: bytes, tmp_path: Path) -> None:
    target = io.BytesIO(cache)
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("x_test.npy", archive.read("x_test.npy"))
    assert "instead of" in refused(tmp_path / "tiny.npz", tiny[0], target.getvalue())


def ended(cache: bytes, position: int, number: int, width: int = 4) -> bytes:
    """Change a number in the last 22 bytes, which say where the archive's directory is."""
    end = bytearray(cache)
    at = len(cache) - 22 + position
    end[at : at + width] = number.to_bytes(width, "little")
    return bytes(end)


@pytest.mark.parametrize(
    ("position", "number", "complaint"),
    [
        (12, 2**32 - 1, "its directory has 4,294,967,295 bytes"),
        (12, 70_000, "its directory has 70,000 bytes"),
        (12, 60_000, "is damaged"),
        (12, 0, "it holds [] instead of"),
        (16, 2**32 - 1, "is damaged"),
        (16, 0, "is damaged"),
    ],
)
def test_an_archive_whose_directory_lies_is_refused(
    position: int, number: int, complaint: str, tiny: Tiny, cache: bytes, tmp_path: Path
) -> None:
    content = ended(cache, position, number)
    assert complaint in refused(tmp_path / "tiny.npz", tiny[0], content)


def test_a_directory_of_another_kind_is_not_followed(
    tiny: Tiny, cache: bytes, tmp_path: Path
) -> None:
    zip64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, 2**40, 0)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(cache) - 22, 1)
    content = cache[:-22] + zip64 + locator + cache[-22:]
    assert "it is not a complete zip archive" in refused(tmp_path / "tiny.npz", tiny[0], content)
    comment = ended(cache, 20, 5, 2) + b"PK\5\6!"
    assert "it is not a complete zip archive" in refused(tmp_path / "tiny.npz", tiny[0], comment)


def test_a_cache_too_large_is_refused_unread(tiny: Tiny, cache: bytes, tmp_path: Path) -> None:
    path = tmp_path / "tiny.npz"
    with path.open("wb") as file:
        file.truncate(10**12)
        file.seek(0, os.SEEK_END)
        file.write(cache)
    with pytest.raises(DataError, match=r"damaged: it has 1,000,0.* bytes, more than"):
        read_cache(path, tiny[0])
    assert peak(lambda: read_cache(path, tiny[0])) < 1_000_000


def test_what_is_larger_than_the_memory_is_an_error_of_the_data(tmp_path: Path) -> None:
    shape = (2**31, 2**17)  # more than any address space has room for
    header = npy(DICT.format("'|u1'", shape))
    (tmp_path / "huge.npz").write_bytes(archived({"x_train.npy": header}))
    source = replace(
        DATASETS["mnist"], name="huge", files=(DataFile("x_train", "huge", shape, ""),)
    )
    with pytest.raises(DataError, match=r"not enough memory to read .*huge\.npz"):
        read_cache(tmp_path / "huge.npz", source)


def test_a_cache_that_is_no_file_is_refused(tiny: Tiny, tmp_path: Path) -> None:
    path = tmp_path / "tiny.npz"
    path.mkdir()
    with pytest.raises(DataError, match="not a plain file"):
        read_cache(path, tiny[0])
    if hasattr(os, "mkfifo"):
        path.rmdir()
        os.mkfifo(path)  # nobody writes to it: opening it would never end
        with pytest.raises(DataError, match="not a plain file"):
            read_cache(path, tiny[0])


# Anything at all


@st.composite
def spoilt(draw: st.DrawFn, good: bytes, near: int = 0) -> bytes:
    """Change a good file in some places: bytes changed, cut out, put in or repeated.

    Places are within `near` bytes of the end, where it is not 0.
    """
    blob = good
    for _ in range(draw(st.integers(1, 4))):
        place = st.integers(max(0, len(blob) - near) if near else 0, len(blob))
        i, j = sorted((draw(place), draw(place)))
        new = draw(st.binary(max_size=8))
        blob = draw(
            st.sampled_from(
                [
                    blob[:i] + new + blob[i + len(new) :],
                    blob[:i] + new + blob[i:],
                    blob[:i] + blob[j:],
                    blob[:j] + blob[i:],
                    blob[:i],
                ]
            )
        )
    return blob


@given(st.one_of(st.binary(), st.binary().map(lambda tail: PAYLOAD[:16] + tail), spoilt(PAYLOAD)))
def test_any_payload_is_read_right_or_refused(payload: bytes) -> None:
    try:
        array = idx.parse(payload, SHAPE)
    except DataError:
        return
    assert array.shape == SHAPE
    assert idx.header(SHAPE) + array.tobytes() == payload


@given(
    st.one_of(
        st.binary(),
        st.binary().map(lambda tail: idx.GZIP_MAGIC + tail),
        st.binary(max_size=200).map(gzip.compress),
        spoilt(gzip.compress(PAYLOAD)),
        spoilt(gzip.compress(bytes(1000))),
    )
)
def test_any_gzip_data_are_unpacked_right_or_refused(blob: bytes) -> None:
    try:
        payload = idx.decompress(blob, 100)
    except DataError:
        return
    if blob.startswith(idx.GZIP_MAGIC):
        assert len(payload) <= 100
        assert payload == gzip.decompress(blob)
    else:
        assert payload == blob


@given(data=st.data())
def test_any_cache_is_read_right_or_refused(
    data: st.DataObject, tiny: Tiny, cache: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.npz"
    path.write_bytes(data.draw(st.one_of(st.binary(), spoilt(cache), spoilt(cache, near=300))))
    try:
        arrays = read_cache(path, tiny[0])
    except DataError:
        return
    assert all(file.matches(arrays[file.key]) for file in tiny[0].files)
