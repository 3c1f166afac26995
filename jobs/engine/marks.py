"""What a candidate for a scratch looks like, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from jobs.engine.contract import Mask, Plane

Numbers = NDArray[np.float64]

AROUND = 41
CLOSE = 17
SPECK = 6
RIM = 0.025
FEATURES = (
    "ratio",  # log of the mean height over the unrest around
    "peak",  # log of the greatest
    "height",  # mean height over the background, 0..1
    "beyond",  # how far lighter than anything near that is not thin, -1..1
    "area",  # log of the pixels
    "length",  # log of the length
    "width",  # log of the greatest width
    "thin",  # log of length over width
    "straight",  # log of the axes of the ellipse of the same moments
    "clutter",  # share of other candidates around
    "unrest",  # mean of what a mark must stand out from
    "value",  # mean lightness, 0..1
    "solid",  # area over that of the ellipse's box
    "company",  # log of the others, bigger than specks, that begin within 41 pixels
    "crowd",  # the same within 17 pixels, where the next letter of a word is
    "colour",  # mean chroma less that of what is around: the paper has none
    "rim",  # share that lies in the outer 2.5 per cent, where prints end
)


@dataclass(frozen=True)
class Marks:
    """Connected candidates of one polarity.

    `labels` (h, w): the row of `features` (n, 17) at each pixel, -1 for none. `boxes`
    (n, 4): left, top, width, height. `uneven` (n): spread of the width along a mark
    over its mean, near 0 for what was drawn with a ruler.
    """

    labels: NDArray[np.int32]
    features: Numbers
    boxes: Numbers
    uneven: Numbers


def measure_marks(
    grey: Plane, hat: Plane, unrest: Plane, chroma: Plane, candidates: Mask
) -> Marks:
    """Features of the connected candidates (h, w; 0 or 1) in planes of 0..1.

    Marks are bright here; for dark ones give the inverted picture and its hat.
    """
    found = cv2.connectedComponentsWithStats(candidates, connectivity=8)
    count, labels = found[0], np.asarray(found[1], np.int32) - 1
    boxes = found[2][1:, :4].astype(np.float64)
    if count == 1:
        return Marks(labels, np.zeros((0, len(FEATURES))), boxes, np.zeros(0))
    inside = np.flatnonzero(labels.ravel() >= 0)
    regions = _Regions(labels.ravel()[inside], inside, count - 1)
    ratio = hat / unrest
    near = cv2.dilate(grey - hat, _disc(21))
    depth = np.asarray(cv2.distanceTransform(candidates, cv2.DIST_L2, 3), np.float32)
    width = 2 * regions.most(depth)
    major, minor = regions.axes(grey.shape[1])
    length = np.maximum(regions.area / np.maximum(width * 0.6, 1), major)
    density = np.asarray(
        cv2.blur(candidates.astype(np.float32), (AROUND, AROUND)), np.float32
    )
    own = regions.area * np.minimum(AROUND / np.maximum(length, 1), 1) / AROUND**2
    columns = [
        np.log(regions.mean(ratio)),
        np.log(regions.most(ratio)),
        regions.mean(hat),
        regions.mean(grey - near),
        np.log(regions.area),
        np.log(length),
        np.log(width),
        np.log(length / width),
        np.log(major / np.maximum(minor, 1)),
        regions.mean(density) - own,
        regions.mean(unrest),
        regions.mean(grey),
        regions.area / np.maximum(major * minor, 1),
        regions.company(labels.shape, AROUND),
        regions.company(labels.shape, CLOSE),
        regions.mean(
            np.asarray(chroma - cv2.blur(chroma, (AROUND, AROUND)), np.float32)
        ),
        regions.mean(_rim(grey.shape)),
    ]
    return Marks(labels, np.stack(columns, axis=1), boxes, regions.uneven(depth))


def _rim(shape: tuple[int, ...]) -> Plane:
    rim = np.ones(shape, np.float32)
    down, across = int(RIM * shape[0]), int(RIM * shape[1])
    rim[down : shape[0] - down, across : shape[1] - across] = 0
    return rim


def _disc(size: int) -> Mask:
    shape = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(shape, np.uint8)


class _Regions:
    """Sums over the pixels `inside`, each of region `of`, for `count` regions."""

    def __init__(
        self, of: NDArray[np.int32], inside: NDArray[np.intp], count: int
    ) -> None:
        self.of, self.inside, self.count = of, inside, count
        self.area = np.bincount(of, minlength=count).astype(np.float64)

    def mean(self, plane: NDArray[np.float32]) -> Numbers:
        return self._mean(plane.ravel()[self.inside])

    def most(self, plane: NDArray[np.float32]) -> Numbers:
        result = np.zeros(self.count)
        np.maximum.at(result, self.of, plane.ravel()[self.inside])
        return result

    def axes(self, width: int) -> tuple[Numbers, Numbers]:
        """Long and short side of the rectangle with the same second moments."""
        y, x = (part.astype(np.float64) for part in np.divmod(self.inside, width))
        y, x = y - self._mean(y)[self.of], x - self._mean(x)[self.of]
        yy, xx, xy = (
            self._mean(y * y) + 1 / 12,
            self._mean(x * x) + 1 / 12,
            self._mean(x * y),
        )
        root = np.sqrt((yy - xx) ** 2 + 4 * xy**2)
        return np.sqrt(6 * (yy + xx + root)), np.sqrt(
            6 * np.maximum(yy + xx - root, 1e-9)
        )

    def uneven(self, depth: Plane) -> Numbers:
        """Spread over mean of the distance to the rim, along the middle lines."""
        values = depth.ravel()[self.inside].astype(np.float64)
        highest = cv2.dilate(depth, np.ones((3, 3), np.uint8)).ravel()[self.inside]
        middle = (values >= highest - 1e-3).astype(np.float64)
        count = np.maximum(np.bincount(self.of, middle, self.count), 1)
        mean = np.bincount(self.of, middle * values, self.count) / count
        square = np.bincount(self.of, middle * values**2, self.count) / count
        spread = np.sqrt(np.maximum(square - mean**2, 0))
        return np.asarray(spread / np.maximum(mean, 1e-6))

    def company(self, shape: tuple[int, ...], around: int) -> Numbers:
        """Log of one more than the other regions with a middle in the box around."""
        y, x = (
            self._mean(part.astype(np.float64))
            for part in np.divmod(self.inside, shape[1])
        )
        place = np.rint(y).astype(int), np.rint(x).astype(int)
        big = self.area > SPECK
        middles = np.zeros(shape, np.float32)
        np.add.at(middles, (place[0][big], place[1][big]), 1)
        sums = cv2.boxFilter(
            middles,
            -1,
            (around, around),
            normalize=False,
            borderType=cv2.BORDER_CONSTANT,
        )
        return np.asarray(np.log1p(np.maximum(sums[place] - big, 0)), np.float64)

    def _mean(self, values: NDArray[np.floating]) -> Numbers:
        return np.asarray(np.bincount(self.of, values, self.count) / self.area)
