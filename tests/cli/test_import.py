"""``mnist-nn import``, from files to a dataset that other commands use."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mnist_nn.data import Samples, read_dataset, read_info

from ..conftest import Result

Run = Callable[..., Result]
IRIS = Path(__file__).parents[2] / "mnist_nn" / "data" / "iris.csv"


@pytest.fixture
def few(digits: Samples, tmp_path: Path) -> Path:
    """Twenty real digits in Keras's layout."""
    path = tmp_path / "few.npz"
    np.savez(path, x_train=digits.x[:20].reshape(-1, 28, 28), y_train=digits.y[:20])
    return path


def test_what_was_imported_is_written_whole_and_listed(
    run: Run, few: Path, digits: Samples
) -> None:
    result = run("import", few, "--name", "my-digits", "--test-split", "0.2", "--data-dir", "d")
    assert (result.exit_code, result.stdout) == (0, "d/my-digits.npz\n")
    assert result.stderr == (
        "my-digits: 16 training samples and 4 test samples, images of 28×28, 10 classes: 0, 1, 2, "
        "3, 4, 5, 6, 7, 8, 9\n"
        "next: mnist-nn train fast --set data.dataset=my-digits --data-dir d\n"
    )
    assert read_info("d/my-digits.npz").parts == {"train": 16, "test": 4}
    x = np.concatenate([read_dataset("d/my-digits.npz", part).x for part in ("train", "test")])
    assert sorted(map(bytes, x)) == sorted(map(bytes, digits.x[:20]))
    listed = run("datasets", "--data-dir", "d")
    assert "my-digits" in listed.stdout


def test_a_model_is_trained_on_iris_and_has_its_normalization(run: Run) -> None:
    result = run("import", IRIS, "--name", "flowers", "--data-dir", "d", "--test-split", "0.2")
    assert result.exit_code == 0
    assert "note: the labels are those of column 5 ('species')" in result.stderr
    Path("c.yaml").write_text(
        "data: {dataset: flowers}\n"
        "network: {layers: [{units: 8, activation: tanh}, {units: 3, activation: softmax}]}\n"
        "training:\n  {engine: numpy, epochs: 60, batch_size: 10,\n"
        "  optimizer: {name: adam, learning_rate: 0.02}}\n"
    )
    result = run("train", "c.yaml", "--data-dir", "d", "--quiet")
    assert result.exit_code == 0, result.stderr
    result = run("evaluate", "model.pkl", "--data-dir", "d")
    accuracy = float(result.stdout.partition("accuracy")[2].split("%")[0].strip(": "))
    assert accuracy >= 90


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--name", "../x"], "--name: must be a name of letters"),
        (["--name", "mnist"], "--name: mnist is a dataset that mnist-nn knows"),
        (["--name", "x", "--test-split", "1"], "--test-split: must be between 0 and 1"),
        (["--name", "x", "--test-split", "0.1", "--test", "y"], "cannot be combined"),
        (["--name", "x", "--prepare", "--resize", "9x9"], "cannot be combined"),
        (["--name", "x", "--resize", "9999x9999"], "--resize: must be at most 16,777,216 pixels"),
        (
            ["--name", "x", "--resize", "28"],
            "--resize: must be a height and a width, such as 28x28",
        ),
        (["--name", "x", "--scale", "log"], "--scale: must be standardize, 0-1 or none, got 'log'"),
        (["--name", "x", "--classes", "a,b,a"], "--classes: must be 2 to 256 different names"),
        (
            ["--name", "x", "--classes", "gone.txt"],
            "--classes: must be names, a,b,c, or a text file",
        ),
        ([], "Missing option '--name'"),
    ],
)
def test_wrong_options_are_refused(run: Run, few: Path, options: list[str], complaint: str) -> None:
    result = run("import", few, *options)
    assert result.exit_code == 2
    assert complaint in result.stderr
    assert not Path("no-data").exists()


def test_names_of_classes_from_a_file(run: Run, few: Path) -> None:
    Path("names.txt").write_text("\ufeff" + "".join(f"digit {i}\r\n" for i in range(10)))
    result = run("import", few, "--name", "x", "--classes", "names.txt")
    assert "10 classes: digit 0, digit 1" in result.stderr
    assert read_info("no-data/x.npz").format.class_names[9] == "digit 9"


def test_a_dataset_is_replaced_only_by_force(run: Run, few: Path) -> None:
    assert run("import", few, "--name", "x").exit_code == 0
    before = Path("no-data/x.npz").read_bytes()
    result = run("import", few, "--name", "x", "--invert")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "exists already; choose another --name, or replace it: --force" in result.stderr
    assert Path("no-data/x.npz").read_bytes() == before
    assert run("import", few, "--name", "x", "--invert", "--force").exit_code == 0
    assert Path("no-data/x.npz").read_bytes() != before


def test_a_source_that_is_wrong_leaves_nothing(run: Run, few: Path) -> None:
    few.write_bytes(few.read_bytes()[:-100])
    result = run("import", few, "--name", "x")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"error: {few}: it is not a complete zip archive\n"
    assert not Path("no-data").exists()


def test_images_that_cannot_be_prepared_leave_nothing(run: Run) -> None:
    np.savez("a.npz", x=np.zeros((4, 28, 28), np.uint8), y=[0, 1, 0, 1])
    result = run("import", "a.npz", "--name", "x", "--prepare")
    assert result.exit_code == 1
    assert "train: image 1 cannot be prepared: it is blank" in result.stderr
    assert list(Path("no-data").iterdir()) == []
