"""The networks, small enough for one core."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


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


def quick(net: Net) -> Net:
    net.to(memory_format=torch.channels_last)
    return net
