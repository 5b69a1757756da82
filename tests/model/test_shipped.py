"""The model that ships with the package."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from mnist_nn import ModelError, load_config, load_dataset, load_model
from mnist_nn.model.model import SHIPPED

RECORD = Path(__file__).parents[2] / "docs" / "shipped.json"


def test_it_is_the_preset_and_knows_digits() -> None:
    model, digits = load_model(), load_dataset("mnist-sample").test
    assert digits is not None
    assert model.config == load_config("accurate")
    assert model.network.sizes == (784, 128, 64, 10)
    assert len(model.history) == 300
    answers = model.answers(digits.x)
    assert (answers.outputs.argmax(axis=1) == digits.y).mean() >= 0.99
    assert answers.known.mean() > 0.97
    assert not model.answers(255 - digits.x).known.any()


def test_its_file_is_small_and_of_half_precision() -> None:
    assert SHIPPED.stat().st_size <= 300_000
    params = load_model().network.params
    np.testing.assert_array_equal(params, params.astype(np.float16))
    assert json.loads(RECORD.read_text())["bytes"] == SHIPPED.stat().st_size


@pytest.mark.slow
def test_it_is_as_accurate_as_the_documents_say(data_dir: Path) -> None:
    told = json.loads(RECORD.read_text())["float16"]
    result = load_model().evaluate(data_dir=data_dir)
    assert result.accuracy == told["accuracy"] > 0.993
    assert result.loss == pytest.approx(told["loss"])


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08", gzip.compress(b"no model"), b"text"])
def test_a_damaged_installation_is_explained(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "damaged").write_bytes(content)
    monkeypatch.setattr("mnist_nn.model.model.SHIPPED", tmp_path / "damaged")
    with pytest.raises(ModelError, match=r"ships with mnist-nn is damaged: .*install mnist-nn aga"):
        load_model()
