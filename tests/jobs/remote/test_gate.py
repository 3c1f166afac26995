"""Which remote jobs go now, where calls have limits per hour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from albums.models import Album, User
from jobs import accounts, budget, queue
from jobs.clock import db_now
from jobs.dispatcher import Dispatcher
from jobs.models import Attempt, Batch, HourlyUse, Job
from jobs.remote_dispatch import Gate, Ticket
from tests.jobs.conftest import MakePhoto
from tests.jobs.remote.conftest import connect
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
MakeJobs = Callable[..., list[Job]]


@pytest.fixture
def make_jobs(
    settings: Any, sandbox: Sandbox, album: Album, alice: User, make_photo: MakePhoto
) -> MakeJobs:
    connect(settings, sandbox)
    photo = make_photo()
    Job.objects.all().delete()

    def make(number: int, provider: str = "upscayl", **fields: Any) -> list[Job]:
        batch = Batch.objects.create(code=uuid4(), album=album, asked_by=alice)
        given = {"due": db_now() - SECOND, **fields}
        return [
            Job.objects.create(batch=batch, photo=photo, provider=provider, **given)
            for _photo in range(number)
        ]

    return make


def let_through(jobs: list[Job]) -> list[Ticket]:
    return Gate(4).let_through(jobs, now=db_now(), free=4, taken=Counter())


def use_up(call: str, *, but: int = 0) -> datetime:
    """All of the hour's requests of this kind, made just now."""
    now = db_now()
    left = budget.left_of_hour("upscayl", call, now=now) - but
    HourlyUse.objects.bulk_create(
        HourlyUse(provider="upscayl", call=call, at=now) for _request in range(left)
    )
    return now


def out(job: Job, **fields: Any) -> Attempt:
    """Its task is at the provider since a long time."""
    ago = db_now() - timedelta(minutes=20)
    return Attempt.objects.create(
        job=job,
        number=1,
        provider=job.provider,
        remote_id=str(job.pk),
        submitted=ago,
        **fields,
    )


@pytest.mark.parametrize(("state", "kind"), [("queued", "long"), ("fetching", "fetch")])
def test_calls_that_take_long_never_take_all_workers(
    make_jobs: MakeJobs, state: str, kind: str
) -> None:
    """At Claid, a photo that is sent as a file holds the line until it is done."""
    slow = make_jobs(8, "claid", state=state)
    quick = make_jobs(8, "picwish", options={"sync": "0"})
    most = {"long": 2, "fetch": 4}[kind]
    for at_work in range(most + 1):
        tickets = Gate(8).let_through(
            [*slow, *quick], now=db_now(), free=8, taken=Counter({kind: at_work})
        )
        slots = Counter(ticket.slot for ticket in tickets)
        assert slots == Counter({kind: most - at_work, "short": 8 - most + at_work})
        for ticket in tickets:
            ticket.give_back()


def test_what_the_hour_has_no_room_for_makes_room_for_others(
    make_jobs: MakeJobs,
) -> None:
    now = use_up("submit")
    waiting = make_jobs(45)
    other = make_jobs(1, "picwish")
    tickets = let_through(waiting + other)
    assert [ticket.job_id for ticket in tickets] == [other[0].pk]
    dues = Job.objects.filter(provider="upscayl").values_list("due", flat=True)
    assert min(dues) > now + timedelta(minutes=4)


def test_looks_go_on_where_starts_are_used_up(make_jobs: MakeJobs) -> None:
    use_up("submit")
    [job] = make_jobs(1, state=Job.State.RUNNING)
    out(job)
    [ticket] = let_through([job])
    assert ticket.call == "poll"
    assert ticket.moment


