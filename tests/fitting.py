"""`fit` for tests: the settings as keyword arguments, beside what is asked for apart from them."""

from typing import Any

import numpy as np

from mnist_nn import training
from mnist_nn.augmentation import Augmentation
from mnist_nn.data import Samples
from mnist_nn.nn import Network
from mnist_nn.streams import Streams
from mnist_nn.training import Course, Snapshot, TrainingConfig


def fit(
    network: Network,
    samples: Samples,
    *,
    rng: np.random.Generator | Streams,
    augmentation: Augmentation | None = None,
    validation: Samples | None = None,
    running: bool = False,
    snapshot: Snapshot | None = None,
    **settings: Any,
) -> Course:
    """Train with `TrainingConfig(**settings)`."""
    return training.fit(
        network,
        samples,
        TrainingConfig(**settings),
        rng=rng,
        augmentation=augmentation,
        validation=validation,
        running=running,
        snapshot=snapshot,
    )
