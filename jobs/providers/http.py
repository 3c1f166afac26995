"""The only door to the network: calls to a provider's own host, and the fetching of
results from wherever it keeps them.

Calls carry the key and go to the provider's host alone: no redirects, no proxies or
.netrc of the environment. Downloads carry no key, go to public https addresses (or
trusted hosts), and the very address that is connected to is the one that was checked.
Both have a limit of bytes, of idle time and of time in all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from jobs.providers.base import Blame, Resubmit, RetryCall
from jobs.providers.network import (
    CONNECT_SECONDS,
    CheckedAdapter,
    Deadline,
    TooLarge,
    as_retry,
    pieces_of,
    session_over,
    unusable,
)

REPLY_BYTES = 2 * 1024 * 1024
REDIRECTS = 3
LONGEST_WAIT = timedelta(days=1)
# As a Unix time this is in 2001.
LEAST_MOMENT = 1e9
ADDRESS = re.compile(r"\b(https?|storage)://[^\s'\"]+", re.IGNORECASE)
HEADERS = {"User-Agent": "photo-restore", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Reply:
    """A provider's answer, read to its end. `body` is at most the call's limit."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON, or None where it is none."""
        try:
            return _storable(json.loads(self.body, parse_constant=_no_constant))
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True, kw_only=True)
class Api:
    """A provider's own host. `base_url` is scheme://host[:port], `secret_headers` go
    there and nowhere else; `timeout` is seconds for a whole ordinary call."""

    base_url: str
    secret_headers: Mapping[str, str] = field(repr=False)
    timeout: float = 15.0

    def call(
        self,
        method: str,
        path: str,
        *,
        data: Mapping[str, str] | None = None,
        files: Mapping[str, Any] | None = None,
        body: Any = None,
        params: Mapping[str, str] | None = None,
        timeout: float | None = None,
        max_bytes: int = REPLY_BYTES,
    ) -> Reply:
        """One request. Raises RetryCall when no whole answer came; `ambiguous` there
        says that the request may have arrived."""
        seconds = timeout or self.timeout
        deadline = Deadline(seconds)
        adapter = CheckedAdapter(deadline, anywhere=True)
        with session_over(adapter) as session, deadline, as_retry(deadline):
            response = session.request(
                method,
                self.base_url + path,
                data=data,
                files=files,
                json=body,
                params=params,
                headers={**HEADERS, **self.secret_headers},
                timeout=(min(CONNECT_SECONDS, seconds), seconds),
                allow_redirects=False,
                stream=True,
            )
            content = b"".join(pieces_of(response, max_bytes))
            return Reply(response.status_code, dict(response.headers), content)

    def download(
        self,
        path: str,
        into: Path,
        *,
        max_bytes: int,
        timeout: float,
        params: Mapping[str, str] | None = None,
    ) -> Reply:
        """A picture from the provider's own host, with the key. Where the answer is one,
        it is in `into` and the reply's body is empty; a refusal, a redirect or JSON is
        in the reply, and is the caller's to follow (without the key).

        Raises RetryCall when no whole answer came.
        """
        deadline = Deadline(timeout)
        adapter = CheckedAdapter(deadline, anywhere=True)
        with (
            session_over(adapter) as session,
            deadline,
            as_retry(deadline, ambiguous=False),
        ):
            response = session.get(
                self.base_url + path,
                params=params,
                headers={**HEADERS, **self.secret_headers},
                timeout=(CONNECT_SECONDS, self.timeout),
                allow_redirects=False,
                stream=True,
            )
            content = b""
            if _is_picture(response):
                _write(response, into, max_bytes)
            else:
                content = b"".join(pieces_of(response, REPLY_BYTES))
            return Reply(response.status_code, dict(response.headers), content)


