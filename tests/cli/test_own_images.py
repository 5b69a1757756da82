"""Every command with images of another shape and other classes than MNIST's, from their file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread
from PIL import Image
from rich.cells import cell_len

from mnist_nn.cli import main
from mnist_nn.data import Preparation, SampleFormat, Samples, load_dataset, write_dataset
from mnist_nn.images import resized_pixels
from mnist_nn.images.colours import RULE
from mnist_nn.model import load_model

from .pages import Page

Run = Callable[..., Any]
NAMES = ("お", "き", "す", "つ", "な", "は", "ま", "や", "れ", "[bold]を")
SHAPE = (14, 18)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, digits: Samples) -> Path:
    """A data folder with ``mine``: the sample's digits in 14×18 pixels, with other names."""
    folder = tmp_path_factory.mktemp("data")
    test = load_dataset("mnist-sample").test
    assert test is not None
    parts = {"train": digits.take(np.arange(2000)), "test": test}
    small = {
        part: Samples(
            np.stack(
                [
                    resized_pixels(x.reshape(28, 28)[:, 3:25], SHAPE, invert=False).ravel()
                    for x in samples.x
                ]
            ),
            samples.y,
        )
        for part, samples in parts.items()
    }
    how = Preparation("resize", invert=True)
    write_dataset(
        folder / "mine.npz", SampleFormat(SHAPE, NAMES, preparation=how), small, source=["mine"]
    )
    return folder


@pytest.fixture(scope="module")
def model(folder: Path) -> Path:
    """A model of it, trained with distortions."""
    distorted = "data.augmentation={shift: 1, elastic_alpha: 8}"
    settings = ("data.dataset=mine", distorted, "training.engine=numpy")
    overrides = [word for setting in settings for word in ("--set", setting)]
    path = folder / "mine.pkl"
    arguments = ["--epochs", "5", "-o", str(path), "--data-dir", str(folder), "--quiet"]
    with pytest.raises(SystemExit) as caught:
        main(["train", "--config", "sample", *overrides, *arguments])
    assert caught.value.code == 0
    return path


def test_the_model_is_measured_by_the_names_of_its_classes(
    run: Run, model: Path, folder: Path
) -> None:
    result = run("evaluate", model, "--data-dir", folder, "--min-accuracy", 0.7)
    assert (result.exit_code, result.stderr) == (0, "")
    rows = [line for line in result.stdout.splitlines() if line.startswith(" お")]
    assert len(rows) == 2  # of the scores and of the matrix
    rows = [line for line in result.stdout.splitlines() if line.startswith(" [bold]を")]
    assert len(rows) == 2


def test_its_report_is_drawn(run: Run, model: Path, folder: Path, tmp_path: Path) -> None:
    result = run("evaluate", model, "--data-dir", folder, "--report", "report.html")
    assert result.exit_code == 0, result.stderr
    page = Page((tmp_path / "report.html").read_text("utf-8"))
    assert "お" in page.text
    sizes = {tuple(page.attributes("img", side)[i] for side in ("width", "height")) for i in (0, 1)}
    assert sizes == {("84", "65")}


def test_its_samples_are_shown(run: Run, folder: Path, tmp_path: Path) -> None:
    shift = ("--set", "data.augmentation.shift=2")
    result = run("show", "--set", "data.dataset=mine", *shift, "--data-dir", folder)
    assert (result.exit_code, result.stdout) == (0, "digits.png\n")
    height, width = imread(tmp_path / "digits.png").shape[:2]
    assert height > 10 * SHAPE[0] * 4
    assert width > 11 * SHAPE[1] * 4


