"""What is known of the samples of a dataset."""

import numpy as np
import pytest
from pydantic import TypeAdapter

from mnist_nn.data import Preparation, SampleFormat
from mnist_nn.nn import InputNormalization

ADAPTER = TypeAdapter(SampleFormat)
NAMES = ("no", "yes")


def test_a_format_survives_json() -> None:
    normalization = InputNormalization(np.array([0.1, 1e300]), np.array([1 / 3, 1.0]))
    for before in (
        SampleFormat((2,), NAMES, normalization),
        SampleFormat((1, 2), NAMES, preparation=Preparation("resize", invert=True)),
    ):
        after = ADAPTER.validate_json(ADAPTER.dump_json(before))
        assert (after.sample_shape, after.class_names) == (before.sample_shape, NAMES)
        assert after.preparation == before.preparation
        if after.normalization and before.normalization:
            assert after.normalization.factor.tolist() == before.normalization.factor.tolist()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"sample_shape": [28, 28], "class_names": ["a"]}, "2 to 256 classes, got 1"),
        ({"sample_shape": [28, 28], "class_names": ["a", "a"]}, "same name"),
        ({"sample_shape": [28, 28], "class_names": ["a", ""]}, "at least 1 character"),
        ({"sample_shape": [28, 28, 3], "class_names": ["a", "b"]}, "sample_shape"),
        ({"sample_shape": [28, 0], "class_names": ["a", "b"]}, "greater than or equal to 1"),
        ({"sample_shape": [1 << 20, 1 << 20], "class_names": ["a", "b"]}, "more than"),
        (
            {"sample_shape": [2], "class_names": ["a", "b"], "preparation": {"method": "mnist"}},
            "only images",
        ),
        (
            {
                "sample_shape": [2],
                "class_names": ["a", "b"],
                "normalization": {"offset": [1.0], "factor": [1.0]},
            },
            "not of 2 numbers",
        ),
        (
            {
                "sample_shape": [1],
                "class_names": ["a", "b"],
                "normalization": {"offset": [float("inf")], "factor": [1.0]},
            },
            "finite",
        ),
        (
            {
                "sample_shape": [1],
                "class_names": ["a", "b"],
                "normalization": {"offset": ["x"], "factor": [1.0]},
            },
            "normalization",
        ),
        (
            {
                "sample_shape": [1],
                "class_names": ["a", "b"],
                "normalization": {"offset": {}, "factor": [1.0]},
            },
            "two lists of numbers",
        ),
    ],
)
def test_what_is_no_format_is_refused(content: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        ADAPTER.validate_python(content)
