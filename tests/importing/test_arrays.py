"""``.npz``, ``.npy`` and IDX files in the layouts in which they are found."""

import gzip
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_nn.data import Preparation, idx
from mnist_nn.data.format import DIGITS
from mnist_nn.errors import ConfigError, DataError
from mnist_nn.importing import ImportedData
from mnist_nn.importing.array_files import open_idx, open_npy

from .conftest import Few, images_of

Import = Callable[..., ImportedData]


def keras(few: Few) -> dict[str, NDArray[np.uint8]]:
    x, y = few
    return {"x_train": x[:40], "y_train": y[:40], "x_test": x[40:], "y_test": y[40:]}


def check(data: ImportedData, few: Few) -> None:
    """Check that 40 of the digits are there to train on, and 20 to test on."""
    x, y = few
    np.testing.assert_array_equal(images_of(data), x[:40])
    np.testing.assert_array_equal(images_of(data, "test"), x[40:])
    np.testing.assert_array_equal(data.parts["train"].y, y[:40])
    np.testing.assert_array_equal(data.parts["test"].y, y[40:])
    assert data.format.class_names == DIGITS
    assert data.format.preparation == Preparation("mnist")


def idx_bytes(array: NDArray[Any]) -> bytes:
    """An IDX file of any type."""
    code = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}[array.dtype.str[1:]]
    header = struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_keras_layout(import_: Import, few: Few, tmp_path: Path, save: Callable[..., None]) -> None:
    save(tmp_path / "mnist.npz", **keras(few))
    data = import_(tmp_path / "mnist.npz")
    check(data, few)
    assert data.files == ("mnist.npz",)


@pytest.mark.parametrize(
    "names",
    [("arr_0", "arr_1"), ("data", "target"), ("train_images", "train_labels"), ("foo", "bar")],
)
def test_an_archive_of_two_arrays(
    import_: Import, few: Few, tmp_path: Path, names: tuple[str, str]
) -> None:
    np.savez(tmp_path / "a.npz", **{names[1]: few[1][:, None], names[0]: few[0][..., None]})  # type: ignore[arg-type]
    np.testing.assert_array_equal(images_of(import_(tmp_path / "a.npz")), few[0])


def test_its_own_test_part_comes_before_a_split_and_after_another_source(
    import_: Import, few: Few, tmp_path: Path
) -> None:
    np.savez(tmp_path / "a.npz", **keras(few))  # type: ignore[arg-type]
    data = import_(tmp_path / "a.npz", test_split=0.5)
    check(data, few)
    assert data.notes == ["it has a test part of its own, so --test-split was not needed"]
    np.savez(tmp_path / "b.npz", x=few[0][:5, None], y=few[1][:5])  # (n, 1, h, w)
    np.savez(tmp_path / "c.npz", x_train=few[0][:, None], y_train=few[1])
    data = import_(tmp_path / "c.npz", test=tmp_path / "b.npz")
    np.testing.assert_array_equal(images_of(data, "test"), few[0][:5])
    assert data.files == ("c.npz", "b.npz")


def test_what_belongs_to_no_part_is_left_out_and_said(
    import_: Import, few: Few, tmp_path: Path
) -> None:
    np.savez(tmp_path / "a.npz", **keras(few), val_images=few[0], val_labels=few[1])  # type: ignore[arg-type]
    data = import_(tmp_path / "a.npz")
    check(data, few)
    assert data.notes == ["left out: 'val_images', 'val_labels'"]


@pytest.mark.parametrize("folder", [False, True])
def test_npy_files(import_: Import, few: Few, tmp_path: Path, folder: bool) -> None:
    for name, array in keras(few).items():
        np.save(tmp_path / f"{name}.npy", array)
    check(import_(tmp_path if folder else tmp_path / "x_train.npy"), few)


