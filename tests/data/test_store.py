import contextlib
import hashlib
import json
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_nn.data import DATASETS, Preparation, SampleFormat, Samples, load_dataset, store
from mnist_nn.data.store import read_dataset, read_info, write_dataset
from mnist_nn.errors import ConfigError, DataError
from mnist_nn.nn import InputNormalization

FLOWERS = SampleFormat((4,), ("setosa", "versicolor", "virginica"))
DIGITS = SampleFormat((28, 28), tuple("0123456789"), preparation=Preparation("resize", invert=True))


@pytest.fixture
def path(digits: Samples, tmp_path: Path) -> Path:
    """The file of 150 real digits to train on and 50 to test on."""
    parts = {"train": digits.take(np.arange(150)), "test": digits.take(np.arange(150, 200))}
    write_dataset(tmp_path / "mine.npz", DIGITS, parts, source=["a.csv", "b.csv"], licence="CC0")
    return tmp_path / "mine.npz"


def contents(path: Path) -> list[Any]:
    """Everything that can be read of a file."""
    info = read_info(path)
    parts = [read_dataset(path, part) for part in info.parts]
    arrays = [array.tolist() for part in parts for array in part]
    return [info.format.class_names, info.format.sample_shape, dict(info.sha256), *arrays]


def test_what_is_written_is_read_back(path: Path, digits: Samples) -> None:
    info = read_info(path)
    assert (info.name, info.parts, info.licence) == ("mine", {"train": 150, "test": 50}, "CC0")
    assert info.format == DIGITS
    for part, rows in (("train", slice(150)), ("test", slice(150, 200))):
        for samples in (read_dataset(path, part), info.read(path.parent, part)):
            np.testing.assert_array_equal(samples.x, digits.x[rows])
            np.testing.assert_array_equal(samples.y, digits.y[rows])


def test_numpy_reads_it_as_any_other(path: Path, digits: Samples) -> None:
    with np.load(path, allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["x_train"], digits.x[:150])
        np.testing.assert_array_equal(arrays["y_test"], digits.y[150:200])
        assert json.loads(arrays["dataset.json"])["source"] == ["a.csv", "b.csv"]


def test_measurements_and_their_normalization_are_read_back(tmp_path: Path) -> None:
    samples = DATASETS["iris"].read(tmp_path, "train")
    format = replace(FLOWERS, normalization=InputNormalization.standardize(samples.x))
    write_dataset(tmp_path / "flowers.npz", format, {"train": samples}, source=[])
    info = read_info(tmp_path / "flowers.npz")
    assert info.parts == {"train": 150}
    assert info.format.normalization is not None
    np.testing.assert_array_equal(info.format.normalization.offset, samples.x.mean(axis=0))
    np.testing.assert_array_equal(read_dataset(tmp_path / "flowers.npz", "train").x, samples.x)


def test_it_is_written_in_blocks_and_says_how_far_it_is(digits: Samples, tmp_path: Path) -> None:
    class Rows:
        """Rows that are made when they are asked for."""

        shape, dtype, ndim, largest = (500, 784), np.dtype(np.uint8), 2, 0

        def __len__(self) -> int:
            return 500

        def __getitem__(self, rows: slice) -> Any:
            part = digits.x[np.arange(500)[rows] % 150]
            self.largest = max(self.largest, len(part))
            return part

    rows, written = Rows(), list[int]()
    y: Any = digits.y[np.arange(500) % 150]
    samples: Any = Samples(rows, y)  # type: ignore[arg-type]
    path = tmp_path / "many.npz"
    write_dataset(path, DIGITS, {"train": samples}, source=[], progress=written.append)
    np.testing.assert_array_equal(read_dataset(path, "train").x, digits.x[np.arange(500) % 150])
    assert rows.largest * 784 <= store.BLOCK_BYTES
    assert sum(written) == 500


