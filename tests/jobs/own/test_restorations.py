"""Models of the administrator's: from a file in a folder to a restoration."""

from __future__ import annotations

import html
import os
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image
from skimage import data

from albums import services, storage
from albums.models import Album, Photo, User
from jobs import own_checks, own_models, runner
from jobs.engine.own.spec import Role
from jobs.models import Event, Job
from jobs.providers.options import BadOption
from jobs.recipes import can_do, options_for, schema_of
from jobs.services import request_restoration, retry
from tests import own_models as tiny
from tests.engine.pictures import draw_scene, grey_of
from tests.jobs.own.conftest import page, put

pytestmark = pytest.mark.django_db


@pytest.fixture
def photo(album: Album, alice: User) -> Photo:
    return photo_of(album, alice, grey_of(draw_scene()))


def photo_of(album: Album, by: User, pixels: Any) -> Photo:
    part = storage.new_part()
    Image.fromarray(pixels).save(part, "PNG")
    added = services.add_photos(
        part, name="s.png", album=album, by=by, wish="", batch=uuid4()
    )
    return added.photos[0]


def restored(photo: Photo, by: User, recipe: str = "repair", **chosen: str) -> Job:
    """With the steps of the real worker."""
    job = request_restoration(photo, by=by, recipe=recipe, batch=uuid4(), chosen=chosen)
    return runner.run_to_end(job)


def picture_of(job: Job) -> Any:
    assert job.restoration, job.message
    with Image.open(services.restoration_file(job.restoration)) as picture:
        return np.asarray(picture)


def test_the_app_knows_the_roles_of_the_engine() -> None:
    assert tuple(Role) == own_models.ROLES


class TestEachRole:
    def test_colours(self, folder: Path, photo: Photo, alice: User) -> None:
        assert not can_do("local", "repair_colour")
        put(tiny.colourer(folder / "dd.onnx"), role="colour", title="DD", size=64)
        job = restored(photo, alice, "repair_colour")
        made = picture_of(job).astype(int)
        assert made.shape == (360, 480, 3)
        assert (made[:, :, 0] - made[:, :, 2]).mean() > 30
        assert "The colours are made up by the model “DD”." in job.note

    def test_faces(self, folder: Path, album: Album, alice: User) -> None:
        assert not can_do("local", "sharpen_faces")
        tiny.face_painter(folder / "gfp.onnx")
        put(folder / "gfp.onnx", role="face", title="GFP", size=64, range="-1..1")
        job = restored(
            photo_of(album, alice, np.asarray(data.astronaut())), alice, "sharpen_faces"
        )
        assert picture_of(job)[115:125, 220:230].mean() > 220
        assert "Faces are redrawn by the model “GFP”" in job.note

    def test_enlarging(self, folder: Path, photo: Photo, alice: User) -> None:
        tiny.enlarger(folder / "esr.onnx", 4)
        put(folder / "esr.onnx", role="upscale", title="ESR", scale=4, tile=128)
        job = restored(photo, alice, "enlarge_2", upscale_model="esr")
        assert picture_of(job).shape[:2] == (720, 960)
        assert "It is enlarged by the model “ESR”." in job.note

    def test_restoring(self, folder: Path, photo: Photo, alice: User) -> None:
        put(tiny.brighter(folder / "net.onnx", 0.2), role="restore", title="Net")
        off = dict.fromkeys(("colour", "contrast", "grain", "sharpen"), "off")
        with_it = restored(photo, alice, restore_model="net", **off)
        without = restored(photo, alice, **off)
        brighter = picture_of(with_it).mean() - picture_of(without).mean()
        assert brighter > 30
        assert "The model “Net” has a part in it." in with_it.note
        assert without.note == ""

    def test_finding_and_filling(self, folder: Path, album: Album, alice: User) -> None:
        pixels = draw_scene() // 2 + 40
        pixels[60:330, 300:302] = 255
        photo = photo_of(album, alice, pixels)
        put(tiny.spotter(folder / "spot.onnx"), role="detect", title="Spot")
        tiny.filler(folder / "lama.onnx", value=0.0)
        put(folder / "lama.onnx", role="inpaint", title="LaMa", output_range="0..255")
        job = restored(photo, alice, detect_model="spot", fill_model="lama")
        assert picture_of(job)[100:300, 300].mean() < 40
        assert "Damage is looked for by the model “Spot”." in job.note
        assert "Damage is filled by the model “LaMa”." in job.note


