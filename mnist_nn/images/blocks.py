"""Images drawn on a terminal: each character is two pixels, one above the other."""

import numpy as np
from numpy.typing import NDArray

from .resizing import resize

DARKEST, SHADES = 232, 24  # numbers 232 to 255 of a 256-colour terminal are shades of grey
WIDEST = 112  # pixels of a side that is drawn
BLOCKS = " ▀▄█"  # none, upper, lower, both


def draw_blocks(image: NDArray[np.float64], *, shades: bool) -> str:
    """Draw an image of shape (h, w), 0 (paper) to 1 (ink), as h/2 lines of w characters.

    With `shades` the text has ANSI's 256 colours; otherwise a pixel is a block from ½ on. An image
    of more than `WIDEST` columns or rows is made smaller.
    """
    h, w = (min(side, WIDEST) for side in image.shape)
    image = resize(image, (h, w))
    image = np.pad(image, ((0, h % 2), (0, 0)))
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
