"""``evaluate --report``: one page with all that is known of a model."""

import base64
import contextlib
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mnist_nn.cli import main
from mnist_nn.config import load_config, read_override
from mnist_nn.data import load_dataset
from mnist_nn.extras import install_command
from mnist_nn.model import Model, build_network, load_model, save_model
from mnist_nn.training import EpochMetrics

from .pages import Page, addresses, images, said

Run = Callable[..., Any]
CONFIGS = Path(__file__).parents[2] / "configs"
IRIS = CONFIGS / "reference" / "iris.yaml"
MOONS = CONFIGS / "reference" / "moons.yaml"
LINE = ("network.layers=[{units: 1, activation: sigmoid}]", "training.loss=binary_cross_entropy")


@pytest.fixture(scope="module")
def report(
    trained_on_sample: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], str]:
    """What evaluate says as JSON, and its page."""
    path, stdout = tmp_path_factory.mktemp("report") / "report.html", io.StringIO()
    with pytest.raises(SystemExit) as caught, contextlib.redirect_stdout(stdout):
        main(["evaluate", str(trained_on_sample), "--report", str(path), "--json"])
    assert caught.value.code == 0
    return json.loads(stdout.getvalue()), path.read_text("utf-8")


def write(path: Path, dataset: str, *overrides: str, history: Any = ()) -> Path:
    """Write a model as it was drawn, never trained."""
    config = load_config(
        (), [read_override(text) for text in (f"data.dataset={dataset}", *overrides)]
    )
    info = load_dataset(dataset).info
    rng = np.random.default_rng(0)
    network = build_network(config, info.format, rng)
    save_model(
        path, Model(config, network, info.format, list(history), load_dataset(dataset).sha256, {})
    )
    return path


def test_its_numbers_are_those_of_the_json(report: tuple[dict[str, Any], str]) -> None:
    numbers, page = report
    text = Page(page).text
    low, high = numbers["accuracy_interval"]
    assert f"accuracy {numbers['accuracy']:.2%} 95 % interval {low:.2%} to {high:.2%}" in text
    assert f"loss {numbers['loss']:.4f}" in text
    wrong = 1000 - sum(numbers["confusion_matrix"][k][k] for k in range(10))
    assert f"mistakes {wrong} of 1,000 samples" in text
    for row in numbers["per_class"]:
        shares = " ".join(f"{row[key]:.2%}" for key in ("precision", "recall", "f1"))
        assert f" {row['class']} {shares} {row['support']}" in text
    assert numbers["report"].endswith("report.html")


def test_every_chart_says_its_numbers(
    report: tuple[dict[str, Any], str], sample_model: Path
) -> None:
    numbers, page = report
    words = [said(image) for image in images(page)]
    assert len(words) == 6
    history = load_model(sample_model).history
    assert f"from {history[0].loss:.4f} to {history[-1].loss:.4f}" in words[0]
    assert f"from {history[0].accuracy:.2%} to {history[-1].accuracy:.2%}" in words[1]
    matrix = np.array(numbers["confusion_matrix"])
    assert f"{np.trace(matrix):,} of 1,000 are predicted correctly" in words[2]
    np.fill_diagonal(matrix, 0)
    true, predicted = np.unravel_index(matrix.argmax(), matrix.shape)
    assert f"{true} as {predicted} ({matrix.max()} times)" in words[2]
    assert f"; 7 {numbers['per_class'][7]['precision']:.2%}, " in words[3]
    assert sum(map(int, re.findall(r"\((\d+) samples\)", words[4]))) == 1000
    (error,) = set(re.findall(r"xpected calibration error (\d+\.\d\d%)", words[4]))
    assert f"calibration error {error}" in Page(page).text


