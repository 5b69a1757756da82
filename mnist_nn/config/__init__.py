"""A config is the YAML that says what to train on, which network, and how."""

from .load import check_config, dump_config, load_config
from .schema import Config
from .sources import Source, option, read_override

__all__ = [
    "Config",
    "Source",
    "check_config",
    "dump_config",
    "load_config",
    "option",
    "read_override",
]
