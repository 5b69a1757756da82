"""Libraries of the extra ``export``, loaded when they are needed."""

from importlib import import_module
from typing import Any

from ..errors import ConfigError
from ..extras import install_command


def required(module: str) -> Any:
    """Import a module of the extra; ConfigError if it is not installed or cannot be loaded."""
    library = module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"this format needs {library}, which is not installed\n{install_command('export')}"
        ) from error
    except Exception as error:  # a damaged installation
        raise ConfigError(
            f"this format needs {library}, which cannot be loaded: {error}\ncheck its installation"
        ) from error