@pytest.mark.parametrize("deep", ["", "raw", "MNIST/raw"])
@pytest.mark.parametrize(
    ("names", "packed"),
    [
        (
            (
                "train-images-idx3-ubyte",
                "train-labels-idx1-ubyte",
                "t10k-images-idx3-ubyte",
                "t10k-labels-idx1-ubyte",
            ),
            True,
        ),
        (
            (
                "train-images.idx3-ubyte",
                "train-labels.idx1-ubyte",
                "t10k-images.idx3-ubyte",
                "t10k-labels.idx1-ubyte",
            ),
            False,
        ),
        (("a.bin", "b.bin", "c.bin", "d.bin"), False),
    ],
    ids=["packed", "with dots", "any names"],
)
def test_idx_files(
    import_: Import, few: Few, tmp_path: Path, names: tuple[str, ...], packed: bool, deep: str
) -> None:
    (tmp_path / deep).mkdir(parents=True, exist_ok=True)
    for name, array in zip(names, keras(few).values(), strict=True):
        blob = idx_bytes(array)
        path = tmp_path / deep / f"{name}{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(blob) if packed else blob)
    (tmp_path / "readme.txt").write_text("digits")
    check(import_(tmp_path), few)


def test_qmnists_labels_are_rows_that_begin_with_the_class(
    import_: Import, few: Few, tmp_path: Path
) -> None:
    x, y = few
    rows = np.column_stack([y, np.arange(60 * 7).reshape(60, 7)]).astype(">i4")
    for part in ("train", "test"):  # as many as in QMNIST: the same number
        (tmp_path / f"qmnist-{part}-images-idx3-ubyte").write_bytes(idx_bytes(x))
        (tmp_path / f"qmnist-{part}-labels-idx2-int").write_bytes(idx_bytes(rows))
    data = import_(tmp_path)
    np.testing.assert_array_equal(data.parts["test"].y, y)
    np.testing.assert_array_equal(images_of(data), x)


def test_emnist_lies_transposed_counts_from_one_and_is_one_of_several(
    import_: Import, few: Few, tmp_path: Path
) -> None:
    x, y = few
    for split, first in (("letters", 1), ("digits", 0)):
        for part in ("train", "test"):
            stem = tmp_path / f"emnist-{split}-{part}"
            Path(f"{stem}-images-idx3-ubyte").write_bytes(idx_bytes(x.swapaxes(1, 2)))
            Path(f"{stem}-labels-idx1-ubyte").write_bytes(idx_bytes(y + np.uint8(first)))
    with pytest.raises(DataError, match=r"several datasets: .*emnist-letters.*give a file of the"):
        import_(tmp_path)
    names = tuple("abcdefghij")
    data = import_(
        tmp_path / "emnist-letters-train-images-idx3-ubyte",
        transpose=True,
        labels_from=1,
        classes=names,
    )
    np.testing.assert_array_equal(images_of(data), x)
    np.testing.assert_array_equal(data.parts["test"].y, y)
    assert data.format.class_names == names
    assert data.format.preparation == Preparation("resize", invert=True)


@pytest.mark.parametrize("shape", [(2, 3, 4), (4, 6)])
@pytest.mark.parametrize("kind", [">i2", ">i4", ">f4", ">f8", "|u1", "|i1"])
def test_idx_of_every_type(tmp_path: Path, kind: str, shape: tuple[int, ...]) -> None:
    array = np.arange(24).reshape(shape).astype(kind)
    (tmp_path / "a").write_bytes(idx_bytes(array))
    (tmp_path / "b.gz").write_bytes(gzip.compress(idx_bytes(array)))
    for name in ("a", "b.gz"):
        np.testing.assert_array_equal(open_idx(tmp_path / name), array)


@pytest.mark.parametrize(
    "converted",
    [lambda x: x / 255, lambda x: x.astype(np.uint16) * 257, lambda x: x.astype(np.int64)],
    ids=["0 to 1", "16 bits", "int64"],
)
def test_other_units_of_pixels(
    import_: Import, few: Few, tmp_path: Path, converted: Callable[..., NDArray[Any]]
) -> None:
    np.savez(tmp_path / "a.npz", x=converted(few[0]), y=few[1])
    np.testing.assert_array_equal(images_of(import_(tmp_path / "a.npz")), few[0])


def test_colours_become_grey(import_: Import, few: Few, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.repeat(few[0][..., None], 3, axis=3), y=few[1])
    data = import_(tmp_path / "a.npz")
    np.testing.assert_array_equal(images_of(data), few[0])
    assert "colours were mixed to grey" in data.notes


