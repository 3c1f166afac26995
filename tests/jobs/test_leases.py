from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError

from albums.models import User
from jobs import leases, services
from jobs.clock import db_now
from jobs.models import Attempt, Job
from jobs.processes import host, identity, this_process
from jobs.runner import RING_LEASE
from jobs.step import Step

LEASE = timedelta(seconds=60)


@pytest.fixture
def neighbour() -> Iterator[subprocess.Popen[bytes]]:
    """Another living process of this host."""
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def claim(job: Job) -> UUID:
    token = uuid4()
    assert Job.objects.claim(job.pk, now=db_now(), token=token, lease=RING_LEASE)
    return token


def held_by(job: Job, holder: str, *, seconds_left: float = 60) -> UUID:
    token = claim(job)
    until = db_now() + timedelta(seconds=seconds_left)
    Job.objects.filter(pk=job.pk).update(
        holder=holder, leased_until=until, state=Job.State.RUNNING
    )
    return token


def dead_holder(process: subprocess.Popen[bytes]) -> str:
    holder = identity(process.pid)
    process.kill()
    process.wait()
    return holder


def test_job_of_a_dead_process_is_free_at_once(
    job: Job, neighbour: subprocess.Popen[bytes]
) -> None:
    held_by(job, dead_holder(neighbour))
    leases.mend()
    job.refresh_from_db()
    assert (job.lease, job.holder, job.crashes) == (None, "", 1)
    assert Job.objects.due(db_now()).filter(pk=job.pk).exists()
    assert job.events.filter(kind="interrupted").count() == 1


def test_zombie_counts_as_dead(job: Job, neighbour: subprocess.Popen[bytes]) -> None:
    held_by(job, identity(neighbour.pid))
    neighbour.kill()
    while identity(neighbour.pid):
        pass
    leases.mend()
    job.refresh_from_db()
    assert job.crashes == 1


def test_another_process_with_the_same_number_is_not_the_holder(job: Job) -> None:
    name, pid, _started = this_process().rsplit(":", 2)
    held_by(job, f"{name}:{pid}:1")
    leases.mend()
    job.refresh_from_db()
    assert job.crashes == 1


def test_living_holder_is_left_alone(
    job: Job, neighbour: subprocess.Popen[bytes]
) -> None:
    token = held_by(job, identity(neighbour.pid))
    assert leases.mend() == frozenset()
    job.refresh_from_db()
    assert job.lease == token
    assert job.crashes == 0


def test_holder_of_another_host_keeps_its_lease_until_it_runs_out(job: Job) -> None:
    token = held_by(job, "elsewhere:1:1")
    leases.mend()
    assert Job.objects.get(pk=job.pk).lease == token
    Job.objects.filter(pk=job.pk).update(leased_until=db_now() - timedelta(seconds=1))
    leases.mend()
    job.refresh_from_db()
    assert (job.lease, job.crashes) == (None, 1)


def test_late_holder_is_named(job: Job, neighbour: subprocess.Popen[bytes]) -> None:
    holder = identity(neighbour.pid)
    held_by(job, holder, seconds_left=-1)
    assert leases.mend() == {holder}


def test_late_holder_that_went_on_to_another_job_is_not_named(
    job: Job, ask_for: object, neighbour: subprocess.Popen[bytes]
) -> None:
    assert callable(ask_for)
    holder = identity(neighbour.pid)
    held_by(job, holder, seconds_left=-1)
    held_by(ask_for(), holder)
    assert leases.mend() == frozenset()


def test_unanswered_ring_is_no_crash(job: Job) -> None:
    claim(job)
    Job.objects.filter(pk=job.pk).update(leased_until=db_now() - timedelta(seconds=1))
    leases.mend()
    job.refresh_from_db()
    assert job.crashes == 0
    assert claim(job)


def test_fifth_crash_ends_the_job_with_a_sentence(job: Job) -> None:
    for crash in range(1, 6):
        Job.objects.filter(pk=job.pk).update(due=db_now())
        step = Step.take(job.pk, claim(job), lease=LEASE)
        assert step
        step.open_attempt()
        Job.objects.filter(pk=job.pk).update(holder=f"{host()}:1:1")
        leases.mend()
        job.refresh_from_db()
        assert job.crashes == crash
        assert (job.state == Job.State.FAILED) == (crash == 5)
    assert (job.error_code, job.blame) == ("crashed", Job.Blame.SETUP)
    assert job.message.endswith(".")
    attempt = job.attempts.get()
    assert (attempt.state, attempt.error_code) == (Attempt.State.FAILED, "crashed")


def test_crashing_job_lets_others_by(job: Job) -> None:
    waits = [leases.delay_after(crashes) for crashes in range(1, leases.MOST_CRASHES)]
    assert waits[0] == timedelta(0)
    assert waits == sorted(waits)
    assert waits[-1] < timedelta(seconds=30)


def test_cancel_asked_while_the_worker_dies(job: Job, alice: User) -> None:
    held_by(job, f"{host()}:1:1")
    assert services.cancel(job, by=alice)
    leases.mend()
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert job.lease is None


def test_cancel_asked_between_two_steps(job: Job, alice: User) -> None:
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.RUNNING, due=db_now() + timedelta(hours=1)
    )
    assert services.cancel(job, by=alice)
    leases.mend()
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED


def test_lease_renewed_in_the_last_moment_is_kept(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = held_by(job, "elsewhere:1:1", seconds_left=-1)
    renewed = db_now() + LEASE

    def renew_first(_seconds: object = None) -> UUID:
        Job.objects.filter(pk=job.pk).update(leased_until=renewed)
        return uuid4()

    monkeypatch.setattr(leases, "uuid4", renew_first)
    leases.mend()
    job.refresh_from_db()
    assert (job.lease, job.leased_until, job.crashes) == (token, renewed, 0)


def test_step_that_broke_lets_go(job: Job) -> None:
    token = claim(job)
    assert Step.take(job.pk, token, lease=LEASE)
    leases.let_go(job.pk, token)
    job.refresh_from_db()
    assert (job.lease, job.crashes) == (None, 1)


def test_what_the_database_says_of_a_row_is_not_told(job: Job) -> None:
    token = claim(job)
    assert Step.take(job.pk, token, lease=LEASE)
    try:
        raise IntegrityError("Key (remote_id)=(canary) already exists.")
    except IntegrityError:
        leases.let_go(job.pk, token)
    told = job.events.get(kind="interrupted")
    assert told.detail == "IntegrityError"


def test_finished_step_has_nothing_to_let_go(job: Job) -> None:
    token = claim(job)
    step = Step.take(job.pk, token, lease=LEASE)
    assert step
    step.cancel()
    leases.let_go(job.pk, token)
    job.refresh_from_db()
    assert (job.state, job.crashes) == (Job.State.CANCELLED, 0)


def test_giving_back_is_no_crash(job: Job) -> None:
    token = held_by(job, this_process())
    leases.give_back([token])
    job.refresh_from_db()
    assert (job.lease, job.leased_until, job.holder, job.crashes) == (None, None, "", 0)
