"""Two who change the same jobs at the same moment do not wait for each other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

import albums.services
from albums.models import Album, User
from jobs import services
from jobs.models import Job
from jobs.services import cancel, give_consent, send_all_elsewhere, withdraw_consent
from tests.rows import add_job, add_photos

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="SQLite has one writer"
    ),
]
SECONDS = 2.0


def send_all(album: Album, by: User) -> None:
    send_all_elsewhere(album, "picwish", "local", by=by)


def withdraw(album: Album, by: User) -> None:
    withdraw_consent(album, "picwish", by=by)


@pytest.mark.parametrize("change_all", [send_all, withdraw])
def test_one_job_is_cancelled_while_all_are_changed(
    album: Album,
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
    change_all: Callable[[Album, User], None],
) -> None:
    """Whoever changes all has the album when the other would have the second job."""
    give_consent(album, "picwish", by=alice)
    first, second = (
        add_job(photo, Job.State.HELD, provider="picwish", hold="provider")
        for photo in add_photos(album, 2)
    )
    begun, both = threading.Event(), threading.Barrier(2)
    bump_version = albums.services.bump_version

    def bump_and_wait(album_id: int) -> int:
        version = bump_version(album_id)
        if not begun.is_set():
            begun.set()
            meet()
        return version

    def meet() -> None:
        try:
            both.wait(SECONDS)
        except threading.BrokenBarrierError:
            return

    def wait_and_bump(album_id: int) -> int:
        meet()
        return bump_version(album_id)

    def bump(album_id: int) -> int:
        is_other = threading.current_thread().name.startswith("other")
        return wait_and_bump(album_id) if is_other else bump_and_wait(album_id)

    def cancel_second() -> None:
        begun.wait(SECONDS)
        cancel(second, by=alice)
        connection.close()

    monkeypatch.setattr(services, "bump_version", bump)
    with ThreadPoolExecutor(1, thread_name_prefix="other") as other:
        done = other.submit(cancel_second)
        change_all(album, alice)
    done.result()
    for job in (first, second):
        job.refresh_from_db()
        assert job.state != Job.State.HELD
