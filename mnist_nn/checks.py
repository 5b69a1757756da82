"""Building blocks of validated settings: sections of known keys, and rules for values."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from .errors import hint, shown

MAX_COUNT = 1_000_000_000

# Types of fields of dataclasses that are also read from a file, which must have these very types
Whole = Annotated[int, Field(ge=0, lt=2**63, strict=True)]
Real = Annotated[float, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]

Count = Annotated[int, Field(ge=1, le=MAX_COUNT)]

RECORD = ConfigDict(extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True)


class Section(BaseModel):
    """A mapping of known keys to values of exactly the given types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def one_of(what: str, known: Iterable[str]) -> AfterValidator:
    """Accept only the names in a table."""

    def check(name: str) -> str:
        if name not in known:
            raise ValueError(f"unknown {what} '{name[:100]}' {hint(name, known)}")
        return name

    return AfterValidator(check)


def number(rule: str, good: Callable[[Any], bool]) -> BeforeValidator:
    """Accept values of several types under one rule, so that an error states it once."""

    def check(value: Any) -> Any:
        if isinstance(value, bool) or not good(value):
            raise ValueError(f"must be {rule}, got {shown(value)}")
        return value

    return BeforeValidator(check)
