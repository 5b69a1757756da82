"""Location of the folder of downloaded datasets."""

import os
from pathlib import Path

import platformdirs

from ..errors import ConfigError


def data_folder() -> Path:
    """Return the default folder of data: ``$MNIST_NN_DATA_DIR``, else the user's cache folder.

    It begins with ``~`` if the user has no home folder, which `required_data_folder` refuses.
    """
    named = os.environ.get("MNIST_NN_DATA_DIR")
    try:
        if named:
            return Path(named).expanduser()
        return Path(platformdirs.user_cache_dir("mnist-nn", appauthor=False))
    except RuntimeError:  # older versions of platformdirs return a path with ~
        return Path(named or "~")


def required_data_folder() -> Path:
    """Return `data_folder`; ConfigError if it would be in a home folder that does not exist."""
    folder = data_folder()
    if not str(folder).startswith("~"):
        return folder
    named = os.environ.get("MNIST_NN_DATA_DIR")
    wrong = (
        f"MNIST_NN_DATA_DIR: {named} begins with a home folder that does not exist"
        if named
        else "this user has no home folder, so there is no default for the data folder"
    )
    raise ConfigError(f"{wrong}; name one with --data-dir DIR or MNIST_NN_DATA_DIR")
