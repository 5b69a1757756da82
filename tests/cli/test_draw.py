import webbrowser
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mnist_nn.config import load_config, read_override
from mnist_nn.data import DATASETS
from mnist_nn.evaluation.calibration import Calibration
from mnist_nn.model import Model, build_network, load_model, save_model
from mnist_nn.page import draw_page

Run = Callable[..., Any]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that were opened in a browser, none of which is started."""
    addresses: list[str] = []
    monkeypatch.setattr(webbrowser, "open", addresses.append)
    return addresses


def untrained(path: Path, dataset: str, *overrides: str) -> Path:
    """Write a model whose weights are zero."""
    config = load_config(
        (), [read_override(f"data.dataset={dataset}"), *map(read_override, overrides)]
    )
    samples = DATASETS[dataset].format
    save_model(path, Model(config, build_network(config, samples, None), samples, [], {}, {}))
    return path


def test_the_page_is_written_and_named(
    run: Run, sample_model: Path, tmp_path: Path, opened: list[str]
) -> None:
    result = run("draw", sample_model)
    assert result.exit_code == 0, result.stderr
    assert (result.stdout, result.stderr) == ("draw.html\n", "")
    page = (tmp_path / "draw.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "model.pkl, trained on mnist-sample" in page
    assert opened == []


def test_without_a_model_the_one_that_ships_is_drawn_with(run: Run, tmp_path: Path) -> None:
    result = run("draw")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "draw.html\n", "")
    page = (tmp_path / "draw.html").read_text("utf-8")
    assert "the model that ships with mnist-nn, trained on mnist" in page


def test_the_page_is_opened_where_it_is(
    run: Run, sample_model: Path, tmp_path: Path, opened: list[str]
) -> None:
    result = run("draw", sample_model, "-o", "my page#1.html", "--open")
    assert (result.exit_code, result.stdout) == (0, "my page#1.html\n")
    assert opened == [(tmp_path / "my page#1.html").as_uri()]
    assert opened[0].endswith("/my%20page%231.html")


def test_without_a_browser_there_is_still_a_page(
    run: Run, sample_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    result = run("draw", sample_model, "--open")
    assert (result.exit_code, result.stdout) == (0, "draw.html\n")
    assert result.stderr == "note: there is no browser to open draw.html with\n"
    assert (tmp_path / "draw.html").exists()


def test_the_page_is_calibrated(run: Run, sample_model: Path, tmp_path: Path) -> None:
    model = load_model(sample_model)
    save_model(tmp_path / "sure.pkl", replace(model, calibration=Calibration(temperature=2.5)))
    assert run("draw", "sure.pkl").exit_code == 0
    source = "sure.pkl, trained on mnist-sample"
    page = draw_page(model.network, model.format, source, temperature=2.5)
    assert (tmp_path / "draw.html").read_bytes() == page
    assert page != draw_page(model.network, model.format, source)


def test_clothes_are_called_by_their_names(run: Run, tmp_path: Path) -> None:
    model = untrained(tmp_path / "clothes.pkl", "fashion-mnist")
    assert run("draw", model).exit_code == 0
    page = (tmp_path / "draw.html").read_text("utf-8")
    assert '"T-shirt/top"' in page
    assert "clothes.pkl, trained on fashion-mnist" in page


def test_a_model_that_reads_no_pictures_is_refused(run: Run, tmp_path: Path) -> None:
    layers = "network.layers=[{units: 3, activation: softmax}]"
    result = run("draw", untrained(tmp_path / "iris.pkl", "iris", layers))
    assert result.exit_code == 2
    assert "reads 4 numbers per sample, but a drawing is an image of at most 64×64" in result.stderr
    assert len(result.stderr.splitlines()) <= 2
    assert not (tmp_path / "draw.html").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint", "code"),
    [
        (("no.pkl",), "no.pkl", 1),
        (("model.pkl", "-o", "no/draw.html"), "/no does not exist", 2),
        (("model.pkl", "-o", "."), "is a folder", 2),
        (("model.pkl", "-o", "model.pkl"), "is model.pkl itself, which this command reads", 2),
        (("text.pkl",), "text.pkl", 1),
        (("-o", "no/draw.html"), "/no does not exist", 2),
    ],
)
def test_errors_are_short(
    arguments: tuple[Any, ...],
    complaint: str,
    code: int,
    run: Run,
    sample_model: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / "text.pkl").write_text("not a model")
    before = sorted(tmp_path.iterdir())
    result = run("draw", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert complaint in result.stderr
    assert len(result.stderr.splitlines()) <= 2
    assert sorted(tmp_path.iterdir()) == before
    assert load_model(sample_model)
