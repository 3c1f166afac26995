"""200 photos at a provider that takes 50 starts and 100 looks an hour, with a clock of
our own: the gate, the budget and the rhythm are the real ones, the steps are not."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from albums.models import Album, User
from jobs import accounts, rhythm
from jobs.clock import db_now
from jobs.dispatcher import LOOKED_AT
from jobs.forecast import forecast
from jobs.models import Attempt, Batch, Job
from jobs.providers.base import POLL, SUBMIT
from jobs.remote_dispatch import Gate, Ticket
from tests.jobs.conftest import MakePhoto
from tests.jobs.remote.conftest import connect
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db

NAME = "upscayl"
WORKERS = 4
TICK = timedelta(seconds=0.5)
HOUR = timedelta(hours=1)
Draw = Callable[[random.Random], float]


@dataclass
class Simulation:
    """`asked` are the moments of all requests by kind, `lags` how many seconds each
    finished photo waited to be seen."""

    draw: Draw
    start: datetime
    chance: random.Random = field(default_factory=lambda: random.Random(1962))  # noqa: S311
    gate: Gate = field(default_factory=lambda: Gate(WORKERS))
    asked: dict[str, list[datetime]] = field(
        default_factory=lambda: {SUBMIT: [], POLL: []}
    )
    done: list[datetime] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    durations: dict[int, float] = field(default_factory=dict)

    def run(self) -> None:
        now = self.start
        while Job.objects.unfinished().exists():
            jobs = Job.objects.filter(state__in=Job.ACTIVE, due__lte=now)
            # As the dispatcher does: what has begun comes first.
            chosen = list(jobs.order_by("-state", "due", "pk")[:LOOKED_AT])
            tickets = self.gate.let_through(
                chosen, now=now, free=WORKERS, taken=Counter()
            )
            for ticket in tickets:
                self.step(ticket)
            now += TICK
            if not tickets:
                following = Job.objects.unfinished().order_by("due").first()
                now = max(now, following.due) if following else now

    def step(self, ticket: Ticket) -> None:
        job = Job.objects.get(pk=ticket.job_id)
        assert ticket.moment is not None
        self.asked[ticket.call].append(ticket.moment)
        if ticket.call == SUBMIT:
            self.submit(job, ticket.moment)
        else:
            self.look(job, ticket.moment)

    def submit(self, job: Job, now: datetime) -> None:
        attempt = Attempt.objects.create(
            job=job, number=1, provider=NAME, remote_id=str(job.pk), submitted=now
        )
        self.durations[job.pk] = self.draw(self.chance)
        self.wait(job, attempt, now)

    def look(self, job: Job, now: datetime) -> None:
        attempt = job.attempts.get()
        assert attempt.submitted is not None
        age = (now - attempt.submitted).total_seconds()
        low = attempt.seen_unfinished
        duration = self.durations[job.pk]
        if age < duration:
            rhythm.learn(accounts.account(NAME), low=age, high=None)
            attempt.seen_unfinished = now
            attempt.save()
            self.wait(job, attempt, now)
            return
        seen = (low - attempt.submitted).total_seconds() if low else 0.0
        rhythm.learn(accounts.account(NAME), low=seen, high=age)
        self.lags.append(age - duration)
        self.done.append(now)
        # Nothing is kept here, and a job that is ready has a restoration.
        Job.objects.filter(pk=job.pk).update(state=Job.State.CANCELLED)
        Attempt.objects.filter(pk=attempt.pk).update(state=Attempt.State.SUCCEEDED)

    def wait(self, job: Job, attempt: Attempt, now: datetime) -> None:
        row = accounts.account(NAME)
        due = rhythm.next_look(attempt, row, now=now, is_short=False)
        Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, due=due)

    @property
    def hours(self) -> float:
        return (max(self.done) - self.start) / HOUR

    def most_in_an_hour(self, call: str) -> int:
        asked = self.asked[call]
        return max(sum(at <= one < at + HOUR for one in asked) for at in asked)


@pytest.fixture
def photos(
    settings: Any, sandbox: Sandbox, album: Album, alice: User, make_photo: MakePhoto
) -> Callable[[int], datetime]:
    """So many jobs, asked for at once; when."""
    connect(settings, sandbox, rate=2.0)

    def ask(number: int) -> datetime:
        now, photo = db_now(), make_photo()
        Job.objects.all().delete()
        batch = Batch.objects.create(code=uuid4(), album=album, asked_by=alice)
        one = {"batch": batch, "photo": photo, "provider": NAME, "due": now}
        Job.objects.bulk_create(Job(**one) for _photo in range(number))
        return now

    return ask


def always(seconds: float) -> Draw:
    return lambda _chance: seconds


def around(seconds: float) -> Draw:
    return lambda chance: seconds * chance.lognormvariate(0, 0.5)


@pytest.mark.parametrize(
    "draw", [always(60), around(180)], ids=["60 s", "around 180 s"]
)
def test_they_go_through_in_the_time_that_the_limits_allow(
    photos: Callable[[int], datetime], draw: Draw
) -> None:
    start = photos(200)
    Job.objects.update(provider="picwish")
    told = forecast(NAME, 200, now=start)
    Job.objects.update(provider=NAME)
    simulation = Simulation(draw, start)
    simulation.run()
    assert len(simulation.done) == 200
    assert simulation.most_in_an_hour(SUBMIT) == 50
    assert simulation.most_in_an_hour(POLL) <= 100
    # The last fifty may begin after three hours of 61 minutes.
    assert 3.05 < simulation.hours < 3.4
    # What the person was told before.
    assert abs(told.takes / HOUR - simulation.hours) < 0.3
    assert max(simulation.lags) < 600


def test_looks_that_are_used_up_are_kept_for_those_that_had_none(
    photos: Callable[[int], datetime],
) -> None:
    """Tasks that take much longer than anybody thought use the hour's looks up, and
    are found as soon as there are looks again."""
    simulation = Simulation(always(1500), photos(50))
    simulation.run()
    assert len(simulation.done) == 50
    assert simulation.most_in_an_hour(POLL) <= 100
    assert simulation.hours < 1.2
