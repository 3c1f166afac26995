"""A trained network as an ONNX file: plain operations, normalisation folded in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from training.nets import Block, Enlarger, Mender, Net, Pair

MADE = Path(__file__).resolve().parents[1] / "jobs" / "engine" / "weights"

OPSET = 17
IR = 9
Weights = NDArray[np.float32]


class _Graph:
    """`half`: weights are kept in 16 bits, and widened when the file is read."""

    def __init__(self, *, half: bool = False) -> None:
        self.half = half
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, kind: str, inputs: list[str], **how: Any) -> str:
        name = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **how))
        return name

    def constant(self, values: NDArray[np.generic]) -> str:
        name = f"weights{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def kept(self, values: Weights) -> str:
        if not self.half:
            return self.constant(values)
        name = self.constant(values.astype(np.float16))
        return self.add("Cast", [name], to=TensorProto.FLOAT)

    def convolve(self, x: str, weight: Weights, bias: Weights, stride: int = 1) -> str:
        side = weight.shape[2]
        edge = 1 if side > 2 else 0
        names = [x, self.kept(weight), self.kept(bias)]
        return self.add(
            "Conv",
            names,
            kernel_shape=[side, side],
            strides=[stride, stride],
            pads=[edge] * 4,
        )

    def layer(self, x: str, layer: nn.Conv2d) -> str:
        if layer.bias is None:
            raise ValueError("this layer has no bias")
        stride = int(layer.stride[0])
        return self.convolve(x, _values(layer.weight), _values(layer.bias), stride)

    def block(self, x: str, block: Block) -> str:
        inner = self.add("Relu", [self.layer(x, block.first)])
        return self.add("Add", [x, self.layer(inner, block.second)])

    def blocks(self, x: str, blocks: nn.Sequential) -> str:
        for block in blocks:
            x = self.block(x, block)
        return x

    def shuffle(self, x: str) -> str:
        return self.add("DepthToSpace", [x], blocksize=2, mode="CRD")

    def pair(self, x: str, pair: Pair) -> str:
        for layer, norm in (
            (pair.first, pair.first_norm),
            (pair.second, pair.second_norm),
        ):
            x = self.add("Relu", [self.convolve(x, *_folded(layer, norm))])
        return x

    def twice(self, x: str) -> str:
        sizes = self.constant(np.array([1, 1, 2, 2], np.float32))
        return self.add(
            "Resize",
            [x, "", sizes],
            mode="nearest",
            nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        )


def write_onnx(
    net: Net | Mender | Enlarger, path: Path, *, squash: bool = False
) -> None:
    """`squash` adds a sigmoid: logits become chances."""
    graph = _Graph(half=not isinstance(net, Net))
    if isinstance(net, Net):
        x = _plain(graph, net)
    elif isinstance(net, Mender):
        x = _mender(graph, net)
    else:
        x = graph.blocks(
            graph.add("Relu", [graph.layer("picture", net.stem)]), net.body
        )
    x = graph.shuffle(graph.layer(x, net.last))
    if squash:
        x = graph.add("Sigmoid", [x])
    graph.nodes[-1].output[0] = "result"
    _save(graph, path, net.stem.in_channels, net.last.out_channels // 4)


def _plain(graph: _Graph, net: Net) -> str:
    x = graph.add("Relu", [graph.layer("picture", net.stem)])
    kept = []
    for number, pair in enumerate(net.down):
        if number:
            x = graph.add("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])
        x = graph.pair(x, pair)
        kept.append(x)
    for narrow, pair, skip in zip(net.narrow, net.up, kept[-2::-1], strict=True):
        x = graph.add("Add", [graph.twice(graph.layer(x, narrow)), skip])
        x = graph.pair(x, pair)
    return x


def _mender(graph: _Graph, net: Mender) -> str:
    first, *others = net.down
    x = graph.blocks(graph.add("Relu", [graph.layer("picture", net.stem)]), first)
    kept = []
    for shrink, blocks in zip(net.shrink, others, strict=True):
        kept.append(x)
        x = graph.blocks(graph.layer(x, shrink), blocks)
    for widen, block, skip in zip(net.widen, net.up, kept[::-1], strict=True):
        x = graph.add("Add", [graph.shuffle(graph.layer(x, widen)), skip])
        x = graph.block(x, block)
    return x


def _save(graph: _Graph, path: Path, come: int, go: int) -> None:
    info = helper.make_tensor_value_info
    made = helper.make_graph(
        graph.nodes,
        path.stem,
        [info("picture", TensorProto.FLOAT, ["n", come, "h", "w"])],
        [info("result", TensorProto.FLOAT, ["n", go, None, None])],
        graph.weights,
    )
    model = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR
    )
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def _values(tensor: Tensor) -> Weights:
    return np.asarray(tensor.detach().float().cpu().contiguous().numpy(), np.float32)


def _folded(layer: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[Weights, Weights]:
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("this layer was never trained")
    scale = _values(norm.weight) / np.sqrt(_values(norm.running_var) + norm.eps)
    weight = _values(layer.weight) * scale[:, None, None, None]
    return weight, _values(norm.bias) - _values(norm.running_mean) * scale
