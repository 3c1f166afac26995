from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError
from django_q.conf import Conf
from django_q.models import OrmQ, Task

from albums import services
from albums.models import Album, User
from albums.renditions import Size, source_of
from albums.storage import media
from jobs import heartbeat, lifeline, queue, redis_queue, tasks
from jobs.clock import db_now
from jobs.models import Heartbeat, Job
from jobs.processes import host
from tests.jobs.conftest import AskFor, MakePhoto
from tests.servers import free_port

CaptureCommits = Callable[..., Any]


@pytest.fixture(autouse=True)
def own_broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Rings go through the database, whatever this run of the tests uses."""
    monkeypatch.setattr(queue, "IS_REDIS", False)
    monkeypatch.setattr(Conf, "ORM", "default")
    queue._broker.cache_clear()
    yield
    queue._broker.cache_clear()


@pytest.fixture
def broken_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "IS_REDIS", True)
    monkeypatch.setattr(queue, "redis_queue", redis_queue, raising=False)
    monkeypatch.setattr(queue, "OUTAGES", (DatabaseError, redis_queue.Outage))
    monkeypatch.setattr(Conf, "ORM", None)
    monkeypatch.setattr(Conf, "REDIS", f"redis://127.0.0.1:{free_port()}/0")
    queue._broker.cache_clear()


def test_ring_names_the_job_and_its_token(db: None) -> None:
    token = uuid4()
    queue.ring(7, token, queue.ENGINE)
    row = OrmQ.objects.get()
    assert row.key == queue.queue_name(queue.ENGINE, host())
    assert row.task["func"] == "jobs.tasks.advance"
    assert row.task["args"][:2] == (7, str(token))


def test_hosts_and_clusters_have_queues_of_their_own() -> None:
    names = {
        queue.queue_name(cluster, of_host)
        for cluster in (queue.ENGINE, queue.REMOTE)
        for of_host in ("attic", "cellar")
    }
    assert len(names) == 4


def test_installations_do_not_hear_each_other(settings: Any) -> None:
    ours = queue.queue_name(queue.ENGINE, host())
    settings.SECRET_KEY = "another one"
    assert queue.queue_name(queue.ENGINE, host()) != ours


def test_name_of_a_long_host_fits() -> None:
    longest = OrmQ._meta.get_field("key").max_length
    assert longest
    assert len(queue.queue_name(queue.REMOTE, "h" * 255)) <= longest


def test_silence_forgets_the_rings_of_one_cluster(db: None) -> None:
    queue.ring_beat(queue.ENGINE)
    queue.ring_beat(queue.REMOTE)
    queue.silence(queue.ENGINE)
    assert OrmQ.objects.get().key == queue.queue_name(queue.REMOTE, host())


def test_ring_is_forgotten_when_it_is_answered(db: None) -> None:
    queue.ring_beat(queue.ENGINE)
    queue._forget_ring({"ack_id": OrmQ.objects.get().pk})
    assert not OrmQ.objects.exists()


def test_sweep_forgets_what_nobody_hears(db: None) -> None:
    queue.ring_beat(queue.ENGINE)
    old = db_now() - queue.STALE_RING - timedelta(seconds=1)
    OrmQ.objects.update(lock=old)
    queue.ring_beat(queue.REMOTE)
    queue.sweep()
    assert OrmQ.objects.get().key.startswith(queue.REMOTE)


def test_sweep_forgets_old_failures(db: None) -> None:
    long_ago = db_now() - queue.KEEP_FAILURES - timedelta(seconds=1)
    for name, stopped in (("old", long_ago), ("new", db_now())):
        Task.objects.create(
            id=name, name=name, func="f", started=stopped, stopped=stopped
        )
    queue.sweep()
    assert list(Task.objects.values_list("name", flat=True)) == ["new"]


def test_broken_broker_is_told(broken_redis: None) -> None:
    with pytest.raises(queue.BrokerDown):
        queue.ring(1, uuid4(), queue.ENGINE)


class TestRenditions:
    def test_are_rung_for_where_a_worker_listens(
        self, db: None, make_photo: MakePhoto
    ) -> None:
        photo = make_photo()
        Heartbeat.objects.create(cluster=queue.ENGINE, host="attic", beat=db_now())
        queue.ring_renditions(photo.pk)
        row = OrmQ.objects.get()
        assert row.key == queue.queue_name(queue.ENGINE, "attic")
        assert row.task["args"] == (photo.pk,)

    def test_are_not_rung_for_where_nobody_listens(self, db: None) -> None:
        silent = db_now() - heartbeat.LISTENING - timedelta(seconds=1)
        Heartbeat.objects.create(cluster=queue.ENGINE, host="attic", beat=silent)
        queue.ring_renditions(1)
        assert not OrmQ.objects.exists()

    def test_upload_survives_a_broken_broker(
        self,
        broken_redis: None,
        album: Album,
        alice: User,
        make_photo: MakePhoto,
        django_capture_on_commit_callbacks: CaptureCommits,
    ) -> None:
        Heartbeat.objects.create(cluster=queue.ENGINE, host="attic", beat=db_now())
        with django_capture_on_commit_callbacks(execute=True) as callbacks:
            photo = make_photo()
        assert callbacks
        assert album.photos.get() == photo

    def test_are_made(self, make_photo: MakePhoto) -> None:
        photo = make_photo()
        tasks.renditions(photo.pk)
        assert source_of(photo).file(Size.SMALL).is_file()

    def test_of_a_photo_that_is_gone_are_nobodys_trouble(self, db: None) -> None:
        tasks.renditions(12345)
        assert list(media("renditions").glob("**/*.jpg")) == []


class TestTasks:
    def test_beat_is_a_sign_of_life(
        self, db: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Conf, "CLUSTER_NAME", queue.REMOTE)
        tasks.beat()
        first = heartbeat.last_beats()[queue.REMOTE]
        tasks.beat()
        assert heartbeat.last_beats()[queue.REMOTE] > first
        assert heartbeat.listening_host(queue.REMOTE) == host()
        assert Heartbeat.objects.count() == 1

    def test_advance_carries_out_the_step(self, job: Job) -> None:
        token = uuid4()
        Job.objects.claim(
            job.pk, now=db_now(), token=token, lease=timedelta(seconds=30)
        )
        tasks.advance(job.pk, str(token))
        tasks.advance(job.pk, str(token))
        job.refresh_from_db()
        assert job.state == Job.State.SUCCEEDED

    def test_a_step_that_breaks_lets_go_at_once(
        self, job: Job, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        services.original_file(job.photo).unlink()
        monkeypatch.setattr("albums.images.decode", _breaks)
        token = uuid4()
        Job.objects.claim(
            job.pk, now=db_now(), token=token, lease=timedelta(seconds=30)
        )
        with pytest.raises(KeyError):
            tasks.advance(job.pk, str(token))
        job.refresh_from_db()
        assert (job.lease, job.crashes) == (None, 1)
        assert "a fault of ours" in job.events.get(kind="interrupted").detail

    def test_nothing_begins_while_stopping(
        self, ask_for: AskFor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        job, token = ask_for(), uuid4()
        Job.objects.claim(
            job.pk, now=db_now(), token=token, lease=timedelta(seconds=30)
        )
        inherited, hold = os.pipe()
        monkeypatch.setenv(lifeline.VARIABLE, str(inherited))
        os.write(hold, b".")
        tasks.advance(job.pk, str(token))
        os.close(hold)
        os.close(inherited)
        job.refresh_from_db()
        assert (job.state, job.holder) == (Job.State.QUEUED, "")


def _breaks(*_arguments: Any, **_options: Any) -> None:
    raise KeyError("a fault of ours")


class TestLifeline:
    def test_holds_as_long_as_the_other_side_lives(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        inherited, hold = os.pipe()
        monkeypatch.setenv(lifeline.VARIABLE, str(inherited))
        assert lifeline.state() is lifeline.Lifeline.HOLDS
        os.write(hold, b".")
        assert lifeline.state() is lifeline.Lifeline.STOPPING
        os.close(hold)
        assert lifeline.state() is lifeline.Lifeline.CUT
        os.close(inherited)

    def test_who_has_none_cannot_lose_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(lifeline.VARIABLE, raising=False)
        assert lifeline.state() is lifeline.Lifeline.HOLDS
