"""How a provider of the sandbox fetches a photo from an address that it was given."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests

SECONDS = 10.0
LONGEST = 512
# A token and an ending: no album, no name, no original.
SOURCE = re.compile(r"/s/[A-Za-z0-9_-]{32}\.(jpg|png)")


@dataclass(frozen=True)
class Fetched:
    """`problem` is "" where it went well."""

    data: bytes = field(default=b"", repr=False)
    media_type: str = ""
    problem: str = ""


def fetch(address: str, hosts: set[str], note: Callable[[str], None]) -> Fetched:
    """GET, over a real socket, as a provider would; only from `hosts` (host:port).
    `note` is told of what a careful app would not do."""
    parts = urlsplit(address)
    if len(address) > LONGEST:
        note(f"an address of {len(address)} characters was sent")
    if not SOURCE.fullmatch(address.partition(parts.netloc)[2]):
        note(f"{address} is no address of a copy")
    if parts.scheme not in {"http", "https"} or parts.netloc not in hosts:
        return Fetched(problem="the host is not reachable")
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.get(address, timeout=SECONDS, allow_redirects=False)
        except requests.RequestException as error:
            return Fetched(problem=type(error).__name__)
    if answer.cookies:
        note("a source came with a cookie")
    if answer.headers.get("cache-control") != "no-store":
        note("a source may be kept by whoever carries it")
    if answer.status_code != 200:
        return Fetched(problem=f"it answered with {answer.status_code}")
    return Fetched(answer.content, answer.headers.get("content-type", ""))
