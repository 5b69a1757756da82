"""What is wrong with a CSV is said with its row and column."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from mnist_nn.errors import MnistNNError
from mnist_nn.importing import ImportedData

PIXELS = ",".join(["7"] * 16)
GOOD = f"1,{PIXELS}\n2,{PIXELS}\n"
HEADER = "label," + ",".join(f"p{i}" for i in range(16)) + "\n"

BAD: dict[str, tuple[bytes | str, str]] = {
    "empty": ("", "it is empty"),
    "blank lines": ("\n\n\n", "it has no rows"),
    "only a header": (HEADER, "there is no row of numbers"),
    "one column": ("1\n2\n", "row 1 has one cell"),
    "ragged": (f"{GOOD}3,{PIXELS},9\n", "row 3 has 18 cells, the first has 17"),
    "too short": (f"{HEADER}{GOOD}3,4\n", "row 4 has 2 cells, the first has 17"),
    "a missing value": (f"{GOOD}3,,{PIXELS[2:]}\n", "row 3, column 2: there is a missing value"),
    "a value that is NA": (
        f"{GOOD}3,NA,{PIXELS[2:]}\n",
        "row 3, column 2: 'NA' stands for a missing",
    ),
    "a value that is nan": (
        f"{GOOD}3,nan,{PIXELS[2:]}\n",
        "row 3, column 2: 'nan' stands for a missing",
    ),
    "a value that is ?": (
        f"{GOOD}3,?,{PIXELS[2:]}\n",
        "row 3, column 2: '\\?' stands for a missing",
    ),
    "an infinite value": (
        f"{GOOD}3,1e999,{PIXELS[2:]}\n",
        "row 3, column 2: '1e999' is not a finite",
    ),
    "a number whose square is none": (
        "x,label\n1,a\n-1e200,b\n",
        r"measurement 1 of sample 2 of train is -1e\+200; numbers must be from",
    ),
    "text in a pixel": (
        f"{HEADER}{GOOD}3,x,{PIXELS[2:]}\n",
        r"row 4, column 2 \('p0'\): 'x' is not a num",
    ),
    "a missing label": (
        f"{HEADER}{GOOD},{PIXELS}\n",
        r"row 4: the label, column 1 \('label'\), is missing",
    ),
    "two columns of text": ("a,1,b\nc,2,d\n", "columns 1 and 3 both hold text"),
    "one class": (f"{HEADER}1,{PIXELS}\n1,{PIXELS}\n", "there is one class only, 1"),
    "labels that are no whole numbers": (
        "x,label\n1,0.5\n2,1\n",
        "label 1 of train is 0.5; labels are whole",
    ),
    "300 classes": (
        "x,label\n" + "".join(f"1,{i}\n" for i in range(300)),
        "there are 300 different labels",
    ),
    "no column of labels": (
        "0.5,0.25\n1.5,1.25\n",
        "neither its first nor its last column looks like",
    ),
    "two columns of labels": (
        "1,5,2\n2,5,1\n",
        "both look like labels; name one: --label 1 or --label 3",
    ),
    "a label that is too long": (
        f"x,label\n1,a\n2,{'b' * 101}\n",
        r"row 3: the label, column 2 \('label'\), has 101 characters; a class's name has",
    ),
    "two columns with names of labels": (
        "label,target,a\n0,1,0.5\n1,0,0.5\n",
        "columns 1 and 2 both have names of labels; name the one",
    ),
    "rows of other lengths than the header": (
        "a,b,kind\n1,2,3,x\n1,2,3,y\n",
        "no row of numbers in it: row 2 has 4 cells, the first 3",
    ),
    "a class without a name": (
        'x,label\n1,a\n2,"\x07"\n',
        r"'\\x07' cannot be the name of a class",
    ),
    "not UTF-8": (b"1,a\n2,\xff\n", "row 2 is not text in UTF-8"),
    "UTF-16": ("1,2\n3,4\n".encode("utf-16"), "it is text in UTF-16; save it as CSV in UTF-8"),
    "UTF-16 without a mark": ("1,2\n3,4\n".encode("utf-16-le"), "it is text in UTF-16; save it"),
    "ends of lines of old Macs": ("1,2\r3,4\r", "its rows end in CR alone"),
    "an open quote": ('a,b\n1,"2\n3,4\n', "row 2 cannot be read: unexpected end of data"),
    "damaged gzip": (gzip.compress(GOOD.encode() * 999)[:-20], "damaged gzip data"),
    "no text": (b"\x01\x02\0\x03" * 9, "it is none of the files that can be imported"),
    "a pickle": (b"\x80\x04\x95", "it is a Python pickle, which could run code and is not read"),
    "a picture": (b"\x89PNG\r\n\x1a\n", "it is a picture; give the folder"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_wrong_is_said(
    import_: Callable[..., ImportedData], tmp_path: Path, kind: str
) -> None:
    content, complaint = BAD[kind]
    path = tmp_path / "bad.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(MnistNNError, match=complaint) as caught:
        import_(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).count("\n") <= 1


@pytest.mark.parametrize("packed", [False, True])
def test_a_cell_of_endless_text_takes_no_memory(
    import_: Callable[..., ImportedData], tmp_path: Path, packed: bool
) -> None:
    path = tmp_path / "endless.csv"
    if packed:
        path.write_bytes(gzip.compress(b"1,2\n2,3\n3," + b"x" * 40_000_000, 1))
    else:
        with path.open("wb") as file:
            file.write(b"1,2\n2,3\n3," + b"x" * 5000)
            file.seek(5_000_000_000)  # which takes no room on the disk
            file.write(b"\n")
    with pytest.raises(MnistNNError, match="row 3 is longer than 4,194,304 bytes"):
        import_(path)
