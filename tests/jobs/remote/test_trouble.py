"""What goes wrong, and what it costs: submits and requests are counted there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from albums import images
from albums.models import Restoration
from jobs import accounts, budget
from jobs.clock import db_now
from jobs.models import Attempt, Budget, Job
from jobs.services import withdraw_consent
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

ONCE_MORE = [-1, -2, -3, -8, -9, -11, -13, -99]
FINAL = {
    -5: ("too_large", "picture"),
    -7: ("invalid_image", "picture"),
    -10: ("content_refused", "picture"),
    -14: ("content_unsuitable", "picture"),
    -16: ("content_refused", "picture"),
}


@pytest.mark.parametrize("state", ONCE_MORE)
def test_a_dead_task_is_followed_by_one_new_one(
    sandbox: Sandbox, ask_picwish: AskPicWish, state: int
) -> None:
    sandbox.picwish.faults.add("task", f"state={state}")
    job = finish(ask_picwish())
    assert job.state == Job.State.SUCCEEDED
    assert sandbox.picwish.submits == 2
    assert job.attempts.count() == 2
    assert "resubmit" in kinds(job)


@pytest.mark.parametrize("state", ONCE_MORE)
def test_the_second_death_is_the_jobs(
    sandbox: Sandbox, ask_picwish: AskPicWish, state: int
) -> None:
    sandbox.picwish.faults.always("task", f"state={state}")
    job = finish(ask_picwish())
    assert (job.state, job.blame) == (Job.State.FAILED, Job.Blame.PROVIDER)
    assert sandbox.picwish.submits == 2
    assert not job.money_spent
    assert job.message.endswith(".")


@pytest.mark.parametrize("state", FINAL)
def test_what_the_picture_is_to_blame_for_ends_at_once(
    sandbox: Sandbox, ask_picwish: AskPicWish, state: int
) -> None:
    sandbox.picwish.faults.always("task", f"state={state}")
    job = finish(ask_picwish())
    assert job.state == Job.State.FAILED
    assert (job.error_code, job.blame) == FINAL[state]
    assert sandbox.picwish.submits == 1
    assert str(state) in job.detail
    assert str(state) not in job.message


@pytest.mark.parametrize("fault", ["http_500", "gateway_502", "reset_before"])
def test_trouble_while_looking_costs_nothing(
    sandbox: Sandbox, ask_picwish: AskPicWish, fault: str
) -> None:
    sandbox.picwish.faults.add("poll", fault, times=2)
    job = finish(ask_picwish())
    assert job.state == Job.State.SUCCEEDED
    assert sandbox.picwish.submits == 1
    assert kinds(job).count("trouble") == 2


@pytest.mark.parametrize("fault", ["reset_after", "half_json", "no_task_id"])
def test_a_broken_submit_is_followed_by_one_more_and_said_so(
    sandbox: Sandbox, ask_picwish: AskPicWish, fault: str
) -> None:
    sandbox.picwish.faults.add("submit", fault)
    job = finish(ask_picwish())
    assert job.state == Job.State.SUCCEEDED
    assert sandbox.picwish.submits == 2
    assert "submit_unknown" in kinds(job)


@pytest.mark.parametrize("fault", ["reset_after", "half_json", "no_task_id"])
def test_after_two_broken_submits_we_stop(
    sandbox: Sandbox, ask_picwish: AskPicWish, fault: str
) -> None:
    sandbox.picwish.faults.always("submit", fault)
    job = finish(ask_picwish())
    assert (job.state, job.error_code) == (Job.State.FAILED, "submit_unknown")
    assert sandbox.picwish.submits == 2


def test_a_submit_that_was_clearly_refused_does_not_count(
    sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    sandbox.picwish.faults.add("submit", "http_500", times=3)
    job = finish(ask_picwish())
    assert job.state == Job.State.SUCCEEDED
    assert sandbox.picwish.submits == 1
    assert job.attempts.get().submits == 1
    assert "submit_unknown" not in kinds(job)


def test_after_too_many_requests_nobody_asks_before_the_time(
    sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    sandbox.picwish.faults.add("submit", "429=30")
    job = step(ask_picwish())
    least = db_now() + timedelta(seconds=25)
    assert job.due > least
    assert Budget.objects.get(call="").free_from > least
    assert finish(job).state == Job.State.SUCCEEDED
    assert sandbox.picwish.submits == 1


def test_a_storm_of_refusals_fails_nothing(
    sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    sandbox.picwish.faults.add("submit", "429=", times=12)
    sandbox.picwish.faults.add("poll", "429=soon", times=12)
    assert finish(ask_picwish()).state == Job.State.SUCCEEDED
    assert sandbox.picwish.submits == 1


@pytest.mark.parametrize("fault", ["html", "half_picture", "bomb", "empty"])
def test_what_is_not_a_picture_is_the_providers_failure(
    sandbox: Sandbox, ask_picwish: AskPicWish, fault: str
) -> None:
    sandbox.picwish.faults.always("result", fault)
    job = finish(ask_picwish())
    assert (job.state, job.blame) == (Job.State.FAILED, Job.Blame.PROVIDER)
    assert job.error_code == "result_not_a_picture"
    assert job.money_spent
    assert sandbox.picwish.submits == 1
    assert not Restoration.objects.exists()


@pytest.mark.parametrize(
    "fault", ["html", "half_picture", "cut_short", "reset", "http_503", "drip", "gone"]
)
def test_a_result_that_comes_at_last_is_kept(
    settings: Any, sandbox: Sandbox, ask_picwish: AskPicWish, fault: str
) -> None:
    settings.PROVIDER_HTTP_TIMEOUT = 0.25
    sandbox.picwish.faults.add("result", fault, times=2)
    job = finish(ask_picwish())
    assert job.state == Job.State.SUCCEEDED
    assert sandbox.picwish.submits == 1
    assert kinds(job).count("fetch_failed") == 2


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("gone", "result_gone"),
        ("redirect_private", "result_address"),
        ("redirect_metadata", "result_address"),
        ("redirect_loop", "result_redirects"),
    ],
)
def test_a_result_that_never_comes_is_said_so_and_not_bought_again(
    sandbox: Sandbox, ask_picwish: AskPicWish, fault: str, code: str
) -> None:
    sandbox.picwish.faults.always("result", fault)
    job = finish(ask_picwish())
    assert (job.state, job.error_code) == (Job.State.FAILED, code)
    assert sandbox.picwish.submits == 1
    assert job.money_spent


def test_an_address_inside_the_house_is_never_called(
    sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    sandbox.picwish.faults.always("task", "result_private")
    job = finish(ask_picwish())
    assert (job.state, job.error_code) == (Job.State.FAILED, "result_address")
    assert sandbox.result_requests == []


def test_a_task_that_never_ends_is_ended_by_the_deadline(
    settings: Any, sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    connect(settings, sandbox, deadline=60.0)
    sandbox.picwish.faults.always("task", "never_done")
    job = step(ask_picwish())
    assert step(job).is_active
    begun(job, ago=61)
    step(job)
    assert (job.state, job.error_code) == (Job.State.FAILED, "timed_out")
    assert job.attempts.get().late_look is not None
    assert sandbox.picwish.submits == 1


def test_the_last_look_at_the_deadline_still_counts(
    settings: Any, sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    connect(settings, sandbox, deadline=60.0)
    job = step(ask_picwish())
    begun(job, ago=3600)
    assert finish(job).state == Job.State.SUCCEEDED


def test_a_task_that_is_forgotten_there_is_sent_once_more(
    sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    job = step(ask_picwish())
    sandbox.picwish.tasks.clear()
    assert finish(job).state == Job.State.SUCCEEDED
    states = [attempt.state for attempt in job.attempts.all()]
    assert states == [Attempt.State.FAILED, Attempt.State.SUCCEEDED]


def test_of_a_submit_nobody_knows_more_after_another_was_refused(
    sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    """The first may have arrived, so nobody else gets the photo meanwhile."""
    sandbox.picwish.faults.add("submit", "reset_after")
    job = step(ask_picwish(fallback="local"))
    sandbox.picwish.faults.always("submit", "http_503")
    for _step in range(accounts.FAILURES_IN_A_ROW):
        step(job)
    assert (job.state, job.provider) == (Job.State.HELD, "picwish")
    assert job.attempts.get().submitting
    assert kinds(job).count("submit_unknown") == 1


def test_a_consent_that_is_withdrawn_while_the_copy_is_made_counts(
    sandbox: Sandbox, ask_picwish: AskPicWish, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, sendable = ask_picwish(), images.sendable

    def withdraw_meanwhile(*given: Any, **named: Any) -> images.Sendable:
        withdraw_consent(job.photo.album, "picwish", by=job.batch.asked_by)
        return sendable(*given, **named)

    monkeypatch.setattr(images, "sendable", withdraw_meanwhile)
    assert step(job).error_code == "no_consent"
    assert sandbox.picwish.requests == []


@pytest.mark.parametrize("state", [Job.State.RUNNING, Job.State.FETCHING])
def test_a_step_that_broke_off_between_two_tasks_begins_the_second(
    sandbox: Sandbox, ask_picwish: AskPicWish, state: str
) -> None:
    job = step(ask_picwish())
    job.attempts.update(state=Attempt.State.FAILED)
    Job.objects.filter(pk=job.pk).update(state=state)
    assert finish(job).state == Job.State.SUCCEEDED
    assert [seen.method for seen in sandbox.picwish.requests].count("POST") == 2
    assert job.resubmits == 0


def test_a_task_is_on_record_before_anything_else(
    sandbox: Sandbox, ask_picwish: AskPicWish, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_given: object, **_named: object) -> None:
        raise SystemExit

    monkeypatch.setattr(budget, "settle", die)
    job = ask_picwish()
    with pytest.raises(SystemExit):
        step(job)
    assert job.attempts.get().remote_id in sandbox.picwish.tasks
