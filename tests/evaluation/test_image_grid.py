from pathlib import Path

import numpy as np
from matplotlib.image import imread

from mnist_nn.evaluation import draw_image_grid
from mnist_nn.evaluation.image_grid import GAP, ZOOM

SIDE = 28


def test_images_are_drawn_in_reading_order_from_light_to_dark(tmp_path: Path) -> None:
    """The image of number k is of one grey, and darker than the one before it."""
    greys = np.arange(1, 9, dtype=np.uint8).reshape(2, 4, 1, 1) * 30
    images = greys.repeat(SIDE, axis=2).repeat(SIDE, axis=3)
    draw_image_grid(tmp_path / "sheet.png", images[:, 0], images[:, 1:], ("before", "after"))
    dots = imread(tmp_path / "sheet.png")[..., 0]
    middles = [GAP * 8 + SIDE // 2 + (SIDE + GAP) * row for row in range(2)]
    line = [dots[middle * ZOOM] for middle in middles]
    found = [value for row in line for value in row[np.flatnonzero(np.diff(row)) + 1] if value < 1]
    np.testing.assert_allclose(found, 1 - greys.ravel() / 255, atol=0.01)
