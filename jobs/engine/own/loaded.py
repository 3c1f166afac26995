"""An own model, ready to run: one thread, memory given back, every answer looked at."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

from jobs.engine.contract import Mask, Plane
from jobs.engine.own.channels import from_model, to_model
from jobs.engine.own.spec import Layout, OwnModel, Spec
from jobs.engine.own.trouble import BadModel, ModelFailed

# Of noise that a model draws: the same picture always gets the same.
SEED = 1
TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
REFUSALS = (
    runtime.Fail,
    runtime.InvalidArgument,
    runtime.InvalidGraph,
    runtime.InvalidProtobuf,
    runtime.ModelLoaded,
    runtime.NoModel,
    runtime.NoSuchFile,
    runtime.NotImplemented,
    runtime.RuntimeException,
)
NO_MEMORY = ("bad allocation", "bad_alloc", "allocate memory")


class Loaded:
    """Raises BadModel where the file does not suit its manifest.

    `fixed` is the height and width of the only pictures that it reads, 0 for any.
    """

    def __init__(self, model: OwnModel) -> None:
        self.spec = model.spec
        self.session = _session(model)
        self.image, self.mask = _inputs(self.session, self.spec)
        self.output = _output(self.session, self.spec)
        self.fixed = _sides(self.image.shape, self.spec.layout)

    def run(self, picture: Plane, holes: Mask | None = None) -> Plane:
        """What it makes of (h, w, 1 or 3), RGB or grey of 0..1: (scale h, scale w, c).

        `holes` (h, w): not 0 where a role inpaint is to fill. The picture is continued
        by its mirror up to what the model reads. Raises ModelFailed, MemoryError.
        """
        height, width = picture.shape[:2]
        edges = self._edges(height, width)
        asked = {self.image.name: self._tensor(_padded(picture, edges))}
        if self.mask is not None and holes is not None:
            whole = np.pad((holes > 0).astype(np.float32), edges)
            asked[self.mask.name] = _one_channel(whole, self.spec, self.mask)
        made = self._ask(asked)
        scale = self.spec.scale
        self._check(
            made,
            [
                (side + more[1]) * scale
                for side, more in zip(picture.shape, edges, strict=False)
            ],
        )
        return from_model(made, self.spec)[: height * scale, : width * scale]

    def _edges(self, height: int, width: int) -> list[tuple[int, int]]:
        sides = []
        for side, fixed in zip((height, width), self.fixed, strict=True):
            if fixed and side > fixed:
                raise _failed(self.spec, "reads smaller pictures than it was given")
            more = fixed - side if fixed else -side % self.spec.multiple
            sides.append((0, more))
        return sides

    def _tensor(self, picture: Plane) -> NDArray[Any]:
        return to_model(picture, self.spec).astype(TYPES[self.image.type], copy=False)

    def _ask(self, asked: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
        try:
            made = self.session.run([self.output.name], asked)[0]
        except REFUSALS as error:
            if any(words in str(error) for words in NO_MEMORY):
                raise MemoryError from error
            raise _failed(self.spec, "failed while it worked") from error
        return np.asarray(made, np.float32)

    def _check(self, made: NDArray[np.float32], sides: list[int]) -> None:
        channels = self.spec.made_colour.channels
        is_last = self.spec.layout is Layout.NHWC
        wanted = (1, *sides, channels) if is_last else (1, channels, *sides)
        if made.shape != wanted:
            said = " × ".join(str(side) for side in made.shape)
            due = " × ".join(str(side) for side in wanted)
            raise ModelFailed(
                "model_wrong_shape",
                f"The model “{self.spec.title}” gave {said} values instead of {due}. "
                "Compare “scale”, “size”, “layout” and “output_colour” with it.",
            )
        if not np.isfinite(made).all():
            raise ModelFailed(
                "model_no_numbers",
                f"The model “{self.spec.title}” gave values that are no numbers (NaN). "
                "Restore the photo without it.",
            )


def _failed(spec: Spec, what: str) -> ModelFailed:
    return ModelFailed(
        "model_failed",
        f"The model “{spec.title}” {what}. Restore the photo without it.",
    )


def _padded(picture: Plane, edges: list[tuple[int, int]]) -> Plane:
    return np.pad(picture, [*edges, (0, 0)], mode="symmetric")


def _one_channel(whole: Plane, spec: Spec, read: Any) -> NDArray[Any]:
    is_last = spec.layout is Layout.NHWC
    shaped = whole[None, :, :, None] if is_last else whole[None, None]
    return np.ascontiguousarray(shaped, TYPES[read.type])


def _session(model: OwnModel) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # The arena would keep the memory of the biggest tile for good.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    options.add_session_config_entry("session.load_model_format", "ONNX")
    onnxruntime.set_seed(SEED)
    try:
        return onnxruntime.InferenceSession(
            str(model.path), options, providers=["CPUExecutionProvider"]
        )
    except REFUSALS as error:
        if any(words in str(error) for words in NO_MEMORY):
            raise MemoryError from error
        raise BadModel(
            "not_loaded",
            f"It cannot be loaded ({_plain(error)}). Export it again, with standard "
            "operators.",
        ) from error


def _plain(error: Exception) -> str:
    """What the library says, without its codes and the path."""
    said = " ".join(str(error).split())
    return re.sub(r"^\[.*?failed: ?", "", said)[:160].rstrip(". ")


def _inputs(session: Any, spec: Spec) -> tuple[Any, Any | None]:
    inputs = list(session.get_inputs())
    names = ", ".join(one.name for one in inputs)
    if len(inputs) != spec.inputs:
        raise BadModel(
            "wrong_inputs",
            f"It reads {len(inputs)} arrays ({names}), but role {spec.role} gives it "
            f"{spec.inputs}. Choose another role, or export it again.",
        )
    image = _named(inputs, spec.image, "image") or _first(inputs, spec.mask)
    mask = next((one for one in inputs if one is not image), None)
    if spec.mask and (mask is None or mask.name != spec.mask):
        raise BadModel("wrong_inputs", f"“mask” must be one of its inputs: {names}.")
    for one, channels in ((image, spec.colour.channels), (mask, 1)):
        if one is not None:
            _check_input(one, channels, spec)
    return image, mask


def _named(ports: list[Any], name: str, key: str) -> Any | None:
    found = next((one for one in ports if one.name == name), None)
    if name and found is None:
        names = ", ".join(one.name for one in ports)
        raise BadModel("wrong_inputs", f"“{key}” must be one of: {names}.")
    return found


def _first(inputs: list[Any], mask: str) -> Any:
    """That is no mask: named so in the manifest, or in the file."""
    others = [one for one in inputs if one.name != mask and "mask" not in one.name]
    return next(iter(others), inputs[0])


def _check_input(one: Any, channels: int, spec: Spec) -> None:
    if one.type not in TYPES:
        raise BadModel(
            "wrong_type",
            f"Its input {one.name} is {one.type}. Export it for float32 or float16.",
        )
    if len(one.shape) != 4:
        raise BadModel(
            "wrong_inputs",
            f"Its input {one.name} has {len(one.shape)} dimensions instead of 4: "
            "picture, channels, height, width.",
        )
    first, last = one.shape[1], one.shape[3]
    has, other = (last, first) if spec.layout is Layout.NHWC else (first, last)
    if has != channels and (isinstance(has, int) or other == channels):
        raise BadModel(
            "wrong_channels",
            f"Its input {one.name} has {has} channels, the manifest means {channels}. "
            "Correct “colour” or “layout”.",
        )
    side = spec.size or spec.tile
    for fixed in _sides(one.shape, spec.layout):
        if fixed and fixed != side:
            key = "size" if spec.size else "tile"
            raise BadModel(
                "wrong_size",
                f"It reads pictures of {fixed} pixels a side only: write {key} = "
                f"{fixed}.",
            )


def _sides(shape: list[Any], layout: Layout) -> tuple[int, int]:
    sides = shape[1:3] if layout is Layout.NHWC else shape[2:4]
    high, wide = (side if isinstance(side, int) else 0 for side in sides)
    return high, wide


def _output(session: Any, spec: Spec) -> Any:
    outputs = list(session.get_outputs())
    found = _named(outputs, spec.output, "output")
    if found is not None:
        return found
    if len(outputs) != 1:
        names = ", ".join(one.name for one in outputs)
        raise BadModel(
            "wrong_outputs",
            f"It gives {len(outputs)} arrays: name the picture, output = one of {names}.",
        )
    return outputs[0]
