"""Configs: YAML that defines the data, the network and the training."""

from .load import dump_config, load_config, resolve
from .presets import find_config, preset_names
from .schema import Config
from .sources import SHORT_KEYS, Source, read_file, read_override, read_value, value_source

__all__ = [
    "SHORT_KEYS",
    "Config",
    "Source",
    "dump_config",
    "find_config",
    "load_config",
    "preset_names",
    "read_file",
    "read_override",
    "read_value",
    "resolve",
    "value_source",
]
