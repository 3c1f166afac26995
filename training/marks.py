"""Trains the network that finds damage.

    python -m training.marks [START]

writes jobs/engine/weights/marks.onnx. It goes on from START, an ONNX file of a narrower
or equal network of the same shape; without it, from nothing and for longer. The same
seed, steps and start give the same file on the same kind of machine.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.export import write_onnx
from training.learn import Stack, batches, learn, steady
from training.nets import Net, marks_net, quick
from training.resume import resume
from training.samples import Samples

SEED = 23
STEPS, STEPS_ON = 18000, 6500
BATCH = 12
# Neither damaged nor sound.
UNSURE = 128
RATE, RATE_ON = 2e-3, 1.5e-3
FRESH = 1
MADE = Path(__file__).resolve().parents[1] / "jobs" / "engine" / "weights"


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    steady(SEED)
    samples = Samples(SEED)

    def make() -> Stack:
        hurt = samples.damaged()
        truth = np.where(hurt.unsure > 0, np.uint8(UNSURE), hurt.mask)
        return np.dstack([hurt.picture, truth])

    def keep(net: Net) -> None:
        write_onnx(net, MADE / "marks.onnx", squash=True)

    MADE.mkdir(exist_ok=True)
    stream = batches(make, BATCH, SEED, fresh=FRESH)
    net = marks_net()
    steps, rate = STEPS, RATE
    if len(sys.argv) > 1:
        resume(net, Path(sys.argv[1]), _inputs(next(stream)))
        steps, rate = STEPS_ON, RATE_ON
    learn(quick(net), stream, cost, steps=steps, rate=rate, keep=keep)


def _inputs(batch: Stack) -> Tensor:
    """What the network is given of (n, h, w, 4)."""
    return torch.from_numpy(batch).permute(0, 3, 1, 2)[:, :3].float() / 255 - 0.5


def cost(net: Net, batch: Tensor) -> Tensor:
    """Entropy of each pixel, and the overlap of the whole (Dice); not where unsure."""
    logits = net(batch[:, :3].float() / 255 - 0.5).float()
    marked = batch[:, 3:]
    truth, counts = (marked == 255).float(), (marked != UNSURE).float()
    each = functional.binary_cross_entropy_with_logits(logits, truth, counts)
    likely, truth = torch.sigmoid(logits) * counts, truth * counts
    overlap = (2 * (likely * truth).sum() + 1) / (likely.sum() + truth.sum() + 1)
    return each + 0.4 * (1 - overlap)


if __name__ == "__main__":
    main()
