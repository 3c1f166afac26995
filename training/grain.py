"""Trains the network that takes grain, colour noise and traces of JPEG away.

    python -m training.grain

writes jobs/engine/weights/grain.onnx. The same seed and steps give the same file on the
same kind of machine.
"""

from __future__ import annotations

import logging

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training import scanning
from training.export import MADE, write_onnx
from training.learn import Stack, batches, learn, steady
from training.nets import Mender, grain_net, quick
from training.squares import Squares, toned

Real = NDArray[np.floating]
Random = np.random.Generator

SEED = 23
STEPS, STOP = 9000, 7000
BATCH = 8
CROP = 96
SIZE = 128
RATE = 1.5e-3
POOL, FRESH = 2500, 2
# What is measured is never quite true.
DOUBT = 0.12
# How the factor of a tone is kept in a byte.
ONE = 64
SIDE = 8


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    steady(SEED)
    squares = Squares(SEED, SIZE)

    def make() -> Stack:
        return sample(squares)

    def keep(net: Mender) -> None:
        write_onnx(net, MADE / "grain.onnx")

    MADE.mkdir(exist_ok=True)
    stream = batches(make, BATCH, SEED, POOL, fresh=FRESH, crop=CROP)
    learn(
        quick(grain_net()), stream, cost, steps=STEPS, stop=STOP, rate=RATE, keep=keep
    )


def sample(squares: Squares) -> Stack:
    """(size, size, 7): clean RGB, RGB with grain, the factor of the tone."""
    random = squares.random
    clean = toned(squares.clean(), random, grey=0.3)
    if random.random() < 0.25:
        clean = scanning.blur(clean, random.uniform(0.3, 1.0))
    factor = _by_tone(clean, random)
    noisy = clean + grain_like(clean.shape[0], random, grey=_is_grey(clean)) * factor
    if random.random() < 0.35:
        noisy = scanning.jpeg(noisy, int(random.integers(55, 98))) / np.float32(255)
    pixels = [scanning.to_pixels(picture) for picture in (clean, noisy)]
    kept = np.clip(np.rint(factor * ONE), 0, 255).astype(np.uint8)
    return np.dstack([*pixels, kept])


def _is_grey(picture: Real) -> bool:
    return bool(np.ptp(picture, axis=2).max() < 1e-3)


def grain_like(size: int, random: Random, *, grey: bool) -> Real:
    """Grain (size, size, 3) that is white or soft, with little or much of colour."""
    sigma = np.exp(random.uniform(np.log(1.5), np.log(28))) / 255
    if random.random() < 0.08:
        sigma = 0.0
    kind = random.random()
    if grey:
        soft = 0.0 if kind < 0.4 else random.uniform(0.4, 1.3)
        return _field(size, soft, random) * np.float32(sigma) * np.ones(3, np.float32)
    if kind < 0.35:
        return random.standard_normal((size, size, 3), np.float32) * np.float32(sigma)
    luma = _field(size, random.uniform(0.4, 1.3), random)
    share = random.uniform(0, 0.7) if kind < 0.85 else random.uniform(0.7, 2)
    soft = 0.0 if random.random() < 0.4 else random.uniform(0.5, 3)
    colour = np.dstack([_field(size, soft, random)[..., 0] for _ in range(3)])
    return np.asarray((luma + np.float32(share) * colour) * np.float32(sigma))


def _field(size: int, soft: float, random: Random) -> Real:
    """(size, size, 1) of spread 1."""
    field = random.standard_normal((size, size), np.float32)
    if soft:
        field = np.asarray(cv2.GaussianBlur(field, (0, 0), soft), np.float32)
    return field[..., None] / np.float32(field.std())


def _by_tone(clean: Real, random: Random) -> Real:
    """(h, w, 1): how much more or less grain there is in what is as dark as this."""
    tone = clean @ np.array([0.299, 0.587, 0.114], np.float32)
    if random.random() < 0.5:
        return np.ones_like(tone)[..., None]
    points = np.exp(random.normal(0, 0.3, 4))
    factor = np.interp(tone, np.linspace(0, 1, 4), points / np.median(points))
    return np.asarray(np.clip(factor, 0.3, 3), np.float32)[..., None]


def cost(net: Mender, batch: Tensor) -> Tensor:
    """Mean absolute error."""
    values = batch.float() / 255
    clean, noisy = values[:, :3], values[:, 3:6]
    levels = grain_levels(noisy - clean)
    levels = levels * torch.exp(DOUBT * torch.randn(levels.shape))
    factor = values[:, 6:] * (255 / ONE)
    maps = levels[:, :, None, None] * torch.cat([factor.expand(-1, 2, -1, -1)] * 2, 1)
    maps[:, 2:] = levels[:, 2:, None, None]
    made = net(
        torch.cat([noisy - 0.5, GAIN * maps], 1).contiguous(
            memory_format=torch.channels_last
        )
    )
    return (noisy + made.float() - clean).abs().mean()


# So that usual grain is about as great as the picture.
GAIN = 8.0


def _cosines() -> Tensor:
    k, x = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    basis = torch.cos(torch.pi * (2 * x + 1) * k / (2 * SIDE)) * (2 / SIDE) ** 0.5
    basis[0] /= 2**0.5
    return torch.kron(basis, basis).float()


TRANSFORM = _cosines()
_ORDER = torch.arange(SIDE)[:, None] + torch.arange(SIDE)[None]
FINE = (_ORDER >= 4).flatten()
COARSE = ((_ORDER > 0) & (_ORDER < 4)).flatten()


def grain_levels(noise: Tensor) -> Tensor:
    """(n, 3, h, w) to (n, 4): luminance fine and coarse, colour fine and coarse, as
    `jobs/engine/noise.py` measures them."""
    red, green, blue = noise.unbind(1)
    y = 0.299 * red + 0.587 * green + 0.114 * blue
    planes = torch.stack([y, (blue - y) / 1.772, (red - y) / 1.402], 1)
    n, c, h, w = planes.shape
    blocks = planes.reshape(n, c, h // SIDE, SIDE, w // SIDE, SIDE)
    blocks = blocks.permute(0, 1, 2, 4, 3, 5).reshape(n, c, -1, SIDE * SIDE)
    spread = (blocks @ TRANSFORM.T).abs().median(2).values / 0.6745
    power = spread.square()
    luma = [power[:, 0, part].mean(1) for part in (FINE, COARSE)]
    colour = [power[:, 1:, part].mean((1, 2)) for part in (FINE, COARSE)]
    return torch.stack(luma + colour, 1).sqrt()


if __name__ == "__main__":
    main()
