"""``mnist-nn download``: download a dataset, verify it, cache it."""

import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from ..data import DATASETS, DatasetInfo, required_data_folder
from ..data.download import CacheReady, Event, Failed, Received, import_folder
from ..data.download import download as download_events
from ..data.transfer import is_address, public
from ..errors import ConfigError, hint
from .guard import eprint, print_path, printable
from .options import DataDir, Debug

MESSAGES = {
    "verified": "is already there, and every file in it has the right SHA-256",
    "rebuilt": "was made from files with the right SHA-256",
    "downloaded": "was downloaded, and every file has the right SHA-256",
}


def downloadable() -> dict[str, DatasetInfo]:
    """Return the datasets that can be downloaded."""
    return {name: info for name, info in DATASETS.items() if info.files or info.packed}


def download(
    dataset: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            autocompletion=lambda: list(downloadable()),
            help="Dataset to download: "
            + ", ".join(f"{name} ({info.licence})" for name, info in downloadable().items())
            + ".",
        ),
    ] = "mnist",
    mirror: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL", help="Base address to try before the built-in mirrors. Repeatable."
        ),
    ] = None,
    from_: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="PATH",
            help="Folder or .npz file to import instead of downloading. Files are recognized by "
            "their content, whatever their names: .gz, raw, as in torchvision's MNIST/raw, .npy, "
            "or an .npz such as Keras's.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Download again what is already there.")
    ] = False,
    data_dir: DataDir = None,
    debug: Debug = False,
) -> None:
    """Download a dataset, verify every file, and cache it.

    Mirrors are tried in turn until one delivers files with the right SHA-256. If the dataset is
    already there, it is verified again, without the network. The cache is one .npz file, whose path
    is printed.
    """
    known = downloadable()
    if dataset not in known:
        raise ConfigError(f"--dataset: cannot download '{dataset}' {hint(dataset, known)}")
    if from_ and mirror:
        raise ConfigError("--from and --mirror cannot be combined; choose one")
    for address in mirror or ():
        if not is_address(address):
            bare = public(address.rpartition("@")[2])  # what stands before may be a password
            raise ConfigError(f"--mirror {bare}: must be an address such as https://host/path/")
    folder, info = data_dir or required_data_folder(), known[dataset]
    if from_:
        _conclude(dataset, import_folder(info, from_, folder))
    else:
        _show(dataset, download_events(info, folder, mirrors=mirror or (), force=force))


def _show(dataset: str, events: Generator[Event, None, None]) -> None:
    """Show events as they come: a bar per file, a message per mirror that failed."""
    current = None  # the file that the bar is about
    with (
        closing(events),  # however the loop ends, no half-written file is left
        tqdm(unit="B", unit_scale=True, leave=False, disable=None) as bar,  # none on a pipe
    ):
        for event in events:
            match event:
                case Received(name, done, total):
                    if name != current:
                        current = name
                        bar.reset(total)
                        bar.set_description(name)
                    bar.update(done - bar.n)
                case Failed(url, reason):
                    current = None  # the next mirror begins at the first byte
                    text = f"{url}: {reason}; trying the next mirror"
                    bar.write(printable(text), file=sys.stderr)
                case CacheReady():
                    bar.close()
                    _conclude(dataset, event)


def _conclude(dataset: str, finished: CacheReady) -> None:
    """Print what was done and where the cache is."""
    eprint(f"{dataset} {MESSAGES[finished.how]}")
    print_path(finished.path)
