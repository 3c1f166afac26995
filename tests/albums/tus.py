"""Speaks the upload protocol, as the page's own script does."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.test import Client

from albums.models import Album

PART_TYPE = "application/offset+octet-stream"
VERSION = {"Tus-Resumable": "1.0.0"}


def metadata(**facts: str) -> str:
    encoded = {name: base64.b64encode(fact.encode()) for name, fact in facts.items()}
    return ",".join(f"{name} {fact.decode()}" for name, fact in encoded.items())


def announce(
    client: Client,
    album: Album,
    *,
    size: int,
    name: str = "print.jpg",
    wish: str = "",
    batch: UUID | None = None,
    fingerprint: str = "",
) -> Any:
    facts = metadata(
        filename=name,
        album=str(album.code),
        wish=wish,
        batch=str(batch or uuid4()),
        fingerprint=fingerprint,
    )
    headers = {**VERSION, "Upload-Length": str(size), "Upload-Metadata": facts}
    return client.post("/uploads/", headers=headers)


def add_part(client: Client, url: str, offset: int, part: bytes) -> Any:
    headers = {**VERSION, "Upload-Offset": str(offset)}
    return client.patch(url, part, content_type=PART_TYPE, headers=headers)


def find(client: Client, url: str) -> Any:
    return client.head(url, headers=VERSION)


def offset_of(client: Client, url: str) -> int:
    return int(find(client, url)["Upload-Offset"])


def dismiss(client: Client, url: str) -> Any:
    return client.delete(url, headers=VERSION)


@dataclass(frozen=True)
class Sent:
    url: str
    answer: Any

    @property
    def words(self) -> dict[str, Any]:
        words: dict[str, Any] = self.answer.json()
        return words


def send(client: Client, album: Album, content: bytes, **said: Any) -> Sent:
    """A whole file in one part."""
    announced = announce(client, album, size=len(content), **said)
    assert announced.status_code == 201, announced.content
    url = announced["Location"]
    return Sent(url, add_part(client, url, 0, content))
