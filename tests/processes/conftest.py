from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from PIL import Image

from albums import services, storage
from albums.models import Album, User
from jobs.models import Job
from jobs.services import request_restoration
from tests.jobs.conftest import ask_for, make_photo  # noqa: F401  # fixtures
from tests.pictures import drawn
from tests.processes.harness import Worker

AskForLong = Callable[[], Job]


@pytest.fixture
def worker(transactional_db: None, tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(tmp_path / "worker.log")
    yield worker
    worker.end()


@pytest.fixture
def second_worker(transactional_db: None, tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(tmp_path / "second_worker.log")
    yield worker
    worker.end()


@pytest.fixture
def worker_on_redis(
    transactional_db: None, tmp_path: Path, redis_url: str
) -> Iterator[Worker]:
    worker = Worker(tmp_path / "worker.log", queue_url=redis_url)
    yield worker
    worker.end()


@pytest.fixture
def ask_for_long(album: Album, alice: User) -> AskForLong:
    """A job that takes long enough to be disturbed."""

    def ask() -> Job:
        part = storage.new_part()
        small = Image.open(io.BytesIO(drawn(800, 600)))
        small.resize((4000, 3000)).save(part, "JPEG", quality=80)
        added = services.add_photos(
            part, name="big.jpg", album=album, by=alice, wish="", batch=uuid4()
        )
        return request_restoration(
            added.photos[0], by=alice, recipe="repair", batch=uuid4()
        )

    return ask
