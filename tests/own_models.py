"""Tiny models made on the spot, so that no test needs anybody's weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDES = ("height", "width")
OPSETS = [helper.make_opsetid("", 17)]
FOREIGN = [*OPSETS, helper.make_opsetid("com.example", 1)]


def save(
    path: Path,
    nodes: list[Any],
    *,
    channels: int = 3,
    made: int = 3,
    sides: tuple[Any, Any] = SIDES,
    made_sides: tuple[Any, Any] = ("made_height", "made_width"),
    constants: dict[str, Any] | None = None,
    inputs: tuple[str, ...] = ("input",),
    outputs: tuple[str, ...] = ("output",),
    opsets: list[Any] | None = None,
) -> Path:
    """A model (1, channels, h, w) -> (1, made, h, w) of these nodes. A second input is a
    mask."""
    kinds = [channels, 1]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info(
                name, TensorProto.FLOAT, [1, kinds[n], *sides]
            )
            for n, name in enumerate(inputs)
        ],
        [
            helper.make_tensor_value_info(
                name, TensorProto.FLOAT, [1, made, *made_sides]
            )
            for name in outputs
        ],
        [
            numpy_helper.from_array(np.asarray(v), k)
            for k, v in (constants or {}).items()
        ],
    )
    model = helper.make_model(graph, opset_imports=opsets or OPSETS, ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


def manifest(path: Path, **values: Any) -> Path:
    """The manifest of a model file, beside it."""
    usual = {"licence": "ours", "source": "drawn in a test", "title": "Tiny"}
    beside = path.with_suffix(".json")
    beside.write_text(json.dumps(usual | values), encoding="utf-8")
    return beside


def node(kind: str, *inputs: str, to: str = "output", **more: Any) -> Any:
    return helper.make_node(kind, list(inputs), [to], **more)


def weights(*shape: int, value: float = 0.0) -> np.ndarray[Any, Any]:
    return np.full(shape, value, np.float32)


def brighter(path: Path, by: float = 0.1, **more: Any) -> Path:
    """Adds to every value."""
    return save(
        path,
        [node("Add", "input", "by")],
        constants={"by": weights(1, value=by)},
        **more,
    )


def enlarger(path: Path, scale: int = 2, **more: Any) -> Path:
    """Repeats every pixel, as Real-ESRGAN's exports are shaped."""
    sizes = np.array([1, 1, scale, scale], np.float32)
    nodes = [node("Resize", "input", "", "sizes", mode="nearest")]
    return save(path, nodes, constants={"sizes": sizes}, **more)


def colourer(path: Path, a: float = 20.0, b: float = 40.0, side: int = 64) -> Path:
    """Gives a and b of Lab, the same everywhere, as DDColor's exports are shaped."""
    kernel = weights(2, 3, 1, 1)
    colours = np.array([a, b], np.float32)
    return save(
        path,
        [node("Conv", "input", "kernel", "colours")],
        made=2,
        sides=(side, side),
        made_sides=(side, side),
        constants={"kernel": kernel, "colours": colours},
    )


def filler(path: Path, value: float = 255.0, *, most: float = 255.0) -> Path:
    """Gives `value` in holes and the picture elsewhere, of 0..most, as LaMa's exports are
    shaped."""
    nodes = [
        node("Sub", "one", "mask", to="kept"),
        node("Mul", "image", "kept", to="around"),
        node("Mul", "around", "most", to="shown"),
        node("Mul", "mask", "value", to="filled"),
        node("Add", "shown", "filled"),
    ]
    numbers = {"one": 1.0, "most": most, "value": value}
    constants = {name: weights(1, value=number) for name, number in numbers.items()}
    return save(path, nodes, constants=constants, inputs=("image", "mask"))


def face_painter(path: Path, side: int = 64, value: float = 1.0) -> Path:
    """Answers every face with one value of -1..1, as GFPGAN's exports are shaped."""
    nodes = [
        node("Mul", "input", "none", to="dark"),
        node("Add", "dark", "value"),
    ]
    constants = {"none": weights(1), "value": weights(1, value=value)}
    fixed = (side, side)
    return save(path, nodes, sides=fixed, made_sides=fixed, constants=constants)


def spotter(path: Path) -> Path:
    """Finds what is nearly white: a chance of damage for each pixel."""
    nodes = [
        node("ReduceMin", "input", to="least", axes=[1], keepdims=1),
        node("Greater", "least", "white", to="is_white"),
        node("Cast", "is_white", to="output"),
    ]
    nodes[-1].attribute.append(helper.make_attribute("to", TensorProto.FLOAT))
    return save(path, nodes, made=1, constants={"white": weights(1, value=0.97)})


def noisy(path: Path) -> Path:
    """Draws noise on every picture."""
    nodes = [
        node("RandomNormalLike", "input", to="noise", scale=0.05),
        node("Add", "input", "noise"),
    ]
    return save(path, nodes)


def no_numbers(path: Path) -> Path:
    """Changes nothing, but 0 / 0 comes of what is quite black."""
    nodes = [
        node("Div", "input", "input", to="one"),
        node("Mul", "one", "none", to="nought"),
        node("Add", "input", "nought"),
    ]
    return save(path, nodes, constants={"none": weights(1)})


def external(path: Path, location: str) -> Path:
    """A model whose weights are said to lie in another file."""
    brighter(path)
    model = onnx.load(str(path))
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    path.write_bytes(model.SerializeToString())
    return path


def glutton(path: Path) -> Path:
    """Copies its picture into an array of some hundred megabytes."""
    nodes = [
        node("Tile", "input", "often", to="huge"),
        node("ReduceMax", "huge", to="highest", axes=[1], keepdims=1),
        node("Mul", "highest", "none", to="nought"),
        node("Add", "input", "nought"),
    ]
    constants = {"often": np.array([1, 500, 1, 1]), "none": weights(1)}
    return save(path, nodes, constants=constants)


def sloth(path: Path, rounds: int = 50) -> Path:
    """Does a great deal of work, and changes nothing."""
    nodes, before = [], "input"
    for number in range(rounds):
        nodes.append(node("Conv", before, "wide", to=f"w{number}", pads=[5, 5, 5, 5]))
        nodes.append(node("Conv", f"w{number}", "back", to=f"b{number}"))
        before = f"b{number}"
    nodes += [node("Mul", before, "none", to="nought"), node("Add", "input", "nought")]
    constants = {
        "wide": weights(64, 3, 11, 11, value=0.001),
        "back": weights(3, 64, 1, 1, value=0.001),
        "none": weights(1),
    }
    return save(path, nodes, constants=constants)
