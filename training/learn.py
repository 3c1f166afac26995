"""What the trainings share: a pool of samples, the steps, the averaged weights."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

logger = logging.getLogger(__name__)

Stack = NDArray[np.uint8]
AnyNet = TypeVar("AnyNet", bound=nn.Module)
# A sample is used about as often as batches fit between its making and its end.
POOL = 3000
FRESH = 2
CROP = 160
TOLD = 100
KEPT = 250
AVERAGED = 0.998


def steady(seed: int) -> None:
    """One thread, so that the same seed gives the same weights."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.use_deterministic_algorithms(True)


def batches(
    make: Callable[[], Stack],
    size: int,
    seed: int,
    pool: int = POOL,
    *,
    fresh: float = FRESH,
    crop: int = CROP,
) -> Iterator[Stack]:
    """Batches (size, crop, crop, c), cut and turned at random, from a pool that renews."""
    random = np.random.default_rng(seed)
    held = [make() for _ in range(pool)]
    logger.info("pool of %s samples is there", pool)
    oldest, due = 0, 0.0
    while True:
        due += fresh
        while due >= 1:
            held[oldest] = make()
            oldest, due = (oldest + 1) % pool, due - 1
        chosen = random.integers(0, pool, size)
        yield np.stack([_part(held[number], crop, random) for number in chosen])


def _part(sample: Stack, crop: int, random: np.random.Generator) -> Stack:
    y, x = (int(v) for v in random.integers(0, sample.shape[0] - crop + 1, 2))
    part = np.rot90(sample[y : y + crop, x : x + crop], int(random.integers(4)))
    part = part[:, ::-1] if random.random() < 0.5 else part
    return np.asarray(part, np.uint8)


def learn(
    net: AnyNet,
    stream: Iterator[Stack],
    loss: Callable[[AnyNet, Tensor], Tensor],
    *,
    steps: int,
    stop: int | None = None,
    rate: float,
    keep: Callable[[AnyNet], None],
) -> AnyNet:
    """The averaged network after training with a rate that rises and falls.

    The rate has fallen to nearly nothing after `steps`; `stop` ends before that.
    """
    best = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=1e-4)
    plan = torch.optim.lr_scheduler.OneCycleLR(
        best, rate, total_steps=steps, pct_start=0.06, final_div_factor=100
    )
    mean = copy.deepcopy(net)
    told = 0.0
    for step in range(1, (stop or steps) + 1):
        batch = torch.from_numpy(next(stream)).permute(0, 3, 1, 2)
        with torch.autocast("cpu", torch.bfloat16):
            cost = loss(net, batch.to(memory_format=torch.channels_last))
        best.zero_grad(set_to_none=True)
        cost.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        best.step()
        plan.step()
        _follow(mean, net, min(AVERAGED, step / (step + 20)))
        told += float(cost.detach())
        if step % TOLD == 0:
            logger.info("step %s of %s: loss %.4f", step, steps, told / TOLD)
            told = 0.0
        if step % KEPT == 0:
            keep(mean)
    keep(mean)
    return mean


def _follow(mean: nn.Module, net: nn.Module, share: float) -> None:
    with torch.no_grad():
        for old, new in zip(
            mean.state_dict().values(), net.state_dict().values(), strict=True
        ):
            if old.is_floating_point():
                old.lerp_(new, 1 - share)
            else:
                old.copy_(new)
