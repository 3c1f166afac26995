"""Addresses of ours for providers: what they open, for whom, and how long."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from PIL import Image

from albums import storage
from albums.models import Album, Photo, User
from albums.services import add_photos, original_file
from jobs import source_links, sweep
from jobs.clock import db_now
from jobs.models import Attempt, Job, SourceLink
from jobs.services import cancel, give_consent, send_elsewhere, withdraw_consent
from restore_site.logs import HideTokens
from tests.jobs.remote.conftest import Ask, finish, step
from tests.pictures import drawn
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db

SITE = "https://photos.example.org"
Sent = Callable[..., Job]


@pytest.fixture
def public(settings: Any) -> None:
    settings.SITE_URL, settings.SITE_IS_PUBLIC = SITE, True
    settings.ALLOWED_HOSTS = ["photos.example.org", "testserver"]


@pytest.fixture
def sent(sandbox: Sandbox, public: None, ask: Ask) -> Sent:
    """A job whose task is out at Claid, which was given an address."""
    sandbox.claid.duration = lambda: 3600.0

    def send(**options: Any) -> Job:
        job = ask("claid", **options)
        assert step(job).state == Job.State.RUNNING
        return job

    return send


def address(sandbox: Sandbox, number: int = -1) -> str:
    submits = [seen for seen in sandbox.claid.requests if seen.method == "POST"]
    return str(json.loads(submits[number].body)["input"])


def get(address: str, **headers: str) -> Any:
    return Client().get(urlsplit(address).path, headers=headers)


def copies(settings: Any) -> list[Path]:
    return list(Path(settings.SOURCE_DIR).iterdir())


def test_an_address_is_short_and_cannot_be_guessed(
    sandbox: Sandbox, sent: Sent
) -> None:
    addresses = set()
    for _photo in range(3):
        sent()
        addresses.add(address(sandbox))
    assert len(addresses) == 3
    for each in addresses:
        assert each.startswith(f"{SITE}/s/")
        assert len(each) <= 512
        token = each.removeprefix(f"{SITE}/s/").removesuffix(".jpg")
        assert len(token) * 6 >= 128


def test_only_a_hash_of_the_address_is_kept(sandbox: Sandbox, sent: Sent) -> None:
    job = sent()
    token = urlsplit(address(sandbox)).path.removeprefix("/s/")
    rows = [SourceLink.objects.values().get(), Attempt.objects.values().get()]
    assert token not in repr(rows)
    assert token not in repr(list(job.events.values()))


def with_a_place(album: Album, by: User) -> Photo:
    """A photo that tells where it was taken, and that lies on its side."""
    notes = Image.Exif()
    notes[0x0112] = 6
    notes.get_ifd(0x8825)[1] = "N"
    part = storage.new_part()
    with Image.open(BytesIO(drawn(96, 64))) as picture:
        picture.save(part, "JPEG", exif=notes)
    added = add_photos(part, name="a.jpg", album=album, by=by, wish="", batch=uuid4())
    return added.photos[0]


def test_it_serves_the_copy_and_never_the_original(
    sandbox: Sandbox, sent: Sent, settings: Any, album: Album, alice: User
) -> None:
    job = sent(photo=with_a_place(album, alice))
    response = get(address(sandbox))
    served = b"".join(response)
    assert response.status_code == 200
    assert response["Content-Type"] == "image/jpeg"
    assert response["Content-Length"] == str(len(served))
    assert served == copies(settings)[0].read_bytes()
    attempt = job.attempts.get()
    assert len(served) == attempt.sent_bytes
    assert served != original_file(job.photo).read_bytes()
    with Image.open(BytesIO(served)) as picture:
        assert picture.size == (64, 96)
        assert not picture.getexif()


def test_nobody_keeps_finds_or_is_remembered_by_it(
    sandbox: Sandbox, sent: Sent
) -> None:
    sent()
    response = get(address(sandbox))
    assert response["Cache-Control"] == "no-store"
    assert "noindex" in response["X-Robots-Tag"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "Content-Disposition" not in response
    assert not response.cookies
    assert "Cookie" not in response.get("Vary", "")
    assert "Set-Cookie" not in response


def test_openings_are_counted_and_a_look_at_the_head_is_none(
    sandbox: Sandbox, sent: Sent
) -> None:
    sent()
    path = urlsplit(address(sandbox)).path
    head = Client().head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head["Content-Length"] == str(Attempt.objects.get().sent_bytes)
    assert SourceLink.objects.get().opened == 0
    for _time in range(2):
        get(path)
    link = SourceLink.objects.get()
    assert link.opened == 2
    assert link.last_opened is not None


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_it_can_only_be_read(sandbox: Sandbox, sent: Sent, method: str) -> None:
    sent()
    path = urlsplit(address(sandbox)).path
    assert Client().generic(method, path).status_code == 405


@pytest.mark.parametrize("change", ["", "x", "upper", "no extension"])
def test_whatever_is_nearly_an_address_is_nothing(
    sandbox: Sandbox, sent: Sent, change: str
) -> None:
    sent()
    path = urlsplit(address(sandbox)).path
    wrong = {
        "": "/s/guessed.jpg",
        "x": path.replace("/s/", "/s/x"),
        "upper": f"/s/{path.removeprefix('/s/').swapcase()}",
        "no extension": path.removesuffix(".jpg"),
    }
    response = get(wrong[change])
    assert response.status_code == 404
    assert response["Cache-Control"] == "no-store"
    assert response.content == get("/s/other").content
    assert SourceLink.objects.get().opened == 0


def test_no_log_tells_an_address(
    sandbox: Sandbox, sent: Sent, caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    """With the filter that the site's logs have."""
    assert settings.LOGGING["handlers"]["console"]["filters"] == ["tokens"]
    caplog.handler.addFilter(HideTokens())
    job = sent()
    token = urlsplit(address(sandbox)).path.removeprefix("/s/")
    cancel(job, by=job.batch.asked_by)
    get(address(sandbox))
    assert "Not Found" in caplog.text
    assert token not in caplog.text


