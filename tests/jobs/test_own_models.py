"""Models of the administrator's: from a file in a folder to a restoration."""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from PIL import Image
from skimage import data

from albums import services, storage
from albums.models import Album, Photo, User
from jobs import own_checks, own_models, runner
from jobs.checks import own_models_can_be_used
from jobs.engine.own.spec import Role
from jobs.model_check import ModelCheck
from jobs.models import Event, Job
from jobs.providers.options import BadOption
from jobs.recipes import can_do, options_for, schema_of
from jobs.services import request_restoration, retry
from tests import own_models as tiny
from tests.engine.pictures import draw_scene, grey_of

pytestmark = pytest.mark.django_db
Add = Callable[..., Path]


@pytest.fixture
def folder(settings: Any) -> Path:
    place = Path(settings.DATA_DIR) / "models"
    place.mkdir()
    return place


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


def put(path: Path, **values: Any) -> Path:
    tiny.manifest(path, **values)
    own_checks.check_all()
    return path


def only_entry() -> own_models.Entry:
    (entry,) = own_models.state().entries
    return entry


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


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


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


class TestCheck:
    """One bad model of each kind, tried as the worker tries it."""

    def refusal(self, *, again: bool = False) -> own_models.Entry:
        (entry,) = own_checks.check_all(again=again)
        assert entry.code
        assert entry.reason.endswith(".")
        assert not own_models.usable("restore")
        return entry

    def test_a_sound_model_is_usable(self, folder: Path) -> None:
        put(tiny.brighter(folder / "net.onnx", 0.02), role="restore", title="Net")
        entry = only_entry()
        assert (entry.code, entry.title, entry.role) == ("", "Net", "restore")
        assert entry.megabytes > 0
        assert entry.sha256 == own_checks.digest_of(folder / "net.onnx")

    def test_toml_is_a_manifest_too(self, folder: Path) -> None:
        tiny.brighter(folder / "net.onnx", 0.02)
        (folder / "net.toml").write_text(
            'title = "Net"\nrole = "restore"\nlicence = "CC0"\nsource = "here"\n'
        )
        own_checks.check_all()
        assert own_models.usable("restore")

    @pytest.mark.parametrize(
        ("values", "code"),
        [
            ({"role": "magic"}, "bad_manifest"),
            ({"role": "inpaint"}, "wrong_inputs"),
            ({"role": "upscale", "scale": 2}, "model_wrong_shape"),
            ({"role": "restore", "colour": "grey"}, "wrong_channels"),
            ({"role": "restore", "output_range": "0..255"}, "wrong_range"),
            ({"role": "restore", "sha256": "0" * 64}, "other_file"),
        ],
    )
    def test_a_model_that_is_not_as_the_manifest_says(
        self, folder: Path, values: dict[str, Any], code: str
    ) -> None:
        tiny.manifest(tiny.brighter(folder / "net.onnx", 0.02), **values)
        assert self.refusal().code == code

    def test_files_that_do_not_belong_together(self, folder: Path) -> None:
        path = tiny.brighter(folder / "net.onnx")
        assert self.refusal().code == "no_manifest"
        tiny.manifest(path, role="restore").rename(folder / "net.toml")
        tiny.manifest(path, role="restore")
        assert self.refusal().code == "two_manifests"
        path.unlink()
        assert self.refusal().code == "no_model"

    def test_a_name_that_could_be_anything(self, folder: Path) -> None:
        tiny.brighter(folder / "my net.onnx")
        assert self.refusal().code == "bad_name"

    def test_a_model_over_the_limit(self, folder: Path, settings: Any) -> None:
        settings.OWN_MODEL_SIZE = 1
        path = tiny.brighter(folder / "net.onnx")
        tiny.manifest(path, role="restore")
        (folder / "net.onnx.data").write_bytes(bytes(2_000_000))
        entry = self.refusal()
        assert entry.code == "too_big"
        assert "OWN_MODEL_SIZE" in entry.reason

    def test_weights_elsewhere(self, folder: Path) -> None:
        tiny.manifest(tiny.external(folder / "m.onnx", "../secret_key"), role="restore")
        assert self.refusal().code == "weights_elsewhere"

    def test_foreign_operators(self, folder: Path) -> None:
        alien = tiny.node("Magic", "input", domain="com.example")
        tiny.save(folder / "m.onnx", [alien], opsets=tiny.FOREIGN)
        tiny.manifest(folder / "m.onnx", role="restore")
        assert self.refusal().code == "custom_operators"

    def test_too_much_memory(self, folder: Path, settings: Any) -> None:
        settings.OWN_MODEL_MEMORY = 100
        tiny.glutton(folder / "m.onnx")
        tiny.manifest(folder / "m.onnx", role="restore")
        entry = self.refusal()
        assert entry.code in {"too_much_memory", "crashed"}
        assert "OWN_MODEL_MEMORY" in entry.reason

    def test_too_much_time(self, folder: Path, settings: Any) -> None:
        settings.OWN_MODEL_SECONDS = 1
        tiny.sloth(folder / "m.onnx")
        tiny.manifest(folder / "m.onnx", role="restore", tile=128)
        entry = self.refusal()
        assert entry.code == "too_slow"
        assert "OWN_MODEL_SECONDS" in entry.reason

    def test_one_bad_model_spoils_no_other(self, folder: Path) -> None:
        (folder / "bad.onnx").write_bytes(b"no model")
        tiny.manifest(folder / "bad.onnx", role="restore")
        put(tiny.brighter(folder / "good.onnx", 0.02), role="restore", title="Good")
        assert [one.title for one in own_models.usable("restore")] == ["Good"]
        assert [one.code for one in own_models.state().entries] == ["not_onnx", ""]


