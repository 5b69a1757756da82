"""A stream is a random generator with one job.

All streams spring from one seed, each by its place in the list below, so a stream added at the end
leaves the numbers of the others as they were.
"""

from typing import NamedTuple

import numpy as np


class Rngs(NamedTuple):
    """The generators of one run.

    Attributes
    ----------
    initialisation
        Draws the starting weights.
    shuffling
        Draws the order of the samples.
    validation
        Draws which samples are held out.
    dropout
        Draws which units are silenced.
    augmentation
        Draws how pictures are distorted.
    """

    initialisation: np.random.Generator
    shuffling: np.random.Generator
    validation: np.random.Generator
    dropout: np.random.Generator
    augmentation: np.random.Generator


def make_rngs(seed: int) -> Rngs:
    """Open the streams of a seed, a whole number of 0 or more."""
    children = np.random.SeedSequence(seed).spawn(len(Rngs._fields))
    return Rngs(*map(np.random.default_rng, children))
