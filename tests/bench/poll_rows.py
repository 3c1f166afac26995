"""What poll_bench needs inside Django: rows for albums of several sizes, and the number
of queries. Prints one JSON object."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import django
from django.apps import apps

if not apps.ready:
    django.setup()

from django.core.management import call_command  # noqa: E402  # needs Django ready
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils import timezone  # noqa: E402

from albums.models import Album, Photo, Restoration, User  # noqa: E402
from jobs.models import Job  # noqa: E402
from tests.rows import add_batch, add_photos  # noqa: E402

# Of a hundred photos: mostly ready, some waiting, a few that need somebody. The newest
# is being worked on.
STATES = ["succeeded"] * 90 + ["queued"] * 7 + ["failed"] * 3


def fill(album: Album, count: int) -> list[Photo]:
    photos = add_photos(album, count)
    states = [STATES[number % 100] for number in range(count - 1)] + ["running"]
    made = Restoration.objects.bulk_create(_restorations(photos, states))
    restorations = {one.photo_id: one for one in made}
    batch = add_batch(album)
    Job.objects.bulk_create(
        Job(
            batch=batch,
            photo=photo,
            provider="local",
            recipe="repair",
            state=state,
            sequence=number,
            due=timezone.now() + timedelta(days=1),
            restoration=restorations.get(photo.pk),
        )
        for number, (photo, state) in enumerate(zip(photos, states, strict=True), 1)
    )
    Album.objects.filter(pk=album.pk).update(version=count)
    return photos


def _restorations(photos: list[Photo], states: list[str]) -> Iterator[Restoration]:
    for photo, state in zip(photos, states, strict=True):
        if state == "succeeded":
            yield Restoration(
                photo=photo,
                attempt=uuid4(),
                provider="local",
                recipe="repair",
                path=f"restorations/{uuid4().hex}.jpg",
                format="jpeg",
                width=3000,
                height=2000,
                size=1000,
                sha256="f" * 64,
            )


def polls(client: Client, album: Album, photo: Photo) -> dict[str, dict[str, Any]]:
    """For each page its poll, once unchanged and once with one job changed."""
    version = Album.objects.get(pk=album.pk).version
    pages = {
        "album": reverse("albums:album", args=[album.code]),
        "photo": reverse("albums:photo", args=[photo.code]),
        "activity": reverse("jobs:activity"),
    }
    found: dict[str, dict[str, Any]] = {}
    for name, address in pages.items():
        now = poll_address(client.get(address).content.decode())
        before = now.replace(f"v={version}", f"v={version - 1}")
        for kind, url in (("unchanged", now), ("changed", before)):
            with CaptureQueriesContext(connection) as queries:
                status = client.get(url).status_code
            found[f"{name} {kind}"] = {
                "url": url,
                "queries": len(queries),
                "status": status,
            }
    return found


def poll_address(page: str) -> str:
    found = re.search(r'name="progress" value="([^"]*)"', page)
    assert found
    return found[1].replace("&amp;", "&")


def prepare(counts: list[int]) -> dict[int, Any]:
    call_command("prepare", stdout=io.StringIO())
    sizes = {}
    for count in counts:
        owner = User.objects.create_user(f"{count}@example.org", name="Rose")
        album = Album.objects.create(title="Summer 1962", owner=owner)
        photos = fill(album, count)
        client = Client(SERVER_NAME="127.0.0.1")
        client.force_login(owner)
        sizes[count] = {
            "session": client.cookies["sessionid"].value,
            "polls": polls(client, album, photos[-1]),
        }
    return sizes


if __name__ == "__main__":
    json.dump(prepare([int(count) for count in sys.argv[1:]]), sys.stdout)
