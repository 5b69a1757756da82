"""The command line: the only room that prints, draws progress bars and picks exit codes.

What a command needs is imported when it runs, so that ``--help`` answers at once.
"""

import sys
from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit; an interruption while it is still loading is one, too."""
    try:
        from .app import run

        run(arguments)
    except KeyboardInterrupt:
        sys.exit(130)
