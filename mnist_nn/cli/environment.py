"""Check environment variables that other libraries read, before those libraries do."""

import contextlib
import io
import os
import warnings

from ..errors import ConfigError

SIZES = ("COLUMNS", "LINES", "TERMINAL_WIDTH")


def drop_unusable_sizes() -> None:
    """Ignore a terminal size that is not a whole number from 1 to 9,999: some programs export 0."""
    for name in SIZES:
        value = os.environ.get(name, "1")
        if not (value.isascii() and value.isdigit() and len(value) <= 4 and int(value)):
            del os.environ[name]


def check_progress_variables() -> None:
    """Raise ConfigError if a variable ``TQDM_…`` is set with which tqdm cannot draw a bar."""
    given = [f"{name}={os.environ[name]}" for name in os.environ if name.startswith("TQDM_")]
    if not given:
        return
    problem = ""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        try:
            from tqdm import TqdmWarning, tqdm  # the import itself reads the variables

            warnings.simplefilter("error", TqdmWarning)
            with tqdm(total=10_000, disable=False, unit_scale=True) as bar:
                bar.update()
                bar.refresh()
        except Exception as error:  # its type depends on the variable
            problem = str(error) or type(error).__name__
        # here what is left of the bar is deleted, about which some versions complain
    if problem:
        raise ConfigError(
            f"{', '.join(given)}: tqdm cannot draw a progress bar with this: {problem}\n"
            "unset it, or use a value from tqdm's documentation"
        )
