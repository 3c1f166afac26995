"""Every line of a timeline has words; the administrator sees more, nobody a secret."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from albums.models import Album, Photo, User
from jobs.models import Attempt, Event, Job
from jobs.timeline import WORDS, event_words, later_words, timeline_of
from tests.rows import add_job, add_photos

KIND = Event.Kind
JOBS = Path(__file__).resolve().parents[2] / "jobs"


@pytest.fixture
def photo(album: Album) -> Photo:
    return add_photos(album)[0]


def remote_job(photo: Photo) -> tuple[Job, Attempt]:
    job = add_job(photo, Job.State.FAILED, provider="picwish")
    attempt = Attempt.objects.create(
        job=job,
        number=1,
        provider="picwish",
        remote_id="task-4711",
        result_address="https://results.example/secret-result",
        brought={"upload": "https://uploads.example/secret-upload"},
        sent_width=2048,
        sent_height=1365,
        sent_bytes=500_000,
        submits=1,
        state=Attempt.State.ABANDONED,
    )
    return job, attempt


def page_of(client: Client, photo: Photo) -> str:
    address = reverse("albums:photo", args=[photo.code])
    return client.get(address).content.decode()


@pytest.mark.parametrize("kind", KIND)
def test_every_kind_has_words(kind: Event.Kind) -> None:
    words = event_words(Event(kind=kind, words="repair", attempt=None))
    assert words
    assert str(kind) not in words.split()
    assert "%(" not in words


def test_no_line_is_written_that_is_not_in_the_list() -> None:
    source = "\n".join(path.read_text() for path in JOBS.rglob("*.py"))
    used = set(re.findall(r"Event\.Kind\.([A-Z_]+)", source))
    assert used == {kind.name for kind in KIND}
    assert not re.findall(r"kind=\"|note\(\s*\"", source)
    assert set(WORDS) == set(KIND)


def test_words_and_sentence_stand_together() -> None:
    assert event_words(Event(kind="asked", words="repair")) == "Asked for: Repair"
    assert event_words(Event(kind="begun")) == "Work began"
    assert event_words(Event(kind="failed", words="No.")) == "Stopped: No."
    elsewhere = Event(kind="sent_elsewhere", words="picwish")
    assert event_words(elsewhere) == "Given to PicWish"


def test_the_provider_of_the_attempt_is_named(photo: Photo) -> None:
    _job, attempt = remote_job(photo)
    sent = Event(kind="sent", attempt=attempt)
    assert event_words(sent) == "PicWish has got the copy"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, ""),
        (1, "1 second later"),
        (119, "119 seconds later"),
        (120, "2 minutes later"),
        (7199, "119 minutes later"),
        (7200, "2 hours later"),
        (172_800, "2 days later"),
    ],
)
def test_times_between_are_told_as_people_do(seconds: float, words: str) -> None:
    assert later_words(timedelta(seconds=seconds)) == words


def test_lines_say_what_was_paid_for_and_how_much_later(photo: Photo) -> None:
    job, attempt = remote_job(photo)
    Event.objects.create(job=job, attempt=attempt, kind=KIND.SENT)
    done = Event.objects.create(
        job=job, attempt=attempt, kind=KIND.DONE_THERE, charged=True
    )
    last = Event.objects.filter(job=job, kind=KIND.SENT).get().created
    Event.objects.filter(pk=done.pk).update(created=last + timedelta(seconds=30))
    lines = timeline_of(job)
    assert [line.is_paid for line in lines] == [False, False, True]
    assert lines[-1].later == "30 seconds later"


def test_the_administrator_sees_more_and_nobody_a_secret(
    photo: Photo, alice: User, alice_client: Client
) -> None:
    job, attempt = remote_job(photo)
    Event.objects.create(
        job=job,
        attempt=attempt,
        kind=KIND.TROUBLE,
        words="PicWish has trouble.",
        detail="http_502: bad gateway",
        milliseconds=1234,
    )
    for_staff = ("http_502: bad gateway", "1234 ms", "task-4711", "2048 × 1365")
    page = page_of(alice_client, photo)
    assert "A hitch: PicWish has trouble." in page
    assert not [words for words in for_staff if words in page]
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    page = page_of(alice_client, photo)
    assert not [words for words in for_staff if words not in page]
    assert "secret" not in page
