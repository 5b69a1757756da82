"""Install mnist-nn into a virtual environment, for the Makefile.

    python scripts/environment.py .venv/.installed --extras fast,images

Of two processes at once the second waits for the first and installs nothing.
"""

import argparse
import fcntl
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
ROOT = Path(__file__).parents[1]
PYPROJECT = ROOT / "pyproject.toml"


def lowest(project: dict[str, Any]) -> list[str]:
    """Return pins to the lowest version of each direct dependency that has one, with extras."""
    extras = project["optional-dependencies"].values()
    named = [*project["dependencies"], *(name for extra in extras for name in extra)]
    return [re.sub(r">=([^,]+).*", r"==\1", name) for name in named if ">=" in name]


def install(folder: Path, extras: str, *, pinned: bool) -> None:
    """Create the environment if needed and install into it, `pinned` to the lowest versions."""
    if not any(folder.glob(".installed*")):
        print(f"creating the virtual environment {folder.name}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    wanted = f".[{extras}]" if extras else "."
    command = [str(folder / "bin" / "python"), *PIP, "--editable", wanted]
    if pinned:
        constraints = folder / "lowest.txt"
        project = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]
        constraints.write_text("\n".join(lowest(project)), "utf-8")
        command += ["--constraint", str(constraints)]
    print(f"installing into {folder.name}", flush=True)
    subprocess.run(command, check=True, cwd=ROOT)


def main() -> None:
    """Install unless the stamp is newer than pyproject.toml, one process at a time."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "stamp", type=Path, help="file in the environment that marks it as installed"
    )
    parser.add_argument("--extras", default="", help="names of extras, comma-separated")
    parser.add_argument("--lowest", action="store_true", help="install the lowest allowed versions")
    chosen = parser.parse_args()
    stamp = chosen.stamp.absolute()
    with PYPROJECT.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.stat().st_mtime_ns >= PYPROJECT.stat().st_mtime_ns:
            return
        try:
            install(stamp.parent, chosen.extras, pinned=chosen.lowest)
        except subprocess.CalledProcessError:
            sys.exit(f"cannot install into {stamp.parent.name}: see the error above")
        stamp.touch()


if __name__ == "__main__":
    main()
