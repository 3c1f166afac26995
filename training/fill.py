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

from jobs.engine.contract import Mask
from jobs.engine.fill import rough, shown
from training import scanning
from training.export import MADE, write_onnx
from training.learn import Stack, batches, learn, steady
from training.nets import Mender, fill_net, quick
from training.squares import Squares, toned
from training.surface import Marks, hurt

SEED = 29
STEPS = 14000
BATCH = 10
CROP = 128
SIZE = 160
RATE = 1.2e-3
POOL, FRESH = 2000, 1
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
    whole, marked, mask = _scanned(squares)
    values = marked.astype(np.float32) / 255
    filled = rough(values, mask)
    hidden = squares.random.random() < HIDDEN
    seen = filled if hidden else shown(values, filled, mask)
    pixels = [scanning.to_pixels(picture) for picture in (filled, seen)]
    return np.dstack([whole, *pixels, mask])


def _scanned(squares: Squares) -> tuple[Stack, Stack, Mask]:
    random = squares.random
    picture = toned(squares.clean(drawn=0.2), random, grey=0.35)
    if random.random() < 0.35:
        picture = scanning.blur(picture, random.uniform(0.3, 1.0))
    sigma = random.uniform(0, 12) * random.random() / 255
    picture = scanning.grain(picture, sigma, random)
    unit = float(np.exp(random.uniform(np.log(0.7), np.log(2.4))))
    marked, mask = hurt(picture, _marks(random), random, unit=unit)
    truth = mask.astype(np.float32)
    whole = picture
    if random.random() < 0.6:
        factor = random.uniform(0.7, 1.0)
        whole, _ = scanning.rescan(picture, truth, factor)
        marked, truth = scanning.rescan(marked, truth, factor)
    side = 3 if random.random() < 0.8 else 5
    holes = ((truth > 0.5) * 255).astype(np.uint8)
    wide = cv2.dilate(holes, np.ones((side, side), np.uint8))
    scan = scanning.jpeg(marked, int(random.integers(78, 98)))
    return scanning.to_pixels(whole), scan, np.asarray(wide, np.uint8)


def _marks(random: np.random.Generator) -> Marks:
    def some(most: float) -> int:
        return int(random.poisson(most))

    return Marks(
        scratches=some(2),
        bundles=some(0.3),
        hairs=some(1.5),
        dust=some(9),
        creases=some(0.6),
        cracks=some(0.6),
        spots=1 + some(1.5),
        tears=some(0.2),
        faint=random.uniform(0, 0.4),
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
