"""Presets: the configs that ship with the package, known by their names."""

import os
from pathlib import Path

from ..errors import ConfigError, hint, shown
from ..files import StrPath

_PACKAGE = Path(__file__).parents[1]
FOLDER = next(  # in an installed package, or beside it in a clone
    (folder for folder in (_PACKAGE / "configs", _PACKAGE.parent / "configs") if folder.is_dir()),
    _PACKAGE / "configs",
)


def preset_names() -> list[str]:
    """List the names of the presets."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def find_config(config: StrPath) -> Path:
    """Find the file of a config, given as a path or as the name of a preset.

    Raises
    ------
    ConfigError
        If there is neither a file nor a preset of that name.
    """
    if not isinstance(config, str | os.PathLike):
        raise ConfigError(f"a config must be the name of a preset or a path, got {shown(config)}")
    path = Path(config)
    try:
        is_file = path.exists() and not path.is_dir()
    except (OSError, ValueError):  # no file can have such a name, which reading it explains
        return path
    if is_file or path.suffix or path.is_absolute() or ".." in path.parts:
        return path
    preset = FOLDER / f"{path}.yaml"
    if not preset.is_file():
        raise ConfigError(
            f"there is no file and no preset '{config!s:.100}' "
            f"{hint(str(config), preset_names())}\nmnist-nn presets lists the presets"
        )
    return preset
