"""Class weight setting: ``balanced``, or weights by class; and the weights that it stands for."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from ..checks import number
from ..errors import ConfigError, hint, shown
from ..nn import balanced_weights
from ..nn.arrays import FloatArray


def _is_class_weight(value: Any) -> bool:
    """Return whether a value is ``balanced`` or a mapping of classes to weights."""
    if not isinstance(value, Mapping):
        return isinstance(value, str) and value == "balanced"
    return bool(value) and all(
        isinstance(key, str | int)
        and not isinstance(key, bool)
        and isinstance(weight, int | float)
        and not isinstance(weight, bool)
        and 0 <= weight <= MAX_WEIGHT
        for key, weight in value.items()
    )


def _with_text_keys(value: Any) -> Any:
    """Return a mapping with its keys as text: YAML reads the class ``3`` as a number."""
    return {str(k): float(w) for k, w in value.items()} if isinstance(value, Mapping) else value


MAX_WEIGHT = 1_000_000
ClassWeight = Annotated[
    Literal["balanced"] | dict[str, Annotated[float, Field(ge=0)]],
    BeforeValidator(_with_text_keys),
    number("'balanced' or a mapping of classes to weights from 0 to 1,000,000", _is_class_weight),
]


def number_classes(setting: ClassWeight | None, class_names: Sequence[str]) -> ClassWeight | None:
    """Return a setting with the numbers of the classes in place of their names.

    A key is the name of a class or, where no class has that name, its number from 0. ConfigError if
    there is no such class, or one is named twice.
    """
    if not isinstance(setting, dict):
        return setting
    numbers = {str(i): i for i in range(len(class_names))}
    numbers |= {name: i for i, name in enumerate(class_names)}
    found: dict[str, float] = {}
    for key, weight in setting.items():
        if key not in numbers:
            known = hint(key, class_names)
            raise ConfigError(f"training.class_weight: unknown class {shown(key)} {known}")
        if str(numbers[key]) in found:
            name = shown(class_names[numbers[key]])
            raise ConfigError(f"training.class_weight: the class {name} is named twice")
        found[str(numbers[key])] = weight
    return found


def class_weights(
    setting: ClassWeight | None,
    labels: NDArray[np.integer[Any]],
    n_classes: int,
    sample_weight: FloatArray | None = None,
) -> FloatArray | None:
    """Return the weights (n_classes,) of a setting whose classes are numbers; None for none.

    Samples that have weights of their own, (n,), are balanced by those. A class that it does not
    name has the weight 1. ConfigError if there is no such class, or none of the `labels` (n,) has a
    weight above 0.
    """
    if setting is None:
        return None
    if not isinstance(setting, dict):
        return balanced_weights(labels, n_classes, sample_weight)
    number_classes(setting, [str(number) for number in range(n_classes)])  # refuses unknown ones
    weights = np.array([setting.get(str(number), 1.0) for number in range(n_classes)])
    if not weights[labels].any():
        raise ConfigError(
            "training.class_weight: all training samples are of classes with the weight 0; give "
            "one of their classes more"
        )
    return weights
