"""``mnist-nn predict`` with several digits in a picture: lines, sheets, crops; and ``?``."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnist_nn.data import load_dataset
from mnist_nn.images import draw_blocks

from ..conftest import Result
from ..images.lines import compose, on_paper

Run = Callable[..., Result]


@pytest.fixture
def line(sample_model: Path, rng: np.random.Generator) -> str:
    """Five digits in ``line.png``; the text that they are."""
    return save("line.png", 1, 5, rng)


@pytest.fixture
def sheet(sample_model: Path, rng: np.random.Generator) -> str:
    """Three rows of six digits in ``sheet.png``; the text that they are."""
    return save("sheet.png", 3, 6, rng)


def save(name: str, rows: int, columns: int, rng: np.random.Generator) -> str:
    test = load_dataset("mnist-sample").test
    assert test is not None
    ink, classes = compose(test, rows, columns, rng)
    Image.fromarray(on_paper(ink)).save(name)
    return "\n".join("".join(map(str, row)) for row in classes)


def agreement(text: str, truth: str) -> float:
    """Share of equal characters; the model of the tests has hardly been trained."""
    assert [len(row) for row in text.split("\n")] == [len(row) for row in truth.split("\n")]
    return float(np.mean([a == b for a, b in zip(text, truth, strict=True)]))


def test_one_answer_for_several_digits_comes_with_a_note(run: Run, line: str, sheet: str) -> None:
    result = run("predict", "model.pkl", "line.png", "sheet.png", "--json")
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "note: line.png holds 5 digits in a row; read them with --line",
        "note: sheet.png holds 18 digits in 3 rows; read them with --grid",
    ]
    rows = json.loads(result.stdout)
    assert [row["n_digits"] for row in rows] == [5, 18]
    assert [row["known"] for row in rows] == [False, False]
    every = run("predict", "model.pkl", "line.png", "--json", "--min-probability", 0)
    assert json.loads(every.stdout)[0]["known"]


def test_a_line_is_read_in_order_with_boxes(run: Run, line: str) -> None:
    result = run("predict", "model.pkl", "line.png", "--line", "--min-probability", 0)
    assert (result.exit_code, result.stderr) == (0, "")
    first, _, _, _, *rows = result.stdout.splitlines()
    name, text, probability = first.split()
    assert name == "line.png:"
    assert agreement(text, line) >= 0.8
    assert [row.split()[:2] for row in rows] == [[str(i), c] for i, c in enumerate(text, 1)]
    of_each = [float(row.split()[2].rstrip("%")) / 100 for row in rows]
    assert float(probability.rstrip("%")) / 100 == pytest.approx(np.prod(of_each), abs=1e-3)


def test_boxes_are_in_the_pixels_of_the_upright_picture(run: Run, line: str) -> None:
    upright = Image.open("line.png")
    large = upright.resize((2 * upright.width, 2 * upright.height))
    turned = large.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn it right to see it
    turned.save("turned.png", exif=exif)
    boxes = {}
    for name in ("line.png", "turned.png"):
        result = run("predict", "model.pkl", name, "--line", "--json")
        [record] = json.loads(result.stdout)
        assert set(record) == {"file", "text", "probability", "known", "digits"}
        assert [digit["row"] for digit in record["digits"]] == [1] * 5
        boxes[name] = np.array([list(digit["box"].values()) for digit in record["digits"]])
    assert np.abs(boxes["turned.png"] - 2 * boxes["line.png"]).max() <= 6
    pixels = np.asarray(upright.convert("L"), float)
    outside = np.ones(pixels.shape, bool)
    for left, top, right, bottom in boxes["line.png"]:
        part = pixels[top:bottom, left:right]
        assert part.min() < 0.5 * part.max()
        outside[top - 3 : bottom + 3, left - 3 : right + 3] = False
    darkest = np.where(outside, pixels, 255.0).min(axis=0)
    assert (darkest > 100).all()


def test_a_sheet_is_read_in_rows(run: Run, sheet: str) -> None:
    result = run("predict", "model.pkl", "sheet.png", "--grid", "--min-probability", 0)
    assert (result.exit_code, result.stderr) == (0, "")
    first, *rows = result.stdout.splitlines()
    assert first.startswith("sheet.png: 18 in 3 rows")
    assert agreement("\n".join(rows[:3]), sheet) >= 0.8
    assert rows[6].split()[0] == "1.1"
    assert rows[-1].split()[0] == "3.6"
    array = run("predict", "model.pkl", "sheet.png", "--grid", "--min-probability", 0, "--json")
    [record] = json.loads(array.stdout)
    assert record["text"] == "\n".join(rows[:3])
    assert [digit["row"] for digit in record["digits"]] == [1] * 6 + [2] * 6 + [3] * 6


def test_several_pictures_get_their_text_each(run: Run, line: str, sheet: str) -> None:
    result = run("predict", "model.pkl", "line.png", "no.png", "sheet.png", "--grid")
    assert result.exit_code == 1
    assert [row.split()[0] for row in result.stdout.splitlines()][:2] == ["line.png:", "sheet.png:"]
    assert len(result.stdout.splitlines()) == 1 + 1 + 3
    assert result.stderr == "error: no.png: No such file or directory\n"


def test_a_digit_is_read_alike_in_a_line_and_alone(run: Run, line: str) -> None:
    result = run("predict", "model.pkl", "line.png", "--line", "--crops", "new/crops", "--json")
    [record] = json.loads(result.stdout)
    paths = [digit["crop"] for digit in record["digits"]]
    assert sorted(map(str, Path("new/crops").iterdir())) == paths  # names sort, nothing else there
    for number, (path, digit) in enumerate(zip(paths, record["digits"], strict=True), 1):
        assert Path(path).name == f"line-{number:03}-{digit['class']}.png"
        left, top, right, bottom = digit["box"].values()
        with Image.open(path) as crop:
            width, height = crop.size
        assert right - left < width < 2.5 * max(right - left, bottom - top)
        assert bottom - top < height < 2.5 * max(right - left, bottom - top)
    alone = json.loads(run("predict", "model.pkl", *paths, "--json").stdout)
    assert [row["class"] for row in alone] == [digit["class"] for digit in record["digits"]]
    assert [row["n_digits"] for row in alone] == [1] * 5


def test_crops_overwrite_nothing(run: Run, line: str) -> None:
    Path("same").mkdir()
    Path("same/line.png").write_bytes(Path("line.png").read_bytes())
    arguments = ("predict", "model.pkl", "line.png", "same/line.png", "--line", "--crops", "crops")
    assert run(*arguments).exit_code == 0
    names = [path.name for path in sorted(Path("crops").iterdir())]
    assert len(names) == 10
    assert sum(name.startswith("line_2-") for name in names) == 5
    again = run(*arguments)
    assert (again.exit_code, again.stdout) == (2, "")
    assert again.stderr == "error: --crops crops: the folder is not empty; name a new one\n"
    in_the_way = run(*arguments[:-1], "line.png")
    assert (in_the_way.exit_code, in_the_way.stdout) == (2, "")


def test_answers_below_the_probability_asked_for_are_question_marks(run: Run, line: str) -> None:
    every = ("predict", "model.pkl", "line.png", "--line", "--json", "--min-probability")
    sure, unsure = (json.loads(run(*every, least).stdout)[0] for least in (0, 1))
    assert sure["known"]
    assert not unsure["known"]
    assert unsure["text"] == "?????"
    assert [d["class"] for d in unsure["digits"]] == list(sure["text"])  # still the likeliest
    least = sorted(digit["probability"] for digit in sure["digits"])[2]
    some = json.loads(run(*every, least).stdout)[0]
    assert some["text"].count("?") == 2
    one = run("predict", "model.pkl", "line.png", "--min-probability", 1)
    assert one.exit_code == 0
    assert one.stdout.startswith("line.png: ?\n")
    several = run("predict", "model.pkl", "line.png", "line.png", "--min-probability", 1)
    assert several.exit_code == 0
    assert all(row.split()[1][1:] == "?" for row in several.stdout.splitlines()[2:])


def test_show_draws_the_digits_side_by_side(
    run: Run, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    result = run("predict", "model.pkl", "line.png", "--line", "--show")
    drawing, _, _ = result.stdout.partition("line.png: ")
    lines = drawing.splitlines()
    assert len(lines) == 14 + 1 + 14 + 1  # three digits, then two
    assert max(map(len, lines)) > 60
    assert draw_blocks(np.ones((2, 2)), shades=False) in drawing


def test_a_line_of_one_digit_is_a_line(run: Run, sample_model: Path) -> None:
    test = load_dataset("mnist-sample").test
    assert test is not None
    Image.fromarray(255 - test.x[5].reshape(28, 28)).save("one.png")
    alone = json.loads(run("predict", sample_model, "one.png", "--json").stdout)[0]
    [digit] = json.loads(run("predict", sample_model, "one.png", "--line", "--json").stdout)[0][
        "digits"
    ]
    assert digit["outputs"] == pytest.approx(alone["outputs"], abs=0.02)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--line", "--grid"), "--line and --grid cannot be combined; choose one"),
        (("--crops", "new"), "--crops needs --line or --grid"),
        (("--min-probability", "1.5"), "--min-probability"),
        (("--min-probability", "nan"), "probability"),  # an old Click takes it for a number
        (("rows.csv", "--line"), "--line reads pictures; a table has a sample in each row"),
    ],
    ids=["both", "crops alone", "too probable", "not a number", "table"],
)
def test_a_wrong_command_line_is_explained(
    arguments: tuple[str, ...], complaint: str, run: Run, line: str
) -> None:
    Path("rows.csv").write_text(",".join(["0"] * 784) + "\n")
    result = run("predict", "model.pkl", "line.png", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert complaint in result.stderr
    assert not Path("new").exists()


def test_an_explanation_is_a_picture(run: Run, line: str) -> None:
    result = run("predict", "model.pkl", "line.png", "--explain", "why.png")
    assert result.exit_code == 0
    with Image.open("why.png") as image:
        assert image.format == "PNG"
        assert image.info["Title"].startswith("line.png: ")
        assert "what the network sees" in image.info["Description"]
        pixels = np.asarray(image.convert("RGB"), int)
    assert (pixels[:, :8] == 255).all()  # on white
    blue = (np.abs(pixels - (0, 114, 178)).max(axis=2) < 3).sum()
    assert blue > 1000  # the boxes, and the bars of the answers


def test_an_explanation_of_a_sheet_has_the_least_probable_answers(run: Run, sheet: str) -> None:
    result = run("predict", "model.pkl", "sheet.png", "--grid", "--explain", "why.png")
    assert result.exit_code == 0
    with Image.open("why.png") as image:
        assert image.info["Title"].startswith("sheet.png: 18 in 3 rows, ")


def test_the_title_of_an_explanation_has_room_for_the_answer(run: Run, line: str) -> None:
    for name, shown in (
        (f"{'long-' * 20}name.png", "…-" + "long-" * 6 + "name.png: "),
        (os.fsdecode(b"\xff\n.png"), "\\udcff\\n.png: "),
    ):
        Path("line.png").replace(name)
        result = run("predict", "model.pkl", name, "--line", "--explain", "why.png")
        assert result.exit_code == 0, result.stderr
        with Image.open("why.png") as image:
            assert shown in image.info["Title"]
            assert len(image.info["Title"]) < 60
        Path(name).replace("line.png")


def test_a_line_of_digits_is_explained_in_full_width(run: Run, line: str) -> None:
    with Image.open("line.png") as image:
        wide = np.full((image.height, 30 * image.height, 3), 235, np.uint8)
        wide[:, : image.width] = np.asarray(image.convert("RGB"))
    Image.fromarray(wide).save("wide.png")
    result = run("predict", "model.pkl", "wide.png", "--line", "--explain", "why.png")
    assert result.exit_code == 0
    with Image.open("why.png") as image:
        pixels = np.asarray(image.convert("RGB"), int)
    paper = (np.abs(pixels - 235).max(axis=2) < 3).sum(axis=1)
    assert paper.max() > 0.6 * pixels.shape[1]


def test_what_cannot_be_explained_is_refused_before_the_work(run: Run, line: str) -> None:
    Path("rows.csv").write_text(",".join(["0"] * 784) + "\n")
    for arguments, complaint in (
        (("line.png", "line.png", "--explain", "why.png"), "one picture at a time; 2 are named"),
        (("line.png", "--explain", "line.png"), "--explain line.png is line.png itself"),
        (("line.png", "--explain", "no/why.png"), "does not exist"),
        (("rows.csv", "--explain", "why.png"), "--explain reads pictures"),
    ):
        result = run("predict", "model.pkl", *arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert complaint in result.stderr
    Image.new("L", (50, 50), 200).save("blank.png")
    assert run("predict", "model.pkl", "blank.png", "--explain", "why.png").exit_code == 1
    assert not Path("why.png").exists()