@dataclass(frozen=True, kw_only=True)
class Downloads:
    """How results are fetched. `trusted` are host:port pairs that need be neither
    https nor public; times are seconds, in all and without a byte."""

    trusted: frozenset[str] = frozenset()
    total: float = 120.0
    idle: float = 15.0

    def fetch(self, address: str, into: Path, *, max_bytes: int) -> int:
        """The bytes at `address`, written to `into`; their number.

        Raises RetryCall for a broken transfer, Resubmit for a result that is gone
        or lies where we do not go.
        """
        deadline = Deadline(self.total)
        with deadline, as_retry(deadline, ambiguous=False):
            for _hop in range(REDIRECTS + 1):
                onward = self._hop(address, into, deadline, max_bytes)
                if onward is None:
                    return into.stat().st_size
                address = onward_from(address, onward)
        raise unusable("result_redirects", "redirected too often")

    def _hop(
        self, address: str, into: Path, deadline: Deadline, max_bytes: int
    ) -> str | None:
        """Fetch, or answer where the server sends us on to."""
        host = _checked_host(address, self.trusted)
        adapter = CheckedAdapter(deadline, anywhere=host in self.trusted)
        with session_over(adapter) as session:
            response = session.get(
                address,
                headers=HEADERS,
                timeout=(CONNECT_SECONDS, self.idle),
                allow_redirects=False,
                stream=True,
            )
            if response.is_redirect:
                return str(response.headers["location"])
            _check_status(response.status_code)
            _write(response, into, max_bytes)
        return None

    def put(self, address: str, path: Path, headers: Mapping[str, str]) -> Reply:
        """Upload a file to a signed address, without any key, and with its length.

        Raises RetryCall when no whole answer came, Resubmit for an address where we do
        not go.
        """
        host = _checked_host(address, self.trusted)
        deadline = Deadline(self.total)
        adapter = CheckedAdapter(deadline, anywhere=host in self.trusted)
        with (
            session_over(adapter) as session,
            deadline,
            as_retry(deadline, ambiguous=False),
            path.open("rb") as file,
        ):
            response = session.put(
                address,
                data=file,
                headers={**HEADERS, **headers},
                timeout=(CONNECT_SECONDS, self.idle),
                allow_redirects=False,
                stream=True,
            )
            content = b"".join(pieces_of(response, REPLY_BYTES))
            return Reply(response.status_code, dict(response.headers), content)


def retry_after(reply: Reply) -> timedelta | None:
    """How long the provider asks us to wait: `Retry-After` in seconds or as a date, or
    `RateLimit-Reset` in seconds. None where it says nothing that can be understood.
    At most a day."""
    headers = {name.lower(): value.strip() for name, value in reply.headers.items()}
    for name in ("retry-after", "ratelimit-reset", "x-ratelimit-reset"):
        seconds = _seconds(headers.get(name, ""), headers.get("date", ""))
        if seconds is not None:
            return timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds()))
    return None


def onward_from(address: str, onward: str) -> str:
    """Where a redirect of an address leads. Raises Resubmit."""
    try:
        return urljoin(address, onward)
    except ValueError as error:
        raise unusable("result_address", "not an address") from error


def without_addresses(words: str) -> str:
    """What a provider says, fit for the administrator: it may quote the address from
    which it was to fetch the photo."""
    return ADDRESS.sub("(address)", words)


def _seconds(text: str, date: str) -> float | None:
    if text.isdecimal():
        # Some servers write a moment where seconds should be.
        return float(text) if float(text) < LEAST_MOMENT else None
    try:
        until = parsedate_to_datetime(text)
        now = parsedate_to_datetime(date)
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):
        return None


def _is_picture(response: requests.Response) -> bool:
    kind = response.headers.get("content-type", "").lower()
    return response.status_code == 200 and not kind.startswith(
        ("application/json", "text/")
    )


def _write(response: requests.Response, into: Path, max_bytes: int) -> None:
    expected = _declared_length(response, max_bytes)
    with into.open("wb") as file:
        for piece in pieces_of(response, max_bytes):
            file.write(piece)
    if expected is not None and into.stat().st_size != expected:
        raise RetryCall(
            "result_cut_short",
            Blame.PROVIDER,
            "The restored picture arrived incomplete. It is fetched again.",
        )


def _declared_length(response: requests.Response, max_bytes: int) -> int | None:
    text = response.headers.get("content-length", "")
    if not text.isdecimal() or response.headers.get("content-encoding"):
        return None
    if int(text) > max_bytes:
        raise TooLarge
    return int(text)


def _checked_host(address: str, trusted: frozenset[str]) -> str:
    """host:port of an address that we may go to by its looks. Raises Resubmit."""
    try:
        parts = urlsplit(address)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError as error:
        raise unusable("result_address", "not an address") from error
    host = f"{parts.hostname}:{port}"
    if parts.username or parts.password or not parts.hostname:
        raise unusable("result_address", "no plain host in it")
    if host in trusted and parts.scheme in {"http", "https"}:
        return host
    if parts.scheme != "https" or port != 443:
        raise unusable("result_address", "neither https nor trusted")
    return host


def _check_status(status: int) -> None:
    if status == 200:
        return
    if status in {403, 404, 410}:
        raise Resubmit(
            "result_gone",
            Blame.PROVIDER,
            "The restored picture was no longer there when we fetched it.",
            detail=f"HTTP {status}",
        )
    raise RetryCall(
        "result_unavailable",
        Blame.PROVIDER,
        "The restored picture could not be fetched just now. We try again.",
        detail=f"HTTP {status}",
    )


def _storable(value: Any) -> Any:
    """The same without what no database takes as text: halves of a character, as a cut
    in the wrong place leaves them, and NUL."""
    if isinstance(value, str):
        return value.replace("\0", "").encode(errors="replace").decode()
    if isinstance(value, list):
        return [_storable(each) for each in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(each) for key, each in value.items()}
    return value


def _no_constant(name: str) -> None:
    raise ValueError(name)
