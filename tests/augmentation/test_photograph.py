from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from mnist_nn.augmentation import Augmentation, Augmenter
from mnist_nn.augmentation.photograph import add_noise, blur, grey_paper
from mnist_nn.data import Samples


def photographed(pictures: Any, **settings: Any) -> Any:
    """Pictures as augmentation makes them, (n, 28, 28)."""
    augmenter = Augmenter(Augmentation(**settings), np.random.default_rng(0))
    return augmenter(pictures).reshape(-1, 28, 28)


def pixels(digits: Samples) -> Any:
    return digits.x.reshape(-1, 28, 28).astype(int)


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.5])
def test_a_blur_is_a_gaussian(digits: Samples, sigma: float) -> None:
    pictures = digits.x[:50].reshape(-1, 28, 28)
    scipys = gaussian_filter(pictures.astype(float), (0, sigma, sigma), mode="constant", truncate=3)
    assert np.abs(blur(pictures, np.full(50, sigma), sigma) - scipys).max() < 3


def test_a_blur_keeps_the_ink(digits: Samples) -> None:
    sharp = pixels(digits)[:1000]
    blurred = photographed(digits.x[:1000], blur=1.0).astype(int)
    assert blurred.sum() / sharp.sum() == pytest.approx(1, abs=0.01)
    before, after = (np.abs(np.diff(p, axis=2)).max((1, 2)) for p in (sharp, blurred))
    sharpness = np.percentile(after / before, [10, 50, 90])
    assert sharpness == pytest.approx([0.5, 0.75, 1], abs=0.15)  # some are blurred, some hardly


def test_paper_is_raised_and_full_ink_stays(digits: Samples) -> None:
    grey = photographed(digits.x, paper=0.4)
    paper = grey.min(axis=(1, 2))
    assert paper.max() <= 0.4 * 255
    assert np.percentile(paper, [10, 50, 90]) == pytest.approx([10, 51, 92], abs=4)
    assert (grey[pixels(digits) == 255] == 255).all()
    assert (grey >= pixels(digits)).all()


def test_paper_leaves_strokes_in_proportion(digits: Samples) -> None:
    pictures, level = digits.x[:50].reshape(-1, 28, 28), np.linspace(0, 0.9, 50)
    after = grey_paper(pictures, level)
    expected = 255 - (1 - level[:, None, None]) * (255 - pictures.astype(float))
    assert np.abs(after - expected).max() < 1.1


@pytest.mark.parametrize("deviation", [0.02, 0.1, 0.2])
def test_noise_has_the_standard_deviation_asked_for(deviation: float) -> None:
    half = np.full((400, 28, 28), 128, np.uint8)
    starts = np.random.default_rng(0).uniform(size=400)
    noise = add_noise(half, np.full(400, deviation), starts).astype(float) - 128
    assert noise.std() == pytest.approx(255 * deviation, rel=0.02)
    assert noise.mean() == pytest.approx(0, abs=0.02 * noise.std())
    near = (noise[:, :, 1:] * noise[:, :, :-1]).mean() / noise.var()
    assert near == pytest.approx(0, abs=0.02)


def test_noise_is_up_to_the_setting_and_differs_between_images() -> None:
    noise = photographed(np.full((1000, 784), 128, np.uint8), noise=0.2).astype(float) - 128
    deviations = noise.std(axis=(1, 2)) / 255
    assert np.percentile(deviations, [10, 50, 90]) == pytest.approx([0.02, 0.1, 0.18], abs=0.015)
    alike = np.corrcoef(noise[:50].reshape(50, -1)) - np.eye(50)
    assert np.abs(alike).max() < 0.2


def test_noise_on_paper_and_on_full_ink_stays_within_the_levels() -> None:
    for level in (0, 255):
        picture = np.full((1, 28, 28), level, np.uint8)
        noisy = add_noise(picture, np.array([0.9]), np.array([1.0])).astype(int)
        assert (noisy == level).mean() == pytest.approx(0.5, abs=0.07)
        assert np.abs(noisy - level).max() == 255
