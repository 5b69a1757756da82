"""Background of a picture: what it would look like without dark ink on it (needs OpenCV)."""

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]

STROKE = 10  # one such part of the longer side is the width of a stroke
COARSE = 128  # pixels of a side of the picture in which wider strokes are looked for
SIDE = 0.8  # of a side of the picture: what is dark along more of it is no stroke
MOST = 0.65  # of the picture: what is larger is no stroke
RAISED = 0.02  # least brightness by which a hole is filled
DEEP = 65535  # brightness of white where it is counted in whole numbers


def find_background(picture: Pixels) -> Pixels:
    """Replace what is narrower than a stroke, or enclosed by lighter parts, by what is around it.

    Edges of shadows, and dark parts along the border, such as a table, stay as they are. The
    picture has shape (h, w, c).
    """
    h, w, _ = picture.shape
    reach = max(h, w) // STROKE // 2 + 1
    around = np.rint(_continued(picture, reach) * DEEP).astype(np.uint16)
    calm = cv2.medianBlur(around, 5 if min(h, w) > 100 else 3 if min(h, w) > 40 else 1)
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    closed = cv2.morphologyEx(calm, cv2.MORPH_CLOSE, kernel, borderType=cv2.BORDER_REPLICATE)
    filled = _filled((closed / np.float32(DEEP)).reshape(around.shape))
    return filled[reach : reach + h, reach : reach + w]


def shrunk(image: Pixels, side: int) -> Pixels:
    """Shrink an image so that no side is longer than `side`."""
    h, w = image.shape[:2]
    if max(h, w) <= side:
        return image
    size = [max(1, round(n * side / max(h, w))) for n in (w, h)]
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return small.reshape(size[1], size[0], *image.shape[2:])


def _continued(picture: Pixels, reach: int) -> Pixels:
    """Continue a picture beyond its border: white beside strokes that touch it, else as it is."""
    h, w, c = picture.shape
    frame = (reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    around = cv2.copyMakeBorder(picture, *frame).astype(np.float32)
    around = around.reshape(h + 2 * reach, w + 2 * reach, c)
    strokes = cv2.resize(_wide_strokes(picture), (w, h), interpolation=cv2.INTER_NEAREST)
    beside = cv2.copyMakeBorder(strokes, *frame)
    beside[reach:-reach, reach:-reach] = 0
    around[beside > 0] = 1
    return around


def _wide_strokes(picture: Pixels) -> NDArray[np.uint8]:
    """Select dark parts, in a small picture, that neither hold a corner nor most of a side."""
    grey = np.rint(shrunk(picture, COARSE).mean(axis=2) * 255).astype(np.uint8)
    if max(picture.shape) > COARSE:
        grey = cv2.medianBlur(grey, 5)
    _, dark = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    n, labels = cv2.connectedComponents(dark)
    is_stroke = np.bincount(labels.ravel(), minlength=n) <= MOST * labels.size
    is_stroke[0] = False
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        is_stroke &= np.bincount(side, minlength=n) <= SIDE * len(side)
        is_stroke[[side[0], side[-1]]] = False
    strokes: NDArray[np.uint8] = is_stroke[labels].astype(np.uint8)
    return strokes


def _filled(image: Pixels) -> Pixels:
    """Fill dark parts that are enclosed by lighter ones: a reconstruction by erosion."""
    h, w, c = image.shape
    small = shrunk(image, COARSE)
    filled = np.ones_like(small)
    for side in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
        filled[side] = small[side]
    kernel = np.ones((3, 3), np.uint8)
    while True:
        lower = np.maximum(cv2.erode(filled, kernel).reshape(small.shape), small)
        if np.array_equal(lower, filled):
            break
        filled = lower
    raised = cv2.dilate((filled - small > RAISED).astype(np.uint8), kernel)
    if not raised.any():
        return image
    raised = cv2.resize(raised, (w, h), interpolation=cv2.INTER_NEAREST).reshape(h, w, c)
    smooth = cv2.resize(filled, (w, h), interpolation=cv2.INTER_LINEAR).reshape(h, w, c)
    return np.where(raised > 0, np.maximum(image, smooth), image)
