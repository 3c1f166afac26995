"""What is measured on: clean pictures that nothing was trained or tuned on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from tests.engine.pictures import draw_scene, grey_of
from training.sources import held_out

Picture = NDArray[np.uint8]


def clean_pictures() -> dict[str, Picture]:
    """By name; the corpus' own are there only where the corpus is."""
    drawn = {"drawn": draw_scene(seed=11), "drawn_grey": grey_of(draw_scene(seed=12))}
    return drawn | held_out()


def psnr(truth: Picture, made: Picture) -> float:
    """dB, 99 for the same."""
    if np.array_equal(truth, made):
        return 99.0
    return min(float(peak_signal_noise_ratio(truth, made)), 99.0)


def psnr_inside(truth: Picture, made: Picture, mask: NDArray[np.bool_]) -> float:
    error = truth[mask].astype(np.float64) - made[mask]
    return float(10 * np.log10(255**2 / max(float(np.mean(error**2)), 1e-3)))


def ssim(truth: Picture, made: Picture) -> float:
    axis = 2 if truth.ndim == 3 else None
    return float(structural_similarity(truth, made, channel_axis=axis))
