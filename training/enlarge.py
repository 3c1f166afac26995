"""Trains the network that enlarges to twice the size.

    python -m training.enlarge

writes jobs/engine/weights/enlarge.onnx. The same seed and steps give the same file on
the same kind of machine.
"""

from __future__ import annotations

import logging

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training import scanning
from training.export import MADE, write_onnx
from training.learn import Stack, batches, learn, steady
from training.nets import Enlarger, enlarge_net, quick
from training.squares import Real, Squares, toned

SEED = 31
STEPS = 3000
BATCH = 12
SIZE = 96
RATE = 1.5e-3
POOL, FRESH = 3000, 1
GREY = np.array([0.299, 0.587, 0.114], np.float32)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    steady(SEED)
    squares = Squares(SEED, SIZE)

    def make() -> Stack:
        return sample(squares)

    def keep(net: Enlarger) -> None:
        write_onnx(net, MADE / "enlarge.onnx")

    MADE.mkdir(exist_ok=True)
    stream = batches(make, BATCH, SEED, POOL, fresh=FRESH, crop=SIZE)
    learn(quick(enlarge_net()), stream, cost, steps=STEPS, rate=RATE, keep=keep)


def sample(squares: Squares) -> Stack:
    """(size, size, 2): luminance, and half of it with every pixel four times."""
    random = squares.random
    clean = toned(squares.clean(drawn=0.15), random, grey=0.0)
    plane = np.clip(clean @ GREY, 0, 1)
    small = _smaller(plane, random)
    if random.random() < 0.4:
        small = scanning.grain(small, random.uniform(0.5, 5) / 255, random)
    pixels = scanning.to_pixels(small)
    if random.random() < 0.3:
        pixels = scanning.jpeg(small, int(random.integers(82, 99)))
    wide = pixels.repeat(2, axis=0).repeat(2, axis=1)
    return np.dstack([scanning.to_pixels(plane), wide])


def _smaller(plane: Real, random: np.random.Generator) -> Real:
    """Half the size, as cameras, scanners and programs make it."""
    kind = random.random()
    size = (plane.shape[1] // 2, plane.shape[0] // 2)
    if kind < 0.5:
        return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA))
    soft = scanning.blur(plane, random.uniform(0.3, 0.9))
    how = cv2.INTER_AREA if kind < 0.7 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(soft, size, interpolation=how))


def cost(net: Enlarger, batch: Tensor) -> Tensor:
    """Mean absolute error of what is added to the cubic interpolation."""
    values = batch.float() / 255
    truth, small = values[:, :1], values[:, 1:, ::2, ::2]
    big = functional.interpolate(small, scale_factor=2.0, mode="bicubic")
    made = net((small - 0.5).contiguous(memory_format=torch.channels_last))
    return (big + made.float() - truth).abs().mean()


if __name__ == "__main__":
    main()
