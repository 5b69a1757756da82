import tracemalloc

import cv2
import numpy as np
import pytest

from mnist_nn.data import Samples
from mnist_nn.images.center import center
from mnist_nn.images.digits import find_digits

from .lines import compose, glyph


def drawn(*lines: list[tuple[int, int]], shape: tuple[int, int] = (120, 240)) -> np.ndarray:
    """Draw strokes from point to point (x, y), 6 pixels wide."""
    ink = np.zeros(shape, np.uint8)
    for line in lines:
        cv2.polylines(ink, [np.array(line)], isClosed=False, color=1, thickness=6)
    return ink.astype(float)


def sizes(ink: np.ndarray) -> list[int]:
    return [len(row) for row in find_digits(ink)]


BODY = [(30, 40), (30, 60), (60, 60), (60, 100), (25, 100)]
BAR = [(30, 28), (66, 26)]
OPEN_4 = ([(30, 20), (20, 60), (48, 62)], [(58, 22), (52, 100)])


@pytest.mark.parametrize(
    "strokes",
    [
        (BODY, BAR),
        (BODY, [(50, 30), (78, 26)]),
        OPEN_4,
        ([(40, 20), (40, 55)], [(41, 64), (41, 100)]),
        ([(30, 20), (60, 20), (60, 55)], [(60, 64), (50, 100)]),
    ],
    ids=["bar of a 5", "bar aside", "open 4", "broken 1", "broken 7"],
)
def test_the_strokes_of_one_digit_are_one(strokes: tuple[list[tuple[int, int]], ...]) -> None:
    ink = drawn(*strokes)
    [[digit]] = find_digits(ink)
    assert digit.ink.sum() == ink.sum()  # all of it
    assert not digit.touching
    beside = [[(x + 100, y) for x, y in stroke] for stroke in strokes]
    assert sizes(drawn(*strokes, *beside)) == [2]


@pytest.mark.parametrize(
    "strokes",
    [
        ([(40, 20), (40, 100)], [(60, 20), (60, 100)]),
        ([(50, 20), (20, 100)], [(75, 20), (45, 100)]),
        ([(20, 30), (60, 30), (40, 100)], [(72, 22), (76, 102)]),
    ],
    ids=["11", "slanted 11", "71"],
)
def test_digits_close_to_each_other_are_two(strokes: tuple[list[tuple[int, int]], ...]) -> None:
    ink = drawn(*strokes)
    [[first, second]] = find_digits(ink)
    assert first.box.left < second.box.left
    assert first.ink.sum() + second.ink.sum() == ink.sum()  # of the other's nothing


def test_specks_are_no_digits() -> None:
    ink = drawn(*OPEN_4, [(120, 100), (121, 100)], [(150, 60), (170, 60)])
    assert sizes(ink) == [1]
    assert find_digits(np.zeros((20, 30))) == []


@pytest.mark.parametrize("slope", [-0.12, 0.0, 0.12])
def test_the_digits_of_a_line_are_found_in_order(
    digits: Samples, rng: np.random.Generator, slope: float
) -> None:
    right = 0
    for n in range(2, 9):
        ink, _ = compose(digits, 1, n, rng, slope=slope)
        found = find_digits(ink)
        right += [len(row) for row in found] == [n]
        lefts = [digit.box.left for row in found for digit in row]
        assert lefts == sorted(lefts)
    assert right == 7


def test_a_sheet_is_rows_from_the_top(digits: Samples, rng: np.random.Generator) -> None:
    ink, _ = compose(digits, 5, 10, rng, slope=0.04)
    rows = find_digits(ink)
    assert [len(row) for row in rows] == [10] * 5
    for row, column in np.ndindex(5, 10):
        box = rows[row][column].box
        middle = np.array([box.top + box.bottom, box.left + box.right]) / 2
        assert np.abs(middle - (_middle(ink, row, column))).max() < 20


def _middle(ink: np.ndarray, row: int, column: int) -> np.ndarray:
    across = (column - 4.5) * 110
    return np.array([ink.shape[0] / 2 + (row - 2) * 110 + 0.04 * across, ink.shape[1] / 2 + across])


def test_single_digits_are_not_called_several(digits: Samples) -> None:
    several = 0
    for x in digits.x[:500]:
        [row] = find_digits(np.pad(glyph(x, 80), 10))
        several += len(row) > 1 or row[0].touching
    assert several <= 5


def test_a_digit_of_a_line_is_prepared_as_it_is_alone(
    digits: Samples, rng: np.random.Generator
) -> None:
    ink, _ = compose(digits, 1, 5, rng)
    [row] = find_digits(ink)
    for digit in row:
        top, bottom, left, right = digit.box
        alone = np.zeros_like(ink)
        alone[top - 4 : bottom + 4, left - 4 : right + 4] = ink[
            top - 4 : bottom + 4, left - 4 : right + 4
        ]
        assert np.abs(center(alone) - center(digit.ink)).max() < 0.3


def test_digits_that_touch_are_noticed(digits: Samples) -> None:
    zeros = digits.x[digits.y == 0][:6]
    parts = [np.pad(glyph(x, 60), ((0, 80), (0, 0)))[:80] for x in zeros]
    gap = np.zeros((80, 20))
    line = np.hstack([gap, *(part for x in parts for part in (x, gap))])
    [row] = find_digits(line)
    assert [digit.touching for digit in row] == [False] * 6
    joined = np.hstack([gap, parts[0], gap, parts[1][:, :-2], parts[2], gap, parts[3], gap])
    [row] = find_digits(joined)
    assert [digit.touching for digit in row] == [False, True, False]


def test_rows_close_to_each_other_stay_apart(digits: Samples) -> None:
    tall = [np.pad(glyph(x, 60), 4) for x in digits.x[digits.y == 9][:12]]
    cells = [np.pad(ink, ((0, 68 - len(ink)), (0, 90 - ink.shape[1]))) for ink in tall]
    sheet = np.vstack([np.hstack(cells[row : row + 4]) for row in (0, 4, 8)])
    assert sizes(sheet) == [4, 4, 4]


def test_a_line_across_the_paper_is_no_digit(digits: Samples, rng: np.random.Generator) -> None:
    ink, _ = compose(digits, 1, 4, rng)
    ink[8:12] = 1
    assert sizes(ink) == [4]


def test_digits_in_each_other_s_boxes_take_no_more_memory_than_the_image() -> None:
    across = np.add.outer(np.arange(900), np.arange(900))
    ink = np.pad((across % 24 < 6).astype(float), 6)
    tracemalloc.start()
    [row] = find_digits(ink)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(row) > 20
    assert held < 2 * ink.nbytes
    assert row[0].ink.sum() == row[0].ink.astype(bool).sum() > 100
