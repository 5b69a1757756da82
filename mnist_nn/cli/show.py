"""``mnist-nn show``: the digits, before and after a config has distorted them."""

from pathlib import Path
from typing import Annotated

import typer

from ..outputs import check_output
from .guard import eprint, print_path
from .options import ConfigFiles, DataDir, Debug, Overrides, read_settings

VARIANTS = 10


def show(
    config: ConfigFiles,
    set_: Overrides = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where the PNG goes.")
    ] = Path("digits.png"),
    data_dir: DataDir = None,
    seed: Annotated[str | None, typer.Option(metavar="N", help="Set seed.")] = None,
    debug: Debug = False,
) -> None:
    """Draw a sheet of digits, one of each class, as they are and as training would show them.

    How they are distorted is the config's data.augmentation, so --set data.augmentation.rotation=30
    shows what 30 degrees look like. The path of the picture is printed. It needs matplotlib, which
    the extra named plots installs.
    """
    import numpy as np

    from ..augmentation import Augmenter
    from ..data import dataset_info, datasets_that, load_dataset
    from ..errors import ConfigError
    from ..evaluation import draw_image_grid
    from ..model import check_fits
    from ..rngs import make_rngs

    settings = read_settings(config, set_, seed=seed)
    name, augmentation = settings.data.dataset, settings.data.augmentation
    info = dataset_info(name)
    check_fits(settings, name, info)
    if info.image_shape is None:
        known = datasets_that(lambda known: known.image_shape is not None)
        raise ConfigError(f"{name} holds no images; set data.dataset to {known}")
    check_output(output, inputs=config)
    samples, rng = load_dataset(name, data_dir).train, make_rngs(settings.seed)
    order = rng.shuffling.permutation(len(samples.y))
    _, first = np.unique(samples.y[order], return_index=True)
    before = samples.x[order[first]]  # (n_classes, n_inputs)
    copies = np.repeat(before, VARIANTS, axis=0)
    after = Augmenter(augmentation, rng.augmentation)(copies)
    draw_image_grid(
        output,
        before.reshape(-1, *info.image_shape),
        after.reshape(-1, VARIANTS, *info.image_shape),
        ("as it is", "as training shows it"),
    )
    if not augmentation.active:
        eprint("note: this config distorts nothing; data.augmentation says how much")
    print_path(output)
