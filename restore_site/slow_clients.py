"""Clients that send too slowly are cut off, so that they don't hold threads for ever.

gunicorn's threads wait for a request's headers and body without any limit: as many
stalled senders as there are threads, and nobody is served any more.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

from gunicorn.workers.gthread import (  # type: ignore[import-untyped]
    TConn,
    ThreadWorker,
)

# Nothing at all for so long, and the connection is over.
STALLED = 20.0
# Over the whole request, after a start in which it may be slower: a bad phone line
# with several uploads at once manages this.
SLOWEST = 4096
SECONDS_TO_START = 30.0


class ImpatientSocket:
    """A connection whose requests must come in at a lowest speed."""

    def __init__(
        self, connection: socket.socket, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._connection = connection
        self._clock = clock
        self.begin_request()

    def begin_request(self) -> None:
        self._started = self._clock()
        self._received = 0

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Raises TimeoutError, which gunicorn takes for a broken connection."""
        before = self._connection.gettimeout()
        self._connection.settimeout(STALLED if before is None else before)
        try:
            data = self._connection.recv(size, flags)
        finally:
            self._connection.settimeout(before)
        self._received += len(data)
        allowed = SECONDS_TO_START + self._received / SLOWEST
        if self._clock() - self._started > allowed:
            raise TimeoutError("the request comes in too slowly")
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # has no types
    """Threads whose patience with a slow sender ends."""

    def handle(self, conn: TConn) -> Any:
        if isinstance(conn.sock, ImpatientSocket):
            conn.sock.begin_request()
        else:
            conn.sock = ImpatientSocket(conn.sock)
        return super().handle(conn)
