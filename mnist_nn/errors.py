"""What can go wrong for a user, as exceptions whose text is the message they read.

A message is one or two lines: the value, the rule it broke, the remedy. `exit_code` is what the
command line ends with.
"""

import difflib
import json
import os
import reprlib
import shlex
from collections.abc import Iterable
from typing import Any

LONGEST = 200  # characters of a quoted value


class MnistNNError(Exception):
    """The job failed."""

    exit_code = 1


class MnistNNWarning(UserWarning):
    """Something around a run is wrong, and the run does without it."""


class ConfigError(MnistNNError):
    """The command line or the config is wrong; nothing was begun."""

    exit_code = 2


class DataError(MnistNNError):
    """Data are missing, damaged, or not what they claim to be."""


class ModelError(MnistNNError):
    """A model file cannot be trusted, read or written."""


class DivergenceError(MnistNNError):
    """Training left the finite numbers."""


def hint(wrong: str, known: Iterable[str]) -> str:
    """Suggest the nearest of the known names, or list them: the tail of an error message."""
    known, wrong = list(known), wrong[:100]
    near = difflib.get_close_matches(wrong, known, 1)
    return f"(did you mean '{near[0]}'?)" if near else f"(known: {', '.join(known)})"


def shown(value: Any) -> str:
    """Quote a config's value in an error message: as YAML has it, cut short where it is long."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    text = reprlib.repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def escaped(text: str) -> str:
    r"""Escape what is not printable, such as control characters: a line break becomes ``\n``.

    Whoever shows a name of a file gets it so, for a name can steer a terminal, reorder the text
    around it or be no text at all.
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def shell_command(words: Iterable[str]) -> str:
    """Join the words of a command so that a shell takes them as they are when it is pasted."""
    return " ".join(map(_shell_word, words))


def _shell_word(word: str) -> str:
    """Quote a word; with ``$'…'``, byte by byte, where it has characters that are not printable."""
    if word.isprintable():
        return shlex.quote(word)
    return f"$'{''.join(map(_ansi_c, word))}'"


def _ansi_c(character: str) -> str:
    """Write a character as it stands between ``$'`` and ``'``."""
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    return "".join(f"\\{byte:03o}" for byte in os.fsencode(character))
