"""The words that people read of a job, and the totals."""

from __future__ import annotations

import itertools

import pytest
from django.utils import timezone

from jobs.models import Job
from jobs.status import Totals, status_of, trouble_of


def job(**fields: object) -> Job:
    usual = {"provider": "local", "recipe": "repair", "due": timezone.now()}
    return Job(**usual | fields)


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"state": "queued"}, "Waiting"),
        ({"state": "submitting"}, "Preparing"),
        (
            {"state": "running", "provider": "picwish"},
            "Sent to PicWish, usually about 20 seconds",
        ),
        ({"state": "running"}, "Working, usually less than a minute"),
        ({"state": "running", "progress": 0.424}, "Working, 42 %"),
        ({"state": "running", "progress": 1.0}, "Working, 99 %"),
        ({"state": "fetching", "progress": 0.9}, "Fetching"),
        ({"state": "succeeded"}, "Ready"),
        (
            {"state": "succeeded", "note": "No scratches were mended."},
            "Ready with a note",
        ),
        ({"state": "failed"}, "Needs attention"),
        ({"state": "cancelled"}, "Cancelled"),
        ({"state": "held", "message": "The key is wrong."}, "On hold"),
        ({"state": "held", "hold": "budget"}, "Over this month's budget"),
        (
            {"state": "running", "provider": "picwish", "stage": "working there"},
            "Working, usually about 20 seconds",
        ),
    ],
)
def test_a_job_is_exactly_one_of_the_eleven(
    fields: dict[str, object], line: str
) -> None:
    assert status_of(job(**fields)).line == line


def test_every_state_has_words() -> None:
    words = {status_of(job(state=state)).words for state in Job.State.values}
    assert len(words) == len(Job.State.values)


@pytest.mark.parametrize(
    ("half", "nearly", "words"),
    [
        (None, None, "usually about 20 seconds"),
        (3.2, None, "usually about 3 seconds"),
        (31.0, 88.0, "usually 30–90 seconds"),
        (61.0, 61.0, "usually about 60 seconds"),
        (60.0, 20.0, "usually about 60 seconds"),
        (0.1, 0.2, "usually about 1 second"),
    ],
)
def test_how_long_it_takes_is_learned(
    half: float | None, nearly: float | None, words: str
) -> None:
    running = job(state="running", provider="picwish")
    running.half_done, running.nearly_done = half, nearly
    assert status_of(running).extra == words


def test_the_parts_of_a_batch_add_up_whatever_the_states() -> None:
    for numbers in itertools.product((0, 1, 3), repeat=3):
        for shift in range(len(Job.State.values)):
            states = Job.State.values[shift:] + Job.State.values[:shift]
            counts = dict(zip(states, numbers, strict=False))
            totals = Totals.of(counts)
            assert totals.all == sum(numbers)
            spoken = sum(
                int(part.split()[0]) for part in totals.words.split(", ") if part
            )
            assert spoken == sum(numbers)


def test_a_batch_is_told_in_one_line() -> None:
    totals = Totals.of({"succeeded": 8, "failed": 1})
    assert totals.words == "8 ready, 1 needs you"
    assert not totals.is_active
    assert Totals.of({"failed": 2}).words == "2 need you"
    assert Totals.of({"succeeded": 8, "held": 1}).is_active


@pytest.mark.parametrize("blame", Job.Blame.values)
@pytest.mark.parametrize("spent", [True, False])
def test_a_failure_says_whose_problem_it_is_and_what_it_cost(
    blame: str, *, spent: bool
) -> None:
    trouble = trouble_of(job(state="failed", blame=blame, money_spent=spent))
    assert trouble.sentence
    assert trouble.blame.endswith(".")
    assert ("paid" in trouble.money) == spent
    assert trouble.other_options == (blame == "picture")
