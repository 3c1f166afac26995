"""The worker, killed in every way that we know, by real signals."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil
import pytest
import redis
from django.conf import settings
from django.db import connection, transaction

from albums.models import Album
from jobs import queue
from jobs.models import Job
from jobs.processes import host
from tests.jobs.conftest import AskFor
from tests.processes.conftest import AskForLong
from tests.processes.harness import (
    PATIENCE,
    SECONDS_TO_RECOVER,
    SECONDS_TO_STOP,
    Worker,
    has_ended,
    holder_of,
    within,
)
from tests.servers import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]


def assert_restored_once(job: Job) -> None:
    job.refresh_from_db()
    assert job.state == Job.State.SUCCEEDED, job.message
    assert job.photo.restorations.count() == 1
    assert job.attempts.count() == 1
    stored = list(Path(settings.MEDIA_ROOT).glob("restorations/*/*"))
    assert len(stored) == Job.objects.filter(state=Job.State.SUCCEEDED).count()


def assert_work_flows(worker: Worker, job: Job) -> None:
    within(SECONDS_TO_RECOVER, lambda: has_ended(job), "work does not flow again")
    assert_restored_once(job)


def lives(process: psutil.Process) -> bool:
    """Zombies are dead: whoever inherited them has not looked yet."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class TestUndisturbed:
    def test_work_is_done(self, worker: Worker, ask_for: AskFor) -> None:
        jobs = [ask_for() for _number in range(3)]
        worker.start()
        wait_until(lambda: all(map(has_ended, jobs)), "work is left")
        for job in jobs:
            assert_restored_once(job)
        assert list(Path(settings.SCRATCH_DIR).glob("job-*")) == []

    def test_two_workers_do_no_harm(
        self, worker: Worker, second_worker: Worker, ask_for: AskFor
    ) -> None:
        jobs = [ask_for() for _number in range(6)]
        worker.start()
        second_worker.start()
        wait_until(lambda: all(map(has_ended, jobs)), "work is left")
        for job in jobs:
            assert_restored_once(job)
        assert worker.stop() <= SECONDS_TO_STOP
        assert second_worker.stop() <= SECONDS_TO_STOP
        assert worker.everybody() == []


class TestInMidJob:
    def test_supervisor_is_killed(
        self, worker: Worker, ask_for_long: AskForLong
    ) -> None:
        job = ask_for_long()
        worker.start()
        holder_of(job)
        worker.kill()
        wait_until(lambda: not worker.everybody(), "the clusters live on")
        worker.start()
        assert_work_flows(worker, job)
        assert job.crashes == 1

    def test_busy_process_is_killed(
        self, worker: Worker, ask_for_long: AskForLong
    ) -> None:
        job = ask_for_long()
        worker.start()
        psutil.Process(holder_of(job)).kill()
        assert_work_flows(worker, job)
        assert job.crashes == 1

    def test_cluster_is_killed(self, worker: Worker, ask_for_long: AskForLong) -> None:
        job = ask_for_long()
        worker.start()
        holder_of(job)
        worker.main(queue.ENGINE).kill()
        assert_work_flows(worker, job)

    def test_everything_is_killed(
        self, worker: Worker, ask_for_long: AskForLong
    ) -> None:
        job = ask_for_long()
        worker.start()
        holder_of(job)
        for process in worker.everybody():
            process.kill()
        worker.start()
        assert_work_flows(worker, job)

    def test_sigterm_lets_the_step_finish(
        self, worker: Worker, ask_for_long: AskForLong
    ) -> None:
        job = ask_for_long()
        worker.start()
        holder_of(job)
        assert worker.stop() <= SECONDS_TO_STOP
        assert worker.everybody() == []
        job.refresh_from_db()
        assert job.is_ended or job.lease is None
        assert job.crashes == 0

    def test_sigterm_frees_a_step_that_does_not_finish(
        self, worker: Worker, ask_for_long: AskForLong
    ) -> None:
        job = ask_for_long()
        worker.start()
        psutil.Process(holder_of(job)).suspend()
        assert worker.stop() <= SECONDS_TO_STOP
        assert worker.everybody() == []
        job.refresh_from_db()
        assert (job.lease, job.crashes) == (None, 0)
        worker.start()
        assert_work_flows(worker, job)

    def test_poison_job_fails_and_others_go_on(
        self, worker: Worker, ask_for_long: AskForLong, ask_for: AskFor
    ) -> None:
        poison = ask_for_long()
        worker.start()
        others = []
        for crash in range(1, 6):
            psutil.Process(holder_of(poison)).kill()
            wait_for_crash(poison, crash)
            others.append(ask_for())
        wait_until(lambda: all(map(has_ended, others)), "others were held up")
        poison.refresh_from_db()
        assert (poison.state, poison.error_code) == (Job.State.FAILED, "crashed")
        for job in others:
            assert_restored_once(job)


