"""Slow senders take few threads, and not for ever.

A web server with threads gives one of them to each request whose body it waits for.
This wrapper of the WSGI application sees every read of a body. At most `places` threads
wait for large ones: when all are taken, the slowest sender gives way, or the newcomer is
told to come back. Whoever sends less than about 1 kB a second is cut off. What arrived
until then is handed on, so that an upload in parts goes on from there.

Only gunicorn hands its socket to the application; elsewhere bodies are left alone.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

logger = logging.getLogger(__name__)

# Comes with the headers, or right after.
SMALL_BODY = 64 * 1024
# A read waits until all it asks for is there, so it asks for pieces of this size, and
# each of them must arrive within this time. Whoever is quick is asked for more at once,
# which saves half of the work.
PIECE_BYTES = 32 * 1024
PATIENCE = 30.0
QUICK_PIECE_BYTES = 256 * 1024
QUICK = 0.1
# Whoever is at least this fast, or this new, doesn't have to give way.
FAST = 20 * 1024
NEW = 10.0
LOOK_EVERY = 1.0

TOO_LARGE = b"This is larger than anything that can be taken in here.\n"
BUSY = b"Many files are being sent at the moment. Try again in some seconds.\n"


class Sender:
    """Somebody who is sending a body, and how far it is."""

    def __init__(self, connection: socket.socket, length: int) -> None:
        self.connection = connection
        self.length = length
        self.began = time.monotonic()
        self.received = 0
        self.waited_for_since: float | None = None
        self.is_cut = False

    @property
    def is_large(self) -> bool:
        return self.length > SMALL_BODY

    def rate(self, now: float) -> float:
        return self.received / max(now - self.began, 0.001)

    def is_slow(self, now: float) -> bool:
        return now - self.began >= NEW and self.rate(now) < FAST

    def is_stuck(self, now: float) -> bool:
        since = self.waited_for_since
        return since is not None and now - since >= PATIENCE

    def cut(self) -> None:
        """End the reading: whoever reads gets what is there, then the end."""
        self.is_cut = True
        shut(self.connection, socket.SHUT_RD)


class Body:
    """The body of a request, read by whoever wants it and counted here."""

    def __init__(
        self, stream: IO[bytes], sender: Sender, on_end: Callable[[Sender], None]
    ) -> None:
        self.stream = stream
        self.sender = sender
        self.on_end = on_end
        self.piece_bytes = PIECE_BYTES

    def read(self, size: int = -1) -> bytes:
        left = self.sender.length - self.sender.received
        wanted = left if size < 0 else min(size, left)
        pieces = []
        while wanted and not self.sender.is_cut:
            piece = self._wait_for(self.stream.read, min(wanted, self.piece_bytes))
            if not piece:
                break
            wanted -= len(piece)
            pieces.append(piece)
        return b"".join(pieces)

    def readline(self, size: int = -1) -> bytes:
        return self._wait_for(self.stream.readline, size)

    def _wait_for(self, read: Callable[[int], bytes], size: int) -> bytes:
        begun = self.sender.waited_for_since = time.monotonic()
        try:
            piece = read(size)
        finally:
            self.sender.waited_for_since = None
        is_quick = time.monotonic() - begun < QUICK
        self.piece_bytes = QUICK_PIECE_BYTES if is_quick else PIECE_BYTES
        self.sender.received += len(piece)
        if self.sender.received >= self.sender.length:
            self.on_end(self.sender)
        return piece


class Bodies:
    """The WSGI application, with an eye on who sends it bodies."""

    def __init__(
        self, application: WSGIApplication, *, places: int, largest: int
    ) -> None:
        self.application = application
        self.places = places
        self.largest = largest
        self.senders: set[Sender] = set()
        self.lock = threading.Lock()
        self.watcher: threading.Thread | None = None

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        connection: socket.socket | None = environ.get("gunicorn.socket")
        if not length or connection is None:
            return self.application(environ, start_response)
        if length > self.largest:
            _say(start_response, "413 Content Too Large", TOO_LARGE)
            return Farewell([TOO_LARGE], connection)
        sender = Sender(connection, length)
        if not self._admit(sender):
            _say(start_response, "503 Service Unavailable", BUSY)
            return Farewell([BUSY], connection)
        environ["wsgi.input"] = Body(environ["wsgi.input"], sender, self._forget)
        try:
            answer = self.application(environ, start_response)
        finally:
            self._forget(sender)
        return Farewell(answer, connection) if sender.is_cut else answer

    def _admit(self, newcomer: Sender) -> bool:
        with self.lock:
            if newcomer.is_large and not self._make_place(newcomer.began):
                return False
            self.senders.add(newcomer)
            # Not before: a thread would not survive the server's fork.
            if self.watcher is None:
                self.watcher = threading.Thread(target=self._watch, daemon=True)
                self.watcher.start()
        return True

    def _make_place(self, now: float) -> bool:
        large = [each for each in self.senders if each.is_large and not each.is_cut]
        if len(large) < self.places:
            return True
        slow = [each for each in large if each.is_slow(now)]
        if slow:
            min(slow, key=lambda each: each.rate(now)).cut()
        return bool(slow)

    def _forget(self, sender: Sender) -> None:
        with self.lock:
            self.senders.discard(sender)

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_EVERY)
            now = time.monotonic()
            with self.lock:
                stuck = [each for each in self.senders if each.is_stuck(now)]
                for sender in stuck:
                    sender.cut()
            if stuck:
                logger.info("cut off %d slow senders", len(stuck))


class Farewell:
    """An answer after which the connection ends: what is still to come of the body
    must not be taken for another request."""

    def __init__(self, answer: Iterable[bytes], connection: socket.socket) -> None:
        self.answer = answer
        self.connection = connection

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.answer)

    def close(self) -> None:
        close = getattr(self.answer, "close", None)
        if close:
            close()
        shut(self.connection, socket.SHUT_RDWR)


def shut(connection: socket.socket, how: int) -> None:
    try:
        connection.shutdown(how)
    except OSError:
        logger.debug("a sender had gone already")


def _say(start_response: StartResponse, status: str, words: bytes) -> None:
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(words))),
        ("Retry-After", "5"),
    ]
    start_response(status, headers)
