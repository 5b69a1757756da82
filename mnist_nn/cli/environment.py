"""Environment variables that other libraries read: what they cannot use is found out first."""

import os

SIZES = ("COLUMNS", "LINES", "TERMINAL_WIDTH")


def drop_unusable_sizes() -> None:
    """Ignore a terminal size that is no whole number from 1 to 9,999: some programs export 0."""
    for name in SIZES:
        value = os.environ.get(name, "1")
        if not (value.isascii() and value.isdigit() and len(value) <= 4 and int(value)):
            del os.environ[name]


def check_progress_variables() -> None:
    """Refuse variables ``TQDM_…`` with which no bar can be drawn; ConfigError names those set."""
    given = [f"{name}={os.environ[name]}" for name in os.environ if name.startswith("TQDM_")]
    if not given:
        return
    import contextlib
    import io
    import warnings

    from ..errors import ConfigError

    problem = ""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        try:
            from tqdm import TqdmWarning, tqdm

            warnings.simplefilter("error", TqdmWarning)
            with tqdm(total=10_000, disable=False, unit_scale=True) as bar:
                bar.update()
                bar.refresh()
        except Exception as error:  # whatever a value leads to, all are read by tqdm alone
            problem = str(error) or type(error).__name__
        # here what is left of the bar is deleted, about which some versions complain
    if problem:
        raise ConfigError(
            f"{', '.join(given)}: tqdm cannot draw a progress bar so: {problem}\n"
            "unset it, or give it a value that tqdm's documentation names"
        )
