import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mnist_nn.data import load_dataset
from mnist_nn.extras import install_command

Run = Callable[..., Any]
CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Ten digits of the sample, one of each class, dark on light, as PNGs."""
    samples = load_dataset("mnist-sample").test
    paths = []
    for digit in range(10):
        x = samples.x[samples.y == digit][4].reshape(28, 28)
        paths.append(tmp_path / f"{digit}.png")
        Image.fromarray(255 - x).save(paths[-1])
    return paths


def pasted(x: np.ndarray, *, blend: bool, rng: np.random.Generator) -> Image.Image:
    """Invert a digit, enlarge it 5× and put it somewhere on a grey gradient."""
    canvas = Image.linear_gradient("L").rotate(90 * int(rng.integers(4)))
    canvas = canvas.resize((230, 210)).point(lambda v: 90 + v / 2)
    digit = Image.fromarray(255 - x).resize((140, 140), Image.Resampling.NEAREST)
    place = tuple(int(rng.integers(room - 139)) for room in canvas.size)
    if blend:  # the ink alone
        canvas.paste(0, place, digit.point(lambda v: 255 - v))
    else:  # with its own white paper
        canvas.paste(digit, place)
    return canvas


@pytest.mark.slow
def test_inverted_enlarged_and_off_centre_digits_are_read_as_well_as_plain_ones(
    run: Run, tmp_path: Path, rng: np.random.Generator
) -> None:
    sample = ("--config", CONFIGS / "base.yaml", "--config", CONFIGS / "sample.yaml")
    assert run("train", *sample, "-o", "model.pkl", "--quiet").exit_code == 0
    samples = load_dataset("mnist-sample").test
    chosen = rng.permutation(len(samples.y))[:400]
    right = {}
    files: dict[str, list[str]] = {"plain": [], "pasted": []}
    for n, i in enumerate(chosen):
        x = samples.x[i].reshape(28, 28)
        for kind, image in (
            ("plain", Image.fromarray(x)),
            ("pasted", pasted(x, blend=n % 2 == 0, rng=rng)),
        ):
            files[kind].append(f"{kind}{n}.png")
            image.save(files[kind][-1])
    for kind, names in files.items():
        result = run("predict", "model.pkl", *names, "--json")
        assert (result.exit_code, result.stderr) == (0, "")
        answers = [int(row["class"]) for row in json.loads(result.stdout)]
        right[kind] = int((answers == samples.y[chosen]).sum())
    assert right["plain"] > 0.93 * 400
    assert right["pasted"] >= right["plain"] - 4  # a point of 400


def test_a_single_picture_gets_the_probability_of_every_class(
    run: Run, sample_model: Path, pictures: list[Path]
) -> None:
    result = run("predict", sample_model, "3.png")
    assert (result.exit_code, result.stderr) == (0, "")
    first, *table = result.stdout.splitlines()
    assert first == "3.png: 3"
    rows = [line.split() for line in table if "%" in line]
    assert sorted(row[0] for row in rows) == list("0123456789")
    assert rows[0][0] == "3"
    assert sum(float(row[1].rstrip("%")) for row in rows) == pytest.approx(100, abs=0.1)


def test_several_pictures_get_a_line_each(
    run: Run, sample_model: Path, pictures: list[Path]
) -> None:
    result = run("predict", sample_model, *(path.name for path in pictures))
    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines() if ".png" in line]
    assert [row[0] for row in rows] == [path.name for path in pictures]
    assert sum(row[1] == row[0][0] for row in rows) >= 8


def test_json_is_an_array_in_the_order_given(
    run: Run, sample_model: Path, pictures: list[Path]
) -> None:
    result = run("predict", sample_model, "7.png", "no.png", "1.png", "--json")
    assert result.exit_code == 1
    seven, missing, one = json.loads(result.stdout)
    assert (seven["file"], one["file"]) == ("7.png", "1.png")
    assert set(seven) == {"file", "class", "probability", "outputs"}
    assert list(seven["outputs"]) == list("0123456789")
    assert sum(seven["outputs"].values()) == pytest.approx(1, abs=1e-5)
    assert seven["probability"] == max(seven["outputs"].values()) == seven["outputs"]["7"]
    assert missing == {"file": "no.png", "error": "no.png: No such file or directory"}


def test_pictures_that_cannot_be_read_do_not_keep_the_others(
    run: Run, sample_model: Path, pictures: list[Path], tmp_path: Path
) -> None:
    Image.new("L", (50, 50), 200).save("blank.png")
    content = pictures[5].read_bytes()
    Path("cut.png").write_bytes(content[: len(content) // 2])
    Path("empty.png").touch()
    np.save("nan.npy", np.full((28, 28), np.nan))
    bad = ("blank.png", "cut.png", "empty.png", "nan.npy", "no.png", tmp_path, "model.pkl")
    result = run("predict", sample_model, *bad, "2.png")
    assert result.exit_code == 1
    assert result.stdout.count("2.png") == 1
    complaints = result.stderr.splitlines()
    assert len(complaints) == len(bad)
    for name, complaint in zip(bad, complaints, strict=True):
        assert complaint.startswith(f"error: {name}")
    assert "blank" in complaints[0]
    assert "damaged" in complaints[1]


def test_standard_input_is_read(
    run: Run, sample_model: Path, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = pictures[6].read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    result = run("predict", sample_model, "-", "6.png", "-", "--json")
    assert result.exit_code == 0, result.stderr
    piped, file, again = json.loads(result.stdout)
    assert piped["file"] == "-"
    assert piped["outputs"] == file["outputs"] == again["outputs"]


def test_nothing_on_standard_input_is_an_error(
    run: Run, sample_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stdin in (None, io.TextIOWrapper(io.BytesIO())):
        monkeypatch.setattr("sys.stdin", stdin)
        result = run("predict", sample_model, "-")
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == "error: standard input is empty\n"


def test_show_draws_what_the_model_sees(run: Run, sample_model: Path, pictures: list[Path]) -> None:
    result = run("predict", sample_model, "0.png", "1.png", "--show")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "0.png:"
    assert lines[1 + 14 + 1] == "1.png:"
    assert sum(line.count("█") for line in lines[1:15]) > 10
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint", "code"),
    [
        (("model.pkl",), "Missing argument", 2),
        (("no.pkl", "1.png"), "no.pkl", 1),
        (("1.png", "1.png"), "1.png is not", 1),
        (("model.pkl", "1.png", "--show", "--json"), "choose one", 2),
    ],
)
def test_a_wrong_command_line_is_explained(
    arguments: tuple, complaint: str, code: int, run: Run, sample_model: Path, pictures: list[Path]
) -> None:
    result = run("predict", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert complaint in result.stderr


def test_a_model_of_other_data_is_refused(run: Run, pictures: list[Path]) -> None:
    iris = CONFIGS / "reference" / "iris.yaml"
    assert run("train", "-c", iris, "--epochs", 1, "-o", "iris.pkl", "--quiet").exit_code == 0
    result = run("predict", "iris.pkl", "1.png")
    assert result.exit_code == 2
    assert "iris.pkl reads 4 numbers of iris, not 28×28 pictures" in result.stderr


def test_without_pillow_the_extra_is_named_and_arrays_are_read(
    sample_model: Path, pictures: list[Path], tmp_path: Path
) -> None:
    np.save(tmp_path / "4.npy", np.asarray(Image.open(pictures[4])))
    program = (
        "import sys; sys.modules['PIL'] = None\n"
        "import mnist_nn.cli\n"
        "mnist_nn.cli.main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", program, "predict", "model.pkl"]
    read = subprocess.run([*command, "4.npy"], cwd=tmp_path, capture_output=True, text=True)
    assert read.returncode == 0, read.stderr
    assert read.stdout.startswith("4.npy: ")
    refused = subprocess.run([*command, "4.png"], cwd=tmp_path, capture_output=True, text=True)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.splitlines() == [
        "error: pictures need Pillow (.npy files do not)",
        install_command("pictures"),
    ]
