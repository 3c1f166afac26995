"""A photo that stays at a provider is deleted there when nobody needs it, and what the
family thinks of its restoration is told before."""

from __future__ import annotations

from datetime import timedelta

import pytest

from albums import services as albums
from albums.models import Album, Restoration, User
from jobs import late, leases, queue, remote_copies, sweep
from jobs.clock import db_now
from jobs.models import Attempt, Job, ProviderAccount, RemoteCopy
from jobs.services import (
    cancel,
    retry,
    send_elsewhere,
    withdraw_consent,
)
from tests.jobs.remote.conftest import Ask, AskThere, begun, finish, kinds, step
from tests.jobs.remote.copies import end, tend
from tests.provider_sandbox.autoenhance import AutoenhanceSandbox

pytestmark = pytest.mark.django_db


def later(**hours: float) -> None:
    """Let the copies have been used, and looked after, so long ago."""
    then = db_now() - timedelta(**hours)
    RemoteCopy.objects.update(used=then)
    RemoteCopy.objects.exclude(look_after=None).update(look_after=then)


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


def test_cancelling_what_was_on_hold_leads_to_deletion(
    vendor: AutoenhanceSandbox, ask_there: AskThere, alice: User
) -> None:
    job = step(ask_there())
    Job.objects.filter(pk=job.pk).update(state=Job.State.HELD, hold="provider")
    assert cancel(job, by=alice)
    tend()
    assert vendor.images == {}
    assert finish(ask_there()).state == Job.State.SUCCEEDED


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


@pytest.mark.parametrize(
    ("verdict", "stars"), [("", 5), ("face", 1), ("colour", 2), ("other", 2)]
)
def test_the_familys_word_is_told_once(
    kept: None,
    vendor: AutoenhanceSandbox,
    ask_there: AskThere,
    verdict: str,
    stars: int,
    ask: Ask,
) -> None:
    # Of another provider, so that copies and attempts are not counted alike.
    finish(ask("picwish"))
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
