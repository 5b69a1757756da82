"""Images of digits from anywhere, read and prepared as MNIST's were."""

from .blocks import draw_blocks
from .preparation import PREPARED_SHAPE, prepare
from .reading import MAX_BYTES, decode_image, images_in, read_image

__all__ = [
    "MAX_BYTES",
    "PREPARED_SHAPE",
    "decode_image",
    "draw_blocks",
    "images_in",
    "prepare",
    "read_image",
]
