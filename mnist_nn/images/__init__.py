"""Pictures of digits, from wherever they come, are made to look like MNIST's."""

from .blocks import draw_blocks
from .folder import pictures_in
from .prepare import PREPARED_SHAPE, prepare
from .reading import MAX_BYTES, decode_picture, read_picture

__all__ = [
    "MAX_BYTES",
    "PREPARED_SHAPE",
    "decode_picture",
    "draw_blocks",
    "pictures_in",
    "prepare",
    "read_picture",
]
