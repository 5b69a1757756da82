import numpy as np

from mnist_nn.images import draw_blocks


def test_plain_blocks_show_two_rows_in_one() -> None:
    image = np.array([[0, 1, 0, 1], [0, 0, 1, 0.9], [0.4, 0.6, 0, 0], [0, 0, 0, 0]])
    assert draw_blocks(image, shades=False) == " ▀▄█\n ▀"


def test_shades_run_from_black_paper_to_white_ink_and_are_switched_off_again() -> None:
    line = draw_blocks(np.array([[0.0], [1.0]]), shades=True)
    assert line == "\x1b[38;5;232;48;5;255m▀\x1b[0m"


def test_a_prepared_image_takes_14_lines() -> None:
    assert len(draw_blocks(np.ones((28, 28)), shades=True).splitlines()) == 14
