from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs import queue
from jobs.clock import db_now
from jobs.dispatcher import Dispatcher
from jobs.models import Batch, Job
from jobs.processes import host, this_process
from tests.jobs.conftest import AskFor

ENGINE, REMOTE = queue.ENGINE, queue.REMOTE


class Bell:
    """In place of the queue: remembers who was rung for."""

    def __init__(self) -> None:
        self.rings: list[tuple[int, UUID, str]] = []
        self.is_down = False

    def __call__(
        self, job_id: int, token: UUID, cluster: str, moment: datetime | None
    ) -> None:
        if self.is_down:
            raise queue.BrokerDown
        self.rings.append((job_id, token, cluster))

    @property
    def jobs(self) -> list[int]:
        return [job_id for job_id, _token, _cluster in self.rings]


@pytest.fixture
def bell(monkeypatch: pytest.MonkeyPatch) -> Bell:
    bell = Bell()
    monkeypatch.setattr(queue, "ring", bell)
    return bell


@pytest.fixture
def dispatcher(bell: Bell) -> Dispatcher:
    return Dispatcher({ENGINE: 1, REMOTE: 2})


def remote(job: Job) -> Job:
    Job.objects.filter(pk=job.pk).update(provider="picwish")
    return job


def end(job_id: int) -> None:
    Job.objects.filter(pk=job_id).update(
        state=Job.State.CANCELLED, lease=None, leased_until=None, holder=""
    )


def test_due_job_is_leased_and_rung_for(
    job: Job, dispatcher: Dispatcher, bell: Bell
) -> None:
    tick = dispatcher.tick()
    job.refresh_from_db()
    assert job.lease
    assert bell.rings == [(job.pk, job.lease, ENGINE)]
    assert tick.rung == Counter({ENGINE: 1})


def test_rung_job_is_not_rung_for_again(
    job: Job, dispatcher: Dispatcher, bell: Bell
) -> None:
    dispatcher.tick()
    dispatcher.tick()
    assert bell.jobs == [job.pk]


def test_nobody_is_rung_for_before_the_job_is_due(
    job: Job, dispatcher: Dispatcher, bell: Bell
) -> None:
    Job.objects.filter(pk=job.pk).update(due=db_now() + timedelta(hours=1))
    dispatcher.tick()
    assert not bell.rings


def test_remote_work_goes_to_the_remote_cluster(
    ask_for: AskFor, dispatcher: Dispatcher, bell: Bell
) -> None:
    ours, theirs = ask_for(), remote(ask_for())
    dispatcher.tick()
    clusters = {job_id: cluster for job_id, _token, cluster in bell.rings}
    assert clusters == {ours.pk: ENGINE, theirs.pk: REMOTE}


def test_only_as_many_as_there_are_workers(
    ask_for: AskFor, dispatcher: Dispatcher, bell: Bell
) -> None:
    for _number in range(3):
        ask_for()
        remote(ask_for())
    dispatcher.tick()
    dispatcher.tick()
    rung = Counter(cluster for _job_id, _token, cluster in bell.rings)
    assert rung == {ENGINE: 1, REMOTE: 2}


def test_ended_job_makes_room_for_the_next(
    ask_for: AskFor, dispatcher: Dispatcher, bell: Bell
) -> None:
    first, second = ask_for(), ask_for()
    dispatcher.tick()
    end(first.pk)
    dispatcher.tick()
    assert bell.jobs == [first.pk, second.pk]


def test_ring_that_nobody_answered_is_repeated(
    job: Job, dispatcher: Dispatcher, bell: Bell
) -> None:
    dispatcher.tick()
    Job.objects.filter(pk=job.pk).update(leased_until=db_now() - timedelta(seconds=1))
    dispatcher.tick()
    tokens = {token for _job_id, token, _cluster in bell.rings}
    assert bell.jobs == [job.pk, job.pk]
    assert len(tokens) == 2, "the first ring must not be able to start anything"


