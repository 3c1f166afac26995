from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from albums import images, services, storage
from albums.images import Encoded, Format
from albums.models import Album, Changes, Mask, Photo, Restoration, Upload, User
from albums.services import Figures, MadeBy
from jobs.models import Job
from jobs.services import request_restoration
from restore_site.environment import ProviderAccess
from tests.pictures import drawn
from tests.site.running import Site

FIGURES = Figures(
    area=0.5, mended=0.1, mean=0.1, strongest=0.9, in_faces=0, faces=[[0, 0, 0.5, 0.5]]
)


@dataclass(frozen=True)
class Home:
    """One of everything, in Alice's album that Bob may look at."""

    album: Album
    photo: Photo
    restoration: Restoration
    job: Job
    upload: Upload
    changes: Changes
    mask: Mask


@pytest.fixture
def home(album: Album, alice: User, settings: Any) -> Home:
    known = settings.PROVIDERS
    settings.PROVIDERS = known | {"picwish": with_a_key(known["picwish"])}
    photo = _photo(album, alice)
    restoration = _restoration(photo)
    return Home(
        album=album,
        photo=photo,
        restoration=restoration,
        job=request_restoration(photo, by=alice, recipe="repair", batch=uuid4()),
        upload=Upload.objects.create(album=album, owner=alice, name="a.jpg", size=100),
        changes=services.keep_changes(restoration, *_written((64, 96, 3)), FIGURES),
        mask=services.keep_mask(photo, *_written((64, 96)), by=None),
    )


def with_a_key(access: ProviderAccess) -> ProviderAccess:
    """Pages about providers exist only where one has a key."""
    return replace(access, key="a key for the tests")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    if site.process and site.process.poll() is None:
        site.stop()


def _photo(album: Album, owner: User) -> Photo:
    part = storage.new_part()
    part.write_bytes(drawn(96, 64))
    added = services.add_photos(
        part, name="beach.jpg", album=album, by=owner, wish="", batch=uuid4()
    )
    return added.photos[0]


def _written(shape: tuple[int, ...]) -> tuple[Path, Encoded]:
    part = storage.new_part()
    return part, images.encode(np.full(shape, 255, np.uint8), part, lossless=True)


def _restoration(photo: Photo) -> Restoration:
    content = drawn(96, 64, seed=1)
    part = storage.new_part()
    part.write_bytes(content)
    encoded = Encoded(
        format=Format.JPEG,
        width=96,
        height=64,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    made_by = MadeBy(attempt=uuid4(), provider="local", recipe="repair")
    return services.add_restoration(photo, part, encoded, made_by)
