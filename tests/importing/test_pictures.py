"""A folder of pictures, with one sub-folder for each class."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mnist_nn.data import Preparation
from mnist_nn.data.format import DIGITS
from mnist_nn.errors import DataError
from mnist_nn.importing import ImportedData

from .conftest import Few, images_of

Image = pytest.importorskip("PIL.Image")
Import = Callable[..., ImportedData]
SUFFIXES = ("png", "bmp", "gif", "webp", "tiff")  # without loss


def write_pictures(folder: Path, few: Few) -> None:
    for i, (image, label) in enumerate(zip(*few, strict=True)):
        place = folder / str(label)
        place.mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(image)
        picture.save(place / f"{i}.{SUFFIXES[i % len(SUFFIXES)]}", lossless=True)


def by_class(few: Few) -> Few:
    order = np.argsort(few[1], kind="stable")
    return few[0][order], few[1][order]


def test_pictures_of_all_kinds(import_: Import, few: Few, tmp_path: Path) -> None:
    write_pictures(tmp_path, few)
    (tmp_path / "3" / "notes.txt").write_text("threes")
    (tmp_path / "labels.csv").write_text("0,1")
    (tmp_path / "3" / "more").mkdir()
    (tmp_path / "3" / ".hidden.png").write_text("")
    (tmp_path / ".git").mkdir()
    data = import_(tmp_path)
    x, y = by_class(few)
    np.testing.assert_array_equal(images_of(data), x)
    np.testing.assert_array_equal(data.parts["train"].y, y)
    assert data.format.class_names == DIGITS
    assert data.format.preparation == Preparation("resize")
    assert "3 files or folders that are no pictures were left out" in data.notes


@pytest.mark.parametrize("names", [("train", "test"), ("training", "testing")])
def test_folders_of_both_parts(
    import_: Import, few: Few, tmp_path: Path, names: tuple[str, str]
) -> None:
    x, y = few
    write_pictures(tmp_path / names[0], (x[:40], y[:40]))
    write_pictures(tmp_path / names[1], (x[40:], y[40:]))
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "val").mkdir()
    data = import_(tmp_path)
    np.testing.assert_array_equal(images_of(data, "test"), by_class((x[40:], y[40:]))[0])
    assert list(data.parts) == ["train", "test"]
    assert "left out: 'val'" in data.notes
    data = import_(tmp_path / names[0], test=tmp_path / names[1])
    np.testing.assert_array_equal(images_of(data, "test"), by_class((x[40:], y[40:]))[0])
    np.savez(tmp_path / "a.npz", x=x, y=y)
    with pytest.raises(DataError, match="pictures and arrays cannot be combined"):
        import_(tmp_path / "a.npz", test=tmp_path / names[1])


def test_classes_are_in_natural_order(import_: Import, few: Few, tmp_path: Path) -> None:
    for name in ("class10", "class9", "other"):
        (tmp_path / name).mkdir()
        Image.fromarray(few[0][0]).save(tmp_path / name / "a.png")
    assert import_(tmp_path).format.class_names == ("class9", "class10", "other")
    names = ("other", "class9", "class10")
    assert import_(tmp_path, classes=names).format.class_names == names


def test_sizes_must_be_alike_or_made_so(import_: Import, few: Few, tmp_path: Path) -> None:
    write_pictures(tmp_path, few)
    Image.fromarray(few[0][0][:20]).save(tmp_path / "9" / "last.png")
    with pytest.raises(DataError, match=r"0/.* is 28×28 and .*last.png is 20×28; .*--resize 28x28"):
        import_(tmp_path)
    assert images_of(import_(tmp_path, resize=(14, 14))).shape == (61, 14, 14)
    prepared = import_(tmp_path, prepare=True)
    assert prepared.format.preparation == Preparation("mnist")


def test_colours_transparency_and_depth(import_: Import, few: Few, tmp_path: Path) -> None:
    image, ink = few[0][0], 255 - few[0][0]
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.fromarray(np.repeat(ink[..., None], 3, axis=2)).save(tmp_path / name / "1.png")
        transparent = np.zeros((28, 28, 4), np.uint8)
        transparent[..., 3] = image
        Image.fromarray(transparent).save(tmp_path / name / "2.png")
        Image.fromarray(ink.astype(np.uint16) * 257).save(tmp_path / name / "3.png")
    data = import_(tmp_path, invert=True)
    assert np.abs(images_of(data).astype(int) - image).max() <= 1
    assert data.format.preparation == Preparation("resize", invert=True)


def test_what_is_wrong_is_named(import_: Import, few: Few, tmp_path: Path) -> None:
    write_pictures(tmp_path, few)
    whole = (tmp_path / "1").glob("*.png").__next__()
    whole.write_bytes(whole.read_bytes()[:60])
    with pytest.raises(DataError, match=rf"1/{whole.name} is damaged"):
        import_(tmp_path)
    whole.unlink()
    Image.new("L", (28, 28)).save(tmp_path / "2" / "blank.png")
    with pytest.raises(DataError, match=r"blank\.png cannot be prepared: it is blank"):
        import_(tmp_path, prepare=True)
    Image.new("L", (28, 400)).save(tmp_path / "0" / "0.png")
    with pytest.raises(DataError, match=r"0\.png has more than 300 pixels on a side; .*--resize"):
        import_(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty has no pictures; each sub-folder is a class"):
        import_(tmp_path)


def test_pictures_that_do_not_fit_into_memory_are_refused(
    import_: Import, few: Few, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pictures(tmp_path, few)
    monkeypatch.setattr("mnist_nn.importing.array_files.available_memory", lambda: 60 * 28 * 28)
    with pytest.raises(DataError, match=r"47,040 bytes, more than half .* smaller: --resize"):
        import_(tmp_path)


def test_folders_without_classes(import_: Import, few: Few, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is nothing in it to import"):
        import_(tmp_path)
    (tmp_path / "train.csv").write_text("1,2")
    with pytest.raises(
        DataError, match=r"it is a folder; give the file in it, such as .*train\.csv"
    ):
        import_(tmp_path)
    write_pictures(tmp_path, (few[0][:1], few[1][:1]))
    with pytest.raises(DataError, match="there is one class only"):
        import_(tmp_path)
    with pytest.raises(DataError, match="there is no file or folder"):
        import_(tmp_path / "nothing")
