"""Committee: several models, or views of each sample, whose probabilities are averaged."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..augmentation import Augmenter
from ..data import SampleFormat, Samples
from ..errors import ConfigError
from ..evaluation import AnsweredSamples, Answers, Evaluation
from ..files import StrPath
from .build import check_augmentation
from .model import Model, samples_to_test

BATCH = 1000  # samples that are answered together


class Committee:
    """Models that answer together: the mean of their calibrated probabilities.

    Parameters
    ----------
    models
        Models of the same classes, at least one, whose outputs are probabilities.
    views
        How many views of each sample every model answers: the sample itself, and others distorted
        by the augmentation that the model was trained with. Their random numbers are the same every
        time, but go by a sample's place: asked alone, it gets other views than among others.

    Attributes
    ----------
    models
        The models.
    views
        Number of views of each sample.
    format
        What the samples that all of them read look like, and the names of their classes.

    Raises
    ------
    ConfigError
        If there is no model, two differ in their samples or classes, outputs are no probabilities,
        or there is to be more than one view for a model that was trained without augmentation.
    """

    def __init__(self, models: Sequence[Model], *, views: int = 1) -> None:
        if not models:
            raise ConfigError("a committee needs a model or more, got none")
        if views < 1:
            raise ConfigError(f"views must be 1 or more, got {views}")
        self.models, self.views = tuple(models), views
        for number, model in enumerate(self.models, 1):
            _check_alike(self.models[0], model, number)
            if views > 1:
                _check_views(model, number)

    @property
    def format(self) -> SampleFormat:
        """What the samples that all models read look like, and the names of their classes."""
        return self.models[0].format

    def answers(
        self,
        x: NDArray[Any],
        min_probability: float | None = None,
        *,
        progress: Callable[[int], object] | None = None,
    ) -> Answers:
        """Tell the classes of samples by the mean of the probabilities, and which are unknown.

        Every model votes on every view. An answer is known if more than half of the votes are for
        its class, from models that know it.

        Parameters
        ----------
        x
            Samples, as for `Model.predict`.
        min_probability
            Probability, from 0 to 1, that an answer of each model, and their mean, must have to be
            known, instead of that of the models' calibrations; 0 knows all.
        progress
            Function that is called with the number of samples that a model has answered, after each
            of their views.

        Returns
        -------
        Answers
            They have no score.

        Raises
        ------
        ConfigError
            If `min_probability` is not from 0 to 1.
        ValueError
            If the samples are no numbers, or not as many as the networks have inputs; or are no
            bytes, of 0 to 255, where there is more than one view.
        """
        n, n_classes = len(x), len(self.format.class_names)
        outputs, known = np.empty((n, n_classes)), np.empty(n, np.bool_)
        for start in range(0, n, BATCH):
            batch = slice(start, start + BATCH)
            samples = np.asarray(x[batch])
            if self.views > 1 and samples.dtype != np.uint8:
                raise ValueError(f"views are of pixels as bytes (uint8), got {samples.dtype}")
            sums, votes = np.zeros((2, len(samples), n_classes))
            for answers in self._votes(samples, min_probability):
                sums += answers.outputs
                own = answers.outputs.argmax(axis=1)
                votes[answers.known, own[answers.known]] += 1
                if progress is not None:
                    progress(len(samples))
            count = len(self.models) * self.views
            outputs[batch] = sums / count
            known[batch] = votes[np.arange(len(votes)), sums.argmax(axis=1)] > count / 2
        if min_probability is not None:
            known = (outputs.max(axis=1) >= min_probability) & (known | (min_probability == 0))
        return Answers(outputs, None, known)

    def _votes(self, x: NDArray[Any], min_probability: float | None) -> Iterator[Answers]:
        """Answer samples (n, …) by each model, on each view."""
        for model in self.models:
            yield model.answers(x, min_probability)
            if self.views > 1:
                augmenter = _augmenter(model)
                images = x.reshape(len(x), -1)
                for _ in range(self.views - 1):
                    yield model.answers(augmenter(images), min_probability)

    def evaluate(
        self, samples: Samples | None = None, *, data_dir: StrPath | None = None
    ) -> Evaluation:
        """Measure the committee; the loss is the cross-entropy of the mean probabilities.

        Parameters
        ----------
        samples
            Labelled samples; by default the test samples of the dataset that the models were
            trained on.
        data_dir
            Folder of downloaded and imported datasets; None for the usual one.

        Returns
        -------
        Evaluation

        Raises
        ------
        ConfigError
            If the dataset has no test samples, or the models were trained on several.
        DataError
            If the dataset has not been downloaded or is damaged.
        """
        if samples is None:
            names = sorted({model.config.data.dataset for model in self.models})
            if len(names) > 1:
                raise ConfigError(f"the models were trained on {' and '.join(names)}; pass samples")
            samples = samples_to_test(self.models[0], data_dir)
        return AnsweredSamples(self.answers(samples.x), samples.y).result

    def __repr__(self) -> str:
        """Name the models."""
        views = f", views={self.views}" if self.views > 1 else ""
        return f"Committee([{', '.join(map(repr, self.models))}]{views})"


def _check_alike(first: Model, model: Model, number: int) -> None:
    """Refuse a model whose outputs are no probabilities, or of other samples than the first's."""
    last = model.network.output
    if not last.probability:
        raise ConfigError(
            f"the outputs of model {number} ({last.name}) are no probabilities, so they cannot be "
            "averaged; leave it out"
        )
    ours, its = first.format, model.format
    differing = {
        "sample shape": (ours.sample_shape, its.sample_shape),
        "classes": (ours.class_names, its.class_names),
        "preparation of pictures": (ours.preparation, its.preparation),
    }
    for what, (one, other) in differing.items():
        if one != other:
            raise ConfigError(
                f"models 1 and {number} cannot answer together, their {what} differ: one was "
                f"trained on {first.config.data.dataset}, the other on {model.config.data.dataset}"
            )


def _check_views(model: Model, number: int) -> None:
    """Refuse to distort samples for a model that has never seen distorted ones."""
    if model.format.image_shape is None:
        raise ConfigError(
            f"views are distorted images, and model {number} reads none; leave them at 1"
        )
    if not model.config.data.augmentation.active:
        raise ConfigError(
            f"model {number} was trained without data.augmentation, by which views are distorted; "
            "leave them at 1, or take a model of a preset that has it, such as accurate"
        )
    check_augmentation(model.config, model.config.data.dataset, model.format)


def _augmenter(model: Model) -> Augmenter:
    """Make what distorts the views of a model, with the same random numbers each time."""
    shape = model.format.image_shape
    assert shape is not None
    rng = np.random.default_rng(0)
    return Augmenter(model.config.data.augmentation, rng, image_shape=shape)
