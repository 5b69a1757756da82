"""What records of settings are made of: sections of known keys, and rules for values."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from .errors import hint, shown

MAX_COUNT = 1_000_000_000

Count = Annotated[int, Field(ge=1, le=MAX_COUNT)]


class Section(BaseModel):
    """A mapping of known keys to values of exactly the given types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def one_of(what: str, known: Iterable[str]) -> AfterValidator:
    """Admit only the names in a table."""

    def check(name: str) -> str:
        if name not in known:
            raise ValueError(f"unknown {what} '{name[:100]}' {hint(name, known)}")
        return name

    return AfterValidator(check)


def number(rule: str, good: Callable[[Any], bool]) -> BeforeValidator:
    """Admit values of more than one kind under one rule, so that an error states it once."""

    def check(value: Any) -> Any:
        if isinstance(value, bool) or not good(value):
            raise ValueError(f"must be {rule}, got {shown(value)}")
        return value

    return BeforeValidator(check)
