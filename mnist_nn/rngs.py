"""Random generators of a run: one seed, one stream per purpose.

All streams come from one seed, each by its place in `Rngs`, so a stream added at the end changes
none of the others: the weights drawn from a seed stay the same in later versions.
"""

from typing import Annotated, Literal, NamedTuple, cast

import numpy as np
from pydantic import Field
from typing_extensions import TypedDict


class PCG64State(TypedDict):
    """The 256 bits of a PCG64 generator."""

    state: Annotated[int, Field(ge=0, lt=2**128, strict=True)]
    inc: Annotated[int, Field(ge=0, lt=2**128, strict=True)]


class RngState(TypedDict):
    """State of a random generator, as NumPy's ``bit_generator.state`` has it."""

    bit_generator: Literal["PCG64"]
    state: PCG64State
    has_uint32: Annotated[int, Field(ge=0, le=1, strict=True)]
    uinteger: Annotated[int, Field(ge=0, lt=2**32, strict=True)]


class Rngs(NamedTuple):
    """Random generators of a run, by what they draw."""

    initialisation: np.random.Generator  # starting weights
    shuffling: np.random.Generator  # order of the samples
    validation: np.random.Generator  # which samples are held out
    dropout: np.random.Generator  # which units are dropped
    augmentation: np.random.Generator  # how images are distorted


def make_rngs(seed: int) -> Rngs:
    """Make the generators of a seed, a whole number of 0 or more."""
    children = np.random.SeedSequence(seed).spawn(len(Rngs._fields))
    return Rngs(*map(np.random.default_rng, children))


def rng_state(rng: np.random.Generator) -> RngState:
    """Return the state of a generator; setting ``rng.bit_generator.state`` restores it."""
    return cast(RngState, rng.bit_generator.state)