@pytest.mark.parametrize(
    ("next_call", "slot"), [("", "fetch"), ("upload_url", "short"), ("submit", "short")]
)
def test_a_step_of_a_submit_is_booked_as_what_it_will_be(
    make_jobs: MakeJobs, next_call: str, slot: str
) -> None:
    [job] = make_jobs(1, state=Job.State.SUBMITTING)
    Attempt.objects.create(job=job, number=1, provider="upscayl", next_call=next_call)
    [ticket] = let_through([job])
    assert (ticket.call, ticket.slot) == (next_call, slot)
    assert bool(ticket.moment) is bool(next_call)
    booked = list(HourlyUse.objects.values_list("call", flat=True))
    assert booked == ([next_call] if next_call else [])


def test_an_upload_goes_out_though_starts_are_used_up(make_jobs: MakeJobs) -> None:
    use_up("submit")
    [job] = make_jobs(1, state=Job.State.SUBMITTING)
    Attempt.objects.create(job=job, number=1, provider="upscayl", next_call="")
    assert let_through([job])


def test_no_upload_goes_to_a_provider_that_is_paused(
    make_jobs: MakeJobs, alice: User
) -> None:
    [job] = make_jobs(1, state=Job.State.SUBMITTING)
    Attempt.objects.create(job=job, number=1, provider="upscayl", next_call="")
    accounts.pause("upscayl", by=alice)
    Job.objects.filter(pk=job.pk).update(state=Job.State.SUBMITTING)
    job.refresh_from_db()
    assert let_through([job]) == []
    job.refresh_from_db()
    assert job.state == Job.State.HELD


def test_the_last_looks_are_for_tasks_that_had_none(make_jobs: MakeJobs) -> None:
    use_up("poll", but=2)
    jobs = make_jobs(4, state=Job.State.RUNNING)
    seen = db_now() - timedelta(minutes=10)
    for job in jobs[:2]:
        out(job, seen_unfinished=seen)
    for job in jobs[2:]:
        out(job)
    tickets = let_through(jobs)
    assert {ticket.job_id for ticket in tickets} == {job.pk for job in jobs[2:]}


def test_a_booking_is_given_back_where_nobody_makes_the_request(
    make_jobs: MakeJobs,
) -> None:
    [job] = make_jobs(1)
    [ticket] = let_through([job])
    assert HourlyUse.objects.count() == 1
    Job.objects.filter(pk=job.pk).update(
        lease=uuid4(), leased_until=db_now() + timedelta(minutes=1)
    )
    dispatcher = Dispatcher({queue.REMOTE: 4})
    assert not dispatcher._ring(ticket, queue.REMOTE)
    assert HourlyUse.objects.count() == 0


def test_a_booking_is_given_back_where_the_bell_is_broken(
    make_jobs: MakeJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_words: object) -> None:
        raise queue.BrokerDown

    monkeypatch.setattr(queue, "ring", fail)
    make_jobs(3)
    with pytest.raises(queue.BrokerDown):
        Dispatcher({queue.REMOTE: 4}).tick()
    assert HourlyUse.objects.count() == 0


@pytest.mark.parametrize(
    ("batches", "state"),
    [(50, Job.State.QUEUED), (1, Job.State.RUNNING), (50, Job.State.RUNNING)],
)
def test_nobody_waits_for_a_provider_that_takes_no_more(
    make_jobs: MakeJobs, monkeypatch: pytest.MonkeyPatch, batches: int, state: str
) -> None:
    [other] = make_jobs(1, "claid")
    long_ago = db_now() - timedelta(minutes=1)
    for _batch in range(batches):
        for job in make_jobs(50 // batches, "picwish", state=state, due=long_ago):
            if state == Job.State.RUNNING:
                out(job)
    budget.postpone("picwish", "", until=db_now() + timedelta(hours=1))
    rung: list[int] = []
    monkeypatch.setattr(queue, "ring", lambda job_id, *_: rung.append(job_id))
    dispatcher = Dispatcher({queue.REMOTE: 4})
    # Its batch had a turn before, those of the others had none.
    dispatcher.served[queue.REMOTE] = {other.batch_id: 1}
    dispatcher.tick()
    assert rung == [other.pk]