class TestAgain:
    @pytest.fixture
    def tried(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        names: list[str] = []
        once = own_checks._run

        def counted(pair: own_checks.Pair, found: own_models.Entry) -> own_checks.Told:
            names.append(pair.name)
            return once(pair, found)

        monkeypatch.setattr(own_checks, "_run", counted)
        return names

    def test_only_what_is_new_or_changed_is_tried(
        self, folder: Path, tried: list[str], settings: Any
    ) -> None:
        for name in ("a", "b"):
            tiny.manifest(tiny.brighter(folder / f"{name}.onnx", 0.02), role="restore")
        own_checks.check_all()
        own_checks.check_all()
        assert tried == ["a", "b"]
        tiny.manifest(folder / "b.onnx", role="restore", title="New")
        own_checks.check_all()
        assert tried == ["a", "b", "b"]
        os.utime(folder / "a.onnx", (1, 1))
        assert len(own_models.usable("restore")) == 1
        own_checks.check_all()
        assert len(own_models.usable("restore")) == 2
        assert tried == ["a", "b", "b"]
        settings.OWN_MODEL_SECONDS = 40
        own_checks.check_all()
        assert tried[3:] == ["a", "b"]
        own_checks.check_all(again=True)
        assert tried[5:] == ["a", "b"]

    def test_a_state_that_cannot_be_read_is_written_anew(self, folder: Path) -> None:
        path = own_models.state_file()
        for broken in ("", "{", "[]", '{"models": [{"x": 1}], "titles": {}}'):
            path.write_text(broken)
            assert own_models.state() == own_models.State()
        put(tiny.brighter(folder / "net.onnx", 0.02), role="restore")
        assert json.loads(path.read_text())["models"][0]["name"] == "net"
        assert own_models.usable("restore")


class TestCommand:
    def said(self) -> str:
        out = StringIO()
        call_command("check_models", stdout=out)
        return out.getvalue()

    def test_it_prints_what_can_be_used_and_why_not(self, folder: Path) -> None:
        assert "There is no model in" in self.said()
        tiny.brighter(folder / "alone.onnx")
        put(tiny.brighter(folder / "net.onnx", 0.02), role="restore", title="Net")
        first, second = self.said().splitlines()
        assert first.startswith("alone  -       not used (no_manifest): It has no")
        assert second.startswith("net    restore usable as “Net”: ")


class TestWorker:
    def test_without_models_no_check_is_begun(self, settings: Any) -> None:
        assert not ModelCheck().is_running

    def test_a_check_is_begun_and_outlived(
        self, folder: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With another DATA_DIR it finds nothing, which is all that matters here."""
        monkeypatch.setenv("DATA_DIR", str(folder.parent))
        (folder / "bad.onnx").write_bytes(b"no model")
        check = ModelCheck()
        process = check.process
        assert process is not None
        process.wait(60)
        check.tend()
        assert not check.is_running
        assert only_entry().code == "no_manifest"
        check.end()

    def test_a_check_is_ended_with_the_worker(self, folder: Path) -> None:
        (folder / "bad.onnx").write_bytes(b"no model")
        check = ModelCheck()
        check.end()
        assert check.process is not None
        assert check.process.returncode is not None


class TestDesk:
    def test_a_system_check_names_what_is_not_used(self, folder: Path) -> None:
        assert own_models_can_be_used() == []
        tiny.brighter(folder / "alone.onnx")
        own_checks.check_all()
        (warning,) = own_models_can_be_used()
        assert warning.id == "jobs.W003"
        assert "write alone.toml" in str(warning.hint)

    def test_the_administrator_sees_every_model_and_why(
        self, folder: Path, admin_client: Client
    ) -> None:
        start = reverse("admin:index")
        assert "Own models" not in page(admin_client, start)
        tiny.brighter(folder / "alone.onnx")
        tiny.brighter(folder / "net.onnx", 0.02)
        put(folder / "net.onnx", role="restore", title="Net <1>", licence="CC0")
        shown = page(admin_client, start)
        assert "Own models" in shown
        assert "Net &lt;1&gt;" in shown
        assert "It has no manifest: write alone.toml" in shown
        (folder / "net.onnx").unlink()
        assert "taken away since it was checked" in page(admin_client, start)
