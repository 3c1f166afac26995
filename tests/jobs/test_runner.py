from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from albums import images, services
from albums.models import User
from jobs import local_step, runner
from jobs.clock import db_now
from jobs.models import Attempt, Job
from jobs.services import RELEASED, cancel, request_restoration, retry
from tests.jobs.conftest import AskFor, MakePhoto


def claim(job: Job) -> UUID:
    token = uuid4()
    assert Job.objects.claim(job.pk, now=db_now(), token=token, lease=runner.RING_LEASE)
    return token


def lose(job: Job) -> None:
    """Somebody else takes the job over."""
    Job.objects.filter(pk=job.pk).update(lease=uuid4(), holder="elsewhere:1:1")


@pytest.fixture
def while_working(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Have something happen at the engine's first sign of life."""

    def disturb(happening: Any) -> None:
        signs = local_step.SignsOfLife.__call__

        def disturbed(self: local_step.SignsOfLife, progress: Any) -> None:
            happening()
            self.last = 0
            signs(self, progress)

        monkeypatch.setattr(local_step.SignsOfLife, "__call__", disturbed)

    return disturb


def test_a_job_is_carried_out(job: Job) -> None:
    runner.advance(job.pk, claim(job))
    job.refresh_from_db()
    assert job.state == Job.State.SUCCEEDED
    assert (job.lease, job.holder, job.percent) == (None, "", 100)
    assert job.restoration
    assert services.restoration_file(job.restoration).is_file()
    kinds = list(job.events.values_list("kind", flat=True))
    assert kinds == ["asked", "begun", "finishing", "ready"]


def test_the_restoration_names_its_attempt(job: Job) -> None:
    runner.advance(job.pk, claim(job))
    job.refresh_from_db()
    attempt = job.attempts.get()
    assert job.restoration
    assert job.restoration.attempt == attempt.request_key
    assert attempt.state == Attempt.State.SUCCEEDED


def test_a_second_ring_does_nothing(job: Job) -> None:
    token = claim(job)
    runner.advance(job.pk, token)
    runner.advance(job.pk, token)
    assert job.photo.restorations.count() == 1
    assert job.attempts.count() == 1


def test_an_old_ring_does_nothing(job: Job) -> None:
    old = claim(job)
    Job.objects.filter(pk=job.pk).update(**RELEASED)
    claim(job)
    runner.advance(job.pk, old)
    job.refresh_from_db()
    assert (job.state, job.holder) == (Job.State.QUEUED, "")


def test_every_change_is_one_that_pages_see(job: Job) -> None:
    before = job.sequence
    runner.advance(job.pk, claim(job))
    job.refresh_from_db()
    job.photo.album.refresh_from_db()
    assert job.sequence == job.photo.album.version > before


def test_who_lost_the_job_touches_nothing(job: Job, while_working: Any) -> None:
    while_working(lambda: lose(job))
    runner.advance(job.pk, claim(job))
    job.refresh_from_db()
    assert (job.state, job.holder) == (Job.State.RUNNING, "elsewhere:1:1")
    assert not job.photo.restorations.exists()


def test_two_that_finish_leave_one_restoration(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first was taken for dead while it encoded, and is not."""
    encode = images.encode

    def second_one_comes_first(*arguments: Any, **options: Any) -> images.Encoded:
        monkeypatch.setattr(images, "encode", encode)
        Job.objects.filter(pk=job.pk).update(**RELEASED)
        runner.advance(job.pk, claim(job))
        return encode(*arguments, **options)

    monkeypatch.setattr(images, "encode", second_one_comes_first)
    runner.advance(job.pk, claim(job))
    job.refresh_from_db()
    assert job.state == Job.State.SUCCEEDED
    assert job.photo.restorations.count() == 1
    assert job.attempts.count() == 1


def test_a_broken_step_is_gone_on_with_by_the_same_attempt(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = images.encode
    monkeypatch.setattr(images, "encode", _dies)
    with pytest.raises(KeyError):
        runner.advance(job.pk, claim(job))
    monkeypatch.setattr(images, "encode", encode)
    Job.objects.filter(pk=job.pk).update(**RELEASED)
    runner.advance(job.pk, claim(job))
    job.refresh_from_db()
    assert job.state == Job.State.SUCCEEDED
    assert job.attempts.count() == 1


def _dies(*_arguments: Any, **_options: Any) -> images.Encoded:
    raise KeyError("a fault of ours")


def test_no_scratch_is_left(job: Job, settings: Any) -> None:
    runner.advance(job.pk, claim(job))
    assert list(Path(settings.SCRATCH_DIR).iterdir()) == []


class TestFailures:
    @pytest.mark.parametrize(
        ("error", "code", "blame"),
        [
            (MemoryError(), "out_of_memory", Job.Blame.SETUP),
            (OSError(28, "No space left on device"), "disk_full", Job.Blame.SETUP),
            (FileNotFoundError(2, "No such file"), "file_missing", Job.Blame.SETUP),
            (images.BadPicture("broken"), "broken", Job.Blame.PICTURE),
        ],
    )
    def test_a_failure_is_told_in_a_sentence(
        self,
        job: Job,
        monkeypatch: pytest.MonkeyPatch,
        error: Exception,
        code: str,
        blame: Job.Blame,
    ) -> None:
        def fail(*_arguments: Any, **_options: Any) -> images.Encoded:
            raise error

        monkeypatch.setattr(images, "encode", fail)
        runner.advance(job.pk, claim(job))
        job.refresh_from_db()
        assert (job.state, job.error_code, job.blame) == ("failed", code, blame)
        assert job.message.endswith(".")
        assert job.attempts.get().state == Attempt.State.FAILED

    def test_a_missing_original_is_said_so_at_once(self, job: Job) -> None:
        services.original_file(job.photo).unlink()
        runner.advance(job.pk, claim(job))
        job.refresh_from_db()
        assert (job.state, job.error_code) == (Job.State.FAILED, "file_missing")
        assert "backup" in job.message

    def test_enlarging_too_far_is_the_pictures_fault(
        self, make_photo: MakePhoto, alice: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("jobs.engine.enlarge.LIMIT", 1000)
        job = request_restoration(
            make_photo(), by=alice, recipe="enlarge_4", batch=uuid4()
        )
        runner.advance(job.pk, claim(job))
        job.refresh_from_db()
        assert (job.state, job.blame) == (Job.State.FAILED, Job.Blame.PICTURE)


class TestCancelling:
    def test_what_waits_ends_at_once(self, job: Job, alice: User) -> None:
        assert cancel(job, by=alice)
        job.refresh_from_db()
        assert job.state == Job.State.CANCELLED
        assert job.finished

    def test_what_was_rung_for_ends_at_once(self, job: Job, alice: User) -> None:
        token = claim(job)
        assert cancel(job, by=alice)
        runner.advance(job.pk, token)
        job.refresh_from_db()
        assert job.state == Job.State.CANCELLED
        assert not job.attempts.exists()

    def test_what_is_worked_on_ends_at_the_next_sign_of_life(
        self, job: Job, alice: User, while_working: Any
    ) -> None:
        while_working(lambda: cancel(Job.objects.get(pk=job.pk), by=alice))
        runner.advance(job.pk, claim(job))
        job.refresh_from_db()
        assert job.state == Job.State.CANCELLED
        assert job.attempts.get().state == Attempt.State.ABANDONED
        assert not job.photo.restorations.exists()

    def test_a_result_that_is_there_wins(
        self, job: Job, alice: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        encode = images.encode

        def cancelled_meanwhile(*arguments: Any, **options: Any) -> images.Encoded:
            cancel(Job.objects.get(pk=job.pk), by=alice)
            return encode(*arguments, **options)

        monkeypatch.setattr(images, "encode", cancelled_meanwhile)
        runner.advance(job.pk, claim(job))
        job.refresh_from_db()
        assert job.state == Job.State.SUCCEEDED

    def test_what_has_ended_cannot_be_cancelled(self, job: Job, alice: User) -> None:
        runner.advance(job.pk, claim(job))
        assert not cancel(job, by=alice)
        job.refresh_from_db()
        assert job.state == Job.State.SUCCEEDED

    def test_cancelling_twice_is_said_once(self, job: Job, alice: User) -> None:
        assert cancel(job, by=alice)
        assert not cancel(job, by=alice)
        assert job.events.filter(kind="cancelled").count() == 1


class TestRetrying:
    def test_a_failed_job_is_queued_again(self, job: Job, alice: User) -> None:
        cancel(job, by=alice)
        assert retry(job, by=alice)
        runner.advance(job.pk, claim(job))
        job.refresh_from_db()
        assert job.state == Job.State.SUCCEEDED

    def test_two_clicks_are_one_retry(self, job: Job, alice: User) -> None:
        cancel(job, by=alice)
        assert retry(job, by=alice)
        assert not retry(job, by=alice)
        assert job.events.filter(kind="retried").count() == 1

    def test_a_retry_forgets_the_error(self, job: Job, alice: User) -> None:
        Job.objects.filter(pk=job.pk).update(
            state=Job.State.FAILED, error_code="crashed", blame="setup", crashes=5
        )
        assert retry(job, by=alice)
        job.refresh_from_db()
        assert (job.error_code, job.blame, job.crashes) == ("", "", 0)


class TestAsking:
    def test_a_double_click_is_one_job(
        self, make_photo: MakePhoto, ask_for: AskFor
    ) -> None:
        photo, batch = make_photo(), uuid4()
        assert ask_for(batch=batch, photo=photo) == ask_for(batch=batch, photo=photo)
        assert Job.objects.get().events.count() == 1

    def test_another_click_is_another_job(
        self, make_photo: MakePhoto, ask_for: AskFor
    ) -> None:
        photo = make_photo()
        assert ask_for(photo=photo) != ask_for(photo=photo)


class TestToTheEnd:
    def test_without_a_worker(self, job: Job) -> None:
        assert runner.run_to_end(job).state == Job.State.SUCCEEDED

    def test_where_a_worker_holds_it(self, job: Job) -> None:
        """Waits for the worker, whose lease here runs out."""
        token = claim(job)
        soon = db_now() + timedelta(milliseconds=300)
        Job.objects.filter(pk=job.pk).update(leased_until=soon, holder="elsewhere:1:1")
        assert runner.run_to_end(job, pause=0.01).state == Job.State.SUCCEEDED
        runner.advance(job.pk, token)
        assert job.attempts.count() == 1

    def test_what_has_ended_is_left_alone(self, job: Job, alice: User) -> None:
        cancel(job, by=alice)
        assert runner.run_to_end(job).state == Job.State.CANCELLED
