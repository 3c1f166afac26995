"""A photo that stays at a provider is restored again without being sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from albums.models import Album, User
from jobs import leases
from jobs.clock import db_now
from jobs.models import Attempt, Job, RemoteCopy
from jobs.services import (
    cancel,
    request_restoration,
    withdraw_consent,
)
from tests.jobs.conftest import MakePhoto
from tests.jobs.remote.conftest import AskThere, finish, kinds, step
from tests.jobs.remote.copies import end, tend
from tests.provider_sandbox import Sandbox
from tests.provider_sandbox.autoenhance import AutoenhanceSandbox

pytestmark = pytest.mark.django_db


def uploads(sandbox: Sandbox) -> int:
    return len(sandbox.upload_requests)


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


def test_of_two_wishes_at_once_one_sends_the_photo(
    kept: None, sandbox: Sandbox, vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    first, second = ask_there(), ask_there(upscale="1")
    for job in (first, second):
        job.attempts.create(number=1, provider="autoenhance")
    assert step(second).state == Job.State.QUEUED
    assert vendor.images == {}
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
