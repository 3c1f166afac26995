"""Connections that go only where they may, and end in time."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError

from jobs.providers import addresses
from jobs.providers.base import Blame, Resubmit, RetryCall

PIECE = 64 * 1024
CONNECT_SECONDS = 10.0


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
    except (OSError, UnicodeError) as error:
        # The second: what is no name at all.
        raise NewConnectionError(connection, type(error).__name__) from error
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    adapter.deadline.watch(made)
    return made


@contextmanager
def session_over(adapter: CheckedAdapter) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        yield session


@contextmanager
def as_retry(deadline: Deadline, *, ambiguous: bool = True) -> Iterator[None]:
    """Turn what the network does into what happens next."""
    try:
        yield
    except Refused as error:
        raise unusable("result_address", str(error)) from error
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


def pieces_of(response: requests.Response, max_bytes: int) -> Iterator[bytes]:
    total = 0
    for piece in response.iter_content(PIECE):
        total += len(piece)
        if total > max_bytes:
            raise TooLarge
        yield piece


def unusable(code: str, detail: str) -> Resubmit:
    return Resubmit(
        code,
        Blame.PROVIDER,
        "The provider's answer points to a place from which we fetch no pictures. "
        "Nothing was fetched from there.",
        detail=detail,
    )