class TestRecord:
    def test_what_made_it_is_kept(
        self, folder: Path, photo: Photo, alice: User
    ) -> None:
        tiny.colourer(folder / "dd.onnx")
        put(folder / "dd.onnx", role="colour", title="DD", size=64, licence="CC0")
        job = restored(photo, alice, "repair_colour")
        digest = own_checks.digest_of(folder / "dd.onnx")
        assert job.options["colour_model"] == f"dd-{digest[:12]}"
        told = job.events.get(kind=Event.Kind.FINISHING).detail
        assert told == f"colour: DD, dd.onnx, SHA-256 {digest}, CC0"

    def test_the_label_names_the_model_for_good(
        self, folder: Path, photo: Photo, alice: User, alice_client: Client
    ) -> None:
        tiny.colourer(folder / "dd.onnx")
        put(folder / "dd.onnx", role="colour", title="DD <b>", size=64)
        restored(photo, alice, "repair_colour")
        address = reverse("albums:photo", args=[photo.code])
        assert " · colours made up by DD &lt;b&gt;" in page(alice_client, address)
        (folder / "dd.onnx").unlink()
        own_checks.check_all()
        assert own_models.state().entries[0].code == "no_model"
        assert " · colours made up by DD &lt;b&gt;" in page(alice_client, address)

    def test_a_photo_with_colours_is_labelled_as_it_is(
        self, folder: Path, album: Album, alice: User, alice_client: Client
    ) -> None:
        tiny.colourer(folder / "dd.onnx")
        put(folder / "dd.onnx", role="colour", title="DD", size=64)
        photo = photo_of(album, alice, np.asarray(data.astronaut()))
        job = restored(photo, alice, "repair_colour")
        assert "has colours of its own, so none were made up" in job.note
        shown = page(alice_client, reverse("albums:photo", args=[photo.code]))
        assert "colours made up" not in shown
        assert "· colours" not in shown


class TestGone:
    @pytest.fixture
    def job(self, folder: Path, photo: Photo, alice: User) -> Job:
        put(tiny.brighter(folder / "net.onnx"), role="restore", title="Net")
        return request_restoration(
            photo,
            by=alice,
            recipe="repair",
            batch=uuid4(),
            chosen={"restore_model": "net"},
        )

    def fails(self, job: Job) -> None:
        runner.run_to_end(job)
        assert (job.state, job.error_code) == (Job.State.FAILED, "model_gone")
        assert job.blame == Job.Blame.SETUP
        assert "The model “Net” that this was to be done with" in job.message
        assert "restore the photo without it" in job.message
        assert not job.photo.restorations.exists()

    def test_a_file_that_was_taken_away(self, folder: Path, job: Job) -> None:
        (folder / "net.onnx").unlink()
        self.fails(job)

    def test_a_file_that_was_changed(self, folder: Path, job: Job) -> None:
        tiny.brighter(folder / "net.onnx", 0.05)
        os.utime(folder / "net.onnx", (1, 1))
        self.fails(job)
        own_checks.check_all()
        assert own_models.usable("restore")
        assert retry(job, by=job.batch.asked_by)
        self.fails(job)

    def test_another_file_of_the_same_size_and_time(
        self, folder: Path, job: Job
    ) -> None:
        path = folder / "net.onnx"
        times = path.stat()
        tiny.brighter(path, 0.2)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        assert own_models.usable("restore")
        self.fails(job)

    def test_other_weights_beside_it(self, folder: Path, job: Job) -> None:
        (folder / "net.onnx.data").write_bytes(b"more")
        self.fails(job)

    def test_a_manifest_that_was_changed(self, folder: Path, job: Job) -> None:
        tiny.manifest(folder / "net.onnx", role="restore", title="Other", tile=512)
        self.fails(job)

    def test_it_goes_on_where_the_file_comes_back(self, folder: Path, job: Job) -> None:
        path = folder / "net.onnx"
        content, times = path.read_bytes(), path.stat()
        path.unlink()
        self.fails(job)
        path.write_bytes(content)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        assert retry(job, by=job.batch.asked_by)
        assert runner.run_to_end(job).state == Job.State.SUCCEEDED

    def test_nobody_can_wish_for_it(self, folder: Path, job: Job) -> None:
        (folder / "net.onnx").unlink()
        with pytest.raises(BadOption, match="“net” that this was"):
            options_for("local", "repair", {"restore_model": "net"})
        assert "restore_model" not in options_for("local", "repair")

    def test_values_that_are_no_numbers_fail_the_job(
        self, folder: Path, album: Album, alice: User
    ) -> None:
        """Sound on the test picture, but not on a scan with black in it."""
        put(tiny.no_numbers(folder / "nan.onnx"), role="restore", title="Nan")
        photo = photo_of(album, alice, np.zeros((200, 200, 3), np.uint8))
        job = restored(photo, alice, restore_model="nan")
        assert (job.state, job.error_code) == (Job.State.FAILED, "model_no_numbers")
        assert job.blame == Job.Blame.SETUP
        assert "Restore the photo without it." in job.message
        assert not photo.restorations.exists()


