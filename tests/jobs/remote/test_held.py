"""A provider that is not well holds its jobs, fails none, and lets them go on."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from albums.models import User
from jobs import accounts, checking
from jobs.clock import db_now
from jobs.models import Job, ProviderAccount
from jobs.providers.base import ProviderError
from jobs.remote_dispatch import Gate
from jobs.services import send_elsewhere
from jobs.sweep import sweep
from tests.jobs.remote.conftest import (
    AskPicWish,
    begun,
    connect,
    finish,
    kinds,
    step,
)
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db

OPERATOR = {
    "http_400": ("bad_request", "setup"),
    "http_401": ("wrong_key", "setup"),
    "http_402": ("no_credits", "budget"),
    "no_credits": ("no_credits", "budget"),
    "http_404": ("wrong_address", "setup"),
}


@pytest.fixture
def administrator(db: None) -> User:
    return User.objects.create_superuser("ada@example.org", "a bicycle in the rain")


def trial(provider: str = "picwish") -> None:
    """The dispatcher's look, when a trial is due."""
    ProviderAccount.objects.update(next_trial=db_now() - timedelta(seconds=1))
    accounts.start_trials(db_now())


@pytest.mark.parametrize("fault", OPERATOR)
def test_what_an_operator_must_mend_holds_the_job(
    sandbox: Sandbox, ask_picwish: AskPicWish, fault: str
) -> None:
    sandbox.picwish.faults.add("submit", fault)
    job = step(ask_picwish())
    assert (job.state, job.lease) == (Job.State.HELD, None)
    assert (job.error_code, job.blame) == OPERATOR[fault]
    assert job.message
    assert sandbox.picwish.submits == 0


def test_all_waiting_jobs_are_held_with_one_request_and_one_message(
    sandbox: Sandbox, ask_picwish: AskPicWish, administrator: User
) -> None:
    jobs = [ask_picwish() for _job in range(3)]
    sandbox.picwish.faults.always("submit", "http_401")
    step(jobs[0])
    states = set(Job.objects.values_list("state", flat=True))
    assert states == {Job.State.HELD}
    assert len(sandbox.picwish.requests) == 1
    assert [message.to for message in mail.outbox] == [["ada@example.org"]]
    assert sandbox.picwish.key not in mail.outbox[0].body


def test_a_trial_a_minute_and_no_second_message(
    sandbox: Sandbox, ask_picwish: AskPicWish, administrator: User
) -> None:
    jobs = [ask_picwish() for _job in range(3)]
    sandbox.picwish.faults.always("submit", "http_401")
    step(jobs[0])
    trial()
    trial()
    assert Job.objects.filter(is_trial=True, state=Job.State.QUEUED).count() == 2
    for job in jobs:
        job.refresh_from_db()
        if job.is_active:
            step(job)
    assert set(Job.objects.values_list("state", flat=True)) == {Job.State.HELD}
    assert len(mail.outbox) == 1
    row = ProviderAccount.objects.get(provider="picwish")
    assert row.next_trial is not None
    assert row.next_trial > db_now() + timedelta(seconds=90)


