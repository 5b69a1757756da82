"""Output files of a run: checked before it, saved in a fallback folder if need be."""

import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from ..errors import ConfigError, ModelError, warn
from ..files import resolved
from ..outputs import UnwritableFolder, check_output

MARGIN = 1 << 20  # bytes that are left free
FALLBACK_FOLDERS: tuple[Callable[[], str | Path], ...] = (tempfile.gettempdir, Path.home)


def checkpoint_path(output: Path) -> Path:
    """Name the checkpoint file that goes with a model file."""
    return output.with_name(f"{output.name}.ckpt")


def save_anywhere(path: Path, save: Callable[[Path], None]) -> None:
    """Save a file, or else save it in the folder for temporary files or the home folder.

    ModelError, naming where the file is, if it is not at `path`.
    """
    try:
        save(path)
        return
    except ModelError as error:
        first = error
    for find in FALLBACK_FOLDERS:
        fallback = _saved_in_fallback(find, path.name, save)
        if fallback is not None:
            raise ModelError(f"{first}\nit was saved as {fallback} instead") from first
    raise first


def _saved_in_fallback(
    find: Callable[[], str | Path], name: str, save: Callable[[Path], None]
) -> Path | None:
    """Save a file in a new folder of a fallback; if that fails, remove the folder, return None."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="mnist-nn-", dir=find()))
    except (OSError, RuntimeError):  # it does not exist, or this user has no home
        return None
    try:
        save(folder / name)
    except (ModelError, OSError):
        return None
    finally:
        with contextlib.suppress(OSError):  # it is not empty: the file is there
            folder.rmdir()
    return folder / name


def check_run_output(output: Path, configs: Iterable[Path], resume: Path | None) -> None:
    """Refuse, as `check_output` does, an output path of a model or its checkpoint.

    A model that is written in place may be in a folder that takes no checkpoint. It may overwrite
    no config and not the checkpoint `resume`; the run's next checkpoint may.
    """
    configs = list(configs)
    in_place = check_output(output, inputs=[*configs, resume] if resume else configs)
    checkpoint = checkpoint_path(output)
    try:
        check_output(checkpoint, inputs=configs)
    except UnwritableFolder:
        if not in_place:
            raise
        text = f"{checkpoint} cannot be written, so there will be no checkpoint beside it"
        warn(text)


def sha256_of(path: Path) -> str:
    """Return the hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_room(output: Path, size: int) -> None:
    """Refuse, before the work, a disk without room for `size` bytes of `output`: ConfigError."""
    path = resolved(output)
    for place in (path.parent, path):  # a file that is mounted by itself is on another disk
        with contextlib.suppress(OSError):  # there is no such file, or its disk does not say
            usage = shutil.disk_usage(place)
            free = max(usage.free - MARGIN, 0)
            if usage.total and size > free:  # some network file systems say that all is zero
                raise ConfigError(
                    f"--output {output}: its disk has {free:,} bytes free, the model and its "
                    f"checkpoints take {size:,}"
                )
