"""What a notebook shows of a network, a model and an evaluation."""

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from mnist_nn.evaluation import Evaluation
from mnist_nn.model import Model, load_model
from mnist_nn.nn import Network, block
from mnist_nn.training import EpochMetrics

NAMES = ("<script>alert(1)</script>", "\"'><img src=x>", "&amp;")
OPEN = {"script", "style", "link", "img", "iframe", "object"}


class Shown(HTMLParser):
    """Tags and texts; every tag must be closed, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []
        assert not OPEN & set(self.tags)
        assert not re.search(r"https?:|url\(|\son\w+=", text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_a_network_shows_its_layers() -> None:
    layers = [*block(3, "relu", batch_norm=True), *block(2, "softmax")]
    shown = Shown(Network(4, layers, rng=None)._repr_html_())
    assert shown.texts[4:8] == ["Dense(units=3, bias=False)", "4", "3", "12"]
    assert shown.texts[8:12] == ["BatchNorm()", "3", "3", "12"]
    assert shown.texts[-2:] == ["all", "32"]


def test_a_model_shows_its_training(trained_on_sample: Path) -> None:
    model = load_model(trained_on_sample)
    shown = Shown(model._repr_html_())
    assert shown.tags.count("svg") == 2
    assert any(text.startswith("trained on mnist-sample, seed 0, epoch 2") for text in shown.texts)
    assert f"training {model.history[-1].accuracy:.1%}" in shown.texts
    assert "109,386" in shown.texts


def test_curves_show_what_can_be_drawn(trained_on_sample: Path) -> None:
    model = load_model(trained_on_sample)
    for history, charts in (
        ([], 0),
        ([EpochMetrics(1, 10, float("nan"), 0.5, 1.0, 0.1)], 0),
        ([EpochMetrics(1, 10, 0.5, 0.5, 1.0, 0.1)], 2),
        ([EpochMetrics(i, 10, 1 / i, 0.5, 1.0, 0.1, 2 / i, 0.4) for i in range(1, 5000)], 2),
    ):
        text = Model(model.config, model.network, model.format, history)._repr_html_()
        assert Shown(text).tags.count("svg") == charts
        assert len(text) < 30_000


def test_an_evaluation_shows_scores_and_confusions() -> None:
    confusion = np.array([[90, 10, 0], [0, 5, 5], [0, 0, 0]])
    shown = Shown(Evaluation(0.25, confusion, NAMES)._repr_html_())
    assert shown.texts[:2] == [
        "86.36%",
        " of 110 samples are right, 95 % interval 78.71% to 91.56%; "
        "mean loss 0.2500; each row counts what the samples of a class were taken for",
    ]
    row = shown.texts.index("90")
    assert shown.texts[row - 1 : row + 6] == [
        *(NAMES[0], "90", "10", "100.00%", "90.00%", "94.74%", "100"),
    ]
    assert set(NAMES) <= set(shown.texts)


def test_many_classes_are_shown_without_confusions() -> None:
    shown = Shown(Evaluation(0.25, np.eye(256, dtype=np.intp))._repr_html_())
    assert shown.tags.count("tr") == 257
    assert shown.tags.count("td") == 4 * 256
    assert "255" in shown.texts


def test_a_models_evaluation_knows_the_names_of_the_classes(trained_on_sample: Path) -> None:
    result = load_model(trained_on_sample).evaluate()
    assert result.class_names == tuple("0123456789")
