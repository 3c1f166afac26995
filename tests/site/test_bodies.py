"""Slow senders: counted, cut off, or asked to come back, over real connections."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import IO, Any

import pytest

from restore_site.bodies import (
    FAST,
    NEW,
    PATIENCE,
    PIECE_BYTES,
    SMALL_BODY,
    Bodies,
    Body,
    Sender,
)
from tests.servers import wait_until

LARGE = 10 * SMALL_BODY
NOW = 1000.0
Connection = tuple[socket.socket, socket.socket]


@pytest.fixture
def connection() -> Iterator[Connection]:
    """Ours and theirs."""
    server = socket.create_server(("127.0.0.1", 0))
    theirs = socket.create_connection(server.getsockname(), timeout=20)
    ours, _address = server.accept()
    ours.settimeout(20)
    with server, theirs, ours:
        yield ours, theirs


def stream_of(ours: socket.socket) -> IO[bytes]:
    return ours.makefile("rb")


def body_of(ours: socket.socket, length: int) -> tuple[Body, Sender, list[Sender]]:
    ended: list[Sender] = []
    sender = Sender(ours, length)
    return Body(stream_of(ours), sender, ended.append), sender, ended


def request(ours: socket.socket, length: int) -> dict[str, Any]:
    return {
        "CONTENT_LENGTH": str(length),
        "gunicorn.socket": ours,
        "wsgi.input": stream_of(ours),
    }


def start(_status: str, _headers: Any, *_rest: Any) -> Callable[[bytes], object]:
    return lambda _data: None


class TestBody:
    def test_reads_like_any_other(self, connection: Connection) -> None:
        ours, theirs = connection
        content = bytes(range(256)) * 400
        body, sender, ended = body_of(ours, len(content))
        sending = threading.Thread(target=theirs.sendall, args=[content + b"more"])
        sending.start()
        parts = [body.read(1), body.read(PIECE_BYTES * 2 + 5), body.readline(10)]
        assert [len(part) for part in parts][:2] == [1, PIECE_BYTES * 2 + 5]
        assert b"".join(parts) + body.read() == content
        assert body.read() == body.read(5) == b""
        assert sender.received == len(content)
        assert ended == [sender]
        sending.join()

    def test_cut_gives_what_is_there(self, connection: Connection) -> None:
        ours, theirs = connection
        body, sender, _ended = body_of(ours, LARGE)
        got: list[bytes] = []
        reading = threading.Thread(target=lambda: got.append(body.read()))
        reading.start()
        theirs.sendall(b"x" * 1000)
        sender.cut()
        reading.join(20)
        assert not reading.is_alive()
        assert len(got[0]) <= 1000
        assert set(got[0]) <= set(b"x")
        theirs.sendall(b"y" * 1000)
        assert body.read() == b""

    def test_end_of_the_connection_ends_the_body(self, connection: Connection) -> None:
        ours, theirs = connection
        body, _sender, ended = body_of(ours, LARGE)
        theirs.sendall(b"abc")
        theirs.close()
        assert body.read() == b"abc"
        assert ended == []


class TestPatience:
    def test_one_piece_may_take_so_long(self, connection: Connection) -> None:
        sender = Sender(connection[0], LARGE)
        assert not sender.is_stuck(NOW)
        sender.waited_for_since = NOW
        assert not sender.is_stuck(NOW + PATIENCE - 1)
        assert sender.is_stuck(NOW + PATIENCE)

    def test_limit_is_about_a_kilobyte_a_second(self) -> None:
        assert 1000 <= PIECE_BYTES / PATIENCE <= 1200

    def test_slow_only_after_a_while(self, connection: Connection) -> None:
        sender = Sender(connection[0], LARGE)
        sender.began = NOW
        assert not sender.is_slow(NOW + NEW - 1)
        assert sender.is_slow(NOW + NEW)
        sender.received = int(FAST * NEW)
        assert not sender.is_slow(NOW + NEW)


class Site:
    """An application that waits inside each request until it is told to go on."""

    def __init__(self, places: int) -> None:
        self.bodies = Bodies(self.answer, places=places, largest=LARGE * 2)
        self.asked = 0

    def answer(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.asked += 1
        start_response("200 OK", [])
        return [environ["wsgi.input"].read() if "read" in environ else b"fine"]

    def sender(self, ours: socket.socket, *, age: float, received: int = 0) -> Sender:
        sender = Sender(ours, LARGE)
        sender.began -= age
        sender.received = received
        self.bodies.senders.add(sender)
        return sender

    def ask(self, ours: socket.socket, length: int = LARGE) -> tuple[str, bytes]:
        said: list[str] = []

        def start(status: str, _headers: Any, *_rest: Any) -> Any:
            said.append(status)

        answer = self.bodies(request(ours, length), start)
        content = b"".join(answer)
        close = getattr(answer, "close", None)
        if close:
            close()
        return said[0], content


class TestPlaces:
    def test_free_place(self, connection: Connection) -> None:
        site = Site(places=1)
        assert site.ask(connection[0]) == ("200 OK", b"fine")
        assert site.bodies.senders == set()

    def test_all_taken_by_newcomers(self, connection: Connection) -> None:
        site = Site(places=1)
        sender = site.sender(connection[0], age=NEW / 2)
        status, words = site.ask(connection[0])
        assert status.startswith("503")
        assert b"Try again" in words
        assert not sender.is_cut
        assert site.asked == 0

    def test_all_taken_by_fast_ones(self, connection: Connection) -> None:
        site = Site(places=1)
        sender = site.sender(connection[0], age=100, received=FAST * 200)
        assert site.ask(connection[0])[0].startswith("503")
        assert not sender.is_cut

    def test_slowest_gives_way(self, connection: Connection) -> None:
        site = Site(places=2)
        slow = site.sender(connection[0], age=100, received=5000)
        slowest = site.sender(connection[0], age=100, received=4000)
        assert site.ask(connection[0])[0] == "200 OK"
        assert slowest.is_cut
        assert not slow.is_cut

    def test_small_body_always_has_a_place(self, connection: Connection) -> None:
        site = Site(places=1)
        site.sender(connection[0], age=0)
        assert site.ask(connection[0], SMALL_BODY)[0] == "200 OK"

    def test_too_large_is_refused_at_once(self, connection: Connection) -> None:
        site = Site(places=1)
        status, _words = site.ask(connection[0], LARGE * 2 + 1)
        assert status.startswith("413")
        assert site.asked == 0

    def test_refused_connection_ends(self, connection: Connection) -> None:
        """What is still to come must not be taken for another request."""
        ours, theirs = connection
        Site(places=0).ask(ours)
        assert theirs.recv(10) == b""

    def test_answered_connection_stays(self, connection: Connection) -> None:
        ours, theirs = connection
        Site(places=1).ask(ours)
        ours.sendall(b"still here")
        assert theirs.recv(10) == b"still here"

    def test_connection_that_was_cut_ends_after_its_answer(
        self, connection: Connection
    ) -> None:
        ours, theirs = connection
        site = Site(places=1)

        def cut_meanwhile(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            (sender,) = site.bodies.senders
            sender.cut()
            return [environ["wsgi.input"].read()]

        site.bodies.application = cut_meanwhile
        answer = site.bodies(request(ours, LARGE), start)
        assert list(answer) == [b""]
        answer.close()  # type: ignore[attr-defined]  # as servers do
        assert theirs.recv(10) == b""

    def test_stuck_sender_is_cut_off(self, connection: Connection) -> None:
        site = Site(places=1)
        stuck = site.sender(connection[0], age=100)
        stuck.waited_for_since = stuck.began
        patient = site.sender(connection[0], age=100)
        site.ask(connection[0], SMALL_BODY)
        wait_until(lambda: stuck.is_cut, "nobody looks after the slow ones")
        assert not patient.is_cut

    def test_other_servers_are_left_alone(self) -> None:
        site = Site(places=0)
        environ = {"CONTENT_LENGTH": str(LARGE)}
        assert list(site.bodies(environ, start)) == [b"fine"]
