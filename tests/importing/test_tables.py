"""CSV files in all the ways in which people write them."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_nn.data import Preparation
from mnist_nn.data.format import DIGITS
from mnist_nn.errors import ConfigError, DataError
from mnist_nn.importing import ImportedData

from .conftest import Few, images_of, write_csv

Import = Callable[..., ImportedData]
IRIS = """5.1,3.5,1.4,0.2,Iris-setosa
7.0,3.2,4.7,1.4,Iris-versicolor
4.9,3.0,1.4,0.2,Iris-setosa
6.3,3.3,6.0,2.5,Iris-virginica
"""


def kaggle(path: Path, few: Few) -> Path:
    """The layout of Kaggle's digit recognizer."""
    x, y = few
    header = ",".join(["label", *(f"pixel{i}" for i in range(784))])
    return write_csv(path, np.column_stack([y, x.reshape(-1, 784)]), header)


def test_kaggles_layout_gives_the_same_digits(import_: Import, few: Few, tmp_path: Path) -> None:
    data = import_(kaggle(tmp_path / "train.csv", few))
    np.testing.assert_array_equal(images_of(data), few[0])
    np.testing.assert_array_equal(data.parts["train"].y, few[1])
    assert data.format.class_names == DIGITS
    assert data.format.preparation == Preparation("mnist")
    assert list(data.parts) == ["train"]


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("mark", [",", ";", "\t", " "], ids=["comma", "semicolon", "tab", "space"])
@pytest.mark.parametrize("last", [False, True], ids=["label first", "label last"])
def test_delimiters_ends_of_lines_and_places_of_the_label(
    import_: Import, few: Few, tmp_path: Path, mark: str, end: str, last: bool
) -> None:
    x, y = few
    rows = np.column_stack([x.reshape(-1, 784), y] if last else [y, x.reshape(-1, 784)])
    text = end.join(mark.join(map(str, row)) for row in rows)  # no end after the last
    (tmp_path / "digits.csv").write_bytes(text.encode())
    data = import_(tmp_path / "digits.csv")
    np.testing.assert_array_equal(images_of(data), x)
    np.testing.assert_array_equal(data.parts["train"].y, y)


def test_a_packed_file_with_a_byte_order_mark_and_quotes(
    import_: Import, few: Few, tmp_path: Path
) -> None:
    x, y = few
    rows = [
        ",".join(f'"{v}"' for v in (label, *image.ravel()))
        for image, label in zip(x, y, strict=True)
    ]
    path = tmp_path / "digits.csv.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + "\n\n".join(rows).encode()))
    np.testing.assert_array_equal(images_of(import_(path)), x)


def test_labels_may_be_text_anywhere(import_: Import, few: Few, tmp_path: Path) -> None:
    x, y = few
    words = np.array(["even", "odd"])[y % 2]
    rows = [
        [*image[:100], word, *image[100:]]
        for image, word in zip(x.reshape(-1, 784), words, strict=True)
    ]
    data = import_(write_csv(tmp_path / "parity.csv", rows))
    np.testing.assert_array_equal(images_of(data), x)
    assert data.format.class_names == ("even", "odd")
    np.testing.assert_array_equal(data.parts["train"].y, y % 2)
    assert data.notes[0] == "the labels are those of column 101"


def test_iris_by_hand(import_: Import, tmp_path: Path) -> None:
    (tmp_path / "iris.csv").write_text(IRIS)
    data = import_(tmp_path / "iris.csv")
    assert data.format.class_names == ("Iris-setosa", "Iris-versicolor", "Iris-virginica")
    assert data.parts["train"].y.tolist() == [0, 1, 0, 2]
    assert data.parts["train"].x[3].tolist() == [6.3, 3.3, 6.0, 2.5]
    normalization = data.format.normalization
    assert normalization is not None
    scaled = normalization.apply(data.parts["train"].x)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.std(axis=0), 1)


def test_measurements_are_scaled_by_the_training_samples_alone(
    import_: Import, tmp_path: Path
) -> None:
    train = write_csv(tmp_path / "a.csv", [[0, 5, "x"], [2, 5, "y"]])
    test = write_csv(tmp_path / "b.csv", [[4, 5, "x"]])
    normalization = import_(train, test=test, scale="0-1").format.normalization
    assert normalization is not None
    assert normalization.apply(np.array([[4.0, 5.0]])).tolist() == [[2, 0]]
    assert import_(train, scale="none").format.normalization is None


