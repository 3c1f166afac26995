from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from albums.models import User
from tests.conftest import PASSWORD

LOGIN, LOGOUT, RESET = (
    "/accounts/login/",
    "/accounts/logout/",
    "/accounts/password/reset/",
)
NEW_PASSWORD = "another bicycle, dry"


def sign_in(client: Client, email: str, password: str = PASSWORD) -> Any:
    return client.post(LOGIN, {"login": email, "password": password})


def is_signed_in(client: Client) -> bool:
    return client.get("/").status_code == 200


def words(response: Any) -> str:
    """What a person reads: the page without its tokens."""
    return re.sub(r'(value|content)="[^"]*"', "", response.content.decode())


def link_in(message: mail.EmailMessage) -> str:
    found = re.search(r"http://testserver(\S+)", str(message.body))
    assert found, message.body
    return found.group(1)


def test_signing_in_takes_the_address_in_any_case(client: Client, alice: User) -> None:
    assert not is_signed_in(client)
    response = sign_in(client, "Alice@Example.ORG")
    assert response["Location"] == "/"
    assert is_signed_in(client)


def test_signing_in_rotates_the_session(client: Client, alice: User) -> None:
    client.session["kept"] = "from before"
    session = client.session
    session.save()
    client.cookies["sessionid"] = before = str(session.session_key)
    sign_in(client, alice.email)
    assert client.cookies["sessionid"].value != before


def test_cookies_are_out_of_reach_of_scripts(client: Client, alice: User) -> None:
    sign_in(client, alice.email)
    assert client.cookies["sessionid"]["httponly"]
    assert client.cookies["sessionid"]["samesite"] == "Lax"


def test_wrong_password_and_unknown_address_read_the_same(
    client: Client, alice: User
) -> None:
    wrong = sign_in(client, alice.email, "wrong")
    unknown = sign_in(client, "alike@example.org", "wrong")
    assert wrong.status_code == unknown.status_code == 200
    assert words(wrong).replace(alice.email, "") == words(unknown)
    assert not is_signed_in(client)


def test_tries_are_limited(client: Client, alice: User) -> None:
    for _try in range(5):
        sign_in(client, alice.email, "wrong")
    right = sign_in(Client(), alice.email)
    assert right.status_code == 200
    assert "Too many" in right.content.decode()
    assert not is_signed_in(client)


def test_only_a_post_signs_out(alice_client: Client) -> None:
    assert alice_client.get(LOGOUT).status_code == 200
    assert alice_client.head(LOGOUT).status_code == 200
    assert is_signed_in(alice_client)
    alice_client.post(LOGOUT)
    assert not is_signed_in(alice_client)


def test_signing_out_ends_the_session_itself(alice_client: Client) -> None:
    stolen = Client()
    stolen.cookies["sessionid"] = alice_client.cookies["sessionid"].value
    alice_client.post(LOGOUT)
    assert not is_signed_in(stolen)


def test_sign_up_is_closed(client: Client, db: None) -> None:
    form = {"email": "eve@example.org", "password1": PASSWORD, "password2": PASSWORD}
    assert "invit" in client.get("/accounts/signup/").content.decode()
    client.post("/accounts/signup/", form)
    assert not User.objects.exists()


def test_reset_link_changes_the_password_once(client: Client, alice: User) -> None:
    client.post(RESET, {"email": alice.email})
    link = link_in(mail.outbox[0])
    page = client.get(link, follow=True)
    form = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    client.post(page.redirect_chain[-1][0], form)
    assert sign_in(Client(), alice.email).status_code == 200
    assert sign_in(Client(), alice.email, NEW_PASSWORD).status_code == 302
    again = Client().get(link, follow=True)
    assert "password1" not in again.content.decode()


def test_reset_tells_nobody_who_has_an_account(client: Client, alice: User) -> None:
    known = client.post(RESET, {"email": alice.email}, follow=True)
    unknown = client.post(RESET, {"email": "alike@example.org"}, follow=True)
    assert known.redirect_chain == unknown.redirect_chain
    assert words(known) == words(unknown)
    assert [message.to for message in mail.outbox] == [[alice.email]]


def test_new_password_ends_the_other_sessions(
    client: Client, alice: User, alice_client: Client
) -> None:
    sign_in(client, alice.email)
    form = {
        "oldpassword": PASSWORD,
        "password1": NEW_PASSWORD,
        "password2": NEW_PASSWORD,
    }
    client.post("/accounts/password/change/", form)
    assert is_signed_in(client)
    assert not is_signed_in(alice_client)


def test_closed_account_is_out_at_the_next_request(
    alice: User, alice_client: Client
) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert not is_signed_in(alice_client)
    assert sign_in(Client(), alice.email)["Location"] == "/accounts/inactive/"


def test_address_is_confirmed_by_a_post(alice: User, alice_client: Client) -> None:
    page = alice_client.get("/accounts/email/")
    assert alice.email in page.content.decode()
    alice_client.post("/accounts/email/", {"email": alice.email, "action_send": ""})
    link = link_in(mail.outbox[0])
    alice_client.get(link)
    address = alice.emailaddress_set.get()  # type: ignore[attr-defined]
    assert not address.verified
    alice_client.post(link)
    address.refresh_from_db()
    assert address.verified


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/"])
def test_administration_has_no_sign_in_of_its_own(
    client: Client, db: None, path: str
) -> None:
    response = client.get(path, follow=True)
    assert response.redirect_chain[-1][0].startswith(LOGIN)


def test_administrator_makes_accounts(client: Client, db: None) -> None:
    ada = User.objects.create_superuser("ada@example.org", PASSWORD)
    client.force_login(ada)
    form = {
        "name": "Grace",
        "email": "Grace@Example.org",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    response = client.post("/admin/albums/user/add/", form)
    grace = User.objects.get(email="grace@example.org")
    assert response["Location"] == f"/admin/albums/user/{grace.pk}/change/"
    assert client.get(response["Location"]).status_code == 200
    assert not grace.is_staff
    assert sign_in(Client(), grace.email).status_code == 302