def wait_for_crash(job: Job, number: int) -> None:
    counted = Job.objects.filter(pk=job.pk, crashes=number)
    wait_until(counted.exists, f"crash {number} was not counted")


class TestIdle:
    @pytest.mark.parametrize(
        "part", ["worker", "sentinel", "pusher", "monitor", "main"]
    )
    def test_part_of_a_cluster_is_killed(
        self, worker: Worker, ask_for: AskFor, part: str
    ) -> None:
        worker.start_and_wait()
        worker.parts(queue.ENGINE)[part].kill()
        assert_work_flows(worker, ask_for())

    def test_stopped_process_makes_a_cluster_deaf(
        self, worker: Worker, ask_for: AskFor
    ) -> None:
        worker.start_and_wait()
        stopped = worker.parts(queue.ENGINE)["worker"]
        stopped.suspend()
        assert_work_flows(worker, ask_for())
        assert not lives(stopped)

    def test_supervisor_dies_together_with_its_clusters_leaders(
        self, worker: Worker, ask_for: AskFor
    ) -> None:
        """Nobody is left who watches the lifeline; the next supervisor ends the rest."""
        worker.start_and_wait()
        leaders = [worker.main(name) for name in (queue.ENGINE, queue.REMOTE)]
        orphans = [child for leader in leaders for child in leader.children(True)]
        assert worker.process
        for process in [*leaders, psutil.Process(worker.process.pid)]:
            process.suspend()
        for process in [*leaders, psutil.Process(worker.process.pid)]:
            process.kill()
        worker.process.wait()
        assert any(map(lives, orphans)), "nothing to clear up"
        worker.start()
        assert_work_flows(worker, ask_for())
        assert not any(map(lives, orphans))

    def test_sigterm_leaves_nothing(self, worker: Worker) -> None:
        worker.start_and_wait()
        assert worker.stop() <= SECONDS_TO_STOP
        assert worker.everybody() == []
        assert list((Path(settings.DATA_DIR) / "worker").iterdir()) == []

    def test_sigint_stops_as_well(self, worker: Worker) -> None:
        worker.start_and_wait()
        worker.send(signal.SIGINT)
        assert worker.process
        assert worker.process.wait(PATIENCE) == 0
        assert worker.everybody() == []


class TestOutages:
    @pytest.mark.skipif(
        connection.vendor != "sqlite", reason="Only SQLite locks the whole database."
    )
    def test_locked_database_is_waited_for(
        self, worker: Worker, ask_for: AskFor
    ) -> None:
        worker.start_and_wait()
        job = ask_for()
        with transaction.atomic():
            Album.objects.update(version=1)
            wait_until(lambda: "locked" in worker.output, "nobody noticed")
        assert_work_flows(worker, job)
        assert worker.process
        assert worker.process.poll() is None

    def test_flushed_redis_costs_no_work(
        self, worker_on_redis: Worker, redis_url: str, ask_for: AskFor
    ) -> None:
        key = f"django_q:{queue.queue_name(queue.ENGINE, host())}:q"
        worker_on_redis.start_and_wait()
        parts = worker_on_redis.parts(queue.ENGINE)
        parts["pusher"].suspend()
        with redis.Redis.from_url(redis_url) as client:
            # The first ring may still go to a call that waits for one.
            wait_until(lambda: client.llen(key) > 0, "nobody rang for a beat")
            job = ask_for()
            rung = Job.objects.filter(pk=job.pk, lease__isnull=False)
            wait_until(rung.exists, "nobody rang for the job")
            client.flushall()
        parts["pusher"].resume()
        assert_work_flows(worker_on_redis, job)
        assert lives(parts["main"]), "a lost ring is no deafness"

    def test_idle_process_is_killed_on_redis(
        self, worker_on_redis: Worker, ask_for: AskFor
    ) -> None:
        worker_on_redis.start_and_wait()
        worker_on_redis.parts(queue.ENGINE)["worker"].kill()
        assert_work_flows(worker_on_redis, ask_for())

    def test_busy_process_is_killed_on_redis(
        self, worker_on_redis: Worker, ask_for_long: AskForLong
    ) -> None:
        job = ask_for_long()
        worker_on_redis.start()
        psutil.Process(holder_of(job)).kill()
        assert_work_flows(worker_on_redis, job)
