"""``mnist-nn predict`` with tables: rows of pixels, as Kaggle has them, and of measurements."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mnist_nn.cli import main
from mnist_nn.data import Samples, load_dataset
from mnist_nn.model import load_model

from ..conftest import Result

Run = Callable[..., Result]
ROOT = Path(__file__).parents[2]
IRIS = ROOT / "mnist_nn" / "data" / "iris.csv"
NAMES = "sepal length,sepal width,petal length,petal width"


def csv(x: np.ndarray, header: str | None = None, delimiter: str = ",") -> str:
    rows = [delimiter.join(f"{number:g}" for number in row) for row in x]
    return "\n".join([header, *rows] if header else rows) + "\n"


@pytest.fixture
def digits_csv(digits: Samples, sample_model: Path) -> np.ndarray:
    """The first 1,200 samples, more than a batch, in ``test.csv``, laid out as Kaggle's."""
    x = digits.x[:1200]
    Path("test.csv").write_text(csv(x, ",".join(f"pixel{i}" for i in range(784))))
    return x


@pytest.fixture(scope="module")
def trained_iris(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A model of the imported iris, whose measurements the network normalizes."""
    folder = tmp_path_factory.mktemp("iris")
    (folder / "iris.yaml").write_text(
        "data: {dataset: flowers}\n"
        "network: {layers: [{units: 8, activation: tanh}, {units: 3, activation: softmax}]}\n"
        "training:\n  {engine: numpy, epochs: 60, batch_size: 10,\n"
        "  optimizer: {name: adam, learning_rate: 0.02}}\n"
    )
    for command in (
        ["import", IRIS, "--name", "flowers"],
        ["train", folder / "iris.yaml", "-o", folder / "iris.pkl", "--quiet"],
    ):
        with pytest.raises(SystemExit) as caught:
            main([str(word) for word in [*command, "--data-dir", folder]])
        assert caught.value.code == 0
    return (folder / "iris.pkl").read_bytes()


@pytest.fixture
def iris(trained_iris: bytes, run: Run) -> Samples:
    """Iris, and a model of it in ``iris.pkl``."""
    Path("iris.pkl").write_bytes(trained_iris)
    return load_dataset("iris").train


def test_rows_of_pixels_are_read_as_the_model_reads_arrays(
    run: Run, digits_csv: np.ndarray
) -> None:
    result = run("predict", "model.pkl", "test.csv", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    rows = json.loads(result.stdout)
    assert [row["file"] for row in rows] == [f"test.csv:{i}" for i in range(1, 1201)]
    outputs = load_model("model.pkl").predict(digits_csv)
    np.testing.assert_allclose([list(row["outputs"].values()) for row in rows], outputs, rtol=1e-5)
    assert [int(row["class"]) for row in rows] == outputs.argmax(axis=1).tolist()
    assert [row["probability"] for row in rows] == [max(row["outputs"].values()) for row in rows]


def test_rows_are_printed_under_one_heading_packed_files_and_pictures_alike(
    run: Run, digits_csv: np.ndarray
) -> None:
    Path("few.CSV.gz").write_bytes(gzip.compress(csv(digits_csv[:2]).encode()))
    np.save("one.npy", digits_csv[1].reshape(28, 28))
    result = run("predict", "model.pkl", "few.CSV.gz", "one.npy")
    assert (result.exit_code, result.stderr) == (0, "")
    head, _, first, second, picture = map(str.split, result.stdout.splitlines())
    assert head[:3] == ["file", "class", "probability"]
    assert [row[0] for row in (first, second, picture)] == [
        "few.CSV.gz:1",
        "few.CSV.gz:2",
        "one.npy",
    ]
    assert second[1] == picture[1]


def test_rows_of_pixels_are_drawn(run: Run, digits_csv: np.ndarray) -> None:
    Path("one.csv").write_text(csv(digits_csv[:1]))
    result = run("predict", "model.pkl", "one.csv", "--show")
    assert result.exit_code == 0
    assert result.stdout.startswith("one.csv:1:\n")


@pytest.mark.parametrize(
    ("header", "delimiter", "numbered"),
    [(NAMES, ",", False), (None, ",", False), (None, "\t", False), (f"id,{NAMES}", ",", True)],
)
def test_measurements_are_read_in_their_own_units(
    header: str | None, delimiter: str, numbered: bool, run: Run, iris: Samples
) -> None:
    x = iris.x
    if numbered:
        x = np.column_stack([np.arange(1, len(x) + 1), x])
    Path("rows.tsv").write_text(csv(x, header, delimiter))
    result = run("predict", "iris.pkl", "rows.tsv", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    rows = json.loads(result.stdout)
    outputs = load_model("iris.pkl").predict(iris.x)
    np.testing.assert_allclose([list(row["outputs"].values()) for row in rows], outputs, rtol=1e-5)
    names = load_model("iris.pkl").format.class_names
    right = [row["class"] == names[label] for row, label in zip(rows, iris.y, strict=True)]
    assert np.mean(right) > 0.9


def test_whole_measurements_are_not_taken_as_pixels(run: Run, iris: Samples) -> None:
    Path("whole.csv").write_text("5,3,1,0\n6,3,5,2\n")
    rows = json.loads(run("predict", "iris.pkl", "whole.csv", "--json").stdout)
    outputs = load_model("iris.pkl").predict(np.array([[5.0, 3, 1, 0], [6, 3, 5, 2]]))
    np.testing.assert_allclose([list(row["outputs"].values()) for row in rows], outputs, rtol=1e-5)


def test_a_single_output_is_the_second_of_two_classes(run: Run) -> None:
    config = ROOT / "configs" / "reference" / "moons.yaml"
    one = (
        "--set",
        "network.layers=[{units: 8, activation: tanh}, {units: 1, activation: sigmoid}]",
    )
    loss = ("--set", "training.loss=binary_cross_entropy")
    arguments = (
        "-c",
        config,
        *one,
        *loss,
        "--epochs",
        60,
        "--lr",
        0.5,
        "-o",
        "moons.pkl",
        "--quiet",
    )
    assert run("train", *arguments).exit_code == 0
    Path("moons.csv").write_text("x,y\n0,1\n1,-0.5\n")  # the tops of the upper and the lower one
    result = run("predict", "moons.pkl", "moons.csv", "--json")
    rows = json.loads(result.stdout)
    assert [row["class"] for row in rows] == list(load_model("moons.pkl").format.class_names)
    assert [sum(row["outputs"].values()) for row in rows] == pytest.approx([1, 1])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (
            f"{NAMES},species\n5.1,3.5,1.4,0.2,setosa\n",
            "it has 5 columns where the model reads 4 numbers: a table to predict has no labels; "
            "remove their column, or measure the model on them: mnist-nn import",
        ),
        ("5.1,3.5\n", "it has 2 columns where the model reads 4 numbers; a row must have"),
        ("5.1\n", "it has 1 column where the model reads 4 numbers; a row must have"),
        (
            f"id,{NAMES},species\n1,5.1,3.5,1.4,0.2,setosa\n",
            "it has 6 columns where the model reads 4 numbers, and column 1 ('id'), which counts "
            "the rows, is left out: a table to predict has no labels",
        ),
        (f"{NAMES}\n5.1,3.5,1.4,0.2\n5.1,,1.4,0.2\n", "row 3, column 2 ('sepal width'): there is"),
        (
            "5.1,3.5,1.4,0.2\n5.1,x,1.4,0.2\n",
            "row 2, column 2: 'x' is not a number; every cell must have one: remove the column",
        ),
        ("5.1,3.5,1.4,0.2\n5.1,3.5,1.4\n", "row 2 has 3 cells, the first has 4"),
        ("", "it is empty"),
        (f"{NAMES}\n", "there is no row of numbers in it"),
    ],
)
def test_what_is_wrong_is_said_and_other_tables_are_read(
    content: str, complaint: str, run: Run, iris: Samples
) -> None:
    Path("bad.csv").write_text(content)
    Path("good.csv").write_text(csv(iris.x[:3]))
    result = run("predict", "iris.pkl", "bad.csv", "good.csv", "missing.csv", "--json")
    assert result.exit_code == 1
    first, second = result.stderr.splitlines()
    assert first.startswith(f"error: bad.csv: {complaint}")
    assert second == "error: missing.csv: No such file or directory"
    rows = json.loads(result.stdout)
    assert [row["file"] for row in rows] == [
        "bad.csv",
        *(f"good.csv:{i}" for i in (1, 2, 3)),
        "missing.csv",
    ]


def test_pixels_of_another_unit_are_refused_or_noted(run: Run, digits_csv: np.ndarray) -> None:
    Path("unit.csv").write_text(csv(digits_csv[:2] / 255))
    result = run("predict", "model.pkl", "unit.csv")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("error: unit.csv:1: number ")
    assert "pixels are whole numbers of 0 to 255" in result.stderr
    Path("few.csv").write_text(csv(digits_csv[:2] // 16))
    result = run("predict", "model.pkl", "few.csv")
    assert result.exit_code == 0
    assert result.stderr == "note: no pixel of few.csv exceeds 15; they are taken as 0 to 255\n"


def test_measurements_cannot_be_drawn(run: Run, iris: Samples) -> None:
    Path("rows.csv").write_text(csv(iris.x[:1]))
    result = run("predict", "iris.pkl", "rows.csv", "--show")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--show draws images; iris.pkl reads 4 numbers" in result.stderr
