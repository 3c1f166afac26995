"""Trains the network that finds damage.

    python -m training.marks

writes jobs/engine/weights/marks.onnx. The same seed and steps give the same file on the
same kind of machine.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.export import write_onnx
from training.learn import Stack, batches, learn, steady
from training.nets import Net, marks_net, quick
from training.samples import Samples

SEED = 19
STEPS, STOP = 12000, 10000
BATCH = 12
RATE = 2e-3
MADE = Path(__file__).resolve().parents[1] / "jobs" / "engine" / "weights"


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    steady(SEED)
    samples = Samples(SEED)

    def make() -> Stack:
        hurt = samples.damaged()
        return np.dstack([hurt.picture, hurt.mask])

    def keep(net: Net) -> None:
        write_onnx(net, MADE / "marks.onnx", squash=True)

    MADE.mkdir(exist_ok=True)
    stream = batches(make, BATCH, SEED)
    net = quick(marks_net())
    learn(net, stream, cost, steps=STEPS, stop=STOP, rate=RATE, keep=keep)


def cost(net: Net, batch: Tensor) -> Tensor:
    """Entropy of each pixel, and the overlap of the whole (Dice)."""
    logits = net(batch[:, :3].float() / 255 - 0.5).float()
    truth = batch[:, 3:].float() / 255
    each = functional.binary_cross_entropy_with_logits(logits, truth)
    likely = torch.sigmoid(logits)
    overlap = (2 * (likely * truth).sum() + 1) / (likely.sum() + truth.sum() + 1)
    return each + 0.25 * (1 - overlap)


if __name__ == "__main__":
    main()
