"""What the engine does beside restorations: maps of changes, and the search for damage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.db import IntegrityError, transaction
from PIL import Image

from albums import images, services, storage
from albums.models import Album, Changes, Mask, Photo, Restoration, User
from albums.services import MadeBy
from jobs import engine_errands, errands, queue, runner, sweep, tasks, what_changed
from jobs.clock import db_now
from jobs.models import Errand, Heartbeat, Job
from jobs.processes import host
from jobs.providers.options import BadOption
from jobs.services import request_restoration
from tests.jobs.conftest import MakePhoto


def no_sign() -> None:
    pass


@pytest.fixture
def from_elsewhere(make_photo: MakePhoto) -> Callable[..., Restoration]:
    """A restoration that a provider made, of any size."""

    def make(width: int = 96, height: int = 64) -> Restoration:
        part = storage.new_part()
        pixels = np.full((height, width, 3), 90, np.uint8)
        encoded = images.encode(pixels, part, lossless=False)
        made_by = MadeBy(attempt=uuid4(), provider="picwish", recipe="repair")
        return services.add_restoration(make_photo(), part, encoded, made_by)

    return make


def scratched(album: Album, alice: User) -> Photo:
    """A print with two white scratches across a calm ground."""
    random = np.random.default_rng(3)
    pixels = np.full((400, 600, 3), 95.0) + random.normal(0, 2, (400, 600, 1))
    pixels[:, 200:203] = 245
    pixels[150:153, :] = 245
    part = storage.new_part()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(part, "PNG")
    added = services.add_photos(
        part, name="scratched.png", album=album, by=alice, wish="", batch=uuid4()
    )
    return added.photos[0]


class TestMapOfALocalJob:
    def test_it_is_kept_with_the_restoration(self, job: Job) -> None:
        runner.run_to_end(job)
        assert job.restoration
        changes = Changes.objects.get(restoration=job.restoration)
        with Image.open(storage.media(changes.path)) as image:
            assert (image.format, image.mode, image.size) == ("PNG", "RGB", (96, 64))
        assert 0 <= changes.mended <= changes.area <= 1
        stages = {stage["stage"] for stage in changes.stages}
        assert {"scratches", "grain", "colour", "contrast", "sharpen"} <= stages
        assert not Errand.objects.exists()

    @pytest.mark.parametrize(
        "error", [ValueError("strange"), MemoryError(), OSError(28, "full")]
    )
    def test_without_one_the_restoration_is_there_all_the_same(
        self, job: Job, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise error

        monkeypatch.setattr(what_changed, "made_of", fail)
        runner.run_to_end(job)
        assert job.state == Job.State.SUCCEEDED
        assert not Changes.objects.exists()

    def test_one_that_cannot_be_put_in_place_costs_nothing(
        self, job: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(what_changed.Made, "keep", fail)
        runner.run_to_end(job)
        assert job.state == Job.State.SUCCEEDED


class TestMapOfWhatCameFromElsewhere:
    @pytest.mark.parametrize("size", [(96, 64), (192, 128), (120, 79), (48, 32)])
    def test_it_is_made_in_the_scans_size(
        self, from_elsewhere: Callable[..., Restoration], size: tuple[int, int]
    ) -> None:
        restoration = from_elsewhere(*size)
        errands.look_for_changes(restoration)
        errands.run(Errand.objects.get().pk, sign=no_sign)
        changes = Changes.objects.get(restoration=restoration)
        with Image.open(storage.media(changes.path)) as image:
            assert image.size == (96, 64)
        assert changes.area > 0.5
        assert not changes.stages
        assert not Errand.objects.exists()

    def test_one_of_another_shape_has_none(
        self, from_elsewhere: Callable[..., Restoration]
    ) -> None:
        errands.look_for_changes(from_elsewhere(64, 96))
        errand = Errand.objects.get()
        for _ in range(errands.MOST_TRIES + 1):
            errands.run(errand.pk, sign=no_sign)
        errand.refresh_from_db()
        assert (errand.is_given_up, errand.tries) == (True, errands.MOST_TRIES)
        assert not Changes.objects.exists()

    def test_asking_twice_is_one_errand(
        self, from_elsewhere: Callable[..., Restoration]
    ) -> None:
        restoration = from_elsewhere()
        errands.look_for_changes(restoration)
        errands.look_for_changes(restoration)
        assert Errand.objects.count() == 1

    def test_the_errand_goes_with_its_restoration(
        self, from_elsewhere: Callable[..., Restoration]
    ) -> None:
        restoration = from_elsewhere()
        errands.look_for_changes(restoration)
        restoration.delete()
        assert not Errand.objects.exists()


class TestSearchForDamage:
    def test_scratches_are_found(self, album: Album, alice: User) -> None:
        photo = scratched(album, alice)
        errands.look_for_marks(photo, damage="severe")
        errands.run(Errand.objects.get().pk, sign=no_sign)
        mask = Mask.objects.get()
        assert (mask.photo, mask.drawn_by, mask.is_drawn) == (photo, None, False)
        with Image.open(services.mask_file(mask)) as image:
            found = np.asarray(image)
        assert set(np.unique(found)) == {0, 255}
        assert found[20:130, 201].mean() > 150
        assert found[20:130, 400].mean() == 0
        assert mask.area == pytest.approx((found > 0).mean())

    def test_one_search_at_a_time(self, make_photo: MakePhoto) -> None:
        photo = make_photo()
        first = errands.look_for_marks(photo)
        assert errands.look_for_marks(photo) == first
        with pytest.raises(IntegrityError), transaction.atomic():
            Errand.objects.create(kind="marks", photo=photo, due=db_now())

    def test_one_that_was_given_up_is_begun_again(self, make_photo: MakePhoto) -> None:
        photo = make_photo()
        services.original_file(photo).unlink()
        errand = errands.look_for_marks(photo)
        for _ in range(errands.MOST_TRIES):
            errands.run(errand.pk, sign=no_sign)
        errand.refresh_from_db()
        assert errand.is_given_up
        assert errands.due(db_now()) == []
        errands.look_for_marks(photo, damage="light")
        errand.refresh_from_db()
        assert (errand.is_given_up, errand.tries, errand.damage) == (False, 0, "light")

    def test_it_gives_signs_of_life(
        self, album: Album, alice: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(engine_errands, "SECONDS_BETWEEN_SIGNS", 0.0)
        errand = errands.look_for_marks(scratched(album, alice))
        begun, seen = db_now(), []

        def sign() -> None:
            # As if all its time were over by now.
            seen.append(Errand.objects.get().due)
            Errand.objects.update(due=begun)

        errands.run(errand.pk, sign=sign)
        assert len(seen) > 1
        assert all(due > begun + errands.LASTS / 2 for due in seen)


class TestRings:
    def test_only_one_worker_does_it(self, make_photo: MakePhoto) -> None:
        errand = errands.look_for_marks(make_photo())
        now = db_now()
        assert Errand.objects.claim(errand.pk, now=now, lasts=errands.LASTS)
        assert not Errand.objects.claim(errand.pk, now=now, lasts=errands.LASTS)
        errands.run(errand.pk, sign=no_sign)
        assert not Mask.objects.exists()

    def test_what_a_dead_worker_left_is_due_again(self, make_photo: MakePhoto) -> None:
        errand = errands.look_for_marks(make_photo())
        Errand.objects.claim(errand.pk, now=db_now(), lasts=errands.LASTS)
        assert errands.due(db_now()) == []
        later = db_now() + errands.LASTS + timedelta(seconds=1)
        assert errands.due(later) == [errand.pk]

    def test_a_listening_engine_is_rung(
        self,
        make_photo: MakePhoto,
        django_capture_on_commit_callbacks: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        rung: list[tuple[str, str, int]] = []
        monkeypatch.setattr(queue, "_ring", lambda *ring: rung.append(ring))
        with django_capture_on_commit_callbacks(execute=True):
            errand = errands.look_for_marks(make_photo())
        assert rung == []
        Heartbeat.objects.create(cluster="engine", host=host(), beat=db_now())
        sweep.ring_for_errands()
        name = queue.queue_name("engine", host())
        assert rung == [(name, "jobs.tasks.errand", errand.pk)]

    def test_the_task_does_it(
        self, make_photo: MakePhoto, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tasks, "_begin", lambda: True)
        errand = errands.look_for_marks(make_photo())
        tasks.errand(errand.pk)
        assert Mask.objects.count() == 1
        tasks.errand(errand.pk)
        assert Mask.objects.count() == 1

    def test_no_scratch_is_left(self, make_photo: MakePhoto, settings: Any) -> None:
        errands.run(errands.look_for_marks(make_photo()).pk, sign=no_sign)
        assert list(Path(settings.SCRATCH_DIR).iterdir()) == []


class TestMarkedPlaces:
    def mask(self, photo: Photo, by: User) -> Mask:
        part = storage.new_part()
        plane = np.zeros((photo.height, photo.width), np.uint8)
        plane[150:153, :] = 255
        encoded = images.encode(plane, part, lossless=True)
        return services.keep_mask(photo, part, encoded, by=by)

    def restored(
        self, photo: Photo, mask: Mask | None, by: User
    ) -> np.ndarray[Any, Any]:
        chosen = {"mask": str(mask.code)} if mask else {}
        switched = dict.fromkeys(("colour", "contrast", "grain", "sharpen"), "off")
        job = request_restoration(
            photo, by=by, recipe="repair", batch=uuid4(), chosen=chosen | switched
        )
        runner.run_to_end(job)
        assert job.restoration, job.message
        with Image.open(services.restoration_file(job.restoration)) as image:
            return np.asarray(image).astype(int)

    def test_just_what_is_marked_is_mended(self, album: Album, alice: User) -> None:
        photo = scratched(album, alice)
        made = self.restored(photo, self.mask(photo, alice), alice)
        assert made[151, 400].max() < 130
        assert made[50, 201].min() > 230

    def test_a_mask_of_another_photo_is_refused(
        self, make_photo: MakePhoto, alice: User
    ) -> None:
        mask = self.mask(make_photo(), alice)
        with pytest.raises(BadOption, match="another photo"):
            request_restoration(
                make_photo(),
                by=alice,
                recipe="repair",
                batch=uuid4(),
                chosen={"mask": str(mask.code)},
            )

    def test_a_mask_that_is_gone_is_said_so(
        self, make_photo: MakePhoto, alice: User
    ) -> None:
        photo = make_photo()
        mask = self.mask(photo, alice)
        job = request_restoration(
            photo,
            by=alice,
            recipe="repair",
            batch=uuid4(),
            chosen={"mask": str(mask.code)},
        )
        mask.delete()
        runner.run_to_end(job)
        assert (job.state, job.error_code) == (Job.State.FAILED, "mask_missing")
        assert "Mark them again" in job.message
