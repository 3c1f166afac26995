"""What own models do in a restoration: where, how much, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from skimage import data

from jobs.engine import Progress, Settings, change_map, restore
from jobs.engine.contract import Damage, Outcome
from jobs.engine.own import manifest, pictures
from jobs.engine.own.channels import lightness
from jobs.engine.own.loaded import Loaded
from jobs.engine.own.spec import OwnModel
from jobs.engine.own.trouble import ModelFailed
from tests import own_models
from tests.engine.pictures import Picture, draw_scene, grey_of
from tests.own_models import node

OFF: dict[str, Any] = {
    "colour": False,
    "contrast": False,
    "scratches": False,
    "grain": False,
    "sharpen": False,
}


def own(path: Path, role: str, **values: Any) -> OwnModel:
    return OwnModel(path, manifest.read(own_models.manifest(path, role=role, **values)))


def only(scan: Any, model: OwnModel, **more: Any) -> Outcome:
    """With the model, and without any stage of the engine's own."""
    return restore(scan, Settings(own=(model,), **{**OFF, **more}))


def ignore(part: float) -> None:
    pass


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "m.onnx"


class TestRestore:
    @pytest.mark.parametrize("grey", [False, True])
    @pytest.mark.parametrize("kind", [np.uint8, np.uint16])
    def test_the_whole_picture_and_nothing_but_the_model(
        self, path: Path, grey: bool, kind: type
    ) -> None:
        drawn = grey_of(draw_scene()) if grey else draw_scene()
        scan: Any = drawn.astype(kind)
        scan = scan * 257 if kind is np.uint16 else scan
        model = own(own_models.brighter(path, 0.1), "restore", tile=128)
        outcome = only(scan, model)
        full = np.iinfo(kind).max
        due = np.minimum(scan / full + 0.1, 1) * full
        assert outcome.picture.dtype == kind
        assert outcome.picture.shape == scan.shape
        assert np.abs(outcome.picture - due).max() <= full / 255 / 2 + 1
        assert outcome.own == ("restore",)

    def test_the_same_bytes_each_time(self, path: Path) -> None:
        model = own(own_models.noisy(path), "restore", tile=128)
        first, second = (only(draw_scene(), model).picture for _ in range(2))
        assert first.tobytes() == second.tobytes()

    def test_tiles_of_a_blur_leave_no_seams(self, path: Path) -> None:
        kernel = np.zeros((3, 3, 9, 9), np.float32)
        kernel[[0, 1, 2], [0, 1, 2]] = 1 / 81
        nodes = [node("Conv", "input", "kernel", pads=[4, 4, 4, 4])]
        own_models.save(path, nodes, constants={"kernel": kernel})
        tiled = only(draw_scene(), own(path, "restore", tile=96, overlap=32)).picture
        whole = only(draw_scene(), own(path, "restore", tile=512, overlap=32)).picture
        inner = np.s_[8:-8, 8:-8]
        differs = np.abs(tiled[inner].astype(int) - whole[inner])
        assert differs.max() < 40
        assert differs.mean() < 0.2

    def test_values_that_are_no_numbers_end_it(self, path: Path) -> None:
        scan = np.zeros((200, 200, 3), np.uint8)
        with pytest.raises(ModelFailed, match="no numbers"):
            only(scan, own(own_models.no_numbers(path), "restore"))

    def test_whoever_aborts_is_asked_for_every_tile(self, path: Path) -> None:
        heard: list[Progress] = []
        model = own(own_models.brighter(path), "restore", tile=64, overlap=8)
        restore(draw_scene(), Settings(own=(model,)), progress=heard.append)
        assert sum(one.stage == "own_restore" for one in heard) > 40
        fractions = [one.fraction for one in heard]
        assert fractions == sorted(fractions)
        assert fractions[-1] == pytest.approx(1, abs=0.11)


