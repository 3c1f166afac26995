"""What others do, each by its own library or program; absent ones are left out."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from skimage.restoration import denoise_nl_means, inpaint_biharmonic

from tests.bench.engine.pictures import Picture

Mask = NDArray[np.uint8]


def nothing(picture: Picture) -> Picture:
    return picture


def autocontrast(picture: Picture) -> Picture:
    return np.asarray(ImageOps.autocontrast(Image.fromarray(picture), cutoff=0.5))


def magick_normalize(picture: Picture) -> Picture:
    """ImageMagick's -normalize, each channel for itself."""
    return _by_program(["convert", "{in}", "-channel", "RGB", "-normalize"], picture)


def has_magick() -> bool:
    return shutil.which("convert") is not None


def has_gmic() -> bool:
    return shutil.which("gmic") is not None


def gmic_fill(picture: Picture, mask: Mask) -> Picture:
    """G'MIC's patch match."""
    with tempfile.TemporaryDirectory() as folder:
        holes = Path(folder) / "holes.png"
        cv2.imwrite(str(holes), mask)
        words = ["gmic", "{in}", str(holes), "inpaint_matchpatch[0]", "[1]", "rm[1]"]
        return _by_program([*words, "-o"], picture)


def _by_program(command: list[str], picture: Picture) -> Picture:
    with tempfile.TemporaryDirectory() as folder:
        scan, made = Path(folder) / "scan.png", Path(folder) / "made.png"
        Image.fromarray(picture).save(scan)
        words = [str(scan) if word == "{in}" else word for word in command]
        subprocess.run([*words, str(made)], check=True, capture_output=True)
        mode = "L" if picture.ndim == 2 else "RGB"
        return np.asarray(Image.open(made).convert(mode))


def biharmonic_fill(picture: Picture, mask: Mask) -> Picture:
    axis = 2 if picture.ndim == 3 else None
    filled = inpaint_biharmonic(
        picture, mask > 0, split_into_regions=True, channel_axis=axis
    )
    return np.asarray(np.rint(np.clip(filled, 0, 1) * 255), np.uint8)


def has_fsr() -> bool:
    return _xphoto() is not None


def _xphoto() -> Any:
    """Only some builds of OpenCV have it."""
    return getattr(cv2, "xphoto", None)


def fsr_fill(picture: Picture, mask: Mask) -> Picture:
    """Frequency selective reconstruction, where OpenCV was built with it."""
    made = np.zeros_like(picture)
    photo, known = _xphoto(), np.where(mask > 0, 0, 255).astype(np.uint8)
    photo.inpaint(picture, known, made, photo.INPAINT_FSR_FAST)
    return made


def lanczos(picture: Picture, factor: int) -> Picture:
    size = (picture.shape[1] * factor, picture.shape[0] * factor)
    made = cv2.resize(picture, size, interpolation=cv2.INTER_LANCZOS4)
    return np.asarray(made, np.uint8)


def cubic(picture: Picture, factor: int) -> Picture:
    size = (picture.shape[1] * factor, picture.shape[0] * factor)
    return np.asarray(
        cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), np.uint8
    )


def telea_fill(picture: Picture, mask: Mask) -> Picture:
    return np.asarray(cv2.inpaint(picture, mask, 3, cv2.INPAINT_TELEA), np.uint8)


def skimage_means(picture: Picture) -> Picture:
    """Non-local means with the settings of scikit-image's own example."""
    axis = 2 if picture.ndim == 3 else None
    plane = picture.astype(np.float32) / 255
    sigma = _noise_of(plane)
    made = denoise_nl_means(
        plane,
        h=0.6 * sigma,
        sigma=sigma,
        fast_mode=True,
        patch_size=5,
        patch_distance=6,
        channel_axis=axis,
    )
    return np.asarray(np.rint(np.clip(made, 0, 1) * 255), np.uint8)


def _noise_of(plane: NDArray[np.floating]) -> float:
    """Immerkaer, "Fast noise variance estimation", 1996, with a median for the mean."""
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    return float(np.median(np.abs(cv2.filter2D(plane, -1, mask))) / 0.6745 / 6)


def opencv_means(picture: Picture) -> Picture:
    if picture.ndim == 2:
        return np.asarray(cv2.fastNlMeansDenoising(picture, None, 10), np.uint8)
    return np.asarray(cv2.fastNlMeansDenoisingColored(picture, None, 10, 10), np.uint8)


def top_hat(picture: Picture) -> Mask:
    """What is thinner than nine pixels and stands out from the unrest around.

    Its factor, and that of the median difference, were chosen in their favour.
    """
    grey = _grey(picture)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    light, dark = (
        cv2.morphologyEx(grey, kind, disc).astype(np.float32)
        for kind in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT)
    )
    return _standing_out(np.maximum(light, dark), light + dark, 1.5)


def median_difference(picture: Picture) -> Mask:
    """What differs from the median of 9x9 pixels more than is usual around."""
    grey = _grey(picture)
    away = cv2.absdiff(grey, cv2.medianBlur(grey, 9)).astype(np.float32)
    return _standing_out(away, away, 2.5)


def magick_threshold(picture: Picture) -> Mask:
    """ImageMagick's difference from the median, its local adaptive threshold on it."""
    median = ["(", "+clone", "-statistic", "Median", "9x9", ")"]
    apart = ["-compose", "Difference", "-composite", "-lat", "41x41+6%"]
    words = ["convert", "{in}", "-colorspace", "Gray", *median, *apart]
    made = _by_program(words, picture)
    plane = made if made.ndim == 2 else made[:, :, 0]
    return np.asarray((plane > 127) * 255, np.uint8)


def _standing_out(
    height: NDArray[np.floating], unrest: NDArray[np.floating], factor: float
) -> Mask:
    usual = cv2.blur(unrest, (41, 41))
    return np.asarray((height > 6 + factor * usual) * 255, np.uint8)


def _grey(picture: Picture) -> Picture:
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return np.asarray(grey, np.uint8)


def peer_chain(picture: Picture) -> Picture:
    """What can be put together from libraries and does least harm: no mask at all."""
    return autocontrast(skimage_means(picture))


def plain_chain(picture: Picture) -> Picture:
    """What a first search would put together: top-hat, Telea, means, CLAHE."""
    grey = _grey(picture)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    hat = cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, disc)
    filled = opencv_means(telea_fill(picture, ((hat > 40) * 255).astype(np.uint8)))
    stretch = cv2.createCLAHE(2.0, (8, 8))
    if filled.ndim == 2:
        return np.asarray(stretch.apply(filled), np.uint8)
    lab = cv2.cvtColor(filled, cv2.COLOR_RGB2LAB)
    lab[:, :, 0] = stretch.apply(lab[:, :, 0])
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)
