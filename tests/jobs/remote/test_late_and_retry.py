"""Cancelled, given up, tried again: whatever was paid for once is kept, not bought
again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from albums.images import Encoded
from albums.models import Restoration, User
from jobs import late, leases, money, remote_fetch
from jobs.clock import db_now
from jobs.models import Attempt, Job, LedgerLine, ProviderAccount
from jobs.services import cancel, retry, send_elsewhere, withdraw_consent
from tests.jobs.remote.conftest import (
    Ask,
    AskPicWish,
    begun,
    connect,
    finish,
    kinds,
    step,
)
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db


def collect(job: Job) -> None:
    """The sweep, some minutes later."""
    Attempt.objects.filter(job=job, late_look__isnull=False).update(
        late_look=db_now() - timedelta(seconds=1)
    )
    for attempt_id in late.due(db_now()):
        late.collect(attempt_id)


def timed_out(settings: Any, sandbox: Sandbox, job: Job) -> Job:
    connect(settings, sandbox, deadline=60.0)
    sandbox.picwish.faults.add("task", "never_done")
    step(job)
    begun(job, ago=61)
    step(job)
    assert job.error_code == "timed_out"
    return job


def finished_there(sandbox: Sandbox) -> None:
    for task in sandbox.picwish.tasks.values():
        task.fault = ""


def test_cancelling_what_waits_costs_nothing(
    sandbox: Sandbox, ask_picwish: AskPicWish, alice: User
) -> None:
    job = ask_picwish()
    assert cancel(job, by=alice)
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert sandbox.picwish.requests == []


def test_the_late_result_of_a_cancelled_job_is_kept(
    sandbox: Sandbox, ask_picwish: AskPicWish, alice: User
) -> None:
    job = step(ask_picwish())
    assert cancel(job, by=alice)
    leases.mend()
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    collect(job)
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert Restoration.objects.get().photo == job.photo
    assert LedgerLine.objects.count() == 1
    assert job.attempts.get().state == Attempt.State.LATE
    assert kinds(job)[-1] == "late_result"


def test_a_result_after_the_deadline_is_kept_once(
    settings: Any, sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    job = timed_out(settings, sandbox, ask_picwish())
    collect(job)
    assert not Restoration.objects.exists()
    finished_there(sandbox)
    collect(job)
    collect(job)
    assert Restoration.objects.count() == 1
    assert sandbox.picwish.submits == 1


def test_a_late_look_ends_some_time(
    settings: Any, sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    job = timed_out(settings, sandbox, ask_picwish())
    begun(job, ago=3 * 3600)
    collect(job)
    assert job.attempts.get().late_look is None
    assert kinds(job)[-1] == "no_late_result"


def test_a_retry_first_asks_for_the_task_that_is_open(
    settings: Any, sandbox: Sandbox, ask_picwish: AskPicWish, alice: User
) -> None:
    job = timed_out(settings, sandbox, ask_picwish())
    finished_there(sandbox)
    assert retry(job, by=alice)
    assert finish(job).state == Job.State.SUCCEEDED
    assert sandbox.picwish.submits == 1
    assert job.attempts.count() == 1


def test_a_retry_of_what_never_ends_buys_a_new_task(
    settings: Any, sandbox: Sandbox, ask_picwish: AskPicWish, alice: User
) -> None:
    job = timed_out(settings, sandbox, ask_picwish())
    assert retry(job, by=alice)
    assert finish(job).state == Job.State.SUCCEEDED
    assert sandbox.picwish.submits == 2
    assert job.attempts.count() == 2
    assert job.attempts.first().late_look is not None  # type: ignore[union-attr]  # two


def test_a_retry_of_a_cancelled_job_goes_on_with_its_task(
    sandbox: Sandbox, ask_picwish: AskPicWish, alice: User
) -> None:
    job = step(ask_picwish())
    cancel(job, by=alice)
    leases.mend()
    assert retry(job, by=alice)
    assert not retry(job, by=alice)
    assert finish(job).state == Job.State.SUCCEEDED
    assert sandbox.picwish.submits == 1


def test_a_retry_after_a_lost_transfer_fetches_and_does_not_buy(
    sandbox: Sandbox, ask_picwish: AskPicWish, alice: User
) -> None:
    sandbox.picwish.faults.always("result", "http_503")
    job = finish(ask_picwish())
    assert job.error_code == "result_unavailable"
    assert job.money_spent
    sandbox.picwish.faults.clear()
    assert retry(job, by=alice)
    assert finish(job).state == Job.State.SUCCEEDED
    assert sandbox.picwish.submits == 1
    assert LedgerLine.objects.count() == 1


def test_a_dead_task_is_not_asked_for_by_a_retry(
    sandbox: Sandbox, ask_picwish: AskPicWish, alice: User
) -> None:
    sandbox.picwish.faults.add("task", "state=-7")
    job = finish(ask_picwish())
    assert retry(job, by=alice)
    assert finish(job).state == Job.State.SUCCEEDED
    assert sandbox.picwish.submits == 2


def test_a_failed_job_goes_to_the_engine_of_this_app_in_one_click(
    sandbox: Sandbox, ask_picwish: AskPicWish, alice: User
) -> None:
    sandbox.picwish.faults.add("task", "state=-10")
    job = finish(ask_picwish("repair_colour"))
    assert send_elsewhere(job, "local", by=alice)
    job.refresh_from_db()
    assert (job.provider, job.recipe) == ("local", "repair")
    assert finish(job).state == Job.State.SUCCEEDED
    assert Restoration.objects.get().provider == "local"


def test_the_result_of_what_was_cancelled_on_hold_is_kept(
    sandbox: Sandbox, ask_picwish: AskPicWish, alice: User
) -> None:
    job = step(ask_picwish())
    sandbox.picwish.faults.add("poll", "http_401")
    assert step(job).state == Job.State.HELD
    assert cancel(job, by=alice)
    ProviderAccount.objects.update(state=ProviderAccount.State.OPEN)
    collect(job)
    assert Restoration.objects.get().photo == job.photo
    assert LedgerLine.objects.count() == 1
    assert sandbox.picwish.submits == 1


def test_a_retry_goes_on_with_a_submit_of_which_nobody_knows(
    sandbox: Sandbox, ask: Ask, alice: User
) -> None:
    sandbox.upscayl.faults.add("submit", "reset_after")
    job = step(ask("upscayl"))
    cancel(job, by=alice)
    leases.mend()
    assert retry(job, by=alice)
    assert finish(job).state == Job.State.SUCCEEDED
    assert sandbox.upscayl.submits == 1


def by_cancelling(job: Job) -> None:
    assert cancel(job, by=job.batch.asked_by)


def by_withdrawing(job: Job) -> None:
    withdraw_consent(job.photo.album, job.provider, by=job.batch.asked_by)


@pytest.mark.parametrize("end", [by_cancelling, by_withdrawing])
def test_what_ends_on_hold_takes_no_place_under_a_cap(
    sandbox: Sandbox, ask: Ask, end: Callable[[Job], None]
) -> None:
    job = step(ask("autoenhance"))
    Job.objects.filter(pk=job.pk).update(state=Job.State.HELD, hold="provider")
    assert money.used_of_provider("autoenhance") == 1
    end(job)
    job.refresh_from_db()
    assert job.is_ended
    assert money.used_of_provider("autoenhance") == 0


def test_a_late_result_waits_until_the_key_is_right_again(
    settings: Any, sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    job = timed_out(settings, sandbox, ask_picwish())
    finished_there(sandbox)
    sandbox.picwish.faults.add("poll", "http_401")
    collect(job)
    assert not Restoration.objects.exists()
    collect(job)
    assert Restoration.objects.count() == 1


def test_a_retry_while_a_late_result_arrives_takes_that_one(
    settings: Any,
    sandbox: Sandbox,
    ask_picwish: AskPicWish,
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = timed_out(settings, sandbox, ask_picwish())
    finished_there(sandbox)
    checked = remote_fetch.checked

    def retry_meanwhile(part: Path) -> Encoded:
        retry(job, by=alice)
        return checked(part)

    monkeypatch.setattr(remote_fetch, "checked", retry_meanwhile)
    collect(job)
    monkeypatch.undo()
    assert finish(job).state == Job.State.SUCCEEDED
    assert sandbox.picwish.submits == 1
    assert Restoration.objects.count() == 1
    assert job.attempts.get().state == Attempt.State.SUCCEEDED


def test_what_a_job_that_crashed_had_bought_is_collected(
    sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    job = step(ask_picwish())
    long_ago = db_now() - timedelta(minutes=1)
    late_step = {"lease": uuid4(), "leased_until": long_ago, "holder": "gone:1:1"}
    Job.objects.filter(pk=job.pk).update(**late_step, crashes=leases.MOST_CRASHES)
    leases.mend()
    job.refresh_from_db()
    assert (job.state, job.error_code) == (Job.State.FAILED, "crashed")
    collect(job)
    assert Restoration.objects.count() == 1
    assert sandbox.picwish.submits == 1
