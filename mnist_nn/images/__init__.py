"""Images from anywhere, read and made samples: as MNIST's digits were, or resized."""

from .blocks import draw_blocks
from .center import PREPARED_SHAPE, center
from .colours import mix_colours
from .digits import Box, Digit, find_digits
from .preparation import picture_ink, prepare
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
    "Box",
    "Digit",
    "Picture",
    "center",
    "decode_picture",
    "decode_pixels",
    "draw_blocks",
    "find_digits",
    "images_in",
    "make_sample",
    "mix_colours",
    "natural",
    "picture_ink",
    "prepare",
    "read_content",
    "resize",
    "resized_pixels",
]