def test_pictures_are_read_as_its_samples_are(
    run: Run, model: Path, folder: Path, tmp_path: Path
) -> None:
    test = load_dataset("mine", folder).test
    assert test is not None
    x = np.asarray(test.x[7], np.uint8).reshape(SHAPE)
    Image.fromarray(255 - x).save(tmp_path / "ink.png")
    enlarged = np.kron(255 - x, np.ones((5, 5), np.uint8))
    Image.fromarray(enlarged).save(tmp_path / "large.png")
    np.save(tmp_path / "pixels.npy", x)
    np.save(tmp_path / "floats.npy", x / 255)
    names = ("ink.png", "large.png", "pixels.npy", "floats.npy")
    result = run("predict", model, *names, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    rows = json.loads(result.stdout)
    expected = load_model(model).answers(test.x[7:8]).outputs[0]
    for row in rows:
        assert list(row["outputs"]) == list(NAMES)
        assert list(row["outputs"].values()) == pytest.approx(expected.tolist(), abs=1e-6)
        assert row["class"] == NAMES[int(expected.argmax())]


def test_rows_are_as_wide_as_their_names_are_on_a_terminal(
    run: Run, model: Path, folder: Path, tmp_path: Path
) -> None:
    test = load_dataset("mine", folder).test
    assert test is not None
    for i in range(20):
        np.save(tmp_path / f"{i:02}.npy", np.asarray(test.x[i], np.uint8).reshape(SHAPE))
    result = run("predict", model, *(f"{i:02}.npy" for i in range(20)))
    head, _, *rows = result.stdout.splitlines()
    assert {cell_len(line) for line in rows} == {cell_len(head)}
    right = sum(row.split()[1] == NAMES[y] for row, y in zip(rows, test.y[:20], strict=True))
    assert right >= 12


def test_a_picture_is_drawn_in_as_many_blocks_as_it_has_pixels(
    run: Run, model: Path, tmp_path: Path
) -> None:
    Image.new("L", (36, 28), "black").save(tmp_path / "ink.png")
    result = run("predict", model, "ink.png", "--show")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[:7] == ["█" * SHAPE[1]] * 7
    assert lines[7] == ""


def test_pixels_out_of_range_are_refused(run: Run, model: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "nan.npy", np.full(SHAPE, np.nan))
    np.save(tmp_path / "large.npy", np.full(SHAPE, 300.0))
    result = run("predict", model, "nan.npy", "large.npy")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"error: nan.npy has pixels that are NaN or infinite; {RULE}",
        f"error: large.npy has pixels of 300 to 300; {RULE}",
    ]


def test_its_page_is_of_its_shape(run: Run, model: Path, tmp_path: Path) -> None:
    assert run("draw", model).exit_code == 0
    page = (tmp_path / "draw.html").read_text("utf-8")
    assert "14&nbsp;×&nbsp;18 numbers: the brightness of the paper" in page
    assert "const SHAPE = [14, 18];" in page


def test_the_matrix_of_many_classes_gives_way_to_the_most_frequent_mistakes(
    run: Run, folder: Path, digits: Samples
) -> None:
    names = tuple(f"{'a very long name ' * 5}{i}" if i == 3 else f"class {i}" for i in range(47))
    y = (digits.y + 10 * (np.arange(5000) % 5)).astype(np.uint8) % 47
    how = Preparation("resize")
    train = Samples(digits.x[:1000, :64], y[:1000])
    write_dataset(
        folder / "many.npz",
        SampleFormat((8, 8), names, preparation=how),
        {"train": train},
        source=[],
    )
    options = ("--data-dir", folder, "--epochs", 1, "-o", "many.pkl", "--quiet")
    layers = "network.layers=[{units: 47, activation: softmax}]"
    settings = ("--set", "data.dataset=many", "--set", layers)
    assert run("train", *settings, *options).exit_code == 0
    result = run("evaluate", "many.pkl", "--data-dir", folder, "--split", "train")
    assert result.exit_code == 0, result.stderr
    _, mistakes = result.stdout.split("the most frequent mistakes")
    head, _, *rows = mistakes.splitlines()[1:23]
    assert head.split() == ["true", "predicted", "times"]
    counts = [int(row.split()[-1]) for row in rows]
    assert counts == sorted(counts, reverse=True)
    assert max(map(cell_len, [head, *rows])) < 200
    np.save("a.npy", train.x[0].reshape(8, 8))
    few = run("predict", "many.pkl", "a.npy").stdout.splitlines()
    assert few[-1] == " and 17 more"
    assert len(few) == 2 + 2 + 30 + 1
    matrix = json.loads(
        run("evaluate", "many.pkl", "--data-dir", folder, "--split", "train", "--json").stdout
    )["confusion_matrix"]
    assert len(matrix) == len(matrix[0]) == 47
