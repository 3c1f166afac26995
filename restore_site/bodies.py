"""Slow senders take few threads, and not for ever.

A web server with threads gives one of them to each request whose body it waits for.
This wrapper of the WSGI application sees every read of a body: at most half of the
threads wait for large ones; where all of these places are taken, the slowest sender
gives way, or the newcomer is told to come back; and whoever sends less than about
1 kB a second is cut off. What arrived until then is handed on, so that an upload in
parts goes on from there.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

logger = logging.getLogger(__name__)

# Comes with the headers, or soon after.
SMALL_BODY = 64 * 1024
# A read waits until all of it is there, so it is counted by pieces of this size, and
# one of them must arrive in each window.
PIECE_BYTES = 32 * 1024
WINDOW = 30.0
# Whoever is at least this fast, or this new, doesn't have to give way.
FAST = 20 * 1024
NEW = 10.0
LOOK_EVERY = 1.0


@dataclass(eq=False)
class Sender:
    """Somebody who is sending a body, and how far it is."""

    connection: socket.socket
    length: int
    began: float
    received: int = 0
    window_began: float = 0.0
    window_received: int = 0
    is_cut: bool = False

    @property
    def is_large(self) -> bool:
        return self.length > SMALL_BODY

    def rate(self, now: float) -> float:
        return self.received / max(now - self.began, 0.001)

    def is_stuck(self, now: float) -> bool:
        """Whether too little came in the window that ends now, if one does."""
        if now - self.window_began < WINDOW:
            return False
        came = self.received - self.window_received
        self.window_began, self.window_received = now, self.received
        return came < min(PIECE_BYTES, self.length)

    def cut(self) -> None:
        """End the reading: whoever reads gets what is there, then the end."""
        self.is_cut = True
        try:
            self.connection.shutdown(socket.SHUT_RD)
        except OSError:
            logger.debug("a slow sender had gone already")


class Body:
    """The body of a request, read by whoever wants it and counted here."""

    def __init__(
        self, stream: IO[bytes], sender: Sender, on_end: Callable[[Sender], None]
    ) -> None:
        self.stream = stream
        self.sender = sender
        self.on_end = on_end

    def read(self, size: int = -1) -> bytes:
        left = self.sender.length - self.sender.received
        wanted = left if size < 0 else min(size, left)
        pieces = []
        while wanted and not self.sender.is_cut:
            piece = self.stream.read(min(wanted, PIECE_BYTES))
            if not piece:
                break
            wanted -= len(piece)
            self._count(len(piece))
            pieces.append(piece)
        return b"".join(pieces)

    def readline(self, size: int = -1) -> bytes:
        line = self.stream.readline(size)
        self._count(len(line))
        return line

    def _count(self, number: int) -> None:
        self.sender.received += number
        if self.sender.received >= self.sender.length:
            self.on_end(self.sender)


@dataclass
class Bodies:
    """The WSGI application, with a look at who sends it bodies."""

    application: WSGIApplication
    places: int
    largest: int
    senders: set[Sender] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)
    watcher: threading.Thread | None = None

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        connection = environ.get("gunicorn.socket")
        if length > self.largest:
            return _refuse(start_response, connection, "413 Content Too Large", TOO_LARGE)
        if not length or connection is None:
            return self.application(environ, start_response)
        now = time.monotonic()
        sender = Sender(connection, length, began=now, window_began=now)
        if not self._admit(sender, now):
            return _refuse(start_response, connection, "503 Service Unavailable", BUSY)
        environ["wsgi.input"] = Body(environ["wsgi.input"], sender, self._forget)
        try:
            return self.application(environ, start_response)
        finally:
            self._forget(sender)

    def _admit(self, newcomer: Sender, now: float) -> bool:
        with self.lock:
            if newcomer.is_large and not self._has_place(now):
                return False
            self.senders.add(newcomer)
            if self.watcher is None:
                self.watcher = threading.Thread(target=self._watch, daemon=True)
                self.watcher.start()
        return True

    def _has_place(self, now: float) -> bool:
        large = [each for each in self.senders if each.is_large and not each.is_cut]
        if len(large) < self.places:
            return True
        slowest = min(large, key=lambda each: each.rate(now))
        old = [each for each in large if now - each.began >= NEW]
        slow = [each for each in old if each.rate(now) < FAST]
        if not slow:
            return False
        min(slow, key=lambda each: each.rate(now)).cut()
        return True

    def _forget(self, sender: Sender) -> None:
        with self.lock:
            self.senders.discard(sender)

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_EVERY)
            self.cut_stuck(time.monotonic())

    def cut_stuck(self, now: float) -> None:
        with self.lock:
            for sender in self.senders:
                if not sender.is_cut and sender.is_stuck(now):
                    sender.cut()


TOO_LARGE = b"This is larger than anything that can be taken in here.\n"
BUSY = b"Many files are being sent at the moment. Try again in some seconds.\n"


def _refuse(
    start_response: StartResponse,
    connection: socket.socket | None,
    status: str,
    words: bytes,
) -> Iterable[bytes]:
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(words))),
        ("Retry-After", "5"),
    ]
    start_response(status, headers)
    if connection is not None:
        # Else the server would read on for seconds, to keep the connection.
        connection.shutdown(socket.SHUT_RD)
    return [words]