def test_the_mistakes_are_pictures_of_the_surest_ones(
    report: tuple[dict[str, Any], str], sample_model: Path
) -> None:
    page = Page(report[1])
    shown = page.attributes("img", "alt")
    sure = [float(re.findall(r"([\d.]+)% sure", alt)[0]) for alt in shown]
    assert len(shown) == 24
    assert sure == sorted(sure, reverse=True)
    digits = load_dataset("mnist-sample").test
    assert digits is not None
    outputs = load_model(sample_model).network.predict(digits.x)
    wrong = outputs.argmax(1) != digits.y
    assert sure[0] == pytest.approx(100 * outputs.max(1)[wrong].max(), abs=0.01)
    worst = np.argmax(np.where(wrong, outputs.max(1), 0))
    assert shown[0].startswith(f"{digits.y[worst]} read as {outputs[worst].argmax()}, ")
    blob = page.attributes("img", "src")[0].removeprefix("data:image/png;base64,")
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(blob))))
    np.testing.assert_array_equal(255 - picture.ravel(), digits.x[worst])
    assert f"no. {worst}" in page.text


def test_it_needs_nothing_else(report: tuple[dict[str, Any], str]) -> None:
    page = Page(report[1])
    assert addresses(report[1]) == set()
    assert not {"script", "iframe", "object"} & {tag for tag, _ in page.tags}
    for tag, found in page.tags:
        for name in ("src", "href", "xlink:href"):
            assert (found.get(name) or "#").startswith(("#", "data:")), (tag, name)


def test_ids_are_unique_and_lead_somewhere(report: tuple[dict[str, Any], str]) -> None:
    page = Page(report[1])
    assert len(page.ids) == len(set(page.ids)) > 12
    used = set(re.findall(r"url\(#([^)]+)\)", report[1]))
    used |= {link[1:] for link in page.attributes("use", "xlink:href")}
    for name in ("aria-labelledby", "aria-describedby"):
        used |= set(page.attributes("svg", name))
    assert len(used) > 20
    assert used <= set(page.ids)


def test_charts_are_drawn_in_the_colours_of_the_page(report: tuple[dict[str, Any], str]) -> None:
    """So that they are dark where the page is: no colour of their own is left in them."""
    style = report[1].partition("<style>")[2].partition("</style>")[0]
    for image in images(report[1]):
        assert image.attrib["role"] == "img"
        for element in image.iter():
            declared = element.get("style", "")
            assert not re.search(r"#[0-9a-f]{6}", declared), declared
            for name in re.findall(r"var\((--\w+)\)", declared):
                assert style.count(f"{name}:") == 2  # one for light, one for dark


def test_it_says_where_the_model_comes_from(
    report: tuple[dict[str, Any], str], sample_model: Path
) -> None:
    text, model = Page(report[1]).text, load_model(sample_model)
    for value in (*model.sha256.values(), *model.versions.values()):
        assert value in text
    assert f"{sum(epoch.seconds for epoch in model.history):.1f} seconds" in text
    assert "dataset: mnist-sample" in text
    assert "seed 0" in text


def test_the_same_model_has_the_same_report(
    report: tuple[dict[str, Any], str], run: Run, trained_on_sample: Path, tmp_path: Path
) -> None:
    assert run("evaluate", trained_on_sample, "--report", "again.html").stderr == ""
    assert (tmp_path / "again.html").read_text("utf-8") == report[1]


def test_the_tables_are_still_there_and_the_report_is_named(run: Run, sample_model: Path) -> None:
    plain = run("evaluate", sample_model).stdout
    assert run("evaluate", sample_model, "--report", "r.html").stdout == (
        f"{plain}report    r.html\n"
    )


def test_the_kept_epoch_is_marked(run: Run, tmp_path: Path) -> None:
    stopping = "training.early_stopping={patience: 2, monitor: validation_loss}"
    rate = "training.optimizer.learning_rate=3.0"
    run(
        *("train", "-c", CONFIGS / "sample.yaml", "--epochs", 30, "-q"),
        *("--set", "data.validation=1000", "--set", stopping, "--set", rate),
    )
    history = load_model(tmp_path / "model.pkl").history
    losses = [epoch.validation_loss or 0.0 for epoch in history]
    best = losses.index(min(losses)) + 1
    assert best < len(history) < 30
    run("evaluate", "model.pkl", "--report", "r.html")
    page = (tmp_path / "r.html").read_text("utf-8")
    assert f"Early stopping kept epoch {best}." in page
    assert f"kept: epoch {best}<" in page


