"""``mnist-nn show``: draw samples before and after augmentation."""

from pathlib import Path

import numpy as np

from ..augmentation import Augmenter
from ..data import dataset_info, datasets_that, load_dataset
from ..errors import ConfigError
from ..evaluation import draw_image_grid
from ..model import check_augmentation
from ..outputs import check_output
from ..rngs import make_rngs
from .guard import eprint, print_path
from .options import (
    ConfigFiles,
    Configs,
    DataDir,
    Debug,
    Output,
    Overrides,
    Seed,
    config_paths,
    read_settings,
)

VARIANTS = 10


def show(
    named: Configs = None,
    config: ConfigFiles = None,
    set_: Overrides = None,
    seed: Seed = None,
    data_dir: DataDir = None,
    output: Output = Path("digits.png"),
    debug: Debug = False,
) -> None:
    """Draw sample images, before and after augmentation.

    Draws one image of each class, and ten distorted copies of it as training would use them. The
    config's data.augmentation says how they are distorted; try --set data.augmentation.rotation=30.
    The path of the image is printed. Needs matplotlib (extra: plots).
    """
    configs = config_paths(named, config)
    settings = read_settings(configs, set_, seed=seed)
    name, augmentation = settings.data.dataset, settings.data.augmentation
    info = dataset_info(name, data_dir)
    shape = info.format.image_shape
    check_augmentation(settings, name, info.format)
    if shape is None:
        known = datasets_that(lambda known: known.format.image_shape is not None)
        raise ConfigError(f"{name} holds no images; set data.dataset to {known}")
    check_output(output, inputs=configs)
    samples, rng = load_dataset(name, data_dir).train, make_rngs(settings.seed)
    order = rng.shuffling.permutation(len(samples.y))
    _, first = np.unique(samples.y[order], return_index=True)
    before = samples.x[order[first]]  # (n_classes, n_inputs)
    copies = np.repeat(before, VARIANTS, axis=0)
    after = Augmenter(augmentation, rng.augmentation, image_shape=shape)(copies)
    draw_image_grid(
        output,
        before.reshape(-1, *shape),
        after.reshape(-1, VARIANTS, *shape),
        ("as it is", "as training shows it"),
    )
    if not augmentation.active:
        eprint("note: this config distorts nothing; set data.augmentation, or try: --config best")
    print_path(output)
