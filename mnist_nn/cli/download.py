"""``mnist-nn download``: fetch a data set, verify it, cache it."""

import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .guard import eprint, print_path, printable
from .options import DataDir, Debug

if TYPE_CHECKING:
    from ..data.download import CacheReady, Event


def download(
    dataset: Annotated[
        str, typer.Option(metavar="NAME", help="Which dataset: {downloadable}.")
    ] = "mnist",
    data_dir: DataDir = None,
    mirror: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL", help="Try this base address before the built-in ones. Repeatable."
        ),
    ] = None,
    from_: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="PATH",
            help="Take the files from a folder, by their content and whatever their names (.gz, "
            "raw, in MNIST/raw), or from an .npz like Keras's.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Fetch everything again, whatever is there.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Download a dataset, verify every file, and cache them as one .npz.

    Mirrors are tried in turn until one delivers files whose content has the right SHA-256. Run
    again, the command verifies what is there without touching the network.
    """
    from ..data import DATASETS, required_data_folder
    from ..data.download import download as events
    from ..data.download import import_folder
    from ..data.transfer import is_address, public
    from ..errors import ConfigError, hint

    known = {name: info for name, info in DATASETS.items() if info.files}
    if dataset not in known:
        raise ConfigError(f"--dataset: cannot download '{dataset}' {hint(dataset, known)}")
    if from_ and mirror:
        raise ConfigError(
            "--from and --mirror: take the files from a folder or from mirrors, not both"
        )
    for address in mirror or ():
        if not is_address(address):
            bare = public(address.rpartition("@")[2])  # what stands before may be a password
            raise ConfigError(f"--mirror {bare}: must be an address such as https://host/path/")
    folder = data_dir or required_data_folder()
    if from_:
        _conclude(dataset, import_folder(known[dataset], from_, folder))
    else:
        _follow(dataset, events(known[dataset], folder, mirrors=mirror or (), force=force))


def _follow(dataset: str, events: "Generator[Event, None, None]") -> None:
    """Show events as they come: a bar per file, a note per mirror that failed."""
    from tqdm import tqdm

    from ..data.download import CacheReady, Failed, Received

    current = None  # the file that the bar is about
    with (
        closing(events),  # whatever ends the loop, no file is left half-written
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


def _conclude(dataset: str, finished: "CacheReady") -> None:
    """Say what was done and print where the cache is."""
    words = {
        "verified": "is already there, and every file in it has the right SHA-256",
        "rebuilt": "was made of files with the right SHA-256",
        "downloaded": "was downloaded, and every file has the right SHA-256",
    }
    eprint(f"{dataset} {words[finished.how]}")
    print_path(finished.path)