def test_flowers_have_no_pictures_and_their_mistakes_are_numbers(run: Run, tmp_path: Path) -> None:
    run("train", "-c", IRIS, "-q")
    result = run("evaluate", "model.pkl", "--split", "train", "--report", "r.html")
    assert result.exit_code == 0, result.stderr
    text = Page((tmp_path / "r.html").read_text("utf-8")).text
    assert "on 150 training samples of iris" in text
    assert re.search(
        r"\(\d[\d.]*, \d[\d.]*, \d[\d.]*, \d[\d.]*\) versicolor read as virginica", text
    )
    assert "First layer" not in text


def test_moons_have_a_boundary(run: Run, tmp_path: Path) -> None:
    run("train", "-c", MOONS, "--epochs", 1, "-q")
    assert run("evaluate", "model.pkl", "--report", "r.html").exit_code == 0
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "Decision boundary" in Page(page).text
    assert "of this part of the plane is predicted as lower" in " ".join(map(said, images(page)))


def test_a_model_without_a_history_or_hidden_layers(run: Run, tmp_path: Path) -> None:
    layers = "network.layers=[{units: 10, activation: softmax}]"
    model = write(tmp_path / "flat.pkl", "mnist-sample", layers)
    result = run("evaluate", model, "--report", "r.html")
    assert result.exit_code == 0, result.stderr
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "The model has no training history." in page
    assert "to each unit in the first layer" in page


def test_outputs_that_are_no_probabilities_are_not_judged_as_such(run: Run, tmp_path: Path) -> None:
    layers = "network.layers=[{units: 3, activation: tanh}]"
    model = write(tmp_path / "m.pkl", "iris", layers, "training.loss=mean_squared_error")
    assert run("evaluate", model, "--split", "train", "--report", "r.html").exit_code == 0
    text = Page((tmp_path / "r.html").read_text("utf-8")).text
    assert "The outputs of the last layer (tanh) are not probabilities." in text
    assert "calibration error" not in text


def test_names_are_text_whatever_is_in_them(run: Run, sample_model: Path, tmp_path: Path) -> None:
    name = "<script>alert(1)</script>&$x_1$.pkl".replace("/", "∕")
    sample_model.rename(tmp_path / name)
    assert run("evaluate", name, "--report", "r.html").exit_code == 0
    page = Page((tmp_path / "r.html").read_text("utf-8"))
    assert not any(tag == "script" for tag, _ in page.tags)
    assert name in page.text


def test_without_matplotlib_the_extra_is_named(sample_model: Path, tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import mnist_nn.cli\n"
        "mnist_nn.cli.main(sys.argv[1:])"
    )
    for command in (("evaluate", "--report", "r.html"), ("plot",)):
        line = [sys.executable, "-c", program, *command, str(sample_model)]
        result = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True)
        assert result.returncode == 2
        assert result.stderr == f"error: drawing needs matplotlib\n{install_command('plots')}\n"
        assert result.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["model.pkl"]


@pytest.mark.parametrize(
    ("place", "complaint"),
    [
        ("no/r.html", "--report no/r.html: the folder"),
        (".", "--report . is a folder"),
        ("model.pkl", "is model.pkl itself"),
    ],
)
def test_a_report_that_has_no_place_is_refused_before_the_work(
    place: str, complaint: str, run: Run, sample_model: Path
) -> None:
    before = sample_model.read_bytes()
    result = run("evaluate", "model.pkl", "--report", place)
    assert (result.exit_code, result.stdout) == (2, "")
    assert complaint in result.stderr
    assert sample_model.read_bytes() == before


def test_a_history_that_cannot_be_drawn_is_an_error_of_the_report_only(
    run: Run, tmp_path: Path
) -> None:
    huge = EpochMetrics(1, samples=9, loss=1e200, accuracy=1, seconds=1, learning_rate=0.1)
    model = write(tmp_path / "m.pkl", "moons", *LINE, history=[huge])
    assert run("evaluate", model).exit_code == 0
    result = run("evaluate", model, "--report", "r.html")
    assert result.exit_code == 1
    assert "its history cannot be drawn: entry 1 is not the metrics of an epoch" in result.stderr
    assert len(result.stderr.splitlines()) == 1
