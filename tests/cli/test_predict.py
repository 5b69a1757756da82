import contextlib
import io
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.cells import cell_len

from mnist_nn.data import load_dataset
from mnist_nn.extras import install_command

from .terminals import terminal

Run = Callable[..., Any]
CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Ten digits of the sample, one of each class, dark on light, as PNGs."""
    samples = load_dataset("mnist-sample").test
    assert samples is not None
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
    left, top = (int(rng.integers(room - 139)) for room in canvas.size)
    if blend:  # the ink alone
        canvas.paste(0, (left, top), digit.point(lambda v: 255 - v))
    else:  # with its own white paper
        canvas.paste(digit, (left, top))
    return canvas


@pytest.mark.slow
def test_inverted_enlarged_and_off_centre_digits_are_read_as_well_as_plain_ones(
    run: Run, tmp_path: Path, rng: np.random.Generator
) -> None:
    sample = ("--config", CONFIGS / "base.yaml", "--config", CONFIGS / "sample.yaml")
    assert run("train", *sample, "-o", "model.pkl", "--quiet").exit_code == 0
    samples = load_dataset("mnist-sample").test
    assert samples is not None
    chosen = rng.permutation(len(samples.y))[:100]
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
        answers = np.array([int(row["class"]) for row in json.loads(result.stdout)])
        right[kind] = np.count_nonzero(answers == samples.y[chosen])
    assert right["plain"] > 0.93 * 100
    assert right["pasted"] >= right["plain"] - 1  # a point of 100


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
    assert set(seven) == {"file", "class", "probability", "known", "outputs", "n_digits"}
    assert (seven["known"], seven["n_digits"]) == (True, 1)
    assert list(seven["outputs"]) == list("0123456789")
    assert sum(seven["outputs"].values()) == pytest.approx(1, abs=1e-5)
    assert seven["probability"] == max(seven["outputs"].values()) == seven["outputs"]["7"]
    assert missing == {"file": "no.png", "error": "no.png: No such file or directory"}


def test_pictures_that_cannot_be_read_do_not_keep_the_others(
    run: Run, sample_model: Path, pictures: list[Path]
) -> None:
    Image.new("L", (50, 50), 200).save("blank.png")
    content = pictures[5].read_bytes()
    Path("cut.png").write_bytes(content[: len(content) // 2])
    Path("empty.png").touch()
    np.save("nan.npy", np.full((28, 28), np.nan))
    Path("folder").mkdir()
    bad = ("blank.png", "cut.png", "empty.png", "nan.npy", "no.png", "folder")
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


def test_a_folder_stands_for_its_pictures_in_natural_order(
    run: Run, sample_model: Path, pictures: list[Path]
) -> None:
    Path("folder", "more.png").mkdir(parents=True)
    for name in ("10.png", "9.PNG", "page 2.jpg", "Page 10.bmp", "1.png"):
        Image.open(pictures[3]).save(Path("folder", name))
    np.save("folder/0.npy", np.asarray(Image.open(pictures[3])))
    for ignored in ("notes.txt", ".hidden.png", "more.png/1.png"):
        Path("folder", ignored).write_text("no picture")
    Path("folder/bad.png").write_text("no picture")
    result = run("predict", sample_model, "folder", "1.png")
    assert result.exit_code == 1
    assert [line.rsplit(maxsplit=6)[0].strip() for line in result.stdout.splitlines()[2:]] == [
        *(f"folder/{name}" for name in ("0.npy", "1.png", "9.PNG", "10.png")),
        *("folder/page 2.jpg", "folder/Page 10.bmp", "1.png"),
    ]
    assert result.stderr.splitlines() == [
        "error: folder/bad.png is not an image that can be read; use PNG, JPEG, BMP, GIF, WebP, "
        "TIFF, HEIC, AVIF or .npy"
    ]


def test_a_folder_without_pictures_is_an_error(run: Run, sample_model: Path) -> None:
    Path("folder").mkdir()
    result = run("predict", sample_model, "folder")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("error: folder is a folder without images")


def test_what_another_command_writes_is_read(
    run: Run, sample_model: Path, pictures: list[Path]
) -> None:
    reader, writer = os.pipe()  # as a shell opens one for <(cat 3.png)
    os.write(writer, pictures[3].read_bytes())
    os.close(writer)
    try:
        result = run("predict", sample_model, f"/dev/fd/{reader}")
    finally:
        os.close(reader)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"/dev/fd/{reader}: 3\n")


STEERING = {":x:.png": ":x:.png", "[bold]a.png": "[bold]a.png", "漢字.png": "漢字.png"} | {
    "a\nb.png": r"a\nb.png",
    "\x1b[31m.png": r"\x1b[31m.png",
    "\udcff.png": r"\udcff.png",
}


def test_names_neither_steer_the_terminal_nor_break_the_table(
    run: Run, sample_model: Path, pictures: list[Path]
) -> None:
    for name in STEERING:
        Path(name).write_bytes(pictures[3].read_bytes())
    result = run("predict", sample_model, *STEERING)
    assert (result.exit_code, result.stderr) == (0, "")
    head, _, *rows = result.stdout.splitlines()
    assert [row.split()[0] for row in rows] == list(STEERING.values())
    assert {cell_len(line) for line in (head, *rows)} == {cell_len(head)}
    for name, safe in STEERING.items():
        Path(name).write_text("no picture")
        refused = run("predict", sample_model, name)
        assert refused.stderr.startswith(f"error: {safe} is not an image")
    array = run("predict", sample_model, *STEERING, "--json").stdout
    assert [row["file"] for row in json.loads(array)] == list(STEERING)
    assert array.isascii()


@pytest.fixture
def interrupted(sample_model: Path, pictures: list[Path], tmp_path: Path) -> Callable[..., Any]:
    """Interrupt ``predict`` when it has read two pictures and waits for a third."""

    def interrupt(*options: str) -> subprocess.CompletedProcess[str]:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        program = (
            "import signal, sys\n"
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # as in a terminal
            "import mnist_nn.cli\n"
            "mnist_nn.cli.main(sys.argv[1:])"
        )
        command = [sys.executable, "-c", program, "predict", "model.pkl", "1.png", "2.png", "pipe"]
        process = subprocess.Popen(
            [*command, *options],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with contextlib.ExitStack() as stack:
            while process.poll() is None:
                with contextlib.suppress(OSError):  # nobody has opened it for reading yet
                    writer = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
                    stack.callback(os.close, writer)
                    process.send_signal(signal.SIGINT)
                    break
            output, errors = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    return interrupt


@pytest.mark.parametrize("options", [(), ("--show",)], ids=["rows", "drawings"])
def test_an_interruption_keeps_the_rows_of_what_was_read(
    interrupted: Callable[..., Any], options: tuple[Any, ...]
) -> None:
    result = interrupted(*options)
    assert result.returncode == 130
    rows = [line.split()[0] for line in result.stdout.splitlines() if "%" in line]
    assert rows == ["1.png", "2.png"]
    assert result.stderr.strip() == "interrupted: 2 of 3 images were read"


def test_an_interruption_leaves_a_whole_array(interrupted: Callable[..., Any]) -> None:
    result = interrupted("--json")
    assert result.returncode == 130
    assert [row["file"] for row in json.loads(result.stdout)] == ["1.png", "2.png"]


def test_a_row_is_printed_as_soon_as_its_picture_is_read(
    sample_model: Path, pictures: list[Path], tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "mnist_nn", "predict", "model.pkl", "1.png", "2.png", "pipe"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    giving_up = threading.Timer(60, process.kill)
    giving_up.start()
    early = list(itertools.takewhile(lambda line: "2.png" not in line, process.stdout))
    assert process.poll() is None  # it waits for the third picture
    pipe.write_bytes(pictures[3].read_bytes())
    late, _ = process.communicate()
    giving_up.cancel()
    assert process.returncode == 0
    assert early[-1].split()[0] == "1.png"
    assert late.split()[:2] == ["pipe", "3"]


def test_show_draws_what_the_model_sees(run: Run, sample_model: Path, pictures: list[Path]) -> None:
    result = run("predict", sample_model, "0.png", "1.png", "--show")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "0.png:"
    assert lines[1 + 14 + 1] == "1.png:"
    assert sum(line.count("█") for line in lines[1:15]) > 10
    assert "\x1b" not in result.stdout


def test_no_bar_stays_on_the_terminal(
    sample_model: Path, pictures: list[Path], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "mnist_nn", "predict", "model.pkl", "1.png", "2.png"]
    with terminal() as (screen, end):
        subprocess.run(command, cwd=tmp_path, stdout=end, stderr=end, check=True)
        end.close()
    assert "2.png" in screen.text
    assert screen.text.rpartition("\r")[2].strip() == ""


@pytest.mark.parametrize(
    ("arguments", "complaint", "code"),
    [
        ((), "Missing argument", 2),
        (("model.pkl",), "no picture is named: mnist-nn predict model.pkl photo.png", 2),
        (("model.pkl", "model.pkl", "1.png"), "2 models are named: average their probab", 2),
        (("no.pkl", "1.png"), "no.pkl", 1),
        (("model.pkl", "no.pkl", "1.png", "--together"), "no.pkl", 1),
        (("model.pkl", "1.png", "--show", "--json"), "choose one", 2),
    ],
)
def test_a_wrong_command_line_is_explained(
    arguments: tuple[Any, ...],
    complaint: str,
    code: int,
    run: Run,
    sample_model: Path,
    pictures: list[Path],
) -> None:
    result = run("predict", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert complaint in result.stderr


def test_a_model_of_other_data_is_refused(run: Run, pictures: list[Path]) -> None:
    iris = CONFIGS / "reference" / "iris.yaml"
    assert run("train", "-c", iris, "--epochs", 1, "-o", "iris.pkl", "--quiet").exit_code == 0
    result = run("predict", "iris.pkl", "1.png")
    assert result.exit_code == 2
    complaint = "iris.pkl reads 4 numbers per sample of iris, not images; give it a table, a .csv"
    assert complaint in result.stderr


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
        "error: images need Pillow (.npy files do not)",
        install_command("images"),
    ]
