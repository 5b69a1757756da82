"""A config is the YAML that says what to train on, which network, and how."""

from .load import dump_config, load_config, resolve
from .schema import Config
from .sources import Source, read_file, read_override, read_value

__all__ = [
    "Config",
    "Source",
    "dump_config",
    "load_config",
    "read_file",
    "read_override",
    "read_value",
    "resolve",
]
