from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from albums import services, storage
from albums.models import Album, Photo, User
from jobs.models import Job
from jobs.services import request_restoration
from tests.pictures import drawn

MakePhoto = Callable[..., Photo]
AskFor = Callable[..., Job]


@pytest.fixture
def make_photo(album: Album, alice: User) -> MakePhoto:
    """Another photo in Alice's album; each has other bytes."""
    count = 0

    def make(width: int = 96, height: int = 64, format: str = "JPEG") -> Photo:
        nonlocal count
        count += 1
        part = storage.new_part()
        part.write_bytes(drawn(width, height, format=format, seed=count))
        added = services.add_photos(
            part, name=f"{count}.jpg", album=album, by=alice, wish="", batch=uuid4()
        )
        return added.photos[0]

    return make


@pytest.fixture
def ask_for(make_photo: MakePhoto, alice: User) -> AskFor:
    """A new job, of a batch of its own if none is given."""

    def ask(batch: UUID | None = None, photo: Photo | None = None) -> Job:
        return request_restoration(
            photo or make_photo(), by=alice, recipe="repair", batch=batch or uuid4()
        )

    return ask


@pytest.fixture
def job(ask_for: AskFor) -> Job:
    return ask_for()


def restorations(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("restorations/**/*") if path.is_file()]
