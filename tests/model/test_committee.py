"""Several models, or views of a sample, that answer together."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import mnist_nn
from mnist_nn import Committee, ConfigError, Model, Samples, load_dataset, load_model
from mnist_nn.config import Source, resolve
from mnist_nn.data import DATASETS
from mnist_nn.evaluation import Calibration
from mnist_nn.model import build_network

FEW = 200


def model_of(dataset: str, last: str = "softmax", units: int = 10, seed: int = 0) -> Model:
    """A model whose weights are drawn and not trained."""
    layers = [{"units": 20, "activation": "relu"}, {"units": units, "activation": last}]
    loss = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}
    config = resolve(
        [
            Source(
                "",
                {
                    "data": {"dataset": dataset, "augmentation": {"rotation": 10}},
                    "network": {"layers": layers},
                    "training": {"loss": loss.get(last, "mean_squared_error")},
                },
            )
        ]
    )
    samples = DATASETS[dataset].format
    return Model(config, build_network(config, samples, np.random.default_rng(seed)), samples, [])


@pytest.fixture(scope="module")
def unseen() -> Samples:
    samples = load_dataset("mnist-sample").test
    assert samples is not None
    return Samples(samples.x[::5], samples.y[::5])


@pytest.fixture(scope="module")
def digits_model() -> Model:
    return load_model()


def test_probabilities_are_averaged(unseen: Samples) -> None:
    models = [model_of("mnist", seed=seed) for seed in range(3)]
    models[1] = replace(models[1], calibration=Calibration(temperature=2.0))
    outputs = Committee(models).answers(unseen.x).outputs
    expected = np.mean([model.answers(unseen.x).outputs for model in models], axis=0)
    np.testing.assert_allclose(outputs, expected, atol=1e-7)
    assert outputs.shape == (FEW, 10)


def test_a_committee_of_one_says_what_its_model_says(digits_model: Model, unseen: Samples) -> None:
    x = np.concatenate([unseen.x, 255 - unseen.x[:50]])
    for least in (None, 0.0, 0.2, 0.99, 1.0):
        alone, together = (m.answers(x, least) for m in (digits_model, Committee([digits_model])))
        np.testing.assert_allclose(together.outputs, alone.outputs, atol=1e-7)
        np.testing.assert_array_equal(together.known, alone.known)
        assert (least == 0) == together.known.all()


def test_an_answer_is_known_if_most_models_know_it(digits_model: Model, unseen: Samples) -> None:
    x, n = unseen.x, len(unseen.y)
    unsure = replace(digits_model, calibration=Calibration(1.0, min_probability=1.0))
    assert not unsure.answers(x[:5] // 2).known.any()
    known = digits_model.answers(x // 2).known
    assert 0 < known.sum() < n
    most = Committee([digits_model, digits_model, unsure]).answers(x // 2).known
    np.testing.assert_array_equal(most, known)
    assert not Committee([digits_model, unsure]).answers(x[:5] // 2).known.any()


def test_models_that_disagree_do_not_know(unseen: Samples) -> None:
    seven, one = (model_of("mnist") for _ in range(2))
    for model, digit in ((seven, 7), (one, 1)):
        model.network.params[...] = 0
        model.network.named_parameters()["layer_2.biases"][digit] = 50
    together = Committee([seven, one])
    assert not together.answers(unseen.x).known.any()
    assert together.answers(unseen.x, 0).known.all()
    assert Committee([seven, seven, one]).answers(unseen.x).known.all()
    assert not Committee([seven, seven, one]).answers(unseen.x, 0.8).known.any()


def test_three_networks_read_better_than_each(digits: Samples) -> None:
    models = [mnist_nn.train("sample", epochs=1, seed=seed, engine="numpy") for seed in range(3)]
    alone = [model.evaluate().accuracy for model in models]
    together = Committee(models).evaluate()
    assert together.accuracy > np.mean(alone)
    assert together.samples == 1000


def test_views_are_the_same_every_time_and_include_the_image_itself(
    digits_model: Model, unseen: Samples
) -> None:
    x = unseen.x
    plain, two, again, many = (
        Committee([digits_model], views=views).answers(x).outputs for views in (1, 2, 2, 5)
    )
    np.testing.assert_array_equal(two, again)
    assert np.abs(two - plain).max() > 0.01
    assert np.abs(many - two).max() > 0.01
    assert (many.argmax(axis=1) == unseen.y).mean() > 0.97
    distorted = 2 * two - plain  # the other view's
    np.testing.assert_allclose(distorted.sum(axis=1), 1, atol=1e-5)
    pictures = Committee([digits_model], views=2).answers(x.reshape(-1, 28, 28)).outputs
    np.testing.assert_array_equal(pictures, two)


def test_progress_counts_every_view_of_every_model(digits_model: Model) -> None:
    x = load_dataset("mnist-sample").train.x[:1500]
    counts: list[int] = []
    Committee([digits_model, digits_model], views=2).answers(x, progress=counts.append)
    assert counts == [1000] * 4 + [500] * 4


def test_no_samples_get_no_answers(digits_model: Model) -> None:
    answers = Committee([digits_model]).answers(np.zeros((0, 784), np.uint8))
    assert answers.outputs.shape == (0, 10)
    assert len(answers.known) == 0


def of_two_classes(names: tuple[str, ...], units: int = 1) -> Model:
    last = "sigmoid" if units == 1 else "softmax"
    model = model_of("moons", last, units)
    return replace(model, format=replace(model.format, class_names=names))


def test_one_output_and_two_are_averaged_by_class() -> None:
    one, two = of_two_classes(("a", "b")), of_two_classes(("a", "b"), 2)
    x = load_dataset("moons").train.x[:50]
    outputs = Committee([one, two]).answers(x).outputs
    b = one.predict(x)[:, 0]
    np.testing.assert_allclose(outputs[:, 1], (b + two.predict(x)[:, 1]) / 2, atol=1e-6)
    np.testing.assert_allclose(outputs.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda m: Committee([]), "needs a model or more"),
        (lambda m: Committee([m], views=0), "views must be 1 or more, got 0"),
        (
            lambda m: Committee([m, model_of("fashion-mnist")]),
            "models 1 and 2 cannot answer together, their classes differ: one was trained on "
            "mnist, the other on fashion-mnist",
        ),
        (
            lambda m: Committee([m, m, model_of("moons", units=2)]),
            "models 1 and 3 cannot answer together, their sample shape differ",
        ),
        (
            lambda m: Committee([m, model_of("mnist", "tanh")]),
            r"the outputs of model 2 \(tanh\) are no probabilities",
        ),
        (
            lambda m: Committee([model_of("moons", units=2)], views=3),
            "views are distorted images, and model 1 reads none",
        ),
        (
            lambda m: Committee([plain(m)], views=3),
            "model 1 was trained without data.augmentation",
        ),
        (lambda m: Committee([m]).answers(np.zeros((3, 784)), 2.0), "must be from 0 to 1"),
        (
            lambda m: Committee([m, replace(m, config=plain(m, "mnist-sample").config)]).evaluate(),
            "the models were trained on mnist and mnist-sample; pass samples",
        ),
    ],
)
def test_what_cannot_answer_together_is_refused(
    make: Callable[[Model], Any], complaint: str, digits_model: Model
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        make(digits_model)


def plain(model: Model, dataset: str = "mnist") -> Model:
    config = resolve(
        [Source("", model.config.model_dump(mode="json") | {"data": {"dataset": dataset}})]
    )
    return replace(model, config=config)


def test_floats_have_no_views(digits_model: Model, unseen: Samples) -> None:
    with pytest.raises(ValueError, match="views are of pixels as bytes"):
        Committee([digits_model], views=2).answers(unseen.x / 255)


def test_a_committee_names_its_models(digits_model: Model) -> None:
    assert repr(Committee([digits_model], views=3)) == f"Committee([{digits_model!r}], views=3)"