def test_an_interrupted_writer_leaves_the_old_file(path: Path, digits: Samples) -> None:
    def stop(written: int) -> None:
        raise KeyboardInterrupt

    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        write_dataset(path, DIGITS, {"train": digits}, source=[], progress=stop)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["mine.npz"]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda s: Samples(s.x[:, 1:], s.y),
        lambda s: Samples(s.x.astype(float), s.y),
        lambda s: Samples(s.x, s.y[1:]),
        lambda s: Samples(s.x, s.y.astype(int)),
        lambda s: Samples(s.x, s.y + np.uint8(5)),
        lambda s: s.take(np.arange(0)),
    ],
    ids=["columns", "type", "number", "labels", "class", "none"],
)
def test_samples_of_another_format_are_not_written(
    wrong: Callable[[Samples], Samples], digits: Samples, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="train: "):
        write_dataset(tmp_path / "mine.npz", DIGITS, {"train": wrong(digits)}, source=[])
    assert not (tmp_path / "mine.npz").exists()


def test_no_damage_goes_unnoticed(tmp_path: Path) -> None:
    samples = DATASETS["iris"].read(tmp_path, "train")
    path, parts = tmp_path / "few.npz", {"train": samples.take(np.arange(0, 150, 10))}
    write_dataset(path, FLOWERS, parts, source=["iris.csv"])
    expected, blob, rng = contents(path), path.read_bytes(), np.random.default_rng(0)
    complaints, unnoticed, places = set(), 0, range(0, len(blob), 5)
    for at in places:
        damaged = bytearray(blob)
        damaged[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            found = contents(path)
        except DataError as error:
            complaints.add(str(error).partition(":")[0].partition("(")[0].strip())
        else:
            assert found == expected, at
            unnoticed += 1
    assert complaints == {f"{path} is damaged"}
    assert unnoticed < len(places) / 4  # such as dates


def test_a_file_that_is_cut_short_is_refused(path: Path) -> None:
    blob = path.read_bytes()
    for size in [*range(0, len(blob), 5000), len(blob) - 1]:
        path.write_bytes(blob[:size])
        with pytest.raises(DataError, match=r"mine\.npz is damaged"):
            read_info(path)


def rewritten(path: Path, **members: Callable[[bytes], bytes]) -> None:
    """Change members of an archive, which its own checksums then do not tell."""
    with zipfile.ZipFile(path) as archive:
        contents = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            key = name.removesuffix(".npy").removesuffix(".json")
            archive.writestr(name, members.get(key, bytes)(content))


def record(change: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    """Make a change of the record."""

    def apply(content: bytes) -> bytes:
        values = json.loads(content)
        change(values)
        return json.dumps(values).encode()

    return apply


def last_byte(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda r: r.update(version=2), "'version' is wrong"),
        (lambda r: r.update(more=1), "'more' is wrong"),
        (lambda r: r["samples"].update(class_names=["a"]), "2 to 256 classes"),
        (lambda r: r["samples"].update(class_names=["a", "b"]), "the label 9, of no class"),
        (lambda r: r["samples"].update(class_names=["a", "\x1b[2J"]), "cannot be printed"),
        (lambda r: r["samples"].update(sample_shape=[28, 29]), "do not fit"),
        (lambda r: r["samples"].update(sample_shape=[784]), "only images"),
        (lambda r: r["samples"].update(sample_shape=[2**40, 2**40]), "is wrong"),
        (lambda r: r["samples"].update(normalization={"offset": ["x"], "factor": [1]}), "is wrong"),
        (lambda r: r["samples"].update(normalization={"offset": [0], "factor": [1]}), "784"),
        (lambda r: r["arrays"].pop("y_test"), "its arrays are not"),
        (lambda r: r["arrays"]["x_train"].update(shape=[2**39, 784]), "is wrong"),
        (lambda r: r["arrays"]["x_train"].update(block_rows=0), "block_rows' is wrong"),
        (lambda r: r["arrays"]["x_train"].update(block_rows=10**9), "x_train.sha256 is not"),
        (lambda r: r["arrays"]["x_train"].update(digests_sha256="0" * 64), "the hashes of x_train"),
        (lambda r: r["arrays"]["x_train"].update(dtype="|O"), "dtype' is wrong"),
    ],
)
def test_a_record_that_lies_is_refused(
    change: Callable[[dict[str, Any]], object], complaint: str, path: Path
) -> None:
    rewritten(path, dataset=record(change))
    with pytest.raises(DataError, match=f"is damaged: .*{complaint}"):
        read_dataset(path, "train")


@pytest.mark.parametrize("content", [b"", b"[" * 100_000, b"{}", b'{"format": "mnist-nn dataset"}'])
def test_a_record_of_anything_else_is_refused(content: bytes, path: Path) -> None:
    rewritten(path, dataset=lambda _: content)
    with pytest.raises(DataError, match=r"is damaged: dataset\.json"):
        read_info(path)