@pytest.mark.parametrize("scale", ["standardize", "0-1"])
def test_samples_that_are_held_out_do_not_scale_measurements(
    import_: Import, tmp_path: Path, scale: str
) -> None:
    path = write_csv(tmp_path / "a.csv", [[i * i + 0.5, "xy"[i % 2]] for i in range(20)])
    data = import_(path, test_split=0.2, scale=scale)
    normalization = data.format.normalization
    assert normalization is not None
    scaled = normalization.apply(data.parts["train"].x)
    np.testing.assert_allclose(
        scaled.mean() if scale == "standardize" else scaled.min(), 0, atol=1e-12
    )
    np.testing.assert_allclose(scaled.std() if scale == "standardize" else scaled.max(), 1)


def test_a_column_that_counts_rows_is_left_out(import_: Import, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [[1, 2.5, "x"], [2, 3.5, "y"]], "Id,width,Species")
    data = import_(path)
    assert data.parts["train"].x.tolist() == [[2.5], [3.5]]
    assert "column 1 ('Id') counts the rows and was left out" in data.notes


@pytest.mark.parametrize("label", ["kind", "2"])
def test_the_column_of_the_labels_can_be_named(import_: Import, tmp_path: Path, label: str) -> None:
    path = write_csv(tmp_path / "a.csv", [[1, 7, 2], [2, 8, 3], [3, 7, 4]], "a,kind,b")
    data = import_(path, label=label)
    assert data.format.class_names == ("7", "8")
    assert data.parts["train"].y.tolist() == [0, 1, 0]
    assert data.parts["train"].x.tolist() == [[1, 2], [2, 3], [3, 4]]


def test_labels_are_ordered_as_numbers_or_naturally(import_: Import, tmp_path: Path) -> None:
    def names(labels: list[Any]) -> tuple[str, ...]:
        rows = [[0.5, label] for label in labels]
        return import_(write_csv(tmp_path / "a.csv", rows, "x,label")).format.class_names

    assert names([10, 9, 9, -1]) == ("-1", "9", "10")
    assert names(["1.0", "2.00", " 1"]) == ("1", "2")
    assert names(["B10", "b9", "a"]) == ("a", "b9", "B10")


HEADERS: dict[str, tuple[str, int, int, str]] = {  # samples, index of the label, a note
    "a label that is a usual name": ("0.5,1,y\n1.5,2,n\n2.5,3,y\n", 3, 2, ""),
    "labels of numbers and text": ("0.5,b2\n1.5,1\n2.5,b2\n", 3, 1, ""),
    "a usual name, once": (".5,.7,y\n.6,.8,n\n.7,.9,m\n", 2, 2, "row, .5, .7, y, …, was"),
    "a label of its own": ("0.5,7,one\n1.5,8,b\n", 2, 2, "'one' is in the first row only"),
    "pandas's numbers": ("0,1,2,3\n5,.5,8,9\n4,.5,8,9\n", 2, 0, "first row, 0, 1, 2, …, was taken"),
    "and its index": (",0,1,2\n0,5,.5,8\n1,4,.5,8\n", 2, 1, "first row, , 0, 1, …, was taken"),
    "rows that count": ("0,1,2,3\n1,1,2,3\n0,1,2,3\n", 3, 0, ""),
    "years": ("2019,2020,kind\n1.5,2,a\n2.5,3,b\n", 2, 2, "first row, 2019, 2020, kind, …, was"),
    "a coordinate y": ("x,y,label\n.5,.7,1\n.6,.8,2\n", 2, 2, ""),
    "a coordinate y and text": ("x,y,who\n.5,.7,a\n.6,.8,b\n", 2, 2, ""),
    "y alone": ("x,y\n.5,1\n.6,2\n", 2, 1, ""),
    "names of the rows": ("id,r,who\nA0,.5,a\nA1,.6,b\n", 2, 2, "column 1 ('id') counts"),
    "a header that ends in a comma": ("id,who,r,\n0,a,.5\n1,b,.6\n", 2, 1, ""),
    "rows that end in a comma": ("id,who,r,\n0,a,.5,\n1,b,.6,\n", 2, 1, ""),
}  # fmt: skip


@pytest.mark.parametrize("kind", HEADERS)
def test_headers_and_labels_are_found(import_: Import, tmp_path: Path, kind: str) -> None:
    text, count, column, note = HEADERS[kind]
    (tmp_path / "a.csv").write_text(text)
    data = import_(tmp_path / "a.csv")
    assert len(data.parts["train"].y) == count
    assert data.notes[0].startswith(f"the labels are those of column {column + 1}")
    assert note in " ".join(data.notes)
    assert len(data.format.class_names) == 2


