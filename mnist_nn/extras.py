"""Optional extras: the command that installs one."""

import json
import shlex
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from .errors import ConfigError

CHECKOUT = Path(__file__).resolve().parents[1]


def required(module: str) -> Any:
    """Import a module of the extra ``export``; ConfigError if that is not possible."""
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


def install_command(extra: str) -> str:
    """Return the command that installs an extra, such as ``pip install 'mnist-nn[fast]'``.

    It uses the same folder and the same installer (pip, pipx or uv) as this copy of the program.
    """
    folder = _source()
    what = shlex.quote(f"{folder or 'mnist-nn'}[{extra}]")
    if (Path(sys.prefix) / "pipx_metadata.json").exists():
        installer = "pipx install --force"
    elif (Path(sys.prefix) / "uv-receipt.toml").exists():
        installer = "uv tool install --force"
    else:
        installer = "pip install"
    return f"{installer} -e {what}" if folder == CHECKOUT else f"{installer} {what}"


def _source() -> Path | None:
    """Return the folder that this copy was installed from; None if it is from elsewhere."""
    if (CHECKOUT / "pyproject.toml").exists():
        return CHECKOUT
    try:
        text = distribution("mnist-nn").read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    origin = json.loads(text) if text else {}
    if "dir_info" not in origin:  # an index, an archive or a repository
        return None
    folder = Path(url2pathname(urlsplit(origin["url"]).path))
    return folder if folder.is_dir() else None
