"""Facts about a model, as strings, which an exported file carries."""

import json

from .. import __version__
from ..model import Committee, Model

VERSION = 1  # of these facts


def facts(model: Model | Committee) -> dict[str, str]:
    """Describe a model in strings; those that are no plain text or number are JSON.

    Of a committee, what each model has of its own has names such as ``model_1.temperature``.
    """
    return _of_committee(model) if isinstance(model, Committee) else _of_model(model)


def _of_committee(committee: Committee) -> dict[str, str]:
    """Describe what all models share, and what each has of its own."""
    members = [_of_model(model) for model in committee.models]
    names = ["producer", "version", "class_names", "sample_shape"]
    found = {name: members[0][name] for name in names}
    found["summary"] = f"committee of {len(members)}: the mean of their probabilities"
    for number, member in enumerate(members, 1):
        own = {f"model_{number}.{name}": member[name] for name in member if name not in names}
        found.update(own)
    return found


def _of_model(model: Model) -> dict[str, str]:
    """Describe one model."""
    config, samples = model.config, model.format
    layers = [layer.model_dump(exclude_defaults=True) for layer in config.network.layers]
    found = {
        "producer": f"mnist-nn {__version__}",
        "version": str(VERSION),
        "summary": model.summary(),
        "dataset": config.data.dataset,
        "class_names": _json(samples.class_names),
        "sample_shape": _json(samples.sample_shape),
        "layers": _json(layers),
        "input_scale": repr(model.network.input_scale),
    }
    if model.calibration:
        found["temperature"] = repr(model.calibration.temperature)
    return found


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
