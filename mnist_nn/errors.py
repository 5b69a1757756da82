"""Errors whose text is written for the user, and the formatting of such texts.

A message has one or two lines: the value, the rule it broke, the remedy. `exit_code` is that of
the command line.
"""

import contextlib
import difflib
import json
import os
import reprlib
import shlex
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

MAX_QUOTED = 200  # characters of a quoted value


class MnistNNError(Exception):
    """Base class of the errors."""

    exit_code = 1


class MnistNNWarning(UserWarning):
    """A problem that a run can do without."""


def warn(text: str) -> None:
    """Warn of `text`, at the place where the program's own code was called."""
    if sys.version_info >= (3, 12):
        outside = (str(Path(__file__).parent), contextlib.__file__)
        warnings.warn(text, MnistNNWarning, skip_file_prefixes=outside)
    else:
        warnings.warn(text, MnistNNWarning, stacklevel=3)


class ConfigError(MnistNNError):
    """The command line or the config is wrong; nothing was started."""

    exit_code = 2


class DataError(MnistNNError):
    """Data are missing or damaged."""


class ModelError(MnistNNError):
    """A model file is invalid, or cannot be read or written."""


class DivergenceError(MnistNNError):
    """The loss or a parameter is not finite any more."""


def hint(wrong: str, known: Iterable[str]) -> str:
    """Return the end of an error message: the nearest of the known names, or all of them."""
    known, wrong = list(known), wrong[:100]
    near = difflib.get_close_matches(wrong, known, 1)
    return f"(did you mean '{near[0]}'?)" if near else f"(known: {', '.join(known)})"


def shown(value: Any) -> str:
    """Quote a config's value for an error message, shortened if it is long."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    text = reprlib.repr(value)
    return text if len(text) <= MAX_QUOTED else f"{text[: MAX_QUOTED - 1]}…"


def escaped(text: str) -> str:
    r"""Escape what is not printable, such as control characters: a line break becomes ``\n``.

    The name of a file could otherwise control a terminal or reorder the text around it.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def shell_command(words: Iterable[str]) -> str:
    """Join the words of a command, quoted so that it can be pasted into a shell."""
    return " ".join(map(_shell_word, words))


def _shell_word(word: str) -> str:
    """Quote a word; as ``$'…'`` if it has characters that are not printable."""
    if word.isprintable():
        return shlex.quote(word)
    return f"$'{''.join(map(_ansi_c, word))}'"


def _ansi_c(character: str) -> str:
    """Escape a character for ``$'…'``."""
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    return "".join(f"\\{byte:03o}" for byte in os.fsencode(character))
