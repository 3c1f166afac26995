"""Trains the network that finds damage.

    python -m training.marks [--start FILE] [--steps N] [--stop N] [--rate R] [--seed N]

writes jobs/engine/weights/marks.onnx. It goes on from FILE, an ONNX file of a narrower
or equal network of the same shape; without it, it begins from nothing. The rate has
fallen to nearly nothing after all steps. The same wishes give the same file on the same
kind of machine. Those of the network that ships stand in the Makefile.
"""

from __future__ import annotations

import argparse
import logging
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

BATCH = 12
# Neither damaged nor sound.
UNSURE = 128
POOL, FRESH = 1000, 1
MADE = Path(__file__).resolve().parents[1] / "jobs" / "engine" / "weights"


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    wishes = _wishes()
    steady(wishes.seed)
    samples = Samples(wishes.seed)

    def make() -> Stack:
        hurt = samples.damaged()
        truth = np.where(hurt.unsure > 0, np.uint8(UNSURE), hurt.mask)
        return np.dstack([hurt.picture, truth])

    def keep(net: Net) -> None:
        write_onnx(net, MADE / "marks.onnx", squash=True)

    MADE.mkdir(exist_ok=True)
    stream = batches(make, BATCH, wishes.seed, POOL, fresh=FRESH)
    net = marks_net()
    if wishes.start:
        resume(net, wishes.start, _inputs(next(stream)))
    learn(
        quick(net),
        stream,
        cost,
        steps=wishes.steps,
        stop=wishes.stop,
        rate=wishes.rate,
        keep=keep,
    )


def _wishes() -> argparse.Namespace:
    asked = argparse.ArgumentParser()
    asked.add_argument("--start", type=Path)
    asked.add_argument("--steps", type=int, default=18000)
    asked.add_argument("--stop", type=int)
    asked.add_argument("--rate", type=float, default=2e-3)
    asked.add_argument("--seed", type=int, default=23)
    return asked.parse_args()


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
