"""Operation of the page in a real browser: pen, keys, screen readers, colours, any image."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_nn.data import Preparation, SampleFormat
from mnist_nn.images import resized_pixels
from mnist_nn.nn import InputNormalization, Network, block

from .drawings import (
    CLOSE,
    CROSSBAR,
    DIGITS,
    SEVEN,
    Open,
    made,
    written,
)


def test_the_bars_show_the_probabilities(page: Any) -> None:
    assert page.best == "?"
    assert page.page.locator("#bars .value").all_inner_texts() == [""] * 10
    page.draw(*SEVEN)
    scores = page.scores()
    assert sum(scores) == pytest.approx(1)
    shown = page.page.locator("#bars .value").all_inner_texts()
    assert shown == [f"{100 * score:.1f} %" for score in scores]
    assert page.page.locator("#sure").inner_text() == f"{100 * scores.max():.1f} % sure"
    assert page.page.locator("#bars .name").all_inner_texts() == list(DIGITS)
    page.page.evaluate("Promise.all(document.getAnimations().map(bar => bar.finished))")
    widths = page.page.evaluate(
        "[...document.querySelectorAll('.bar')].map(b => b.offsetWidth / b.parentNode.offsetWidth)"
    )
    assert widths == pytest.approx(scores, abs=0.02)


def test_the_bars_move_while_the_pen_does(page: Any) -> None:
    mouse = page.page.mouse
    mouse.move(*page.place(0.3, 0.25))
    mouse.down()
    answers = []
    for point in SEVEN[0][1:]:
        mouse.move(*page.place(*point))
        page.paint()
        answers.append(tuple(page.scores()))
    assert answers[0] == pytest.approx(answers[1], abs=0.01)  # a line is a line, however long
    assert len(set(answers[1:])) == len(answers[1:])
    mouse.up()


def test_hidden_units_are_as_full_of_colour_as_their_outputs(
    tmp_path: Path, open_page: Open
) -> None:
    network = Network(784, [*block(128, "sigmoid"), *block(10, "softmax")], rng=None)
    biases = network.dense[0].b
    assert biases is not None
    biases[...] = -50  # all off but one
    biases[37] = 50
    page = open_page(made(tmp_path, network))
    page.put(*SEVEN)
    field = page.canvas("document.querySelector('.units')")
    size = -(-field.shape[1] // 16)  # of a square, 16 in a row
    squares = field[size // 3 :: size, size // 3 :: size, :3].reshape(128, 3)
    assert squares[37].tolist() == [194, 59, 37]
    assert (np.delete(squares, 37, axis=0) == [235, 232, 226]).all()
    label = page.page.locator(".units").get_attribute("aria-label")
    assert label == "Hidden layer 1: 128 outputs from 0 to 1, 0.01 on average"


def test_undo_takes_one_stroke_and_clear_all(page: Any) -> None:
    undo = page.page.get_by_role("button", name="Undo")
    clear = page.page.get_by_role("button", name="Clear")
    assert undo.is_disabled()
    assert clear.is_disabled()
    page.draw(*SEVEN)
    one = page.picture()
    page.draw(*CROSSBAR)
    both = page.picture()
    assert (one != both).any()
    undo.click()
    page.paint()
    assert (page.picture() == one).all()
    clear.click()
    page.paint()
    assert (page.picture() == 255).all()
    assert page.best == "?"
    undo.click()  # what was cleared comes back
    page.paint()
    assert (page.picture() == one).all()
    undo.click()
    page.paint()
    assert (page.picture() == 255).all()
    assert undo.is_disabled()


def test_keys_undo_and_clear(page: Any) -> None:
    page.draw(*SEVEN)
    one = page.picture()
    page.draw(*CROSSBAR)
    page.page.keyboard.press("Control+z")
    page.paint()
    assert (page.picture() == one).all()
    page.page.keyboard.press("Delete")
    page.paint()
    assert (page.picture() == 255).all()


def test_a_wider_pen_leaves_more_ink(page: Any) -> None:
    slider = page.page.get_by_role("slider", name="Pen width")
    ink = []
    for key in ("Home", "End"):
        slider.press(key)
        page.draw(*CROSSBAR)
        ink.append((page.drawing() < 128).any(axis=1).sum())
        page.page.keyboard.press("Delete")
    assert ink == [4 * 6, 4 * 24]


def test_fingers_draw_and_do_not_scroll(file: Path, open_page: Open) -> None:
    phone = {"viewport": {"width": 390, "height": 700}, "has_touch": True, "is_mobile": True}
    page = open_page(file, **phone)
    session = page.context.new_cdp_session(page.page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        places = [page.place(*point) for point in points]
        fingers = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    touch("touchStart", (0.5, 0.9))
    for y in (0.7, 0.5, 0.3):
        touch("touchMove", (0.5, y))
    touch("touchStart", (0.5, 0.3), (0.1, 0.1))  # a second finger
    touch("touchMove", (0.5, 0.2), (0.1, 0.8))
    touch("touchEnd")
    page.paint()
    ink = np.argwhere(page.drawing() < 128) / len(page.drawing())  # y, x
    assert (ink[:, 0].min(), ink[:, 0].max()) == pytest.approx((0.16, 0.94), abs=0.02)
    assert np.abs(ink[:, 1] - 0.5).max() < 0.06
    assert page.best == "1"
    assert page.page.evaluate("scrollY") == 0
    page.page.get_by_role("button", name="Undo").tap()
    page.paint()
    assert (page.picture() == 255).all()


def test_a_phone_shows_all_of_it_and_buttons_for_thumbs(file: Path, open_page: Open) -> None:
    page = open_page(file, viewport={"width": 320, "height": 640}, has_touch=True, is_mobile=True)
    assert page.page.evaluate("document.documentElement.scrollWidth") == 320
    for button in page.page.get_by_role("button").all():
        assert button.bounding_box()["height"] >= 44
    assert page.page.locator("#paper").bounding_box()["width"] > 250


def test_everything_is_reached_by_the_tab_key_and_shows_it(page: Any) -> None:
    page.draw(*SEVEN)
    page.page.evaluate("document.activeElement.blur()")
    page.page.evaluate("getSelection().removeAllRanges(); document.body.tabIndex = -1")
    page.page.evaluate("document.body.focus(); document.body.removeAttribute('tabindex')")
    names = []
    for _ in range(4):
        page.page.keyboard.press("Tab")
        names.append(page.page.evaluate("document.activeElement.id"))
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.page.evaluate(outline) == "solid"
    assert names == ["paper", "width", "undo", "clear"]


def test_keys_draw_a_digit(page: Any) -> None:
    paper = page.page.get_by_role("application", name="Paper")
    for key in [*["ArrowUp"] * 8, "Space", *["ArrowDown"] * 16, "Space", "ArrowRight"]:
        paper.press(key)
    page.paint()
    assert page.best == "1"
    ink = np.argwhere(page.drawing() < 128) / len(page.drawing())
    assert np.abs(ink[:, 1] - 0.5).max() < 0.06
    assert page.page.locator("#mark").is_visible()
    spoken = page.page.get_by_role("status").inner_text()
    assert spoken.startswith("1, ")
    assert spoken.endswith("% sure")


def test_every_part_has_a_name(page: Any) -> None:
    page.draw(*SEVEN)
    tree = page.page.locator("body").aria_snapshot()
    for part in (
        'heading "Draw a digit" [level=1]',
        'application "Paper"',
        'slider "Pen width"',
        'button "Undo"',
        'button "Clear"',
        'region "Answer"',
        'img "The drawing as the network sees it',
        'img "Hidden layer 1: 128 outputs',
        'img "Hidden layer 2: 64 outputs',
    ):
        assert part in tree
    assert page.page.get_by_text("model.pkl, trained on mnist-sample").is_visible()
    assert page.page.get_by_text("784–128–64–10").is_visible()


def test_in_the_dark_the_page_is_dark_and_reads_the_same(file: Path, open_page: Open) -> None:
    light, dark = (open_page(file, color_scheme=scheme) for scheme in ("light", "dark"))
    for page in (light, dark):
        page.draw(*SEVEN)
    assert np.median(light.screenshot()) > 0.95
    assert np.median(dark.screenshot()) < 0.15
    assert dark.screenshot().max() > 0.8  # light ink
    assert (light.picture() == dark.picture()).all()
    assert (light.scores() == dark.scores()).all()


def test_what_is_no_digit_is_said(page: Any) -> None:
    page.put([(-2.0, -2.0)])  # a dot beside the paper
    assert page.best == "?"
    assert "it is blank" in page.page.locator("#sure").inner_text()


def test_names_are_text(tmp_path: Path, open_page: Open) -> None:
    hostile = "</script><img src=x onerror=alert(1)>"
    network = Network(784, [*block(2, "softmax")], rng=None)
    page = open_page(made(tmp_path, network, (hostile, "T-shirt/top")))
    page.put(*SEVEN)
    assert page.best == hostile
    assert page.page.locator("#bars .name").all_inner_texts() == [hostile, "T-shirt/top"]
    assert page.page.locator("img").count() == 0


def test_a_program_that_is_not_of_the_page_does_not_run(file: Path, browser: Any) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(file.as_uri())
        ran = page.evaluate(
            """async () => {
                 const script = document.createElement('script');
                 script.textContent = 'window.ran = true';
                 document.body.append(script);
                 const answered = await fetch('data:text/plain,x').then(() => true, () => false);
                 return [Boolean(window.ran), answered];
               }"""
        )
        assert ran == [False, False]


@pytest.mark.parametrize(
    ("shape", "invert"),
    [((8, 8), True), ((64, 24), False), ((1, 60), True)],
    ids=str,
)
def test_images_of_any_shape_are_what_python_makes_of_the_drawing(
    tmp_path: Path, open_page: Open, shape: tuple[int, int], invert: bool
) -> None:
    rng = np.random.default_rng(6)
    n = shape[0] * shape[1]
    normalization = InputNormalization(rng.normal(0.2, 0.1, n), rng.uniform(0.5, 3, n))
    samples = SampleFormat(shape, DIGITS, normalization, Preparation("resize", invert=invert))
    layers = [*block(20, "tanh"), *block(10, "softmax")]
    network = Network(n, layers, rng=rng, input_scale=1 / 255, normalization=normalization)
    page = open_page(written(tmp_path, network, samples))
    page.put(*SEVEN)
    drawn = page.picture().astype(np.uint8)
    expected = resized_pixels(drawn, shape, invert=invert)
    assert np.ptp(expected) > 60
    assert page.page.evaluate("current.x") == pytest.approx(expected.ravel() / 255, abs=1e-9)
    outputs = network.predict(expected.reshape(1, -1))[0]
    assert page.scores() == pytest.approx(outputs, abs=CLOSE)
    assert page.best == DIGITS[int(outputs.argmax())]
    paper = page.page.locator("#paper").bounding_box()
    shown = page.page.locator("#input").bounding_box()
    for box in (paper, shown):
        ratio = min(max(shape[1] / shape[0], 1 / 8), 8)
        assert box["width"] / box["height"] == pytest.approx(ratio, rel=0.1)
        assert max(box["width"], box["height"]) < 440


def test_many_classes_have_bars_for_the_best(tmp_path: Path, open_page: Open) -> None:
    names = tuple(f"a class with a long name, number {i}" for i in range(200))
    network = Network(64, block(200, "softmax"), rng=np.random.default_rng(1), input_scale=1 / 255)
    samples = SampleFormat((8, 8), names, preparation=Preparation("resize", invert=True))
    page = open_page(written(tmp_path, network, samples))
    assert page.page.locator("#bars .name").all_inner_texts() == ["–"] * 12
    page.put(*SEVEN)
    best = np.argsort(-page.scores(), kind="stable")[:12]
    assert page.page.locator("#bars .name").all_inner_texts() == [names[k] for k in best]
    assert page.best == names[best[0]]
    assert page.page.get_by_text("The 12 with the most of 200 classes.").is_visible()
    assert page.page.evaluate("document.body.scrollWidth <= innerWidth")