class TestEnlarge:
    @pytest.mark.parametrize(("scale", "factor"), [(2, 2), (4, 4), (4, 2), (2, 4)])
    @pytest.mark.parametrize("grey", [False, True])
    def test_by_as_much_as_was_asked_for(
        self, path: Path, scale: int, factor: int, grey: bool
    ) -> None:
        scan = draw_scene(150, 200)
        scan = grey_of(scan) if grey else scan
        own_models.enlarger(path, scale)
        model = own(path, "upscale", scale=scale, tile=64, overlap=8)
        outcome = only(scan, model, enlarge=factor)
        height, width = scan.shape[:2]
        assert outcome.picture.shape[:2] == (factor * height, factor * width)
        assert outcome.picture.ndim == scan.ndim
        small = cv2.resize(
            outcome.picture, (width, height), interpolation=cv2.INTER_AREA
        )
        assert np.abs(small.astype(int) - scan).mean() < 2
        assert outcome.own == ("upscale",)

    def test_it_has_no_part_where_nothing_is_enlarged(self, path: Path) -> None:
        model = own(own_models.enlarger(path), "upscale", scale=2)
        assert only(draw_scene(), model).own == ()


class TestColour:
    @pytest.mark.parametrize("kind", [np.uint8, np.uint16])
    def test_a_grey_scan_becomes_a_picture_with_colours(
        self, path: Path, kind: type
    ) -> None:
        scan = cv2.resize(grey_of(draw_scene()), (200, 150)) // 2 + 60
        scan = scan.astype(kind) * (257 if kind is np.uint16 else 1)
        model = own(own_models.colourer(path, 15, 20), "colour", size=64)
        outcome = only(scan, model)
        assert outcome.picture.shape == (150, 200, 3)
        assert outcome.picture.dtype == kind
        values = (outcome.picture / np.iinfo(kind).max).astype(np.float32)
        lab = cv2.cvtColor(values, cv2.COLOR_RGB2LAB)
        assert np.abs(lab[:, :, 1] - 15).max() < 2
        assert np.abs(lab[:, :, 2] - 20).max() < 2
        before = (scan / np.iinfo(kind).max).astype(np.float32)[:, :, None]
        assert np.abs(lab[:, :, :1] - lightness(before)).max() < 1

    def test_its_change_can_be_mapped(self, path: Path) -> None:
        scan = grey_of(draw_scene())
        model = own(own_models.colourer(path), "colour", size=64)
        assert change_map(scan, only(scan, model).picture).area > 0.5

    def test_a_photo_with_colours_keeps_them(self, path: Path) -> None:
        scan = np.asarray(data.astronaut())
        outcome = only(scan, own(own_models.colourer(path), "colour", size=64))
        assert np.array_equal(outcome.picture, scan)
        assert outcome.own == ()
        assert [one.note for one in outcome.reports if one.held_back] == [
            "The photo has colours of its own, so none were made up."
        ]

    def test_colours_lie_where_the_model_saw_them(self, path: Path) -> None:
        """The lighter a place, the redder it gets."""
        kernel = np.zeros((2, 3, 1, 1), np.float32)
        kernel[0, 0] = 60
        own_models.save(
            path,
            [node("Conv", "input", "kernel")],
            made=2,
            sides=(64, 64),
            made_sides=(64, 64),
            constants={"kernel": kernel},
        )
        scan = np.full((300, 500), 60, np.uint8)
        scan[40:120, 300:420] = 150
        made = only(scan, own(path, "colour", size=64)).picture.astype(int)
        redness = made[:, :, 0] - made[:, :, 1]
        inside = redness[55:105, 320:400].mean()
        assert inside > redness[200:, :200].mean() + 15