def named(found: str) -> str:
    return html.unescape(found)


class TestForms:
    def test_without_models_nothing_is_offered(
        self, photo: Photo, alice_client: Client
    ) -> None:
        shown = page(alice_client, reverse("albums:photo", args=[photo.code]))
        assert "repair_colour" not in shown
        assert "_model" not in shown
        with pytest.raises(BadOption, match="an own model of your administrator's can"):
            options_for("local", "repair_colour")

    def test_recipes_and_options_name_the_models(
        self, folder: Path, photo: Photo, alice_client: Client
    ) -> None:
        for name in ("b", "a"):
            tiny.colourer(folder / f"{name}.onnx", side=64)
            put(folder / f"{name}.onnx", role="colour", title=name.upper(), size=64)
        shown = named(page(alice_client, reverse("albums:photo", args=[photo.code])))
        offered = re.findall(r'name="recipe" value="(\w+)"', shown)
        assert offered == ["repair", "repair_colour", "enlarge_2", "enlarge_4", "most"]
        assert "They are made up by the model “A”." in shown
        assert "Make up colours with" in shown
        assert "No model – as the recipe says" in shown
        assert options_for("local", "repair")["colour_model"] == "none"
        first = options_for("local", "repair_colour")["colour_model"]
        assert own_models.title_of(first) == "A"

    def test_faces_are_redrawn_only_where_it_is_said(
        self, folder: Path, album: Album, photo: Photo, alice_client: Client
    ) -> None:
        tiny.face_painter(folder / "g.onnx")
        put(folder / "g.onnx", role="face", title="G", size=64, range="-1..1")
        shown = named(page(alice_client, reverse("albums:photo", args=[photo.code])))
        assert "Sharpen and redraw faces" in shown
        assert "The model “G” redraws them." in shown
        for recipe in ("repair", "enlarge_2", "enlarge_4", "most"):
            assert options_for("local", recipe)["face_model"] == "none"

    def test_what_it_means_is_said_before_it_starts(
        self, folder: Path, album: Album, photo: Photo, alice_client: Client
    ) -> None:
        put(tiny.brighter(folder / "n.onnx"), role="restore", title="N")
        (option,) = (o for o in schema_of("local") if o.name == "restore_model")
        value = option.choices[1][0]
        sent = {"recipe": "repair", "photo": str(photo.code)}
        address = reverse("jobs:choose", args=[album.code])
        sent["local-restore_model"] = value
        asked = alice_client.post(address, sent).content.decode()
        assert "The model “N” has a part in it." in named(asked)
        assert f'value="{value}" selected' in asked

    def test_a_choice_can_be_taken_back(
        self, folder: Path, photo: Photo, alice: User
    ) -> None:
        tiny.colourer(folder / "dd.onnx")
        put(folder / "dd.onnx", role="colour", title="DD", size=64)
        job = restored(photo, alice, "repair_colour", colour_model="none")
        assert picture_of(job).ndim == 2
        assert job.note == ""
