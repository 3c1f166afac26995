"""A provider that charges when the picture is fetched, not when it is made."""

from __future__ import annotations

import pytest

from jobs import accounts
from jobs.models import Job, LedgerLine, ProviderAccount
from tests.jobs.remote.conftest import Ask, AskThere, finish, step
from tests.jobs.remote.copies import end
from tests.provider_sandbox.autoenhance import AutoenhanceSandbox

pytestmark = pytest.mark.django_db

NAME = "autoenhance"


def made(job: Job) -> Job:
    """Registered, uploaded, looked at: done there, and not fetched."""
    for _step in range(3):
        step(job)
    assert job.state == Job.State.FETCHING
    return job


def test_it_is_charged_when_it_is_fetched(vendor: AutoenhanceSandbox, ask: Ask) -> None:
    job = made(ask(NAME, ""))
    assert not job.attempts.get().charged
    assert not LedgerLine.objects.exists()
    finish(job)
    assert len(vendor.bought) == LedgerLine.objects.count() == 1
    charged = job.events.filter(charged=True)
    assert [event.kind for event in charged] == ["fetched"]
    assert job.money_spent


def test_what_broke_off_on_the_way_counts_as_bought_once(
    vendor: AutoenhanceSandbox, ask: Ask
) -> None:
    vendor.faults.add("result", "cut_short")
    job = step(made(ask(NAME, "")))
    assert job.attempts.get().charged
    assert finish(job).state == Job.State.SUCCEEDED
    assert len(vendor.bought) == LedgerLine.objects.count() == 1


def test_a_plan_that_does_not_pay_holds_the_job_and_charges_nothing(
    vendor: AutoenhanceSandbox, ask: Ask
) -> None:
    vendor.plan_pays = False
    job = finish(ask(NAME, ""))
    assert (job.state, job.error_code) == (Job.State.HELD, "no_credits")
    assert job.blame == Job.Blame.BUDGET
    assert not job.attempts.get().charged
    assert not LedgerLine.objects.exists()


def test_only_a_fetch_shows_that_the_plan_pays_again(
    vendor: AutoenhanceSandbox, ask: Ask
) -> None:
    vendor.plan_pays = False
    first, second = finish(ask(NAME, "")), finish(ask(NAME, ""))
    accounts.let_go(NAME, on_trial=True)
    assert step(first).state == Job.State.FETCHING
    row = ProviderAccount.objects.get(provider=NAME)
    assert row.state == ProviderAccount.State.BROKEN
    second.refresh_from_db()
    assert second.state == Job.State.HELD
    vendor.plan_pays = True
    assert finish(first).state == Job.State.SUCCEEDED
    row.refresh_from_db()
    assert row.state == ProviderAccount.State.OPEN
    assert finish(second).state == Job.State.SUCCEEDED
    assert vendor.enhancements == 2


def test_what_was_paid_for_once_is_free_the_second_time(
    kept: None, vendor: AutoenhanceSandbox, ask_there: AskThere
) -> None:
    first = finish(ask_there())
    second = end(ask_there(upscale="1"), vendor)
    assert (first.money_spent, second.money_spent) == (True, False)
    assert len(vendor.bought) == LedgerLine.objects.count() == 1
    assert not second.events.filter(charged=True).exists()


def test_who_was_asked_to_slow_down_bought_nothing(
    vendor: AutoenhanceSandbox, ask: Ask
) -> None:
    job = made(ask(NAME, ""))
    vendor.rate = 0
    step(job)
    vendor.rate = 1000
    assert vendor.bought == []
    assert not job.attempts.get().charged
    assert finish(job).state == Job.State.SUCCEEDED
    assert len(vendor.bought) == LedgerLine.objects.count() == 1
