"""Facts about a model, as strings, which an exported file carries."""

import json

from .. import __version__
from ..model import Model

VERSION = 1  # of these facts


def facts(model: Model) -> dict[str, str]:
    """Describe a model in strings; those that are no plain text or number are JSON."""
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
