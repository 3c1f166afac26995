"""A model and its manifest must fit each other; what does not is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.engine.own import manifest
from jobs.engine.own.checking import drawn_picture
from jobs.engine.own.loaded import Loaded
from jobs.engine.own.spec import OwnModel
from jobs.engine.own.trouble import BadModel, ModelFailed
from tests import own_models
from tests.own_models import node


def loaded(path: Path, **values: Any) -> Loaded:
    usual = {"role": "restore", "tile": 64, "overlap": 8}
    beside = own_models.manifest(path, **{**usual, **values})
    return Loaded(OwnModel(path, manifest.read(beside)))


def refusal(path: Path, **values: Any) -> BadModel:
    with pytest.raises(BadModel) as refused:
        loaded(path, **values)
    return refused.value


def failure(path: Path, **values: Any) -> ModelFailed:
    model = loaded(path, **values)
    with pytest.raises(ModelFailed) as failed:
        model.run(drawn_picture(64, 48))
    return failed.value


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "m.onnx"


def test_a_second_input_needs_another_role(path: Path) -> None:
    error = refusal(own_models.filler(path))
    assert error.code == "wrong_inputs"
    assert "2 arrays (image, mask)" in str(error)


def test_inpaint_needs_a_mask(path: Path) -> None:
    assert refusal(own_models.brighter(path), role="inpaint").code == "wrong_inputs"


def test_of_several_outputs_one_must_be_named(path: Path) -> None:
    nodes = [node("Relu", "input", to="first"), node("Neg", "input", to="second")]
    own_models.save(path, nodes, outputs=("first", "second"))
    assert refusal(path).code == "wrong_outputs"
    assert loaded(path, output="first").output.name == "first"
    assert "first, second" in str(refusal(path, output="third"))


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"colour": "grey"}, "wrong_channels"),
        ({"image": "picture"}, "wrong_inputs"),
    ],
)
def test_what_it_reads_is_compared(
    path: Path, values: dict[str, Any], code: str
) -> None:
    assert refusal(own_models.brighter(path), **values).code == code


@pytest.mark.parametrize("sides", [(64, 64), ("height", "width")])
def test_a_wrong_layout_is_told(path: Path, sides: tuple[Any, Any]) -> None:
    own_models.brighter(path, sides=sides)
    assert refusal(path, layout="nhwc").code == "wrong_channels"


def test_a_fixed_side_is_told(path: Path) -> None:
    own_models.brighter(path, sides=(96, 96))
    error = refusal(path)
    assert error.code == "wrong_size"
    assert "write tile = 96" in str(error)


def test_an_output_of_another_scale_is_refused(path: Path) -> None:
    error = failure(own_models.enlarger(path, 4), role="upscale", scale=2)
    assert error.code == "model_wrong_shape"
    assert "1 × 3 × 256 × 192 values instead of 1 × 3 × 128 × 96" in str(error)


def test_an_output_with_other_channels_is_refused(path: Path) -> None:
    own_models.save(path, [node("ReduceMean", "input", axes=[1], keepdims=1)], made=1)
    assert failure(path).code == "model_wrong_shape"
    made = loaded(path, output_colour="grey").run(drawn_picture(64, 48))
    assert made.shape == (64, 48, 1)


def test_values_that_are_no_numbers_are_refused(path: Path) -> None:
    model = loaded(own_models.no_numbers(path))
    assert np.array_equal(model.run(drawn_picture(64, 48)), drawn_picture(64, 48))
    with pytest.raises(ModelFailed) as failed:
        model.run(np.zeros((64, 48, 3), np.float32))
    assert failed.value.code == "model_no_numbers"


def test_whatever_is_no_model_is_refused(path: Path) -> None:
    path.write_bytes(b"no model")
    assert refusal(path).code == "not_loaded"


@pytest.mark.parametrize("how", ["0..1", "-1..1", "-0.5..0.5", "0..255", "0..100"])
@pytest.mark.parametrize("colour", ["rgb", "bgr"])
def test_a_model_that_changes_nothing_gives_the_picture_back(
    path: Path, how: str, colour: str
) -> None:
    own_models.save(path, [node("Identity", "input")])
    picture = drawn_picture(50, 41)
    made = loaded(path, range=how, colour=colour).run(picture)
    assert np.abs(made - picture).max() < 1e-5


def test_it_reads_what_the_manifest_says(path: Path) -> None:
    """Of a blue picture the first channel, as bgr and over 255, is read as 255."""
    own_models.save(
        path,
        [node("Slice", "input", "zero", "one", "axis", to="first"), node("Div", "first", "by")],
        made=1,
        constants={
            "zero": np.array([0]),
            "one": np.array([1]),
            "axis": np.array([1]),
            "by": np.array([255], np.float32),
        },
    )  # fmt: skip
    blue = np.zeros((8, 8, 3), np.float32)
    blue[:, :, 2] = 1
    values = {"range": "0..255", "output_range": "0..1", "output_colour": "grey"}
    assert loaded(path, colour="bgr", **values).run(blue).max() == 1
    assert loaded(path, colour="rgb", **values).run(blue).max() == 0


def test_mean_and_deviation_are_those_of_each_channel(path: Path) -> None:
    own_models.save(path, [node("Identity", "input")])
    how: dict[str, Any] = {"mean": [0.5, 0.25, 0], "std": [0.5, 0.5, 1]}
    grey = np.full((8, 8, 3), 0.75, np.float32)
    made = loaded(path, **how, output_range="0..1").run(grey)
    assert np.allclose(made[0, 0], [0.5, 1.0, 0.75])
    assert np.allclose(loaded(path, **how).run(grey), grey)


def test_pictures_are_continued_up_to_a_multiple(path: Path) -> None:
    """Space in depth and back again reads even sides only."""
    nodes = [
        node("SpaceToDepth", "input", to="deep", blocksize=8),
        node("DepthToSpace", "deep", blocksize=8),
    ]
    own_models.save(path, nodes)
    picture = drawn_picture(50, 41)
    made = loaded(path, multiple=8).run(picture)
    assert np.allclose(made, picture)
    with pytest.raises(ModelFailed):
        loaded(path).run(picture)


def test_chances_may_come_before_the_last_step(path: Path) -> None:
    nodes = [node("ReduceSum", "input", "axes", keepdims=1)]
    own_models.save(path, nodes, made=1, constants={"axes": np.array([1])})
    black = np.zeros((8, 8, 3), np.float32)
    made = loaded(path, role="detect", output_range="logit").run(black)
    assert np.all(made == 0.5)


def test_noise_is_the_same_each_time(path: Path) -> None:
    own_models.noisy(path)
    picture = drawn_picture(64, 64)
    first, second = loaded(path).run(picture), loaded(path).run(picture)
    assert np.array_equal(first, second)
    assert np.abs(first - picture).mean() > 0.01
