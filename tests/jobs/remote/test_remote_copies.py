"""A photo that stays at a provider: restored again without being sent, and deleted there
when nobody needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from albums import services as albums
from albums.models import Album, Photo, Restoration, User
from jobs import late, leases, queue, remote_copies, sweep
from jobs.clock import db_now
from jobs.models import Attempt, Job, ProviderAccount, RemoteCopy
from jobs.services import (
    cancel,
    give_consent,
    request_restoration,
    retry,
    send_elsewhere,
    withdraw_consent,
)
from tests.jobs.conftest import MakePhoto
from tests.jobs.remote.conftest import begun, finish, kinds, step
from tests.provider_sandbox import Sandbox
from tests.provider_sandbox.autoenhance import AutoenhanceSandbox

pytestmark = pytest.mark.django_db

AskThere = Callable[..., Job]


@pytest.fixture
def vendor(sandbox: Sandbox) -> AutoenhanceSandbox:
    return sandbox.autoenhance


@pytest.fixture
def photo(make_photo: MakePhoto) -> Photo:
    return make_photo()


@pytest.fixture
def ask_there(photo: Photo, album: Album, alice: User) -> AskThere:
    """A wish for the same photo each time."""

    def ask(**chosen: str) -> Job:
        give_consent(album, "autoenhance", by=alice)
        return request_restoration(
            photo,
            by=alice,
            recipe="",
            batch=uuid4(),
            provider="autoenhance",
            chosen=chosen,
        )

    return ask


def keep_for(settings: Any, hours: str) -> None:
    access = replace(settings.PROVIDERS["autoenhance"], extra={"keep_hours": hours})
    settings.PROVIDERS = {**settings.PROVIDERS, "autoenhance": access}


@pytest.fixture
def kept(settings: Any, sandbox: Sandbox) -> None:
    keep_for(settings, "24")


def end(job: Job, vendor: AutoenhanceSandbox) -> Job:
    """To the job's end; a reprocess is believed at once, as if it had been seen at
    work."""
    for _step in range(40):
        if not step(job).is_active:
            return job
        for attempt in Attempt.objects.filter(job=job).exclude(brought={}):
            if attempt.brought.get("asked"):
                brought = {**attempt.brought, "moved": "1"}
                Attempt.objects.filter(pk=attempt.pk).update(brought=brought)
    raise AssertionError(f"still {job.state}")


def later(**hours: float) -> None:
    """Let the copies have been used, and looked after, so long ago."""
    then = db_now() - timedelta(**hours)
    RemoteCopy.objects.update(used=then)
    RemoteCopy.objects.exclude(look_after=None).update(look_after=then)


def tend() -> None:
    for copy_pk in remote_copies.due(db_now()):
        remote_copies.tend(copy_pk)


def uploads(sandbox: Sandbox) -> int:
    return len(sandbox.upload_requests)


# On record.


def test_a_copy_is_on_record_before_the_photo_is_sent(
    sandbox: Sandbox, vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    job = step(ask_there())
    copy = RemoteCopy.objects.get()
    assert list(vendor.images) == [copy.copy_id]
    assert (copy.photo, copy.options, copy.deleted) == (job.photo, job.options, None)
    assert job.attempts.get().copy == copy
    assert job.attempts.get().remote_id == ""
    assert uploads(sandbox) == 0


def test_the_timeline_says_once_that_it_was_sent(
    vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    job = finish(ask_there())
    assert job.state == Job.State.SUCCEEDED
    assert kinds(job) == [
        "asked",
        "preparing",
        "sent",
        "done_there",
        "fetched",
        "ready",
    ]


def test_a_provider_that_keeps_nothing_leaves_no_row(
    sandbox: Sandbox, ask_picwish: Callable[..., Job]
) -> None:
    finish(ask_picwish())
    assert not RemoteCopy.objects.exists()


def test_no_id_is_in_what_people_see(
    vendor: AutoenhanceSandbox, ask_there: AskThere, alice_client: Client
) -> None:
    job = finish(ask_there())
    copy_id = RemoteCopy.objects.get().copy_id
    tend()
    said = "".join(event.words + event.detail for event in job.events.all())
    page = alice_client.get(reverse("albums:photo", args=[job.photo.code]))
    assert copy_id not in said + page.content.decode()


# Again.


def test_a_second_wish_is_restored_from_the_copy(
    kept: None, sandbox: Sandbox, vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    first = finish(ask_there())
    second = end(ask_there(upscale="1"), vendor)
    assert (first.state, second.state) == (Job.State.SUCCEEDED, Job.State.SUCCEEDED)
    assert (uploads(sandbox), vendor.enhancements) == (1, 2)
    assert vendor.bodies[-1] == ("process", {"upscale": True, "privacy": False})
    assert first.restoration and second.restoration
    assert second.restoration.width == 2 * first.restoration.width
    assert RemoteCopy.objects.get().options["upscale"] == "1"
    assert kinds(second)[:2] == ["asked", "sent"]
    assert second.attempts.get().sent_width == first.attempts.get().sent_width


def test_each_attempt_has_an_id_of_its_own(
    kept: None, vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    for _time in range(3):
        end(ask_there(), vendor)
    ids = Attempt.objects.values_list("remote_id", flat=True)
    assert len(set(ids)) == 3


def test_the_result_before_is_not_taken_for_the_new_one(
    kept: None, vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    finish(ask_there())
    vendor.lags = 60.0
    job = step(step(ask_there(upscale="1")))
    assert job.state == Job.State.RUNNING
    vendor.lags = 0.0
    assert end(job, vendor).state == Job.State.SUCCEEDED


def test_a_wish_waits_while_another_works_on_the_copy(
    kept: None, sandbox: Sandbox, vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    first = step(step(ask_there()))
    second = step(ask_there(upscale="1"))
    assert first.state == Job.State.RUNNING
    assert (second.state, second.due > db_now()) == (Job.State.QUEUED, True)
    assert finish(first).state == Job.State.SUCCEEDED
    assert end(second, vendor).state == Job.State.SUCCEEDED
    assert uploads(sandbox) == 1


def test_a_copy_with_a_late_result_to_come_is_left_alone(
    kept: None,
    sandbox: Sandbox,
    vendor: AutoenhanceSandbox,
    ask_there: AskThere,
    alice: User,
) -> None:
    vendor.duration = lambda: 60.0
    first = step(step(ask_there()))
    Attempt.objects.filter(job=first).update(
        state=Attempt.State.ABANDONED, late_look=db_now() + timedelta(hours=1)
    )
    Job.objects.filter(pk=first.pk).update(state=Job.State.FAILED)
    vendor.duration = lambda: 0.0
    assert finish(ask_there()).state == Job.State.SUCCEEDED
    assert uploads(sandbox) == 2


def test_a_copy_that_was_never_filled_is_not_used(
    kept: None,
    sandbox: Sandbox,
    vendor: AutoenhanceSandbox,
    ask_there: AskThere,
    alice: User,
) -> None:
    first = step(ask_there())
    assert cancel(first, by=alice)
    leases.mend()
    second = finish(ask_there())
    assert (second.state, uploads(sandbox)) == (Job.State.SUCCEEDED, 1)
    assert RemoteCopy.objects.count() == 2


def test_a_copy_that_is_gone_is_forgotten_and_the_photo_sent(
    kept: None, sandbox: Sandbox, vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    finish(ask_there())
    gone = RemoteCopy.objects.get()
    vendor.images.clear()
    second = finish(ask_there(upscale="1"))
    assert (second.state, second.resubmits) == (Job.State.SUCCEEDED, 0)
    gone.refresh_from_db()
    assert (gone.copy_id, gone.deleted is None) == ("", False)
    assert uploads(sandbox) == 2
    assert second.attempts.count() == 1


def test_a_failed_task_is_tried_again_on_the_copy(
    vendor: AutoenhanceSandbox, sandbox: Sandbox, ask_there: AskThere
) -> None:
    vendor.faults.add("task", "error=hiccup")
    job = end(ask_there(), vendor)
    assert (job.state, job.resubmits) == (Job.State.SUCCEEDED, 1)
    assert (uploads(sandbox), vendor.enhancements) == (1, 2)
    assert vendor.bodies[-1] == ("process", {"privacy": False})


def test_the_daily_limit_puts_it_off_for_a_day_and_keeps_the_copy(
    vendor: AutoenhanceSandbox, sandbox: Sandbox, ask_there: AskThere
) -> None:
    vendor.a_day = 0
    job = step(step(step(ask_there())))
    assert job.state == Job.State.QUEUED
    assert job.due > db_now() + timedelta(hours=23)
    tend()
    assert vendor.deleted == []
    vendor.a_day = 500
    assert end(job, vendor).state == Job.State.SUCCEEDED
    assert uploads(sandbox) == 1


def test_without_consent_no_copy_is_worked_on(
    kept: None,
    vendor: AutoenhanceSandbox,
    ask_there: AskThere,
    album: Album,
    alice: User,
) -> None:
    finish(ask_there())
    job = ask_there(upscale="1")
    assert withdraw_consent(album, "autoenhance", by=alice)
    finish(job)
    assert (job.state, job.error_code) == (Job.State.FAILED, "no_consent")
    assert vendor.enhancements == 1


def test_another_photo_has_a_copy_of_its_own(
    kept: None,
    sandbox: Sandbox,
    vendor: AutoenhanceSandbox,
    ask_there: AskThere,
    make_photo: MakePhoto,
    alice: User,
) -> None:
    finish(ask_there())
    other = request_restoration(
        make_photo(), by=alice, recipe="", batch=uuid4(), provider="autoenhance"
    )
    assert finish(other).state == Job.State.SUCCEEDED
    assert uploads(sandbox) == 2


# Deleting.


def test_it_is_deleted_there_once_the_result_is_here(
    vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    job = ask_there()
    for _step in range(3):
        step(job)
        tend()
        assert vendor.deleted == []
    finish(job)
    copy_id = RemoteCopy.objects.get().copy_id
    tend()
    copy = RemoteCopy.objects.get()
    assert vendor.deleted == [copy_id]
    assert (copy.copy_id, copy.deleted is None) == ("", False)
    assert kinds(job)[-1] == "copy_deleted"
    assert remote_copies.due(db_now()) == []


def test_the_sweep_rings_for_it(
    monkeypatch: pytest.MonkeyPatch, vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    finish(ask_there())
    rung: list[int] = []
    monkeypatch.setattr(queue, "ring_copy", rung.append)
    sweep.ring_for_copies()
    assert rung == [RemoteCopy.objects.get().pk]


def test_it_stays_as_long_as_the_operator_set(
    kept: None, vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    finish(ask_there())
    later(hours=23)
    tend()
    assert vendor.deleted == []
    later(hours=25)
    tend()
    assert len(vendor.deleted) == 1


def test_a_wish_on_hold_keeps_the_copy(
    vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    finish(ask_there())
    waiting = ask_there(upscale="1")
    Job.objects.filter(pk=waiting.pk).update(state=Job.State.HELD, hold="provider")
    tend()
    assert vendor.deleted == []


def test_a_job_that_fails_leaves_nothing_there(
    vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    vendor.faults.add("upload", "http_413")
    job = finish(ask_there())
    assert job.state == Job.State.FAILED
    tend()
    assert vendor.images == {}
    assert kinds(job)[-1] == "copy_deleted"


def test_a_job_given_elsewhere_leaves_nothing_there(
    vendor: AutoenhanceSandbox, ask_there: AskThere, alice: User
) -> None:
    vendor.faults.add("upload", "http_413")
    job = finish(ask_there())
    assert send_elsewhere(job, "local", by=alice)
    tend()
    assert vendor.images == {}


def test_cancelling_leads_to_deletion_and_buys_nothing(
    vendor: AutoenhanceSandbox, ask_there: AskThere, alice: User
) -> None:
    job = step(step(ask_there()))
    assert cancel(job, by=alice)
    leases.mend()
    Attempt.objects.update(late_look=db_now() - timedelta(seconds=1))
    for attempt_id in late.due(db_now()):
        late.collect(attempt_id)
    tend()
    assert (len(vendor.deleted), vendor.bought) == (1, [])
    assert not Restoration.objects.exists()


def test_taking_the_consent_back_deletes_at_once(
    kept: None,
    vendor: AutoenhanceSandbox,
    ask_there: AskThere,
    album: Album,
    alice: User,
) -> None:
    finish(ask_there())
    tend()
    assert vendor.deleted == []
    withdraw_consent(album, "autoenhance", by=alice)
    tend()
    assert len(vendor.deleted) == 1


def test_a_result_that_may_still_be_fetched_is_not_deleted(
    vendor: AutoenhanceSandbox, ask_there: AskThere, alice: User
) -> None:
    vendor.faults.always("result", "http_503")
    job = finish(ask_there())
    assert job.error_code == "result_unavailable"
    tend()
    assert vendor.deleted == []
    vendor.faults.clear()
    assert retry(job, by=alice)
    assert finish(job).state == Job.State.SUCCEEDED
    tend()
    assert len(vendor.deleted) == 1


def test_nobody_waits_for_ever_for_a_result(
    vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    vendor.faults.always("result", "http_503")
    finish(ask_there())
    Attempt.objects.update(finished=db_now() - timedelta(hours=25))
    tend()
    assert len(vendor.deleted) == 1


def test_a_deletion_that_fails_is_tried_again_later_and_later(
    vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    finish(ask_there())
    vendor.faults.always("delete", "http_500")
    waits = []
    for _time in range(3):
        tend()
        copy = RemoteCopy.objects.get()
        assert copy.look_after is not None
        waits.append(copy.look_after - db_now())
        assert remote_copies.due(db_now()) == []
        later(minutes=1)
    assert waits[0] < waits[1] < waits[2]
    vendor.faults.clear()
    tend()
    assert len(vendor.deleted) == 1
    assert RemoteCopy.objects.get().copy_id == ""


def test_one_that_is_gone_already_counts_as_deleted(
    vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    finish(ask_there())
    vendor.images.clear()
    tend()
    assert RemoteCopy.objects.get().deleted is not None


def test_two_rings_delete_once(vendor: AutoenhanceSandbox, ask_there: AskThere) -> None:
    job = finish(ask_there())
    [copy_pk] = remote_copies.due(db_now())
    remote_copies.tend(copy_pk)
    remote_copies.tend(copy_pk)
    assert kinds(job).count("copy_deleted") == 1
    assert [each.method for each in vendor.requests].count("DELETE") == 1


def test_a_provider_that_is_not_well_is_not_asked(
    vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    finish(ask_there())
    ProviderAccount.objects.update(state=ProviderAccount.State.BROKEN)
    asked = len(vendor.requests)
    tend()
    assert len(vendor.requests) == asked
    ProviderAccount.objects.update(state=ProviderAccount.State.PAUSED)
    later(hours=1)
    tend()
    assert len(vendor.deleted) == 1


# What the family thinks.


@pytest.mark.parametrize(
    ("verdict", "stars"), [("", 5), ("face", 1), ("colour", 2), ("other", 2)]
)
def test_the_familys_word_is_told_once(
    kept: None,
    vendor: AutoenhanceSandbox,
    ask_there: AskThere,
    verdict: str,
    stars: int,
) -> None:
    job = finish(ask_there())
    assert job.restoration is not None
    if verdict:
        albums.say_not_quite(job.restoration, Restoration.Verdict(verdict))
    else:
        albums.keep(job.restoration)
    tend()
    tend()
    assert list(vendor.stars.values()) == [stars]
    assert [call for call, _body in vendor.bodies].count("report") == 1
    assert vendor.enhancements == 1


def test_no_word_is_told_of_a_version_before(
    kept: None, vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    first = finish(ask_there())
    end(ask_there(upscale="1"), vendor)
    assert first.restoration is not None
    albums.keep(first.restoration)
    tend()
    assert vendor.stars == {}


def test_no_word_is_told_where_the_copy_is_gone(
    vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    job = finish(ask_there())
    tend()
    assert job.restoration is not None
    albums.keep(job.restoration)
    assert job.attempts.get().stars is None
    assert remote_copies.due(db_now()) == []


def test_a_word_that_is_not_taken_keeps_nothing_from_being_deleted(
    vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    job = finish(ask_there())
    assert job.restoration is not None
    albums.keep(job.restoration)
    vendor.faults.always("report", "http_422")
    tend()
    assert len(vendor.deleted) == 1


def test_no_word_is_told_after_the_consent_is_gone(
    kept: None,
    vendor: AutoenhanceSandbox,
    ask_there: AskThere,
    album: Album,
    alice: User,
) -> None:
    job = finish(ask_there())
    withdraw_consent(album, "autoenhance", by=alice)
    assert job.restoration is not None
    albums.keep(job.restoration)
    tend()
    assert (vendor.stars, len(vendor.deleted)) == ({}, 1)


# The picture.


def test_a_preview_is_no_result(
    vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    vendor.only_previews = True
    job = finish(ask_there())
    assert (job.state, job.error_code) == (Job.State.FAILED, "result_is_preview")
    assert "small preview" in job.message
    assert not Restoration.objects.exists()


def test_a_late_preview_is_no_result_either(
    vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    vendor.faults.add("task", "never_done")
    job = step(step(ask_there()))
    begun(job, ago=3600)
    assert step(job).error_code == "timed_out"
    vendor.only_previews = True
    for kept in vendor.images.values():
        kept.fault = ""
    Attempt.objects.update(late_look=db_now() - timedelta(seconds=1))
    for attempt_id in late.due(db_now()):
        late.collect(attempt_id)
    assert not Restoration.objects.exists()
