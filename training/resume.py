"""Going on with a network from its ONNX file, into one that may be wider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from training.nets import Net, Pair


def resume(net: Net, path: Path, batch: Tensor) -> None:
    """Fill `net` with the weights at `path`, where it is as wide, and settle the norms.

    What is new adds nothing yet to what was there, so on `batch`, (n, c, h, w) as the
    network takes it, the result is at first that of the file.
    """
    weights = _weights(path)
    biases: dict[nn.BatchNorm2d, Tensor] = {}
    for layer, norm in _layers(net):
        weight, bias = next(weights)
        _put(layer, weight)
        if norm is not None:
            biases[norm] = bias
        elif layer.bias is not None:
            with torch.no_grad():
                layer.bias[: len(bias)] = bias
    _settle(net, biases, batch)


def _weights(path: Path) -> Iterator[tuple[Tensor, Tensor]]:
    graph = onnx.load(str(path)).graph
    arrays = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    for node in graph.node:
        if node.op_type == "Conv":
            pair = [np.array(arrays[name], np.float32) for name in node.input[1:]]
            yield torch.from_numpy(pair[0]), torch.from_numpy(pair[1])


def _layers(net: Net) -> Iterator[tuple[nn.Conv2d, nn.BatchNorm2d | None]]:
    """In the order of the file."""
    yield net.stem, None
    for down in net.down:
        yield from _of_pair(down)
    for narrow, up in zip(net.narrow, net.up, strict=True):
        yield narrow, None
        yield from _of_pair(up)
    yield net.last, None


def _of_pair(pair: Pair) -> Iterator[tuple[nn.Conv2d, nn.BatchNorm2d | None]]:
    yield pair.first, pair.first_norm
    yield pair.second, pair.second_norm


def _put(layer: nn.Conv2d, weight: Tensor) -> None:
    """The old weights in the corner; old outputs take nothing from new inputs."""
    go, come = weight.shape[:2]
    with torch.no_grad():
        layer.weight[:go, come:] = 0
        layer.weight[:go, :come] = weight


def _settle(net: Net, biases: dict[nn.BatchNorm2d, Tensor], batch: Tensor) -> None:
    """Set each norm so that it adds the old bias, whatever the batch is like."""

    def set_norm(norm: nn.Module, given: tuple[Tensor, ...]) -> None:
        if not isinstance(norm, nn.BatchNorm2d) or norm.running_mean is None:
            return
        old = biases[norm]
        mean = given[0].mean(dim=(0, 2, 3))
        spread = given[0].var(dim=(0, 2, 3), unbiased=False)
        with torch.no_grad():
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(spread)
            count = len(old)
            norm.weight[:count] = torch.sqrt(spread[:count] + norm.eps)
            norm.bias[:count] = old + mean[:count]

    hooks = [norm.register_forward_pre_hook(set_norm) for norm in biases]
    net.eval()
    with torch.no_grad():
        net(batch)
    net.train()
    for hook in hooks:
        hook.remove()
