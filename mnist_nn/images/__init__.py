"""Images of digits from anywhere, read and prepared as MNIST's were."""

from .blocks import draw_blocks
from .preparation import PREPARED_SHAPE, prepare
from .reading import MAX_BYTES, SUFFIXES, decode_image, images_in, natural, read_image
from .resizing import resize

__all__ = [
    "MAX_BYTES",
    "PREPARED_SHAPE",
    "SUFFIXES",
    "decode_image",
    "draw_blocks",
    "images_in",
    "natural",
    "prepare",
    "read_image",
    "resize",
]