@pytest.mark.parametrize("key", ["x_train", "y_train", "x_train.sha256", "y_train.sha256"])
def test_a_change_that_no_checksum_tells_is_noticed(key: str, path: Path) -> None:
    rewritten(path, **{key: last_byte})
    with pytest.raises(DataError, match=r"is damaged: .*train"):
        read_dataset(path, "train")
    assert len(read_dataset(path, "test").y) == 50  # which is another part


def test_samples_that_are_claimed_and_not_there_take_no_memory(path: Path) -> None:
    n = 2**33
    for key in ("x_train", "y_train"):
        shape = f"({n}, 784)" if key == "x_train" else f"({n},)"
        text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}\n".encode()
        header = b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text
        rewritten(path, **{key: lambda _, header=header: header})

    def claim(values: dict[str, Any]) -> None:
        values["arrays"]["x_train"]["shape"] = [n, 784]
        values["arrays"]["y_train"]["shape"] = [n]
        for key in ("x_train", "y_train"):
            values["arrays"][key]["block_rows"] = n

    rewritten(path, dataset=record(claim))
    with pytest.raises(DataError, match="is damaged: "):
        read_dataset(path, "train")


def test_objects_are_never_unpickled(path: Path, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "ran",)

    array = tmp_path / "bomb.npy"
    np.save(array, np.array([Bomb()], object))
    rewritten(path, y_train=lambda _: array.read_bytes())
    with pytest.raises(DataError, match=r"y_train is not \(150,\) uint8"):
        read_dataset(path, "train")
    assert not (tmp_path / "ran").exists()


def test_an_archive_of_another_kind_is_told_how_to_become_one(path: Path) -> None:
    np.savez(path, x_train=np.zeros((3, 4)))
    with pytest.raises(DataError, match=r"has no dataset\.json; make a dataset of it with"):
        read_info(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*missing\.npz"):
        read_info(tmp_path / "missing.npz")
    with pytest.raises(DataError, match="not a plain file"):
        read_info(tmp_path)


def test_a_file_replaced_between_its_record_and_its_samples_is_noticed(
    path: Path, digits: Samples
) -> None:
    info = read_info(path)
    write_dataset(path, DIGITS, {"train": digits, "test": digits}, source=[])
    with pytest.raises(DataError, match="was replaced"):
        info.read(path.parent, "train")


def test_an_imported_dataset_is_loaded_by_its_name(path: Path) -> None:
    dataset = load_dataset("mine", path.parent)
    assert (len(dataset.train.y), dataset.info.parts) == (150, {"train": 150, "test": 50})
    assert dataset.sha256 == {
        f"{axis}_{part}": hashlib.sha256(array.tobytes()).hexdigest()
        for part, samples in (("train", dataset.train), ("test", dataset.test))
        for axis, array in zip("xy", samples or (), strict=True)
    }
    assert set(dataset.train_sha256) == {"x_train", "y_train"}


def test_an_unknown_name_is_told_what_there_is(path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'mines' \(did you mean 'mine'\?\)\nknown: mnist"):
        load_dataset("mines", path.parent)
    with pytest.raises(ConfigError, match=r"'quite other'\nknown: .*imported into .*: mine$"):
        load_dataset("quite other", path.parent)
    with pytest.raises(ConfigError, match=r"'\.\./mine' \(did"):
        load_dataset("../mine", path.parent)


def test_a_file_as_those_of_many_gigabytes_are_is_read(
    digits: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10_000)  # for which it has other records
    few = digits.take(np.arange(100))
    write_dataset(tmp_path / "mine.npz", DIGITS, {"train": few}, source=[])
    blob = (tmp_path / "mine.npz").read_bytes()
    assert blob[-42:].startswith(b"PK\6\7")
    np.testing.assert_array_equal(read_dataset(tmp_path / "mine.npz", "train").x, few.x)
    for at in range(len(blob) - 98, len(blob) - 22):  # of these two records
        damaged = bytearray(blob)
        damaged[at] ^= 128
        (tmp_path / "mine.npz").write_bytes(damaged)
        with contextlib.suppress(DataError):
            assert read_info(tmp_path / "mine.npz").format == DIGITS
