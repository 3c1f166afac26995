"""Every address of the site, tried by everybody: who gets what.

A new address that is not in the table fails the build.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from allauth.account.models import EmailAddress
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import (
    NoReverseMatch,
    URLPattern,
    URLResolver,
    get_resolver,
    reverse,
)

from albums.models import User
from albums.overlays import Layer, Side, changes_url, face_url, mask_url
from albums.renditions import photo_url, restoration_url
from tests.conftest import PASSWORD
from tests.site.conftest import Home

# Alice owns the album, Bob may look, Charlie is a stranger, and staff looks after the
# site but is no member.
ACTORS = ("nobody", "alice", "bob", "charlie", "staff")
LOOK = "302 200 200 404 404"
CHANGE = "302 302 404 404 404"
PERSONAL = "302 200 200 200 200"
PUBLIC = "200 200 200 200 200"
NEVER = "405 405 405 405 405"
NOT_FOUND = "404 404 404 404 404"
SIGNED_IN_GOES_HOME = "200 302 302 302 302"
LOOK_ONLY = {"GET": LOOK, "POST": NEVER}
CHANGE_ONLY = {"GET": NEVER, "POST": CHANGE}
PERSONAL_ONLY = {"GET": PERSONAL, "POST": NEVER}
PUBLIC_ONLY = {"GET": PUBLIC, "POST": NEVER}

# What an empty request of each method gets; the order is that of ACTORS.
TABLE: dict[str, dict[str, str]] = {
    "albums:albums": PERSONAL_ONLY,
    "albums:new_album": {"GET": PERSONAL, "POST": PERSONAL},
    "albums:album": LOOK_ONLY,
    "albums:add": {"GET": "302 200 404 404 404", "POST": CHANGE},
    "albums:photo": LOOK_ONLY,
    "albums:pictures": LOOK_ONLY,
    "albums:retitle": CHANGE_ONLY,
    "albums:keep_original": CHANGE_ONLY,
    "albums:keep": CHANGE_ONLY,
    "albums:not_quite": CHANGE_ONLY,
    "albums:compare_mode": {"GET": NEVER, "POST": "302 400 400 400 400"},
    "albums:photo_file": LOOK_ONLY,
    "albums:restoration_file": LOOK_ONLY,
    "albums:changes_file": LOOK_ONLY,
    "albums:face_file": LOOK_ONLY,
    "albums:mask_file": LOOK_ONLY,
    # A print's own file; this photo is not one.
    "albums:print_file": {"GET": "302 404 404 404 404", "POST": NEVER},
    "albums:boxes": {"GET": "302 200 404 404 404", "POST": CHANGE},
    "albums:look_for_prints": CHANGE_ONLY,
    "albums:make_one": CHANGE_ONLY,
    "albums:bring_back": CHANGE_ONLY,
    "albums:original": LOOK_ONLY,
    "albums:restoration_download": LOOK_ONLY,
    "albums:uploads": {"GET": NEVER, "POST": "401 412 412 412 412"},
    "albums:upload": {
        "GET": NEVER,
        "POST": NEVER,
        "HEAD": "401 412 412 412 412",
        "PATCH": "401 412 412 412 412",
        "DELETE": "401 412 412 412 412",
    },
    "jobs:activity": PERSONAL_ONLY,
    # Who has no albums has nothing new.
    "jobs:activity_progress": {"GET": "302 200 200 204 204", "POST": NEVER},
    "jobs:album_progress": LOOK_ONLY,
    "jobs:photo_progress": LOOK_ONLY,
    "jobs:start": CHANGE_ONLY,
    "jobs:leave_prints": CHANGE_ONLY,
    "jobs:marks": LOOK_ONLY,
    # The engine has looked.
    "jobs:marks_progress": {"GET": "302 204 204 404 404", "POST": NEVER},
    "jobs:find_marks": CHANGE_ONLY,
    "jobs:repair_marked": CHANGE_ONLY,
    # Without photos one is led back to the album.
    "jobs:choose": {"GET": CHANGE, "POST": CHANGE},
    "jobs:options": {"GET": "302 200 404 404 404", "POST": NEVER},
    "jobs:send_all_elsewhere": CHANGE_ONLY,
    "jobs:album_cap": CHANGE_ONLY,
    "jobs:cancel": CHANGE_ONLY,
    "jobs:retry": CHANGE_ONLY,
    "jobs:send_elsewhere": CHANGE_ONLY,
    "jobs:album_providers": {"GET": "302 200 404 404 404", "POST": CHANGE},
    # Who does not know the address of a source sees nothing; test_sources has the rest.
    "jobs:source": {"GET": NOT_FOUND, "HEAD": NOT_FOUND, "POST": NEVER},
    "ping": PUBLIC_ONLY,
    "welcome": {"GET": NOT_FOUND, "POST": NOT_FOUND},
    "account_login": {"GET": SIGNED_IN_GOES_HOME, "POST": SIGNED_IN_GOES_HOME},
    "account_logout": {"GET": PERSONAL, "POST": "302 302 302 302 302"},
    "account_inactive": PUBLIC_ONLY,
    "account_signup": {"GET": SIGNED_IN_GOES_HOME, "POST": SIGNED_IN_GOES_HOME},
    "account_email": {"GET": PERSONAL, "POST": "302 302 302 302 302"},
    "account_email_verification_sent": PUBLIC_ONLY,
    "account_confirm_email": {"GET": PUBLIC, "POST": NOT_FOUND},
    "account_change_password": {"GET": PERSONAL, "POST": PERSONAL},
    "account_set_password": {
        "GET": "302 302 302 302 302",
        "POST": "302 302 302 302 302",
    },
    "account_reset_password": {"GET": PUBLIC, "POST": PUBLIC},
    "account_reset_password_done": PUBLIC_ONLY,
    "account_reset_password_from_key_done": PUBLIC_ONLY,
    "account_reset_password_from_key": {"GET": PUBLIC, "POST": PUBLIC},
}
# The same with the headers of an upload: only its owner knows of it.
TUS = {"Tus-Resumable": "1.0.0"}
UPLOAD_TABLE = {
    "HEAD": "401 200 404 404 404",
    "PATCH": "401 400 404 404 404",
    "DELETE": "401 204 404 404 404",
}


def paths(home: Home) -> dict[str, str]:
    """The addresses that need something to point at."""
    picture, restored = home.photo, home.restoration
    of_photo = ("photo", "pictures", "retitle", "keep_original", "original")
    of_page = ("boxes", "look_for_prints", "make_one", "bring_back", "print_file")
    of_marks = ("marks", "marks_progress", "find_marks", "repair_marked")
    of_restoration = ("keep", "not_quite", "restoration_download")
    of_album = (
        "album_providers",
        "album_cap",
        "choose",
        "options",
        "send_all_elsewhere",
    )
    return {
        **{f"albums:{name}": at(f"albums:{name}", picture.code) for name in of_photo},
        **{f"albums:{n}": at(f"albums:{n}", restored.code) for n in of_restoration},
        "albums:album": at("albums:album", home.album.code),
        "albums:add": at("albums:add", home.album.code),
        "albums:photo_file": photo_url(picture, "400"),
        "albums:restoration_file": restoration_url(restored, "400"),
        "albums:changes_file": changes_url(home.changes, Layer.ALL),
        "albums:face_file": face_url(home.changes, 0, Side.BEFORE),
        "albums:mask_file": mask_url(home.mask),
        "albums:upload": at("albums:upload", home.upload.code),
        "jobs:album_progress": at("jobs:album_progress", home.album.code),
        "jobs:photo_progress": at("jobs:photo_progress", picture.code),
        "jobs:start": at("jobs:start", picture.code),
        **{f"albums:{n}": at(f"albums:{n}", picture.code) for n in of_page},
        "jobs:leave_prints": at("jobs:leave_prints", picture.code),
        **{f"jobs:{n}": at(f"jobs:{n}", picture.code) for n in of_marks},
        "jobs:cancel": at("jobs:cancel", home.job.code),
        "jobs:retry": at("jobs:retry", home.job.code),
        "jobs:send_elsewhere": at("jobs:send_elsewhere", home.job.code),
        **{f"jobs:{n}": at(f"jobs:{n}", home.album.code) for n in of_album},
        "jobs:source": at("jobs:source", "guessed.jpg"),
        "welcome": at("welcome", "guessed"),
        "account_confirm_email": at("account_confirm_email", "guessed"),
        "account_reset_password_from_key": at(
            "account_reset_password_from_key", "1", "guessed-key"
        ),
    }


def at(name: str, *arguments: object) -> str:
    return reverse(name, args=arguments)


@pytest.fixture
def clients(home: Home, bob: User, charlie: User) -> dict[str, Client]:
    staff = User.objects.create_superuser("staff@example.org", PASSWORD)
    people = {"alice": home.album.owner, "bob": bob, "charlie": charlie, "staff": staff}
    made = {"nobody": Client()}
    for name, person in people.items():
        EmailAddress.objects.create(user=person, email=person.email, primary=True)
        made[name] = Client()
        made[name].force_login(person)
    return made


Try = Callable[[str, str, dict[str, str]], str]


@pytest.fixture
def everybody(clients: dict[str, Client]) -> Try:
    """Try one request as everybody, each as if the others had not."""

    def attempt(method: str, path: str, headers: dict[str, str]) -> str:
        answers = []
        for name in ACTORS:
            with undone(), CaptureQueriesContext(connection) as queries:
                response = clients[name].generic(method, path, headers=headers)
            answers.append(str(response.status_code))
            if name == "nobody" and response.status_code == 302:
                assert response["Location"].startswith("/accounts/login/")
            if method in {"GET", "HEAD"}:
                assert not changes(queries), f"{method} {path} changes something"
        return " ".join(answers)

    return attempt


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def changes(queries: CaptureQueriesContext) -> list[str]:
    words = ("INSERT", "UPDATE", "DELETE")
    statements = [query["sql"] for query in queries.captured_queries]
    return [sql for sql in statements if sql.startswith(words)]


@pytest.mark.parametrize("name", TABLE)
def test_everybody_gets_what_the_table_says(
    name: str, home: Home, everybody: Try
) -> None:
    path = paths(home).get(name) or at(name)
    got = {method: everybody(method, path, {}) for method in TABLE[name]}
    assert got == TABLE[name]


def test_only_its_owner_knows_of_an_upload(home: Home, everybody: Try) -> None:
    path = at("albums:upload", home.upload.code)
    got = {method: everybody(method, path, TUS) for method in UPLOAD_TABLE}
    assert got == UPLOAD_TABLE


def test_every_change_needs_the_token_of_a_page(home: Home, alice: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    for name, methods in TABLE.items():
        path = paths(home).get(name) or at(name)
        for method in set(methods) - {"GET", "HEAD"}:
            assert strict.generic(method, path).status_code == 403, (method, name)


def test_no_address_is_missing_from_the_table() -> None:
    names = {name for name in all_names(get_resolver()) if "admin:" not in name}
    assert names == set(TABLE)


@pytest.mark.parametrize("actor", ["nobody", "alice", "bob", "charlie"])
def test_administration_is_for_staff(actor: str, clients: dict[str, Client]) -> None:
    for name in all_names(get_resolver()):
        if name.startswith("admin:") and name != "admin:logout":
            response = clients[actor].get(admin_path(name))
            assert response.status_code in {302, 403, 404}, name


def test_staff_sees_the_administration(clients: dict[str, Client]) -> None:
    assert clients["staff"].get("/admin/").status_code == 200


def admin_path(name: str) -> str:
    for arguments in ([], ["1"], ["albums"], ["1", "1"]):
        with suppress(NoReverseMatch):
            return at(name, *arguments)
    raise AssertionError(f"no arguments fit {name}")


def all_names(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            if pattern.name:
                yield prefix + pattern.name
            continue
        inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
        yield from all_names(pattern, inner)
