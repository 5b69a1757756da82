"""`fit` for tests: the settings as keyword arguments, beside what is asked for apart from them."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from mnist_nn import training
from mnist_nn.augmentation import Augmentation
from mnist_nn.data import Samples
from mnist_nn.nn import Network
from mnist_nn.rngs import Rngs
from mnist_nn.training import Trainer, TrainingConfig, TrainingState


def fit(
    network: Network,
    samples: Samples,
    *,
    rng: np.random.Generator | Rngs,
    augmentation: Augmentation | None = None,
    image_shape: tuple[int, int] | None = None,
    sample_weight: ArrayLike | None = None,
    validation: Samples | None = None,
    running: bool = False,
    state: TrainingState | None = None,
    **settings: Any,
) -> Trainer:
    """Train with `TrainingConfig(**settings)`."""
    return training.fit(
        network,
        samples,
        TrainingConfig(**settings),
        rng=rng,
        augmentation=augmentation,
        image_shape=image_shape,
        sample_weight=sample_weight,
        validation=validation,
        running=running,
        state=state,
    )
