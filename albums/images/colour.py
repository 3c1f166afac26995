"""To sRGB, by the picture's own colour profile where it has a usable one."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

Pixels = NDArray[Any]
Convert = Callable[[Image.Image], Image.Image]

# Which profiles (ICC.1 7.2.6) fit which pixels; any other pairing is a mistake.
SPACES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab ": "LAB"}
CREATION_DATE = slice(24, 36)


@dataclass(frozen=True)
class Colours:
    """How stored values become sRGB; `convert` is None where they are sRGB already."""

    convert: Convert | None

    def shallow(self, image: Image.Image) -> Image.Image:
        return self.convert(image) if self.convert else image

    def pixels(self, pixels: Pixels) -> Pixels:
        """uint8 (h,w) or (h,w,3) in stored values to the same in sRGB."""
        if self.convert is None:
            return pixels
        return np.asarray(self.convert(Image.fromarray(pixels)))

    def deep(self, pixels: Pixels) -> Pixels:
        """uint16 likewise. The colour engine at hand knows 8 bits only, so the two 8-bit
        neighbours of each value are converted and what lies between is interpolated."""
        if self.convert is None:
            return pixels
        below = (pixels // 257).astype(np.uint8)
        above = np.minimum(below, 254) + np.uint8(1)
        rest = (pixels - below.astype(np.uint16) * 257).astype(np.float32)
        first = self.pixels(below).astype(np.float32)
        second = self.pixels(above).astype(np.float32)
        mixed = first * 257 + (second - first) * rest
        return np.rint(mixed).clip(0, 65535).astype(np.uint16)


def colours_of(image: Image.Image, mode: str) -> Colours:
    """For pixels of `mode` (RGB, L, CMYK or LAB) with this image's profile."""
    profile = _profile(image.info.get("icc_profile"))
    if profile and SPACES.get(profile.profile.xcolor_space) == mode:
        if mode == "RGB" and _is_srgb(profile):
            return Colours(None)
        converter = _converter(profile, mode)
        if converter:
            return Colours(converter)
    return Colours(_default(mode))


def _profile(icc: object) -> ImageCms.ImageCmsProfile | None:
    if not isinstance(icc, bytes):
        return None
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(icc))
    except (OSError, ImageCms.PyCMSError):
        return None


def _is_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    return (profile.profile.profile_description or "").startswith("sRGB")


def _converter(profile: ImageCms.ImageCmsProfile, mode: str) -> Convert | None:
    try:
        transform = ImageCms.buildTransform(
            profile,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        if mode == "L":
            return _grey_converter(transform)
    except ImageCms.PyCMSError:
        return None

    def convert(image: Image.Image) -> Image.Image:
        converted = ImageCms.applyTransform(image, transform)
        assert converted is not None  # noqa: S101 - None only when done in place
        return converted

    return convert


def _grey_converter(transform: ImageCms.ImageCmsTransform) -> Convert:
    """Grey stays grey: all 256 tones are converted once."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[np.newaxis])
    converted = ImageCms.applyTransform(ramp, transform)
    tones = np.asarray(converted)[0, :, 1].tolist()
    return lambda image: image.point(tones)


def _default(mode: str) -> Convert | None:
    if mode == "CMYK":
        return lambda image: image.convert("RGB")
    if mode == "LAB":
        lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        return _converter(lab, mode)
    return None


@cache
def srgb_tag() -> bytes:
    """A small sRGB profile for files that leave us, the same bytes every day."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    tag = bytearray(profile.tobytes())
    tag[CREATION_DATE] = bytes(12)
    return bytes(tag)
