"""Grey planes as coloured, partly transparent pictures to be laid over a photo, and
what people drew over one as a mask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[Any]
# Value, then red, green, blue and how opaque, 0..255; between them in a straight line.
# From light to dark, so that nobody has to tell colours apart.
RAMPS = {
    "changes": (
        (0, 255, 214, 79, 0),
        (5, 255, 214, 79, 0),
        (10, 255, 214, 79, 130),
        (32, 244, 124, 40, 190),
        (80, 196, 24, 74, 220),
        (150, 104, 8, 104, 235),
        (255, 70, 4, 92, 240),
    ),
    "marks": (
        (0, 255, 32, 96, 0),
        (127, 255, 32, 96, 0),
        (128, 255, 32, 96, 255),
        (255, 255, 32, 96, 255),
    ),
}
MARKED = 128


def write_tinted(pixels: Pixels, layer: int, ramp: str, path: Path) -> None:
    """A PNG with a palette of one channel of (h, w) or (h, w, 3) uint8."""
    plane = pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[:, :, layer])
    stops = np.array(RAMPS[ramp], np.float64)
    values = np.arange(256)
    table = [np.interp(values, stops[:, 0], stops[:, n]) for n in range(1, 5)]
    colours = np.rint(np.stack(table, axis=1)).astype(np.uint8)
    image = Image.fromarray(plane).convert("L")
    tinted = Image.frombytes("P", image.size, image.tobytes())
    tinted.putpalette(colours[:, :3].tobytes())
    tinted.save(path, "PNG", transparency=colours[:, 3].tobytes(), optimize=False)


def as_mask(pixels: Pixels) -> Pixels:
    """(h, w) uint8, 255 where the mean of the channels is light, else 0."""
    grey = pixels if pixels.ndim == 2 else pixels.mean(axis=2)
    return np.where(grey >= MARKED, 255, 0).astype(np.uint8)
