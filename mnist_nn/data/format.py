"""SampleFormat: what the samples of a dataset look like, and what their classes mean."""

import math
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field, PlainSerializer

from ..checks import RECORD, Flag
from ..nn import InputNormalization

DIGITS = tuple("0123456789")
MNIST = (28, 28)
PIXEL_SCALE = 1 / 255
MAX_CLASSES = 256  # labels are bytes
MAX_INPUTS = 1 << 24
MAX_NAME = 100  # characters of a class's name


@dataclass(frozen=True)
class Preparation:
    """How a picture becomes a sample.

    Attributes
    ----------
    method
        ``mnist``: as MNIST's digits were prepared, for pictures of single characters; ``resize``:
        made grey and resized, nothing else.
    invert
        Whether dark and light are exchanged, of ``resize``.
    """

    __pydantic_config__: ClassVar = RECORD

    method: Literal["mnist", "resize"]
    invert: Flag = False


def _vectors(value: Any) -> Any:
    """Make a normalization of lists of numbers, as files have them."""
    if not isinstance(value, dict) or set(value) != {"offset", "factor"}:
        return value
    try:
        vectors = [np.array(value[key], np.float64) for key in ("offset", "factor")]
    except TypeError as error:
        raise ValueError("a normalization is two lists of numbers") from error
    return InputNormalization(*vectors)


Normalization = Annotated[
    InputNormalization,
    BeforeValidator(_vectors),
    PlainSerializer(lambda n: {"offset": n.offset.tolist(), "factor": n.factor.tolist()}),
]
AS_LIST = PlainSerializer(list)  # files have no tuples
Side = Annotated[int, Field(ge=1, le=MAX_INPUTS, strict=True)]
ClassName = Annotated[str, Field(min_length=1, max_length=MAX_NAME, strict=True)]


@dataclass(frozen=True)
class SampleFormat:
    """What the samples of a dataset look like, and what their classes mean.

    Attributes
    ----------
    sample_shape
        Shape of a sample: (height, width) of an image, (n,) of n measurements.
    class_names
        Names of the 2 to 256 classes, in the order of their labels.
    normalization
        How a network normalizes its inputs, after `input_scale`; None for not at all.
    preparation
        How a picture becomes a sample; None if it cannot.
    """

    __pydantic_config__: ClassVar = RECORD

    sample_shape: Annotated[tuple[Side] | tuple[Side, Side], AS_LIST]
    class_names: Annotated[tuple[ClassName, ...], AS_LIST]
    normalization: Normalization | None = None
    preparation: Preparation | None = None

    def __post_init__(self) -> None:
        """Refuse names that are too few, too many or not distinct, and numbers that do not fit."""
        count = len(self.class_names)
        if not 2 <= count <= MAX_CLASSES:
            raise ValueError(f"there must be 2 to {MAX_CLASSES} classes, got {count}")
        if len(set(self.class_names)) < count:
            raise ValueError("two classes have the same name")
        if not all(map(str.isprintable, self.class_names)):
            raise ValueError("a class's name has characters that cannot be printed")
        if self.n_inputs > MAX_INPUTS:
            raise ValueError(f"a sample has more than {MAX_INPUTS:,} numbers")
        if self.normalization and len(self.normalization.offset) != self.n_inputs:
            raise ValueError(f"its normalization is not of {self.n_inputs:,} numbers")
        if self.preparation and self.image_shape is None:
            raise ValueError("only images can be prepared")
        if self.preparation and self.preparation.method == "mnist" and self.image_shape != MNIST:
            raise ValueError("only images of 28×28 pixels can be prepared as MNIST's were")

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """Height and width of its images; None if its samples are not images."""
        return self.sample_shape if len(self.sample_shape) == 2 else None

    @property
    def n_inputs(self) -> int:
        """Numbers per sample."""
        return math.prod(self.sample_shape)

    @property
    def input_scale(self) -> float:
        """Factor by which a network multiplies whole numbers: 1/255 for pixels."""
        return PIXEL_SCALE if self.image_shape else 1.0

    @property
    def holds_digits(self) -> bool:
        """Whether it is of images of the digits 0 to 9."""
        return self.image_shape is not None and self.class_names == DIGITS
