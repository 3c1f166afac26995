from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count

import pytest
import requests

from restore_site.slow_clients import SECONDS_TO_START, SLOWEST, ImpatientSocket
from tests.site.running import Site

SLOW = 50


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


Pair = tuple[socket.socket, socket.socket]


def test_request_below_the_lowest_speed_is_cut_off(pair: Pair) -> None:
    ours, theirs = pair
    seconds = iter([0.0, SECONDS_TO_START - 1, SECONDS_TO_START + 1])
    impatient = ImpatientSocket(ours, clock=lambda: next(seconds))
    theirs.send(b"a")
    assert impatient.recv(1) == b"a"
    theirs.send(b"b")
    with pytest.raises(TimeoutError):
        impatient.recv(1)


def test_request_of_the_lowest_speed_goes_on(pair: Pair) -> None:
    ours, theirs = pair
    seconds = count()
    impatient = ImpatientSocket(ours, clock=lambda: float(next(seconds)))
    for _second in range(int(3 * SECONDS_TO_START)):
        theirs.sendall(bytes(SLOWEST))
        assert len(impatient.recv(SLOWEST)) == SLOWEST


def test_next_request_starts_afresh(pair: Pair) -> None:
    ours, theirs = pair
    seconds = iter([0.0, 1000.0, 1001.0])
    impatient = ImpatientSocket(ours, clock=lambda: next(seconds))
    impatient.begin_request()
    theirs.send(b"a")
    assert impatient.recv(1) == b"a"


def test_other_waits_keep_their_limit(pair: Pair) -> None:
    """What is sent to a slow reader must not end with the patience for a sender."""
    ours, theirs = pair
    impatient = ImpatientSocket(ours)
    theirs.send(b"a")
    impatient.recv(1)
    assert ours.gettimeout() is None


@pytest.mark.processes
def test_fifty_slow_senders_don_t_stop_the_others(site: Site) -> None:
    site.start()
    begun = (
        b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 100000\r\n\r\nlogin="
    )
    with ExitStack() as open_ones:
        for _sender in range(SLOW):
            slow = socket.create_connection(("127.0.0.1", site.port))
            open_ones.enter_context(slow).sendall(begun)
        for _visit in range(10):
            answer = requests.get(f"{site.address}/accounts/login/", timeout=15)
            assert answer.status_code == 200