class TestFill:
    def damaged(self) -> tuple[Picture, np.ndarray[Any, Any]]:
        scan, mask = draw_scene(), np.zeros((360, 480), np.uint8)
        mask[100:104, 50:400] = 255
        mask[200:300, 301:303] = 255
        return scan, mask

    @pytest.mark.parametrize("most", [1.0, 255.0])
    def test_holes_are_filled_and_all_else_stays_to_the_bit(
        self, path: Path, most: float
    ) -> None:
        scan, mask = self.damaged()
        own_models.filler(path, value=0.0, most=most)
        how = "0..255" if most > 1 else "0..1"
        model = own(path, "inpaint", tile=128, output_range=how)
        canvas = scan.astype(np.uint16) * 257
        before = canvas.copy()
        pictures.fill(canvas, mask, Loaded(model), tick=ignore)
        wide = cv2.dilate(mask, np.ones((3, 3), np.uint8)) > 0
        assert np.array_equal(canvas[~wide], before[~wide])
        assert canvas[mask > 0].max() < before[mask > 0].max() / 2

    def test_the_mask_may_be_smaller(self, path: Path) -> None:
        scan, mask = self.damaged()
        own_models.filler(path, value=0.0, most=1.0)
        canvas = np.repeat(np.repeat(scan, 3, 0), 3, 1).astype(np.uint16) * 257
        pictures.fill(canvas, mask, Loaded(own(path, "inpaint")), tick=ignore)
        whole = np.repeat(np.repeat(mask, 3, 0), 3, 1)
        assert canvas[whole > 0].max() == 0

    def test_it_fills_what_the_engine_finds(self, path: Path) -> None:
        scan, _mask = self.damaged()
        scan[100:103, 30:440] = 255
        scan[40:330:2, 220:222] = 255
        own_models.filler(path, value=0.0)
        model = own(path, "inpaint", output_range="0..255")
        settings = {"scratches": True, "damage": Damage.SEVERE}
        outcome = only(scan, model, **settings)
        assert outcome.own == ("inpaint",)
        assert outcome.picture[101, 60:400].mean() < 40


def test_a_model_that_finds_damage_takes_the_detectors_place(path: Path) -> None:
    scan = np.asarray(data.astronaut()) // 2 + 40
    cv2.line(scan, (60, 90), (420, 400), (255, 255, 255), 2)
    cv2.line(scan, (150, 60), (180, 460), (255, 255, 255), 2)
    model = own(own_models.spotter(path), "detect", tile=128)
    outcome = only(scan, model, scratches=True)
    assert outcome.own == ("detect",)
    white = np.count_nonzero(scan.min(axis=2) == 255)
    assert white > 1000
    assert np.count_nonzero(outcome.picture.min(axis=2) > 250) < white / 20


class TestFaces:
    def painted(self, scan: Any, path: Path) -> Outcome:
        own_models.face_painter(path, value=1.0)
        return only(scan, own(path, "face", size=64, range="-1..1"))

    def test_faces_alone_are_drawn_anew(self, path: Path) -> None:
        scan = np.asarray(data.astronaut())
        outcome = self.painted(scan, path)
        changed = np.abs(outcome.picture.astype(int) - scan).max(axis=2) > 2
        assert outcome.own == ("face",)
        assert outcome.picture[110:130, 215:235].min() > 200
        assert 0.01 < changed.mean() < 0.2
        assert not changed[300:].any()

    def test_their_rim_fades(self, path: Path) -> None:
        scan = np.full((512, 512, 3), 90, np.uint8)
        scan[:300] = np.asarray(data.astronaut())[:300]
        made = self.painted(scan, path).picture.astype(int) - scan
        steps = np.abs(np.diff(made[:, :, 0], axis=1))
        assert np.abs(made).max() > 150
        assert steps[280:].max(initial=0) == 0
        assert np.median(steps[steps > 0]) < 12

    def test_a_photo_without_colours_gets_none(self, path: Path) -> None:
        """A face that is red all over makes the grey one lighter."""
        grey = np.repeat(grey_of(np.asarray(data.astronaut()))[:, :, None], 3, axis=2)
        nodes = [node("Mul", "input", "none", to="dark"), node("Add", "dark", "red")]
        red = np.array([1, -1, -1], np.float32).reshape(1, 3, 1, 1)
        constants = {"none": own_models.weights(1), "red": red}
        own_models.save(path, nodes, constants=constants)
        outcome = only(grey, own(path, "face", size=64, range="-1..1"))
        assert outcome.own == ("face",)
        assert np.ptp(outcome.picture.astype(int), axis=2).max() <= 1

    def test_where_there_is_no_face_it_is_said(self, path: Path) -> None:
        outcome = self.painted(draw_scene(), path)
        assert np.array_equal(outcome.picture, draw_scene())
        assert outcome.own == ()
        assert [one.note for one in outcome.reports if one.held_back] == [
            "No face was found, so none was drawn anew."
        ]