def test_all_go_on_when_a_trial_goes_well(
    sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    jobs = [ask_picwish() for _job in range(3)]
    sandbox.picwish.faults.add("submit", "http_402")
    step(jobs[0])
    trial()
    on_trial = Job.objects.get(is_trial=True)
    step(on_trial)
    assert not Job.objects.filter(state=Job.State.HELD).exists()
    for job in jobs:
        job.refresh_from_db()
        assert finish(job).state == Job.State.SUCCEEDED
    assert sandbox.picwish.submits == 3


def test_a_task_that_is_under_way_is_held_and_not_bought_again(
    sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    job = step(ask_picwish())
    sandbox.picwish.faults.add("poll", "http_401")
    assert step(job).state == Job.State.HELD
    trial()
    job.refresh_from_db()
    assert job.state == Job.State.RUNNING
    assert finish(job).state == Job.State.SUCCEEDED
    assert sandbox.picwish.submits == 1


def test_several_failures_in_a_row_open_the_circuit(
    sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    sandbox.picwish.faults.always("submit", "http_503")
    jobs = [ask_picwish() for _job in range(accounts.FAILURES_IN_A_ROW + 3)]
    for job in jobs[: accounts.FAILURES_IN_A_ROW]:
        step(job)
    assert (
        ProviderAccount.objects.get(provider="picwish").state
        == ProviderAccount.State.RESTING
    )
    assert len(sandbox.picwish.requests) == accounts.FAILURES_IN_A_ROW
    jobs[-1].refresh_from_db()
    assert jobs[-1].state == Job.State.HELD
    sandbox.picwish.faults.clear()
    trial()
    step(Job.objects.get(is_trial=True))
    assert (
        ProviderAccount.objects.get(provider="picwish").state
        == ProviderAccount.State.OPEN
    )


def test_one_good_call_closes_the_count_of_failures(
    sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    sandbox.picwish.faults.add("submit", "http_503", times=3)
    finish(ask_picwish())
    assert ProviderAccount.objects.get(provider="picwish").failures == 0


def test_a_paused_provider_finishes_what_it_has_begun(
    sandbox: Sandbox, ask_picwish: AskPicWish, administrator: User
) -> None:
    begun, waiting = step(ask_picwish()), ask_picwish()
    accounts.pause("picwish", by=administrator)
    accounts.hold_waiting(accounts.account("picwish"))
    assert finish(begun).state == Job.State.SUCCEEDED
    waiting.refresh_from_db()
    assert (waiting.state, waiting.error_code) == (Job.State.HELD, "paused")
    accounts.go_on("picwish", by=administrator)
    waiting.refresh_from_db()
    assert finish(waiting).state == Job.State.SUCCEEDED


def test_a_held_job_can_be_sent_to_the_engine_of_this_app(
    sandbox: Sandbox, ask_picwish: AskPicWish, alice: User
) -> None:
    sandbox.picwish.faults.add("submit", "http_401")
    job = step(ask_picwish())
    assert send_elsewhere(job, "local", by=alice)
    assert not send_elsewhere(job, "local", by=alice)
    job.refresh_from_db()
    assert finish(job).state == Job.State.SUCCEEDED
    assert "sent_elsewhere" in kinds(job)


def test_check_says_what_is_wrong_and_costs_nothing(
    settings: Any, sandbox: Sandbox
) -> None:
    assert checking.check("picwish")[0]
    connect(settings, sandbox, key="wrong-canary")
    works, words = checking.check("picwish")
    assert not works
    assert "wrong-canary" not in words
    connect(settings, sandbox, key="")
    works, words = checking.check("picwish")
    assert not works
    assert "PICWISH_API_KEY" in words
    assert sandbox.picwish.submits == 0


def test_a_good_check_lets_held_jobs_go_on(
    settings: Any, sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    connect(settings, sandbox, key="wrong")
    job = step(ask_picwish())
    assert job.state == Job.State.HELD
    connect(settings, sandbox)
    assert checking.check("picwish")[0]
    job.refresh_from_db()
    assert finish(job).state == Job.State.SUCCEEDED


def test_a_wish_that_was_given_up_meanwhile_is_not_held(
    sandbox: Sandbox, ask_picwish: AskPicWish, monkeypatch: pytest.MonkeyPatch
) -> None:
    broke = accounts.broke

    def cancel_meanwhile(provider: str, error: ProviderError) -> None:
        Job.objects.update(cancel_asked=True)
        broke(provider, error)

    monkeypatch.setattr(accounts, "broke", cancel_meanwhile)
    sandbox.picwish.faults.add("submit", "http_401")
    assert step(ask_picwish()).state == Job.State.CANCELLED


def test_what_was_bought_is_looked_for_when_the_credits_are_used_up(
    sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    under_way, other = step(ask_picwish()), ask_picwish()
    sandbox.picwish.faults.always("submit", "no_credits")
    assert step(other).state == Job.State.HELD
    begun(under_way, ago=10)
    Job.objects.filter(pk=under_way.pk).update(due=db_now())
    under_way.refresh_from_db()
    gate = Gate(4)
    tickets = gate.let_through([under_way], now=db_now(), free=4, taken=Counter())
    assert [ticket.job_id for ticket in tickets] == [under_way.pk]
    assert finish(under_way).state == Job.State.SUCCEEDED
    other.refresh_from_db()
    assert other.state == Job.State.HELD


def test_what_was_held_in_the_moment_of_recovery_goes_on(
    sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    job = ask_picwish()
    accounts.account("picwish")
    resting = {"state": ProviderAccount.State.RESTING, "code": "provider_trouble"}
    ProviderAccount.objects.filter(provider="picwish").update(**resting)
    seen_before = accounts.account("picwish")
    accounts.well("picwish")
    assert accounts.hold(job, seen_before, only={"lease": None})
    sweep()
    job.refresh_from_db()
    assert job.state == Job.State.QUEUED


def test_many_go_on_in_turns(
    sandbox: Sandbox, ask_picwish: AskPicWish, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [ask_picwish() for _job in range(3)]
    sandbox.picwish.faults.add("submit", "http_401")
    step(jobs[0])
    monkeypatch.setattr(accounts, "AT_A_TIME", 2)
    accounts.well("picwish")
    assert Job.objects.filter(state=Job.State.HELD).count() == 1
    sweep()
    assert not Job.objects.filter(state=Job.State.HELD).exists()
