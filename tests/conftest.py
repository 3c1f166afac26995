from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from albums.models import Album, Member, User
from albums.services import create_album
from tests import programs
from tests.servers import postgres_server, redis_server

PASSWORD = "a bicycle in the rain"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """SQLite in a file, as in production: in memory it knows neither WAL nor locks.
    Each of several test processes has a database of its own."""
    if connection.vendor == "sqlite":
        folder = tmp_path_factory.mktemp("database")
        connection.settings_dict["TEST"]["NAME"] = str(folder / "test.sqlite3")


@pytest.fixture(autouse=True)
def own_folders(settings: Any, tmp_path: Path) -> None:
    """Every test has a DATA_DIR of its own, and fast passwords."""
    settings.DATA_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.UPLOAD_DIR = tmp_path / "uploads"
    settings.SCRATCH_DIR = tmp_path / "scratch"
    settings.SCRATCH_DIR.mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = str(settings.SCRATCH_DIR)
    settings.SOURCE_DIR = tmp_path / "sources"
    settings.SOURCE_DIR.mkdir()
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATIC_ROOT.mkdir()
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        }
    }
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def needed_browser(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("browser"):
        programs.chromium()


@pytest.fixture(autouse=True)
def fresh_limits(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test with real transactions leaves in the cache, it takes away."""
    yield
    if "transactional_db" in request.fixturenames:
        cache.clear()


@pytest.fixture
def alice(db: None) -> User:
    """Owns the album."""
    return _person("alice")


@pytest.fixture
def bob(db: None) -> User:
    """Is a member of Alice's album, who may look."""
    return _person("bob")


@pytest.fixture
def charlie(db: None) -> User:
    """Is a stranger."""
    return _person("charlie")


@pytest.fixture
def album(alice: User, bob: User) -> Album:
    album = create_album(title="Summer 1962", owner=alice)
    Member.objects.create(album=album, user=bob, role=Member.Role.VIEWER)
    return album


@pytest.fixture
def alice_client(alice: User) -> Client:
    return _signed_in(alice)


@pytest.fixture
def bob_client(bob: User) -> Client:
    return _signed_in(bob)


@pytest.fixture
def charlie_client(charlie: User) -> Client:
    return _signed_in(charlie)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with redis_server() as url:
        yield url


def _person(name: str) -> User:
    return User.objects.create_user(
        f"{name}@example.org", PASSWORD, name=name.capitalize()
    )


def _signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name each test that did not run, under the sentence that says why."""
    reasons: dict[str, list[str]] = {}
    for report in terminalreporter.stats.get("skipped", []):
        _file, _line, reason = report.longrepr
        reasons.setdefault(reason.removeprefix("Skipped: "), []).append(report.nodeid)
    for reason, names in reasons.items():
        terminalreporter.write_line(f"\nNot run. {reason}")
        for name in names:
            terminalreporter.write_line(f"  {name}")