def by_cancelling(job: Job) -> None:
    assert cancel(job, by=job.batch.asked_by)


def by_withdrawing(job: Job) -> None:
    assert withdraw_consent(job.photo.album, "claid", by=job.batch.asked_by)


def by_sending_elsewhere(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(state=Job.State.HELD, hold="provider")
    give_consent(job.photo.album, "picwish", by=job.batch.asked_by)
    job.refresh_from_db()
    assert send_elsewhere(job, "picwish", by=job.batch.asked_by)


def by_cancelling_on_hold(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(state=Job.State.HELD, hold="provider")
    job.refresh_from_db()
    assert cancel(job, by=job.batch.asked_by)


@pytest.mark.parametrize(
    "end", [by_cancelling, by_withdrawing, by_sending_elsewhere, by_cancelling_on_hold]
)
def test_what_a_person_ends_is_closed_at_once(
    sandbox: Sandbox, sent: Sent, settings: Any, end: Callable[[Job], None]
) -> None:
    end(sent())
    assert get(address(sandbox)).status_code == 404
    assert SourceLink.objects.get().revoked is not None
    assert copies(settings) == []


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ("error=Unsupported image format", Job.State.FAILED),
        ("error=Unable to download the image", Job.State.QUEUED),
        ("state=CANCELLED", Job.State.QUEUED),
    ],
)
def test_it_is_closed_when_the_task_is_over(
    sandbox: Sandbox, sent: Sent, settings: Any, fault: str, state: str
) -> None:
    job = sent()
    sandbox.claid.faults.add("poll", fault)
    assert step(job).state == state
    assert get(address(sandbox)).status_code == 404
    assert copies(settings) == []


