"""Images from anywhere, read and made samples: as MNIST's digits were, or resized."""

from .blocks import draw_blocks
from .center import PREPARED_SHAPE
from .preparation import prepare
from .reading import (
    MAX_BYTES,
    SUFFIXES,
    decode_image,
    decode_pixels,
    images_in,
    mix_colours,
    natural,
    read_content,
    read_image,
)
from .resizing import resize
from .samples import make_sample, resized_pixels

__all__ = [
    "MAX_BYTES",
    "PREPARED_SHAPE",
    "SUFFIXES",
    "decode_image",
    "decode_pixels",
    "draw_blocks",
    "images_in",
    "make_sample",
    "mix_colours",
    "natural",
    "prepare",
    "read_content",
    "read_image",
    "resize",
    "resized_pixels",
]
