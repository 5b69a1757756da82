"""The command line: the only room that prints, draws progress bars and picks exit codes.

What a command needs is imported when it runs, so that ``--help`` answers at once.
"""

from .app import main

__all__ = ["main"]