def test_it_is_closed_when_nobody_closed_it(
    sandbox: Sandbox, sent: Sent, settings: Any
) -> None:
    job = sent()
    for undone, ended in (
        ({"cancel_asked": False}, {"cancel_asked": True}),
        ({"state": Job.State.RUNNING}, {"state": Job.State.CANCELLED}),
    ):
        Job.objects.filter(pk=job.pk).update(**ended)
        assert get(address(sandbox)).status_code == 404
        Job.objects.filter(pk=job.pk).update(**undone)
        assert get(address(sandbox)).status_code == 200
    Attempt.objects.update(state=Attempt.State.ABANDONED)
    assert get(address(sandbox)).status_code == 404


def test_it_expires_with_the_attempt_and_is_swept_away(
    sandbox: Sandbox, sent: Sent, settings: Any
) -> None:
    sent()
    link = SourceLink.objects.get()
    assert link.expires - link.created <= timedelta(minutes=15, seconds=5)
    SourceLink.objects.update(expires=db_now() - timedelta(seconds=1))
    assert get(address(sandbox)).status_code == 404
    sweep.sweep()
    assert SourceLink.objects.get().revoked is not None
    assert copies(settings) == []


def test_a_sweep_leaves_what_is_wanted(
    sandbox: Sandbox, sent: Sent, settings: Any
) -> None:
    sent()
    stray = Path(settings.SOURCE_DIR) / "stray.jpg"
    stray.write_bytes(b"left behind")
    source_links.sweep()
    assert stray.exists(), "it may be one that is being written"
    assert get(address(sandbox)).status_code == 200


def test_a_provider_that_took_nothing_need_not_fetch(
    sandbox: Sandbox, public: None, ask: Ask, settings: Any
) -> None:
    sandbox.claid.faults.add("submit", "429=7")
    job = ask("claid")
    assert step(job).state == Job.State.SUBMITTING
    assert SourceLink.objects.get().revoked is not None
    assert copies(settings) == []


def test_a_submit_that_is_tried_again_has_another_address(
    sandbox: Sandbox, public: None, ask: Ask, settings: Any
) -> None:
    sandbox.claid.duration = lambda: 3600.0
    sandbox.claid.faults.add("submit", "reset_after")
    job = ask("claid")
    assert step(job).state == Job.State.SUBMITTING
    first = address(sandbox, 0)
    assert get(first).status_code == 200, "the answer was lost: it may be wanted"
    assert step(job).state == Job.State.RUNNING
    assert address(sandbox, 1) != first
    assert get(first).status_code == 404
    assert get(address(sandbox, 1)).status_code == 200
    assert len(copies(settings)) == 1


def test_a_house_that_the_world_cannot_reach_sends_files(
    sandbox: Sandbox, ask: Ask
) -> None:
    job = finish(ask("claid"))
    assert job.state == Job.State.SUCCEEDED
    assert [seen.path for seen in sandbox.claid.requests] == [
        "/v1-beta1/image/edit/upload"
    ]
    assert not SourceLink.objects.exists()


def test_who_may_only_look_gets_nothing_more_by_it(
    sandbox: Sandbox, sent: Sent, album: Album, bob: User
) -> None:
    """The address says nothing of the album, and the album nothing of the address."""
    job = sent()
    token = urlsplit(address(sandbox)).path
    client = Client()
    client.force_login(bob)
    for page in (f"/albums/{album.code}/", f"/photos/{job.photo.code}/"):
        shown = client.get(page)
        assert token not in shown.content.decode()


def test_a_copy_that_goes_while_it_is_opened_breaks_nothing(
    sandbox: Sandbox, sent: Sent, settings: Any
) -> None:
    sent()

    def remove(execute: Any, sql: str, *given: Any) -> Any:
        if sql.startswith("UPDATE"):
            for path in copies(settings):
                path.unlink()
        return execute(sql, *given)

    with connection.execute_wrapper(remove):
        response = get(address(sandbox))
    assert response.status_code == 200
    assert b"".join(response)
