"""What ``evaluate`` says of how good probabilities are, in words and as JSON."""

from typing import Any

from ..evaluation import AnsweredSamples, EvaluatedModel, Reliability


def calibration_measured(model: EvaluatedModel) -> dict[str, Any] | None:
    """Return how good the probabilities are, for JSON; None if there are none."""
    before, after = model.reliability_before, model.reliability
    if after is None:
        return None
    calibration, known = model.calibration, model.answers.known
    measured: dict[str, Any] = {
        "temperature": None,
        "before": _measured(model, before or after, 1.0),
        "after": None,
        "answered": float(known.mean()),
        "accuracy_of_answered": float(model.right[known].mean()) if known.any() else None,
    }
    if calibration:
        measured["temperature"] = calibration.temperature
        measured["after"] = _measured(model, after, calibration.temperature)
    return measured


def _measured(
    model: EvaluatedModel, reliability: Reliability, temperature: float
) -> dict[str, float]:
    return {"error": reliability.error, "cross_entropy": model.cross_entropy(temperature)}


def answers_measured(answered: AnsweredSamples) -> dict[str, Any]:
    """Return the same of answers that several models gave, which are only known calibrated."""
    known, right = answered.answers.known, answered.right
    return {
        "temperature": None,
        "before": None,
        "after": {"error": answered.reliability.error, "cross_entropy": answered.result.loss},
        "answered": float(known.mean()),
        "accuracy_of_answered": float(right[known].mean()) if known.any() else None,
    }


def calibration_lines(measured: dict[str, Any] | None) -> list[str]:
    """Say how good the probabilities are; no line if there are none."""
    if measured is None:
        return []
    before, after = measured["before"], measured["after"]
    if after is None:
        text = "no validation samples to calibrate on (data.validation)"
        return [f"calibration error {before['error']:.2%}; {text}"]
    right = measured["accuracy_of_answered"]
    share = "" if right is None else f", {right:.2%} of them right"
    error, cross_entropy = f"{after['error']:.2%}", f"{after['cross_entropy']:.4f}"
    if before:
        error = f"{before['error']:.2%} -> {error}"
        cross_entropy = f"{before['cross_entropy']:.4f} -> {cross_entropy}"
    return [
        f"calibration error {error}, cross-entropy {cross_entropy}",
        f"answered  {measured['answered']:.2%}{share}",
    ]
