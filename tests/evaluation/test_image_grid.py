from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from mnist_nn.evaluation import draw_image_grid
from mnist_nn.evaluation.image_grid import GAP

SIDE = 28
DOTS = 84


def test_images_are_drawn_in_reading_order_from_light_to_dark(tmp_path: Path) -> None:
    """The image of number k is of one grey, and darker than the one before it."""
    greys = np.arange(1, 9, dtype=np.uint8).reshape(2, 4, 1, 1) * 30
    images = greys.repeat(SIDE, axis=2).repeat(SIDE, axis=3)
    draw_image_grid(tmp_path / "sheet.png", images[:, 0], images[:, 1:], ("before", "after"))
    dots = imread(tmp_path / "sheet.png")[..., 0]
    line = [dots[GAP * 8 + DOTS // 2 + (DOTS + GAP) * row] for row in range(2)]
    found = [value for row in line for value in row[np.flatnonzero(np.diff(row)) + 1] if value < 1]
    np.testing.assert_allclose(found, 1 - greys.ravel() / 255, atol=0.01)


@pytest.mark.parametrize(
    ("shape", "least", "most"),
    [
        ((8, 8), 80, 100),
        ((20, 30), 60, 100),
        ((64, 64), 60, 130),
        ((1, 100), 100, 450),
        ((1024, 700), 60, 170),
    ],
    ids=str,
)
def test_images_of_any_shape_are_large_enough_to_see(
    tmp_path: Path, shape: tuple[int, int], least: int, most: int
) -> None:
    images = np.full((2, 4, *shape), 255, np.uint8)
    draw_image_grid(tmp_path / "sheet.png", images[:, 0], images[:, 1:], ("before", "after"))
    ink = imread(tmp_path / "sheet.png")[GAP * 8 :, :, 0] == 0  # below the headings
    width, height = ink.any(axis=0).sum() / 4, ink.any(axis=1).sum() / 2  # of one image
    assert least <= max(width, height) <= most
    assert min(width, height) >= 4