def test_job_in_hand_counts_as_working(job: Job, dispatcher: Dispatcher) -> None:
    assert dispatcher.tick().working == Counter()
    Job.objects.filter(pk=job.pk).update(holder=this_process())
    assert dispatcher.tick().working == Counter({ENGINE: 1})


def test_single_photo_does_not_wait_for_a_large_batch(
    ask_for: AskFor, dispatcher: Dispatcher, bell: Bell
) -> None:
    large, small = uuid4(), uuid4()
    many = [ask_for(batch=large) for _number in range(5)]
    single = ask_for(batch=small)
    for _turn in range(3):
        dispatcher.tick()
        end(bell.jobs[-1])
    assert single.pk in bell.jobs[:2]
    assert bell.jobs[0] == many[0].pk


def test_batches_take_turns(
    ask_for: AskFor, dispatcher: Dispatcher, bell: Bell
) -> None:
    batches = [uuid4() for _number in range(3)]
    owner = {
        ask_for(batch=batch).pk: batch for batch in batches for _number in range(3)
    }
    for _turn in range(9):
        dispatcher.tick()
        end(bell.jobs[-1])
    rounds = [[owner[pk] for pk in bell.jobs[at : at + 3]] for at in (0, 3, 6)]
    assert all(sorted(each) == sorted(batches) for each in rounds)


def test_begun_jobs_go_on_before_others_begin(
    ask_for: AskFor, dispatcher: Dispatcher, bell: Bell
) -> None:
    ask_for()
    begun = ask_for()
    Job.objects.filter(pk=begun.pk).update(state=Job.State.RUNNING, due=db_now())
    dispatcher.tick()
    assert bell.jobs == [begun.pk]


def test_broken_ring_leaves_the_job_free(
    job: Job, dispatcher: Dispatcher, bell: Bell
) -> None:
    bell.is_down = True
    with pytest.raises(queue.BrokerDown):
        dispatcher.tick()
    job.refresh_from_db()
    assert job.lease is None
    bell.is_down = False
    dispatcher.tick()
    assert bell.jobs == [job.pk]


def test_ended_cluster_gives_its_jobs_back_at_once(
    job: Job, dispatcher: Dispatcher, bell: Bell
) -> None:
    dispatcher.tick()
    dispatcher.give_back([ENGINE])
    dispatcher.tick()
    job.refresh_from_db()
    assert bell.jobs == [job.pk, job.pk]
    assert job.crashes == 0


def test_ended_cluster_keeps_the_jobs_of_the_other(
    job: Job, dispatcher: Dispatcher, bell: Bell
) -> None:
    dispatcher.tick()
    dispatcher.give_back([REMOTE])
    dispatcher.tick()
    assert bell.jobs == [job.pk]


def test_two_dispatchers_never_ring_for_the_same_job(
    ask_for: AskFor, bell: Bell
) -> None:
    for _number in range(4):
        ask_for()
    both = [Dispatcher({ENGINE: 2}), Dispatcher({ENGINE: 2})]
    for dispatcher in both * 2:
        dispatcher.tick()
    assert len(bell.jobs) == len(set(bell.jobs)) == 4


def test_jobs_of_a_dead_process_are_rung_for_in_the_same_tick(
    job: Job, dispatcher: Dispatcher, bell: Bell
) -> None:
    dispatcher.tick()
    Job.objects.filter(pk=job.pk).update(holder=f"{host()}:1:1")
    dispatcher.tick()
    assert bell.jobs == [job.pk, job.pk]


def test_queries_do_not_grow_with_what_waits(ask_for: AskFor, bell: Bell) -> None:
    first = ask_for()
    few = queries_of_a_tick()
    for number in range(30):
        batch = Batch.objects.create(
            album=first.batch.album, asked_by=first.batch.asked_by
        )
        Job.objects.create(
            batch=batch,
            photo=first.photo,
            provider="local",
            due=db_now(),
            options={"number": number},
        )
    Job.objects.update(lease=None, leased_until=None)
    assert queries_of_a_tick() == few


def queries_of_a_tick() -> int:
    with CaptureQueriesContext(connection) as queries:
        Dispatcher({ENGINE: 1}).tick()
    return len(queries)
