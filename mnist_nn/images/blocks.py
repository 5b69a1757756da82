"""Blocks draw an image on a terminal: each character is two pixels, one above the other."""

import numpy as np
from numpy.typing import NDArray

SHADES = 24  # of grey, which 256-colour terminals have at numbers 232 to 255
DARKEST = 232
BLOCKS = " ▀▄█"  # none, upper, lower, both


def draw_blocks(image: NDArray[np.float64], *, shades: bool) -> str:
    """Draw an image in half-blocks.

    Parameters
    ----------
    image
        Of shape (h, w), 0 (paper) to 1 (ink), h even.
    shades
        Whether the reader understands ANSI's 256 colours; if not, ink of half strength or more is
        a block and the rest is blank.

    Returns
    -------
    str
        Of h/2 lines of w characters.
    """
    upper, lower = image[::2], image[1::2]
    if not shades:
        parts = (upper >= 0.5) + 2 * (lower >= 0.5)
        return "\n".join("".join(BLOCKS[part] for part in row).rstrip() for row in parts.tolist())
    colours = DARKEST + np.floor(np.clip(image, 0, 1) * (SHADES - 1) + 0.5).astype(int)
    lines = [
        "".join(f"\x1b[38;5;{a};48;5;{b}m▀" for a, b in zip(above, below, strict=True))
        for above, below in zip(colours[::2].tolist(), colours[1::2].tolist(), strict=True)
    ]
    return "\n".join(f"{line}\x1b[0m" for line in lines)