def test_a_label_of_text_is_the_same_class_wherever_it_stands(
    import_: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnist_nn.importing.table.FIRST", 40)
    monkeypatch.setattr("mnist_nn.importing.table.BLOCK", 40)
    rows: list[list[Any]] = [["01", 5, 6], ["2", 5, 6]] * 20 + [["01", 0.5, 6], ["b2", 5, 6]]
    data = import_(write_csv(tmp_path / "a.csv", rows), label="1")
    assert data.format.class_names == ("01", "2", "b2")


def test_a_name_comes_before_a_number_unless_that_is_a_name_too(
    import_: Import, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "a.csv", [[1, 0.5, 3], [2, 0.5, 4]], "class,1,2")
    with pytest.raises(DataError, match="--label 1 is the name of column 2, and the number of col"):
        import_(path, label="1")
    assert import_(path, label="3").notes[0].endswith("column 3 ('2')")


def test_labels_can_count_from_one(import_: Import, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [[0.5, 1], [1.5, 3]], "x,label")
    data = import_(path, labels_from=1, classes=("a", "b", "c"))
    assert data.format.class_names == ("a", "b", "c")
    assert data.parts["train"].y.tolist() == [0, 2]
    assert import_(path, labels_from=1).format.class_names == ("0", "2")
    with pytest.raises(
        DataError, match=r"for the labels 0 to 2, but label 2 of train is 3; .*--labels-from 1"
    ):
        import_(path, classes=("a", "b", "c"))


def test_few_grey_levels_are_spread(import_: Import, few: Few, tmp_path: Path) -> None:
    x, y = few
    small = (
        x[:, 2:26, 2:26].reshape(-1, 8, 3, 8, 3).mean(axis=(2, 4)) * 16 // 255
    )  # as sklearn's digits
    small[0, 0, 0] = 16
    rows = np.column_stack([small.reshape(-1, 64), y])
    data = import_(write_csv(tmp_path / "digits.csv", rows))  # floats, as pandas writes them
    np.testing.assert_array_equal(images_of(data), np.rint(small * 255 / 16))
    assert data.format.preparation == Preparation("resize", invert=True)
    assert "pixels of 0 to 16 were scaled to 0 to 255" in data.notes


def test_images_that_are_not_square(import_: Import, tmp_path: Path) -> None:
    rows = [[1, *range(100, 106)], [2, *range(100, 106)]]
    data = import_(write_csv(tmp_path / "a.csv", rows), shape=(2, 3), label="1")
    assert images_of(data)[0].tolist() == [[100, 101, 102], [103, 104, 105]]
    with pytest.raises(ConfigError, match="--shape 3x3 is 9 pixels, but a sample has 6 numbers"):
        import_(tmp_path / "a.csv", shape=(3, 3), label="1")
    with pytest.raises(ConfigError, match="--invert is for images, but the samples are 6 meas"):
        import_(tmp_path / "a.csv", invert=True, label="1")


def test_a_test_file_must_have_labels_and_the_same_columns(
    import_: Import, few: Few, tmp_path: Path
) -> None:
    train = kaggle(tmp_path / "train.csv", few)
    text = train.read_text().splitlines()
    bare = tmp_path / "test.csv"
    bare.write_text("\n".join(line.partition(",")[2] for line in text))
    with pytest.raises(
        DataError,
        match=r"test\.csv: it has 784 columns .*: the labels are missing, .*\n.*--test-split 0\.1",
    ):
        import_(train, test=bare)
    with pytest.raises(DataError, match="neither its first nor its last column looks like labels"):
        import_(bare)
    bare.write_text("\n".join([text[0].replace("pixel0", "pixel"), text[1]]))
    with pytest.raises(DataError, match="its columns have other names"):
        import_(train, test=bare)
    data = import_(train, test=train)
    np.testing.assert_array_equal(images_of(data, "test"), few[0])


def test_test_labels_are_in_the_column_of_the_training_labels(
    import_: Import, tmp_path: Path
) -> None:
    rows = [[0, 0.5, 1], [1, 1.5, 2]]
    train = write_csv(tmp_path / "train.csv", rows, "label,0,1")  # pandas numbers its columns so
    data = import_(train, test=write_csv(tmp_path / "test.csv", rows[::-1], "label,0,1"))
    assert data.parts["test"].y.tolist() == [1, 0]
    assert data.parts["test"].x.tolist() == [[1.5, 2], [0.5, 1]]
    assert data.notes == [
        "the labels are those of column 1 ('label')",
        "the first row, label, 0, 1, …, was taken for names of the columns",
    ]


def test_the_test_part_can_be_held_out(import_: Import, few: Few, tmp_path: Path) -> None:
    train = kaggle(tmp_path / "train.csv", few)
    data = import_(train, test_split=0.25)
    assert {name: len(part.y) for name, part in data.parts.items()} == {"train": 45, "test": 15}
    both = np.concatenate([images_of(data), images_of(data, "test")])
    assert sorted(map(bytes, both)) == sorted(map(bytes, few[0]))
    again = import_(train, test_split=0.25)
    np.testing.assert_array_equal(images_of(again, "test"), images_of(data, "test"))


def test_a_test_label_that_training_lacks_is_refused(import_: Import, tmp_path: Path) -> None:
    train = write_csv(tmp_path / "a.csv", [[0.5, "x"], [1.5, "y"]])
    test = write_csv(tmp_path / "b.csv", [[0.5, "z"]])
    with pytest.raises(DataError, match="there is a label 'z' in test: training has no such label"):
        import_(train, test=test)


def test_a_column_that_is_not_there_is_refused(import_: Import, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [[1, 7], [2, 8]], "a,kind")
    with pytest.raises(DataError, match="no column 'b'; --label is a name, such as 'a', or a numb"):
        import_(path, label="b")


def test_rows_of_integers_can_be_measurements(import_: Import, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [["a", *range(16)], ["b", *range(16)]])
    assert import_(path).format.sample_shape == (4, 4)
    assert import_(path, scale="standardize").format.sample_shape == (16,)


@pytest.mark.parametrize("last", [False, True], ids=["label first", "label last"])
def test_labels_of_text_do_not_need_the_slow_reader(
    import_: Import, few: Few, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: bool
) -> None:
    x, y = few
    words = np.array(["even", "odd"])[y % 2]
    pixels = x.reshape(-1, 784)
    rows = np.column_stack([pixels, words] if last else [words, pixels])
    monkeypatch.delattr("mnist_nn.importing.table.parse_rows")
    data = import_(write_csv(tmp_path / "a.csv", rows.tolist()))
    np.testing.assert_array_equal(images_of(data), x)
    np.testing.assert_array_equal(data.parts["train"].y, y % 2)


def test_a_table_that_does_not_fit_into_memory_is_refused(
    import_: Import, few: Few, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = kaggle(tmp_path / "train.csv", few)
    monkeypatch.setattr("mnist_nn.importing.table.available_memory", lambda: 10_000)
    with pytest.raises(DataError, match="need more than half of the memory"):
        import_(path)
    labels = write_csv(tmp_path / "b.csv", [[1, "abc" * 10], [2, "d"]] * 60)  # labels count, too
    with pytest.raises(DataError, match="need more than half of the memory"):
        import_(labels)


def test_names_of_classes_must_be_readable(import_: Import, few: Few, tmp_path: Path) -> None:
    path = kaggle(tmp_path / "train.csv", few)
    with pytest.raises(DataError, match=r"'\\x07' cannot be the name of a class"):
        import_(path, classes=("\x07", *"123456789"))


def test_both_parts_have_labels_of_a_kind(import_: Import, tmp_path: Path) -> None:
    train = write_csv(tmp_path / "a.csv", [[0.5, 1], [1.5, 2]], "x,label")
    test = write_csv(tmp_path / "b.csv", [[0.5, "one"]], "x,label")
    with pytest.raises(DataError, match="the labels are numbers in one part and text in the other"):
        import_(train, test=test)
    with pytest.raises(DataError, match="--labels-from: the labels are text; leave it out"):
        import_(write_csv(tmp_path / "c.csv", [[0.5, "a"], [1.5, "b"]]), labels_from=1)
    with pytest.raises(DataError, match="--labels-from 2: there is a label 1"):
        import_(train, labels_from=2)
    wide = write_csv(tmp_path / "d.csv", [[1, 0.5, 2, 3, 4], [2, 1.5, 2, 3, 4]])
    with pytest.raises(DataError, match="it has 2 columns, the training samples have 5"):
        import_(wide, label="1", test=test)


def test_a_part_must_not_be_empty(import_: Import, tmp_path: Path) -> None:
    train = write_csv(tmp_path / "a.csv", [[0.5, 1], [1.5, 2]], "x,label")
    with pytest.raises(DataError, match=r"--test-split 0.1 of 2 samples leaves one part empty"):
        import_(train, test_split=0.1)
    with pytest.raises(
        DataError, match=r"0\.5 would leave no training sample of '\d', which has 1;"
    ):
        import_(train, test_split=0.5)
