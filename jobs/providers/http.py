"""The only door to the network: calls to a provider's own host, and the fetching of
results from wherever it keeps them.

Calls carry the key and go to the provider's host alone: no redirects, no proxies or
.netrc of the environment. Downloads carry no key, go to public https addresses (or
trusted hosts), and the very address that is connected to is the one that was checked.
Both have a limit of bytes, of idle time and of time in all.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError

from jobs.providers import addresses
from jobs.providers.base import Blame, Resubmit, RetryCall

PIECE = 64 * 1024
REPLY_BYTES = 2 * 1024 * 1024
REDIRECTS = 3
CONNECT_SECONDS = 10.0
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
            return json.loads(self.body, parse_constant=_no_constant)
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
        with _session(adapter) as session, deadline, _as_retry(deadline):
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
            content = b"".join(_pieces(response, max_bytes))
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
        with deadline, _as_retry(deadline, ambiguous=False):
            for _hop in range(REDIRECTS + 1):
                onward = self._hop(address, into, deadline, max_bytes)
                if onward is None:
                    return into.stat().st_size
                address = urljoin(address, onward)
        raise _unusable("result_redirects", "redirected too often")

    def _hop(
        self, address: str, into: Path, deadline: Deadline, max_bytes: int
    ) -> str | None:
        """Fetch, or answer where the server sends us on to."""
        host = _checked_host(address, self.trusted)
        adapter = CheckedAdapter(deadline, anywhere=host in self.trusted)
        with _session(adapter) as session:
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
            expected = _declared_length(response, max_bytes)
            with into.open("wb") as file:
                for piece in _pieces(response, max_bytes):
                    file.write(piece)
            if expected is not None and into.stat().st_size != expected:
                raise RetryCall(
                    "result_cut_short",
                    Blame.PROVIDER,
                    "The restored picture arrived incomplete. It is fetched again.",
                )
        return None


def retry_after(reply: Reply) -> timedelta | None:
    """How long the provider asks us to wait: `Retry-After` in seconds or as a date, or
    `RateLimit-Reset` in seconds. None where it says nothing that can be understood.
    At most a day."""
    headers = {name.lower(): value.strip() for name, value in reply.headers.items()}
    for name in ("retry-after", "ratelimit-reset", "x-ratelimit-reset"):
        seconds = _seconds(headers.get(name, ""), headers.get("date", ""))
        if seconds is not None:
            return timedelta(seconds=min(seconds, 86_400.0))
    return None


def _seconds(text: str, date: str) -> float | None:
    if text.isdecimal():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
        now = parsedate_to_datetime(date)
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):
        return None


class TooLarge(Exception):
    """More bytes than the limit came; the rest was not read."""


class Refused(Exception):
    """A name that leads to an address where we do not go."""


class Deadline:
    """Ends a transfer when its time is up, however slowly bytes trickle in: a socket
    that is shut down wakes whoever reads from it."""

    def __init__(self, seconds: float) -> None:
        self.ends = time.monotonic() + seconds
        self.passed = False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def watch(self, connection: socket.socket) -> None:
        self._sockets.append(connection)
        if self.passed:
            self._end()

    def _end(self) -> None:
        self.passed = True
        for connection in self._sockets:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class CheckedAdapter(HTTPAdapter):
    """Connects only where it may, and lets a Deadline end what it connected."""

    def __init__(self, deadline: Deadline, *, anywhere: bool) -> None:
        self.deadline = deadline
        self.anywhere = anywhere
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = _pool_classes(self)


def _pool_classes(adapter: CheckedAdapter) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, adapter)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, adapter)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _connect(connection: HTTPConnection, adapter: CheckedAdapter) -> socket.socket:
    """Connect to an address that was looked at, so that a name cannot lead elsewhere
    between the look and the connection."""
    host = connection.host.strip("[]")
    try:
        found = socket.getaddrinfo(host, connection.port, type=socket.SOCK_STREAM)
        targets = [str(target[0]) for *_family, target in found]
        if not adapter.anywhere and not all(map(addresses.is_public, targets)):
            raise Refused(f"{host} is not a public address")
        made = socket.create_connection((targets[0], connection.port), CONNECT_SECONDS)
    except OSError as error:
        raise NewConnectionError(connection, type(error).__name__) from error
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    adapter.deadline.watch(made)
    return made


@contextmanager
def _session(adapter: CheckedAdapter) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        yield session


@contextmanager
def _as_retry(deadline: Deadline, *, ambiguous: bool = True) -> Iterator[None]:
    """Turn what the network does into what happens next."""
    try:
        yield
    except Refused as error:
        raise _unusable("result_address", str(error)) from error
    except TooLarge as error:
        raise RetryCall(
            "reply_too_large",
            Blame.PROVIDER,
            "The provider sent more than a photo can be. Nothing of it was kept.",
            ambiguous=ambiguous,
        ) from error
    except (requests.RequestException, HTTPError) as error:
        never_sent = _never_connected(error)
        raise RetryCall(
            "timeout" if deadline.passed else "network",
            Blame.PROVIDER,
            "The provider could not be reached. We try again by ourselves.",
            detail=type(error).__name__,
            ambiguous=ambiguous and not never_sent,
        ) from error


def _never_connected(error: BaseException) -> bool:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, NewConnectionError | requests.exceptions.ConnectTimeout):
            return True
        reason = getattr(seen, "reason", None)
        if isinstance(reason, NewConnectionError):
            return True
        inner = seen.args[0] if seen.args else None
        if isinstance(inner, BaseException) and inner is not seen:
            seen = inner
            continue
        seen = seen.__cause__
    return False


def _pieces(response: requests.Response, max_bytes: int) -> Iterator[bytes]:
    total = 0
    for piece in response.iter_content(PIECE):
        total += len(piece)
        if total > max_bytes:
            raise TooLarge
        yield piece


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
        raise _unusable("result_address", "not an address") from error
    host = f"{parts.hostname}:{port}"
    if parts.username or parts.password or not parts.hostname:
        raise _unusable("result_address", "no plain host in it")
    if host in trusted and parts.scheme in {"http", "https"}:
        return host
    if parts.scheme != "https" or port != 443:
        raise _unusable("result_address", "neither https nor trusted")
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


def _unusable(code: str, detail: str) -> Resubmit:
    return Resubmit(
        code,
        Blame.PROVIDER,
        "The provider's answer points to a place from which we fetch no pictures. "
        "Nothing was fetched from there.",
        detail=detail,
    )


def _no_constant(name: str) -> None:
    raise ValueError(name)