@pytest.mark.parametrize("is_negative", [True, False], ids=["light on dark", "dark on light"])
def test_pictures_become_what_the_images_are(
    import_: Import, few: Few, tmp_path: Path, is_negative: bool
) -> None:
    x = few[0][:, 4:24, 4:24]
    np.savez(tmp_path / "a.npz", x=x if is_negative else 255 - x, y=few[1])
    data = import_(tmp_path / "a.npz")
    assert data.format.preparation == Preparation("resize", invert=is_negative)
    assert any("light on dark" in note for note in data.notes) == is_negative


def test_images_can_be_resized_inverted_and_prepared(
    import_: Import, few: Few, tmp_path: Path
) -> None:
    x, y = few
    np.savez(tmp_path / "a.npz", x=255 - np.pad(x, ((0, 0), (3, 9), (5, 5))), y=y)
    data = import_(tmp_path / "a.npz", resize=(20, 19), invert=True)
    assert images_of(data).shape == (60, 20, 19)
    assert images_of(data)[:, 0].max() == 0
    assert data.format.preparation == Preparation("resize", invert=True)
    prepared = import_(tmp_path / "a.npz", prepare=True)
    assert prepared.format.preparation == Preparation("mnist")
    off = np.abs(images_of(prepared).astype(int) - x).mean(axis=(1, 2))
    assert np.median(off) < 12  # of 255: the digits are where MNIST has them, but for rounding


@pytest.mark.parametrize("invert", [False, True])
def test_digits_that_are_dark_on_light_are_not_prepared_as_mnists(
    import_: Import, few: Few, tmp_path: Path, invert: bool
) -> None:
    np.savez(tmp_path / "a.npz", x=few[0] if invert else 255 - few[0], y=few[1])
    data = import_(tmp_path / "a.npz", invert=invert)
    assert data.format.preparation == Preparation("resize", invert=False)
    assert any("not light on dark, as MNIST's" in note for note in data.notes)


@pytest.mark.parametrize("flat", [False, True])
def test_pixels_of_both_parts_must_be_of_one_unit(
    import_: Import, few: Few, tmp_path: Path, flat: bool
) -> None:
    arrays: dict[str, NDArray[Any]] = {**keras(few), "x_test": few[0][40:] / 255}
    if flat:
        arrays |= {name: arrays[name].reshape(-1, 784) for name in ("x_train", "x_test")}
    np.savez(tmp_path / "a.npz", **arrays)  # type: ignore[arg-type]
    said = (
        "one part are whole, 0 to 255" if flat else "those of train reach 255 and .* test reach 1;"
    )
    with pytest.raises(DataError, match=said):
        import_(tmp_path / "a.npz")


def test_large_files_are_mapped_and_never_held(tmp_path: Path) -> None:
    array = np.zeros((1000, 28, 28), np.uint8)
    (tmp_path / "a").write_bytes(idx_bytes(array))
    np.save(tmp_path / "a.npy", array)
    assert isinstance(open_idx(tmp_path / "a"), np.memmap)
    assert isinstance(open_npy(tmp_path / "a.npy"), np.memmap)


