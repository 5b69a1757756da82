"""Output paths, checked before the work whose result they are for."""

import contextlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from .errors import ConfigError, warn
from .files import resolved, written_in_place


class UnwritableFolder(ConfigError):
    """A folder takes no new files."""


def check_output(output: Path, option: str = "--output", inputs: Iterable[Path] = ()) -> bool:
    """Refuse, before the work, an output path that cannot be written: ConfigError.

    That is a folder, a device, one of the `inputs`, the target of a redirected standard output or
    error, and any path in a folder that does not exist or cannot be written to. Return whether the
    file will be written in place, which a warning says, too.
    """
    in_place = _checked(output, option, inputs)
    if in_place:
        warn(
            f"no new file can take the place of {output}, so it will be written in place; "
            "a crash at that moment would damage it"
        )
    return in_place


def _checked(output: Path, option: str, inputs: Iterable[Path]) -> bool:
    """Check an output; return whether it will be written in place."""
    try:
        target = resolved(output)  # what a link leads to
        mode = _mode(output)
    except OSError as error:
        raise ConfigError(f"{option} {output}: {error.strerror}") from error
    if stat.S_ISDIR(mode):
        raise ConfigError(f"{option} {output} is a folder; name a file in it")
    if mode and not stat.S_ISREG(mode):
        raise ConfigError(f"{option} {output} is a device or a pipe; name a plain file")
    if not target.parent.is_dir():
        raise ConfigError(f"{option} {output}: the folder {target.parent} does not exist")
    for path in inputs:
        if mode and path.exists() and path.samefile(output):
            raise ConfigError(
                f"{option} {output} is {path} itself, which this command reads; name another file"
            )
    if mode and _is_a_stream(output):
        raise ConfigError(
            f"{option} {output} is where this command's messages are redirected; name another file"
        )
    try:
        return written_in_place(target)
    except OSError as error:
        if mode and os.access(target.parent, os.W_OK):
            raise ConfigError(f"{option} {output} cannot be replaced: {error.strerror}") from error
        raise UnwritableFolder(
            f"{option} {output}: the folder {target.parent} cannot be written to: {error.strerror}"
        ) from error


def _is_a_stream(path: Path) -> bool:
    """Return whether a file is what standard output or error is redirected to."""
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):  # it is closed
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return True
    return False


def _mode(path: Path) -> int:
    """Return the type and mode of a file; 0 if there is none."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0
