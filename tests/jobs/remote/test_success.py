from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from albums.models import Album, Restoration, User
from albums.storage import media
from jobs import accounts
from jobs.models import Attempt, Consent, Job, LedgerLine
from jobs.services import cancel, withdraw_consent
from tests.jobs.conftest import MakePhoto
from tests.jobs.remote.conftest import Ask, AskPicWish, connect, finish, kinds, step
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db


def test_a_photo_goes_there_and_comes_back(
    sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    job = ask_picwish()
    assert step(job).state == Job.State.RUNNING
    assert job.attempts.get().remote_id in sandbox.picwish.tasks
    assert step(job).state == Job.State.FETCHING
    assert step(job).state == Job.State.SUCCEEDED
    restoration = Restoration.objects.get()
    assert job.restoration == restoration
    sent = sandbox.picwish.requests[0].parts["image_file"].data
    assert media(restoration.path).read_bytes() == sandbox.picwish.restore(sent)
    assert job.money_spent
    assert job.attempts.get().state == Attempt.State.SUCCEEDED


def test_the_timeline_names_every_step_and_what_was_charged(
    sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    job = finish(ask_picwish())
    assert kinds(job) == [
        "asked",
        "preparing",
        "sent",
        "done_there",
        "fetched",
        "ready",
    ]
    timed = job.events.exclude(milliseconds=None)
    assert [event.kind for event in timed] == ["sent", "done_there", "fetched"]
    assert [event.kind for event in job.events.filter(charged=True)] == ["done_there"]


def test_a_charged_attempt_has_one_line_in_the_ledger(
    sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    job = finish(ask_picwish())
    line = LedgerLine.objects.get()
    assert line.attempt == job.attempts.get()
    assert line.album == job.photo.album


def test_nothing_secret_is_left_in_the_rows(
    sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    job = finish(ask_picwish())
    attempt = job.attempts.get()
    assert attempt.result_address == ""
    assert attempt.brought == {}
    words = "".join(event.words + event.detail for event in job.events.all())
    assert sandbox.picwish.key not in words
    assert sandbox.results_host not in words


def test_the_copy_that_leaves_has_no_metadata_and_no_name(
    sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    job = finish(ask_picwish())
    part = sandbox.picwish.requests[0].parts["image_file"]
    assert part.filename == f"{job.attempts.get().request_key.hex}.jpg"
    with Image.open(BytesIO(part.data)) as picture:
        assert not picture.getexif()
        assert set(picture.info) <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
        }


def test_a_photo_too_large_for_the_provider_is_sent_smaller_and_said_so(
    sandbox: Sandbox, ask_picwish: AskPicWish, make_photo: MakePhoto
) -> None:
    job = finish(ask_picwish(photo=make_photo(width=2600, height=1300)))
    assert job.state == Job.State.SUCCEEDED
    assert "2048 × 1024" in job.note
    assert job.restoration is not None
    assert (job.restoration.width, job.restoration.height) == (2048, 1024)


def test_waiting_on_the_line_takes_one_request(
    sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    job = finish(ask_picwish(sync="1"))
    assert job.state == Job.State.SUCCEEDED
    assert len(sandbox.picwish.requests) == 1


@pytest.mark.parametrize("fault", ["base64", "data_uri", "image_url"])
def test_a_result_may_come_in_any_form(
    sandbox: Sandbox, ask_picwish: AskPicWish, fault: str
) -> None:
    sandbox.picwish.faults.always("task", fault)
    assert finish(ask_picwish()).state == Job.State.SUCCEEDED


def test_a_second_ring_for_the_same_step_does_nothing(
    sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    job = ask_picwish()
    step(job)
    step(job)
    finish(job)
    assert sandbox.picwish.submits == 1
    assert Restoration.objects.count() == 1


def test_without_consent_nothing_leaves(
    sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    job = ask_picwish()
    Consent.objects.all().delete()
    finish(job)
    assert (job.state, job.error_code) == (Job.State.FAILED, "no_consent")
    assert sandbox.picwish.requests == []


def test_a_key_that_is_set_later_lets_the_job_go_on(
    settings: Any, sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    connect(settings, sandbox, key="")
    job = finish(ask_picwish())
    assert (job.state, job.error_code) == (Job.State.HELD, "no_key")
    connect(settings, sandbox)
    accounts.let_go("picwish", on_trial=True)
    assert finish(job).state == Job.State.SUCCEEDED


def test_nothing_secret_remains_of_a_submit_that_was_given_up(
    sandbox: Sandbox, ask: Ask, album: Album, alice: User
) -> None:
    job = step(ask("autoenhance"))
    assert job.attempts.get().brought["upload"]
    withdraw_consent(album, "autoenhance", by=alice)
    assert finish(job).state == Job.State.FAILED
    assert job.attempts.get().brought == {}


def test_nothing_secret_remains_of_a_submit_that_was_cancelled(
    sandbox: Sandbox, ask: Ask, alice: User
) -> None:
    job = step(ask("autoenhance"))
    Job.objects.filter(pk=job.pk).update(state=Job.State.HELD)
    assert cancel(job, by=alice)
    assert job.attempts.get().brought == {}
