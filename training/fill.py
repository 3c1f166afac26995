"""Trains the network that fills holes.

    python -m training.fill

writes jobs/engine/weights/fill.onnx. The same seed and steps give the same file on the
same kind of machine.
"""

from __future__ import annotations

import logging

import cv2
import numpy as np
import torch
from torch import Tensor

from jobs.engine.fill import rough, shown
from training import damage, scanning
from training.export import MADE, write_onnx
from training.fading import Fading
from training.learn import Stack, batches, learn, steady
from training.nets import Mender, fill_net, quick
from training.squares import Squares, toned
from training.surface import Marks

SEED = 29
STEPS = 5000
BATCH = 6
CROP = 96
SIZE = 128
RATE = 1.5e-3
POOL, FRESH = 900, 0.25
# The share of the holes of which nothing may be seen.
HIDDEN = 0.25
# What is far off counts for more than in a mean of absolute errors alone.
SQUARES, SLOPES = 6.0, 0.5


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    steady(SEED)
    squares = Squares(SEED, SIZE)

    def make() -> Stack:
        return sample(squares)

    def keep(net: Mender) -> None:
        write_onnx(net, MADE / "fill.onnx")

    MADE.mkdir(exist_ok=True)
    stream = batches(make, BATCH, SEED, POOL, fresh=FRESH, crop=CROP)
    learn(quick(fill_net()), stream, cost, steps=STEPS, rate=RATE, keep=keep)


def sample(squares: Squares) -> Stack:
    """(size, size, 10): the scan unhurt, roughly filled, as it may be seen, the mask."""
    random = squares.random
    clean = toned(squares.clean(drawn=0.2), random, grey=0.35)
    unit = float(np.exp(random.uniform(np.log(0.6), np.log(2.4))))
    made = damage.apply(
        scanning.to_pixels(clean), _dose(random), Fading.NONE, random, unit=unit
    )
    side = 3 if random.random() < 0.8 else 5
    mask = np.asarray(cv2.dilate(made.mask, np.ones((side, side), np.uint8)), np.uint8)
    values = np.asarray(made.picture / np.float32(255), np.float32)
    filled = rough(values, mask)
    seen = filled if random.random() < HIDDEN else shown(values, filled, mask)
    pixels = [scanning.to_pixels(picture) for picture in (filled, seen)]
    return np.dstack([made.whole, *pixels, mask])


def _dose(random: np.random.Generator) -> damage.Dose:
    """Enough marks for a small square, on a print that is otherwise sound."""

    def some(most: float) -> int:
        return int(random.poisson(most))

    marks = Marks(
        scratches=some(2),
        bundles=some(0.3),
        hairs=some(1.5),
        dust=some(9),
        creases=some(0.5),
        cracks=some(0.6),
        craquelure=some(0.05),
        flakes=some(1),
        spots=some(1.5),
        tears=some(0.15),
        rips=some(0.15),
        faint=random.uniform(0, 0.4),
    )
    return damage.Dose(
        marks=marks,
        fading=0.0,
        cast=0.0,
        uneven=0.0,
        stains=0,
        grain=random.uniform(0, 12) * random.random(),
        blur=random.uniform(0, 1.0) * (random.random() < 0.4),
        rescan=random.uniform(0.7, 1.0) if random.random() < 0.6 else 1.0,
        quality=int(random.integers(78, 98)),
        sharpened=random.uniform(0.2, 1.2) if random.random() < 0.15 else 0.0,
    )


def cost(net: Mender, batch: Tensor) -> Tensor:
    """Errors of the filled pixels, and of the steps between them."""
    values = batch.float() / 255
    whole, filled, seen, mask = values.split([3, 3, 3, 1], 1)
    stack = torch.cat([filled - 0.5, seen - 0.5, mask], 1)
    added = net(stack.contiguous(memory_format=torch.channels_last)).float() * mask
    error = filled + added - whole
    error = error * mask
    count = mask.sum() * 3 + 1
    each = (error.abs() + SQUARES * error.square()).sum() / count
    across = (error[..., 1:] - error[..., :-1]).abs().sum()
    down = (error[..., 1:, :] - error[..., :-1, :]).abs().sum()
    return each + SLOPES * (across + down) / (2 * count)


if __name__ == "__main__":
    main()
