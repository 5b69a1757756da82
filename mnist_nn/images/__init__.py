"""Images from anywhere, read and made samples: as MNIST's digits were, or resized."""

from .blocks import draw_blocks
from .center import PREPARED_SHAPE
from .colours import mix_colours
from .preparation import prepare
from .reading import (
    MAX_BYTES,
    SUFFIXES,
    Picture,
    decode_picture,
    decode_pixels,
    images_in,
    natural,
    read_content,
)
from .resizing import resize
from .samples import make_sample, resized_pixels

__all__ = [
    "MAX_BYTES",
    "PREPARED_SHAPE",
    "SUFFIXES",
    "Picture",
    "decode_picture",
    "decode_pixels",
    "draw_blocks",
    "images_in",
    "make_sample",
    "mix_colours",
    "natural",
    "prepare",
    "read_content",
    "resize",
    "resized_pixels",
]
