"""Images of digits, from wherever they come, are made to look like MNIST's."""

from .blocks import draw_blocks
from .folder import images_in
from .prepare import PREPARED_SHAPE, prepare
from .reading import MAX_BYTES, decode_image, read_image

__all__ = [
    "MAX_BYTES",
    "PREPARED_SHAPE",
    "decode_image",
    "draw_blocks",
    "images_in",
    "prepare",
    "read_image",
]
