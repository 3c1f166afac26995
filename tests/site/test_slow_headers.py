from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests

from restore_site.settings import WEB_THREADS
from restore_site.slow_headers import SECONDS_FOR_HEADERS, ImpatientSocket
from tests.site.running import Site

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_headers_that_come_in_drops_are_cut_off(pair: Pair) -> None:
    ours, theirs = pair
    seconds = iter([0.0, SECONDS_FOR_HEADERS - 1, SECONDS_FOR_HEADERS + 1])
    impatient = ImpatientSocket(ours, clock=lambda: next(seconds))
    impatient.expect_headers()
    theirs.send(b"G")
    assert impatient.recv(1) == b"G"
    with pytest.raises(ConnectionResetError):
        impatient.recv(1)


def test_what_follows_the_headers_may_take_its_time(pair: Pair) -> None:
    ours, theirs = pair
    seconds = iter([0.0, 1.0])
    impatient = ImpatientSocket(ours, clock=lambda: next(seconds))
    impatient.expect_headers()
    theirs.send(b"G")
    impatient.recv(1)
    impatient.headers_came()
    assert ours.gettimeout() is None
    theirs.send(b"body")
    assert impatient.recv(4) == b"body"


@pytest.mark.processes
def test_unfinished_headers_don_t_stop_the_others(site: Site) -> None:
    """More of them than there are threads: without an end, nobody would be served."""
    site.start()
    with ExitStack() as open_ones:
        for _sender in range(WEB_THREADS + 10):
            slow = socket.create_connection(("127.0.0.1", site.port))
            open_ones.enter_context(slow).sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1")
        assert requests.get(f"{site.address}/ping", timeout=60).text == "ok"
    assert "Traceback" not in site.output
