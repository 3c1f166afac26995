"""Uploads over real connections to the real server, cut off in every way."""

from __future__ import annotations

import hashlib
import select
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from albums import storage
from albums.models import Album, Member, Original, Upload, User
from tests.albums import tus
from tests.pictures import drawn
from tests.processes.web import Browser, WebServer
from tests.servers import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

PART = 8 * 1024 * 1024


@pytest.fixture
def server(transactional_db: None, tmp_path: Path) -> Iterator[WebServer]:
    server = WebServer(tmp_path / "web.log")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def browser(server: WebServer, alice: User) -> Browser:
    return Browser(server, alice)


@pytest.fixture
def facts(album: Album) -> str:
    return tus.metadata(filename="print.png", album=str(album.code))


def close_with_a_reset(connection: socket.socket) -> None:
    now = struct.pack("ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
    connection.close()


def test_connection_that_ends_keeps_what_arrived(browser: Browser, facts: str) -> None:
    content = drawn(1200, 900, format="PNG")
    url = browser.announce(facts, len(content))
    connection = browser.begin_part(url, 0, len(content))
    connection.sendall(content[:700_001])
    connection.close()
    wait_until(lambda: browser.offset_of(url) > 0, "nothing arrived")
    assert browser.offset_of(url) == 700_001
    finish_and_compare(browser, url, content)


def test_connection_that_is_reset_goes_on(browser: Browser, facts: str) -> None:
    content = drawn(1200, 900, format="PNG")
    url = browser.announce(facts, len(content))
    for _ in range(5):
        start = browser.offset_of(url)
        connection = browser.begin_part(url, start, len(content) - start)
        connection.sendall(content[start : start + 250_000])
        close_with_a_reset(connection)
        wait_until(lambda: is_free(browser, url), "the broken part is still held")
    finish_and_compare(browser, url, content)


def test_server_that_is_killed_keeps_what_it_acknowledged(
    server: WebServer, browser: Browser, facts: str
) -> None:
    content = drawn(1200, 900, format="PNG")
    url = browser.announce(facts, len(content))
    assert browser.add_part(url, 0, content[:500_000]).status_code == 204
    connection = browser.begin_part(url, 500_000, len(content) - 500_000)
    connection.sendall(content[500_000:900_000])
    part = storage.part_path(Upload.objects.get().code)
    wait_until(lambda: part.stat().st_size > 500_000, "nothing was written")
    server.kill()
    server.start()
    assert browser.offset_of(url) == 500_000
    finish_and_compare(browser, url, content)


def test_fifty_slow_uploads_stop_nobody(
    server: WebServer, browser: Browser, facts: str, album: Album
) -> None:
    """Some of them are kept waiting; everybody else goes on."""
    slow = []
    for number in range(17):
        relative = User.objects.create_user(f"relative{number}@example.org")
        Member.objects.create(album=album, user=relative, role=Member.Role.EDITOR)
        person = Browser(server, relative)
        for _ in range(3):
            url = person.announce(facts, PART)
            connection = person.begin_part(url, 0, PART)
            connection.sendall(b"\x89PNG\r\n\x1a\n")
            slow.append(connection)
    assert len(slow) == 51
    for _ in range(20):
        assert server.ping() == "ok"
    assert browser.ask("GET", f"/albums/{album.code}/progress/?v=0").status_code < 500
    content = drawn()
    url = browser.announce(facts, len(content))
    # Small enough to come with its head; a large one waits until a slow one gives way.
    assert browser.add_part(url, 0, content).json()["state"] == "done"
    large = drawn(1200, 900, format="PNG")
    url = browser.announce(facts, len(large))
    wait_until(lambda: is_taken(browser, url, large), "no slow sender gave way")
    # Who gave way was told so, and goes on where it stopped.
    answers = [connection.recv(12) for connection in readable(slow)]
    assert b"HTTP/1.1 408" in answers
    assert set(answers) <= {b"HTTP/1.1 408", b"HTTP/1.1 503"}
    assert Upload.objects.filter(offset=8, state="receiving").exists()
    for connection in slow:
        connection.close()


def test_fourth_part_of_a_person_waits(browser: Browser, facts: str) -> None:
    urls = [browser.announce(facts, PART) for _ in range(4)]
    sending = [browser.begin_part(url, 0, PART) for url in urls[:3]]
    for connection in sending:
        connection.sendall(b"\x89PNG")
    wait_until(lambda: len(open_parts()) == 3, "the parts are not taken in")
    answer = browser.add_part(urls[3], 0, b"")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    sending[0].close()
    wait_until(lambda: is_free(browser, urls[3]), "no place became free")
    for connection in sending:
        connection.close()


def readable(connections: list[socket.socket]) -> list[socket.socket]:
    return select.select(connections, [], [], 20)[0]


def open_parts() -> list[Path]:
    return list(storage.upload_folder().glob("*.part"))


def is_free(browser: Browser, url: str) -> bool:
    answer = browser.add_part(url, browser.offset_of(url), b"")
    assert answer.status_code in {204, 409, 423, 429}
    return answer.status_code == 204


def is_taken(browser: Browser, url: str, content: bytes) -> bool:
    try:
        answer = browser.add_part(url, 0, content)
    except requests.ConnectionError:
        return False
    assert answer.status_code in {200, 503}
    return answer.status_code == 200


def finish_and_compare(browser: Browser, url: str, content: bytes) -> None:
    start = browser.offset_of(url)
    answer = browser.add_part(url, start, content[start:])
    (photo,) = answer.json()["photos"]
    kept = browser.ask("GET", f"/files/photos/{photo['code']}/original/")
    assert kept.content == content
    assert Original.objects.get().sha256 == hashlib.sha256(content).hexdigest()
