"""Words say what a chart shows, with the numbers that matter, to who cannot see it."""

from collections.abc import Sequence

import numpy as np

from .calibration import Calibration
from .evaluated_model import EvaluatedModel
from .history import Curves, Metric


def of_curves(run: Curves, figure: Metric) -> str:
    """Say from where to where a run's loss or accuracy went."""

    def write(value: float) -> str:
        return f"{value:.2%}" if figure == "accuracy" else f"{value:.4f}"

    n = len(run.epochs)
    said = []
    for part, values in (("training", run.training), ("validation", run.validation)):
        if values:
            first, last = values[figure][0], values[figure][-1]
            said.append(f"{part} {figure} from {write(first)} to {write(last)}")
    kept = f"; the model is of epoch {run.kept:,}" if run.kept else ""
    return f"{n:,} {'epoch' if n == 1 else 'epochs'}: {', '.join(said)}{kept}."


def of_confusion(model: EvaluatedModel) -> str:
    """Say how many are right, and what is most often taken for what."""
    matrix, names = model.result.confusion, model.class_names
    right = int(np.trace(matrix))
    wrong = matrix * (1 - np.eye(len(matrix), dtype=np.intp))
    order = np.argsort(-wrong, axis=None, kind="stable")[:3]
    pairs = [divmod(int(place), len(matrix)) for place in order]
    most = [f"{names[t]} as {names[p]} ({wrong[t, p]:,} times)" for t, p in pairs if wrong[t, p]]
    said = f"{right:,} of {model.result.samples:,} are predicted right."
    return f"{said} The most frequent mistakes: {', '.join(most)}." if most else said


def of_scores(model: EvaluatedModel) -> str:
    """Say each class's precision, recall and F1."""
    rows = zip(model.class_names, model.result.per_class, strict=True)
    return (
        "Precision, recall and F1: "
        + "; ".join(
            f"{name} {score.precision:.2%}, {score.recall:.2%}, {score.f1:.2%}"
            for name, score in rows
        )
        + "."
    )


def of_f1(models: Sequence[EvaluatedModel]) -> str:
    """Say each model's F1, class by class."""
    return " ".join(
        f"F1 of {model.name}: "
        + ", ".join(
            f"{name} {score.f1:.2%}"
            for name, score in zip(model.class_names, model.result.per_class, strict=True)
        )
        + "."
        for model in models
    )


def of_calibration(calibration: Calibration) -> str:
    """Say how often a network is right, for each bin that is not empty."""
    columns = calibration.confidence, calibration.accuracy, calibration.counts
    bins = [
        f"{confidence:.1%} sure, {accuracy:.1%} right ({n:,} samples)"
        for confidence, accuracy, n in zip(*columns, strict=True)
        if n
    ]
    return f"Expected calibration error {calibration.error:.2%}. By bin: {'; '.join(bins)}."


def of_mistakes(model: EvaluatedModel, mistakes: Sequence[int]) -> str:
    """Say what each mistake is, and how sure the network was."""
    names, labels, found = model.class_names, model.samples.y, model.predictions
    return "; ".join(
        f"{names[labels[i]]} read as {names[found.predicted[i]]}, {found.confidence_text(i)}"
        for i in mistakes
    )
