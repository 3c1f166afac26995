"""Whoever doesn't get a request's headers said in time is cut off.

gunicorn's threads wait for headers without any limit: as many connections that stop in
the middle of a line as there are threads, and nobody is served any more. Bodies are
looked after by `restore_site.bodies`.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from errno import ECONNRESET
from typing import Any

from gunicorn.http.message import Request  # type: ignore[import-untyped]
from gunicorn.workers.gthread import (  # type: ignore[import-untyped]
    TConn,
    ThreadWorker,
)

SECONDS_FOR_HEADERS = 10.0
# Zero would mean not to wait, which is another error.
AT_ONCE = 0.001


class ImpatientSocket:
    """A connection that waits for headers only so long, and for all else as ever."""

    def __init__(
        self, connection: socket.socket, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._deadline: float | None = None

    def expect_headers(self) -> None:
        self._deadline = self._clock() + SECONDS_FOR_HEADERS

    def headers_came(self) -> None:
        self._deadline = None

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Raises ConnectionResetError, of which gunicorn makes no fuss."""
        if self._deadline is None:
            return self._connection.recv(size, flags)
        left = self._deadline - self._clock()
        try:
            self._connection.settimeout(max(left, AT_ONCE))
            return self._connection.recv(size, flags)
        except TimeoutError as error:
            raise ConnectionResetError(ECONNRESET, "the headers took long") from error
        finally:
            self._connection.settimeout(None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # has no types
    """Threads whose patience with unfinished headers ends."""

    def handle(self, conn: TConn) -> Any:
        if not isinstance(conn.sock, ImpatientSocket):
            conn.sock = ImpatientSocket(conn.sock)
        conn.sock.expect_headers()
        return super().handle(conn)

    def handle_request(self, req: Request, conn: TConn) -> Any:
        conn.sock.headers_came()
        return super().handle_request(req, conn)
