import json
from pathlib import Path

import numpy as np
import pytest

from mnist_nn.export import export_model
from mnist_nn.model import load_model

FORMATS = ["npz", "safetensors"]


@pytest.mark.parametrize("to", FORMATS)
def test_parameters_are_under_their_names_and_the_facts_are_strings(
    to: str, sample_model: Path, tmp_path: Path
) -> None:
    model = load_model(sample_model)
    path = tmp_path / f"weights.{to}"
    path.write_bytes(export_model(model, to)[f".{to}"])
    if to == "npz":
        with np.load(path, allow_pickle=False) as archive:
            arrays = dict(archive)
        facts = json.loads(str(arrays.pop("metadata")))
    else:
        from safetensors import safe_open

        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            facts = file.metadata()
    expected = model.network.named_parameters()
    assert arrays.keys() == expected.keys()
    for name, array in expected.items():
        assert (arrays[name].dtype, arrays[name].tolist()) == (array.dtype, array.tolist())
    assert json.loads(facts["class_names"]) == list("0123456789")
    assert json.loads(facts["sample_shape"]) == [28, 28]
    assert float(facts["input_scale"]) == 1 / 255
    assert facts["dataset"] == "mnist-sample"
    assert all(isinstance(value, str) for value in facts.values())


@pytest.mark.parametrize("to", FORMATS)
def test_the_same_model_gives_the_same_bytes(to: str, sample_model: Path) -> None:
    first, second = (export_model(load_model(sample_model), to) for _ in range(2))
    assert first == second
