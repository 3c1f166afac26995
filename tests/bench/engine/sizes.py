"""Time and memory of big scans, beside OpenCV's non-local means in the same run."""

# Prints the tables of the bench.
# ruff: noqa: T201
from __future__ import annotations

import subprocess
import sys

import numpy as np
from numpy.typing import NDArray
from skimage import data

from training.damage import Level, damage

BIG = """
import resource, sys, time
import cv2
import numpy as np
from jobs.engine import Settings, restore
from tests.bench.engine.sizes import big_scan
cv2.setNumThreads(1)
scan = big_scan(int(sys.argv[1]), sys.argv[2])
began = time.perf_counter()
restore(scan, Settings())
spent = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
means = 0.0
if sys.argv[3] == "means":
    began = time.perf_counter()
    cv2.fastNlMeansDenoisingColored(scan, None, 10, 10)
    means = time.perf_counter() - began
print(spent, peak, means)
"""


def big_scan(pixels: int, kind: str) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """A damaged colour scan of about so many pixels, put together from one tile."""
    tile = damage(np.asarray(data.astronaut()), Level.MEDIUM, seed=1).picture
    across = max(round((pixels / tile.shape[0] / tile.shape[1]) ** 0.5), 1)
    scan = np.empty((tile.shape[0] * across, tile.shape[1] * across, 3), kind)
    factor = 257 if scan.dtype == np.uint16 else 1
    for y in range(across):
        for x in range(across):
            place = np.s_[512 * y : 512 * y + 512, 512 * x : 512 * x + 512]
            scan[place] = tile.astype(scan.dtype) * factor
    return scan


def show() -> None:
    for megapixels, kind, peer in (
        (12, "uint8", "means"),
        (50, "uint8", ""),
        (50, "uint16", ""),
    ):
        command = [sys.executable, "-c", BIG, str(megapixels * 10**6), kind, peer]
        words = subprocess.run(
            command, capture_output=True, text=True, check=True
        ).stdout.split()
        spent, peak, means = (float(word) for word in words)
        beside = (
            f", {spent / means:.2f} times OpenCV's non-local means" if means else ""
        )
        print(
            f"{megapixels} MP {kind}: {spent / megapixels:.2f} s per MP{beside},"
            f" peak {peak / 1024:.0f} MB"
        )
