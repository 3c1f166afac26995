"""The networks, small enough for one core."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

AnyNet = TypeVar("AnyNet", bound=nn.Module)


class Pair(nn.Module):
    """Two 3x3 convolutions with what they need to learn quickly."""

    def __init__(self, come: int, go: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(come, go, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(go)
        self.second = nn.Conv2d(go, go, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(go)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(self.second_norm(self.second(x)))


class Net(nn.Module):
    """A U-Net (Ronneberger et al., 2015) that works from half the size on.

    (n, come, h, w) to (n, go, h, w), h and w multiples of 2 to the number of widths.
    The first convolution takes two pixels in each direction at once, and the last gives
    four values for each place; skips are added, not stacked. That costs a quarter of
    what the same network at full size would.
    """

    def __init__(self, come: int, go: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.stem = nn.Conv2d(come, widths[0], 4, stride=2, padding=1)
        pairs = zip((widths[0], *widths), widths, strict=False)
        self.down = nn.ModuleList(Pair(before, width) for before, width in pairs)
        steps = list(zip(widths[1:], widths[:-1], strict=True))[::-1]
        self.narrow = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in steps)
        self.up = nn.ModuleList(Pair(b, b) for _, b in steps)
        self.last = nn.Conv2d(widths[0], 4 * go, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.stem(x))
        kept = []
        for number, pair in enumerate(self.down):
            if number:
                x = functional.max_pool2d(x, 2)
            x = pair(x)
            kept.append(x)
        for narrow, pair, skip in zip(self.narrow, self.up, kept[-2::-1], strict=True):
            x = functional.interpolate(narrow(x), scale_factor=2.0, mode="nearest")
            x = pair(x + skip)
        return functional.pixel_shuffle(self.last(x), 2)


def marks_net() -> Net:
    """RGB -0.5..0.5 to the logit that a pixel is damaged."""
    return Net(3, 1, (32, 64, 112, 192))


def quick(net: AnyNet) -> AnyNet:
    net.to(memory_format=torch.channels_last)
    return net


class Block(nn.Module):
    """Two 3x3 convolutions that add to what they are given (He et al., 2016).

    Without normalisation, which costs pictures more than it helps them (Lim et al.,
    "Enhanced deep residual networks for single image super-resolution", 2017).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(functional.relu(self.first(x)))


class Mender(nn.Module):
    """A U-Net of blocks from half the size on, for values that are to be added.

    (n, come, h, w) to (n, go, h, w), h and w multiples of 2 to the number of widths.
    `blocks` are those on the way down; on the way up there is one at each size. It
    begins as a network that adds nothing.
    """

    def __init__(
        self, come: int, go: int, widths: tuple[int, ...], blocks: tuple[int, ...]
    ) -> None:
        super().__init__()
        self.stem = nn.Conv2d(come, widths[0], 4, stride=2, padding=1)
        self.down = nn.ModuleList(
            nn.Sequential(*(Block(width) for _ in range(count)))
            for width, count in zip(widths, blocks, strict=True)
        )
        steps = list(zip(widths[:-1], widths[1:], strict=True))
        self.shrink = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in steps)
        self.widen = nn.ModuleList(nn.Conv2d(b, 4 * a, 1) for a, b in steps[::-1])
        self.up = nn.ModuleList(Block(a) for a, _ in steps[::-1])
        self.last = nn.Conv2d(widths[0], 4 * go, 3, padding=1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.down[0](functional.relu(self.stem(x)))
        kept = []
        for shrink, blocks in zip(self.shrink, list(self.down)[1:], strict=True):
            kept.append(x)
            x = blocks(shrink(x))
        for widen, block, skip in zip(self.widen, self.up, kept[::-1], strict=True):
            x = block(functional.pixel_shuffle(widen(x), 2) + skip)
        return functional.pixel_shuffle(self.last(x), 2)


class Enlarger(nn.Module):
    """What enlarging to twice the size has lost (Shi et al., "Real-time single image
    and video super-resolution", 2016): (n, 1, h, w) to (n, 1, 2h, 2w)."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, width, 3, padding=1)
        self.body = nn.Sequential(*(Block(width) for _ in range(blocks)))
        self.last = nn.Conv2d(width, 4, 3, padding=1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(functional.relu(self.stem(x)))
        return functional.pixel_shuffle(self.last(x), 2)


def grain_net() -> Mender:
    """RGB -0.5..0.5 and four levels of grain to what is to be added to RGB."""
    return Mender(7, 3, (48, 48), (1, 3))


def fill_net() -> Mender:
    """Roughly filled RGB, hurt RGB and mask to what is to be added to the filled."""
    return Mender(7, 3, (32, 48, 64), (1, 1, 2))


def enlarge_net() -> Enlarger:
    return Enlarger(32, 3)
