"""Optional extras: the command that installs one."""

import json
import shlex
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

CHECKOUT = Path(__file__).resolve().parents[1]


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
