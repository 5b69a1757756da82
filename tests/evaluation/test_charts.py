"""Charts of few classes and of many, with short names and with long ones."""

import re

import numpy as np
import pytest

from mnist_nn.data import SampleFormat, Samples
from mnist_nn.evaluation import EvaluatedModel, Evaluation, charts, render
from mnist_nn.nn import Network, block


def evaluated(names: tuple[str, ...], shape: tuple[int, int] = (8, 8)) -> EvaluatedModel:
    """A model that was never trained, of which each class is taken for the next one twice."""
    n = len(names)
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (100, shape[0] * shape[1]), dtype=np.uint8)
    confusion = 300 * np.eye(n, dtype=np.intp) + 2 * np.roll(np.eye(n, dtype=np.intp), 1, axis=1)
    return EvaluatedModel(
        name="model.pkl",
        network=Network(x.shape[1], block(n, "softmax"), rng=rng, input_scale=1 / 255),
        format=SampleFormat(shape, names),
        samples=Samples(x, rng.integers(0, n, 100).astype(np.uint8)),
        source="test samples",
        result=Evaluation(0.1, confusion),
        curves=None,
    )


def texts(chart: charts.Chart) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", render.svg(chart))


@pytest.mark.parametrize(("n", "counts"), [(3, True), (10, True), (47, True), (200, False)])
def test_a_confusion_matrix_of_any_size_has_what_can_be_read(n: int, counts: bool) -> None:
    chart = charts.draw_confusion(evaluated(tuple(f"n{i}" for i in range(n))))
    assert max(chart.figure.get_size_inches()) < 13
    shown = texts(chart)
    assert (shown.count("300"), shown.count("2")) == ((n, n) if counts else (0, 0))
    labels = [text for text in shown if text.startswith("n")]
    assert len(set(labels)) == (n if counts else 67)  # every third


def test_long_names_are_cut_and_leave_room_for_the_chart() -> None:
    names = tuple(f"{i} is the number of a class whose name is very long" for i in range(5))
    model = evaluated(names)
    for chart in (charts.draw_confusion(model), charts.draw_scores([model])):
        assert "0 is the number of …" in texts(chart)
        assert names[0] in charts.draw_scores([model]).description
        (axes,) = chart.figure.axes
        assert axes.get_position().width > 0.4
    mistakes = charts.draw_mistakes(model)
    assert mistakes is not None
    assert f"{names[0]} read as" in mistakes.description


def test_the_worst_of_many_classes_are_described() -> None:
    model = evaluated(tuple(f"n{i}" for i in range(47)))
    model.result.confusion[7, 8] = 900
    text = charts.draw_scores([model]).description
    assert text.startswith("Precision, recall and F1, the lowest 5 of 47 classes: n7 ")
    assert text.count(";") == 4


@pytest.mark.parametrize("shape", [(20, 30), (1, 100), (60, 2)], ids=str)
def test_images_of_any_shape_are_drawn(shape: tuple[int, int]) -> None:
    model = evaluated(tuple("0123456789"), shape)
    for chart in (charts.draw_mistakes(model), charts.draw_weights(model)):
        assert chart is not None
        width, height = chart.figure.get_size_inches()
        assert 0.8 < height < 2.5 * width
        assert render.png(chart)