def npz(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, blob in members.items():
            archive.writestr(f"{name}.npy", blob)
    return file.getvalue()


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def claiming(shape: str) -> bytes:
    """An array whose header claims another shape."""
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + header.encode() + b"\0" * 100


X, Y = np.full((4, 5, 5), 99, np.uint8), np.arange(4) % 2
BAD: dict[str, tuple[bytes, str]] = {
    "one array": (npz(x=npy(X)), r"one array x and one y; it holds x \(4, 5, 5\)"),
    "no test labels": (npz(x_train=npy(X), y_train=npy(Y), x_test=npy(X)), "x_test has samples,"),
    "three arrays": (npz(a=npy(X), b=npy(Y), c=npy(X)), r"it must hold x_train, y_train and, if"),
    "other lengths": (npz(x=npy(X), y=npy(Y[:3])), "there are 4 samples in train, but 3 labels"),
    "one-hot labels": (npz(x=npy(X), y=npy(np.eye(4))), r"of one-hot labels, y.argmax\(axis=1\)"),
    "huge labels": (npz(x=npy(X), y=npy(Y.astype(np.uint64) << 63)), "label 2 of train is 9.2"),
    "labels that are no whole numbers": (npz(x=npy(X), y=npy(Y / 2)), "label 2 of train is 0.5"),
    "objects": (npz(x=npy(X), y=npy(np.array([{}] * 4))), "holds Python objects, which could run"),
    "complex numbers": (npz(x=npy(X * 1j), y=npy(Y)), "it must be numbers, or text"),
    "text": (npz(x=npy(np.full((4, 25), "a")), y=npy(Y)), "samples of train are <U1, not numb"),
    "five colours": (npz(x=npy(np.zeros((4, 5, 5, 5))), y=npy(Y)), r"a sample is \(5, 5, 5\)"),
    "negative pixels": (npz(x=npy(X - 100.0), y=npy(Y)), "there are pixels of -1 to 0; pix"),
    "bright pixels": (npz(x=npy(X * 1000.0), y=npy(Y)), "pixels are whole numbers of 0 to 255"),
    "pixels that are NaN": (npz(x=npy(X * np.nan), y=npy(Y)), "a pixel that is NaN or infinite"),
    "missing values": (npz(x=npy(np.full((4, 3), np.nan)), y=npy(Y)), "sample 1 of train has a"),
    "a bomb": (npz(x=claiming("(9999999, 99999)"), y=npy(Y)), r"it is 228 bytes, but is said to"),
    "a negative shape": (npz(x=claiming("(-4, 5, 5)"), y=npy(Y)), r"'x': it is \(-4, 5, 5\) uint8"),
    "a header of nonsense": (npz(x=claiming("("), y=npy(Y)), "'x': its header is damaged"),
    "no samples": (npz(x=npy(X[:0]), y=npy(Y[:0])), r"it is \(0, 5, 5\) uint8"),
    "a hundred arrays": (npz(**{f"a{i}": npy(Y) for i in range(100)}), "it holds 100 files, more"),
    "another archive": (npz(x=npy(X)).replace(b"x.npy", b"x.txt"), "an archive that NumPy did not"),
    "half an archive": (npz(x=npy(X), y=npy(Y))[:-30], "it is not a complete zip archive"),
    "npy cut short": (npy(X)[:-1], "it is cut short"),
    "idx cut short": (idx_bytes(X)[:-1], r"IDX data of shape \(4, 5, 5\) have 116 bytes, got 115"),
    "idx of nothing": (idx_bytes(X[:0]), "it holds nothing"),
    "packed idx cut short": (gzip.compress(idx_bytes(X))[:-9], "damaged gzip data"),
    "packed idx of more": (gzip.compress(idx_bytes(X) + b"1"), "more than the 116 bytes"),
    "idx without labels": (idx_bytes(X), "it must hold x_train, y_train and, if"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_what_is_wrong_is_said(import_: Import, tmp_path: Path, kind: str) -> None:
    content, complaint = BAD[kind]
    path = tmp_path / "bad.file"
    path.write_bytes(content)
    with pytest.raises(DataError, match=complaint) as caught:
        import_(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).count("\n") <= 1


def test_what_unpacks_to_more_than_half_of_the_memory_is_refused(
    import_: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnist_nn.importing.array_files.available_memory", lambda: 200)
    (tmp_path / "a.npz").write_bytes(npz(x=npy(X), y=npy(Y)))
    with pytest.raises(DataError, match="more than half of the memory; save each as a"):
        import_(tmp_path / "a.npz")
    (tmp_path / "a.gz").write_bytes(gzip.compress(idx_bytes(X)))
    with pytest.raises(DataError, match=r"more than half of the memory; unpack it first"):
        import_(tmp_path / "a.gz")


def test_parts_must_be_alike(import_: Import, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x_train=X, y_train=Y, x_test=X[:, :4], y_test=Y)
    with pytest.raises(DataError, match=r"a sample of test is \(4, 5\), one of train \(5, 5\)"):
        import_(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", x=X, y=Y)
    with pytest.raises(ConfigError, match="--scale is of measurements"):
        import_(tmp_path / "b.npz", scale="none")
    with pytest.raises(ConfigError, match="--shape is of images in rows, but these are 5×5"):
        import_(tmp_path / "b.npz", shape=(1, 25))
    with pytest.raises(ConfigError, match="--label is of a CSV, whose labels"):
        import_(tmp_path / "b.npz", label="y")
    assert idx.is_idx(idx_bytes(X))
