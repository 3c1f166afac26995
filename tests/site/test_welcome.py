from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import Client

from albums import welcome
from albums.models import User, WelcomeLink

FORM = {
    "name": "Ada",
    "email": "Ada@Example.org",
    "password1": "a bicycle in the rain",
    "password2": "a bicycle in the rain",
}
BOTH = threading.Barrier(2, timeout=60)


class MeetingHasher(MD5PasswordHasher):
    """Hashes when two are there to hash: both then hold a link that was open."""

    algorithm = "meeting"

    def encode(self, password: str, salt: str) -> str:
        BOTH.wait()
        return super().encode(password, salt)


@pytest.fixture
def token(db: None) -> str:
    token = welcome.new_token()
    assert token
    return token


def test_link_makes_the_administrator_and_signs_in(client: Client, token: str) -> None:
    response = client.post(f"/welcome/{token}/", FORM)
    assert response.status_code == 302
    assert response["Location"] == "/"
    ada = User.objects.get()
    assert (ada.name, ada.email) == ("Ada", "ada@example.org")
    assert ada.is_superuser
    assert ada.is_staff
    assert client.session["_auth_user_id"] == str(ada.pk)


def test_link_works_once(client: Client, token: str) -> None:
    client.post(f"/welcome/{token}/", FORM)
    late = Client()
    assert late.get(f"/welcome/{token}/").status_code == 404
    assert late.post(f"/welcome/{token}/", FORM).status_code == 404
    assert User.objects.count() == 1
    assert welcome.new_token() is None


def test_looking_uses_nothing(client: Client, token: str) -> None:
    assert client.get(f"/welcome/{token}/").status_code == 200
    assert client.head(f"/welcome/{token}/").status_code == 200
    assert client.get(f"/welcome/{token}/").status_code == 200
    assert not User.objects.exists()


def test_weak_password_says_why_and_leaves_the_link(client: Client, token: str) -> None:
    weak = FORM | {"password1": "password", "password2": "password"}
    response = client.post(f"/welcome/{token}/", weak)
    assert b"too common" in response.content
    assert not User.objects.exists()
    assert client.get(f"/welcome/{token}/").status_code == 200


def test_wrong_token_is_not_found(client: Client, token: str) -> None:
    assert client.get(f"/welcome/{token[:-1]}/").status_code == 404
    assert client.post("/welcome/anything/", FORM).status_code == 404
    assert not User.objects.exists()


def test_next_start_makes_a_new_link(client: Client, token: str) -> None:
    newer = welcome.new_token()
    assert client.get(f"/welcome/{token}/").status_code == 404
    assert client.get(f"/welcome/{newer}/").status_code == 200


def test_token_is_kept_as_a_digest(token: str) -> None:
    link = WelcomeLink.objects.get()
    assert token not in link.digest
    assert len(link.digest) == 64


def test_account_without_password_is_taken_over(client: Client, token: str) -> None:
    made = User.objects.create_superuser("administrator@localhost")
    assert welcome.new_token(), "nobody can sign in yet"
    assert client.get(f"/welcome/{token}/").status_code == 404
    newer = welcome.new_token()
    client.post(f"/welcome/{newer}/", FORM)
    ada = User.objects.get()
    assert (ada.pk, ada.email) == (made.pk, "ada@example.org")
    assert ada.has_usable_password()


def test_post_needs_the_page(token: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(f"/welcome/{token}/", FORM).status_code == 403
    assert not User.objects.exists()


@pytest.fixture
def slow_hash(settings: object) -> Iterator[None]:
    settings.PASSWORD_HASHERS = [f"{__name__}.MeetingHasher"]  # type: ignore[attr-defined]
    yield
    BOTH.reset()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("slow_hash")
def test_two_at_once_make_one_administrator() -> None:
    token = welcome.new_token()

    def post(name: str) -> int:
        try:
            form = FORM | {"email": f"{name}@example.org"}
            return Client().post(f"/welcome/{token}/", form).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        answers = sorted(threads.map(post, ["ada", "grace"]))
    assert answers == [302, 404]
    assert User.objects.count() == 1
