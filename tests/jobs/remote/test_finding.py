"""A submit whose answer was lost, at a provider that lists what it was sent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from albums.models import Restoration
from jobs import budget, finding
from jobs.clock import db_now
from jobs.models import Attempt, Event, HourlyUse, Job
from tests.jobs.remote.conftest import Ask, finish, kinds, step
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("fault", ["reset_after", "half_json"])
def test_a_task_that_had_arrived_is_not_bought_again(
    sandbox: Sandbox, ask: Ask, fault: str
) -> None:
    sandbox.upscayl.faults.add("submit", fault)
    job = finish(ask("upscayl"))
    assert job.state == Job.State.SUCCEEDED
    assert sandbox.upscayl.submits == 1
    assert Event.Kind.FOUND_AGAIN in kinds(job)
    assert Event.Kind.SUBMIT_UNKNOWN not in kinds(job)
    assert Restoration.objects.count() == 1


def test_a_photo_that_never_arrived_is_sent_after_two_looks(
    sandbox: Sandbox, ask: Ask
) -> None:
    sandbox.upscayl.faults.add("submit", "reset_before")
    job = step(ask("upscayl"))
    job = step(job)
    assert sandbox.upscayl.submits == 0
    assert job.due > db_now() + finding.BEFORE_SECOND_LOOK / 2
    job = finish(job)
    assert job.state == Job.State.SUCCEEDED
    assert sandbox.upscayl.submits == 1
    looked = [seen.path for seen in sandbox.upscayl.requests].count(
        "/get-upscayl-history"
    )
    assert looked == 2


def test_a_list_that_knows_it_only_later_is_enough(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.upscayl.faults.add("submit", "reset_after")
    job = step(ask("upscayl"))
    listed, sandbox.upscayl.tasks = sandbox.upscayl.tasks, {}
    job = step(job)
    assert job.state == Job.State.SUBMITTING
    sandbox.upscayl.tasks = listed
    job = finish(job)
    assert job.state == Job.State.SUCCEEDED
    assert sandbox.upscayl.submits == 1


def test_the_question_waits_for_the_hours_budget(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.upscayl.faults.add("submit", "reset_after")
    job = step(ask("upscayl"))
    HourlyUse.objects.bulk_create(
        HourlyUse(provider="upscayl", call="history", at=db_now())
        for _request in range(budget.limit("upscayl", "history"))
    )
    before = len(sandbox.upscayl.requests)
    job = step(job)
    assert job.state == Job.State.SUBMITTING
    assert job.due > db_now() + timedelta(seconds=30)
    assert len(sandbox.upscayl.requests) == before


def test_a_list_that_fails_is_asked_again_before_anything_is_sent(
    sandbox: Sandbox, ask: Ask
) -> None:
    sandbox.upscayl.faults.add("submit", "reset_after")
    sandbox.upscayl.faults.add("history", "http_500", times=2)
    job = finish(ask("upscayl"))
    assert job.state == Job.State.SUCCEEDED
    assert sandbox.upscayl.submits == 1


def test_each_question_is_in_the_budget(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.upscayl.faults.add("submit", "reset_before")
    finish(ask("upscayl"))
    asked = [seen.path for seen in sandbox.upscayl.requests]
    counted = HourlyUse.objects.filter(provider="upscayl", call="history").count()
    assert counted == asked.count("/get-upscayl-history") == 2


def test_who_cannot_tell_is_not_asked(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.picwish.faults.add("submit", "reset_after")
    job = finish(ask("picwish"))
    assert sandbox.picwish.submits == 2
    assert Event.Kind.SUBMIT_UNKNOWN in kinds(job)
    assert Attempt.objects.get().submits == 2


def test_a_list_that_is_no_more_cannot_tell(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.upscayl.faults.add("submit", "reset_before")
    sandbox.upscayl.has_history = False
    job = finish(ask("upscayl"))
    assert job.state == Job.State.SUCCEEDED
    assert Event.Kind.SUBMIT_UNKNOWN in kinds(job)
    assert sandbox.upscayl.submits == 1
