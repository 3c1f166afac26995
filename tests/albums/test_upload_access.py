"""Who may send files: owner and editor; everybody else finds nothing there."""

from __future__ import annotations

import pytest
from django.middleware.csrf import get_token
from django.test import Client, RequestFactory

from albums.models import Album, Member, Photo, User
from tests.albums import tus
from tests.pictures import drawn


@pytest.fixture
def editor_client(bob: User, bob_client: Client, album: Album) -> Client:
    Member.objects.filter(user=bob).update(role=Member.Role.EDITOR)
    return bob_client


@pytest.fixture
def url(alice_client: Client, album: Album) -> str:
    location: str = tus.announce(alice_client, album, size=len(drawn()))["Location"]
    return location


def test_editor_may_add(editor_client: Client, album: Album, bob: User) -> None:
    assert tus.send(editor_client, album, drawn()).words["state"] == "done"
    assert Photo.objects.get().added_by == bob


def test_viewer_may_not_add(bob_client: Client, album: Album) -> None:
    assert tus.announce(bob_client, album, size=9).status_code == 404


def test_stranger_may_not_add(charlie_client: Client, album: Album) -> None:
    answer = tus.announce(charlie_client, album, size=9)
    assert answer.status_code == 404
    assert "Summer" not in answer.content.decode()


def test_signed_out_may_not_add(client: Client, album: Album) -> None:
    answer = tus.announce(client, album, size=9)
    assert answer.status_code == 401
    assert "Sign in" in answer.json()["sentence"]


def test_upload_is_for_its_sender_only(
    editor_client: Client, charlie_client: Client, url: str
) -> None:
    for client in (editor_client, charlie_client):
        assert tus.find(client, url).status_code == 404
        assert tus.add_part(client, url, 0, drawn()).status_code == 404
        assert tus.dismiss(client, url).status_code == 404
    assert not Photo.objects.exists()


def test_signed_out_finds_no_upload(
    client: Client, alice_client: Client, url: str
) -> None:
    assert tus.find(client, url).status_code == 401
    assert tus.add_part(client, url, 0, drawn()).status_code == 401
    assert tus.dismiss(client, url).status_code == 401
    assert tus.offset_of(alice_client, url) == 0


def test_lost_right_ends_the_upload(
    editor_client: Client, album: Album, bob: User
) -> None:
    url = tus.announce(editor_client, album, size=len(drawn()))["Location"]
    assert tus.add_part(editor_client, url, 0, drawn()[:500]).status_code == 204
    Member.objects.filter(user=bob).update(role=Member.Role.VIEWER)
    assert tus.find(editor_client, url).status_code == 404
    assert tus.add_part(editor_client, url, 500, drawn()[500:]).status_code == 404
    assert not Photo.objects.exists()


def test_other_sites_cannot_send(alice: User, album: Album) -> None:
    """The token of the page must come in the header of every request."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert tus.announce(client, album, size=9).status_code == 403
    token = get_token(RequestFactory().get("/"))
    client.cookies["csrftoken"] = token
    facts = tus.metadata(filename="a.jpg", album=str(album.code))
    headers = {**tus.VERSION, "Upload-Length": "9", "Upload-Metadata": facts}
    allowed = client.post("/uploads/", headers={**headers, "X-CSRFToken": token})
    assert allowed.status_code == 201
    url = allowed["Location"]
    assert tus.add_part(client, url, 0, b"x").status_code == 403
    assert tus.dismiss(client, url).status_code == 403
    assert tus.offset_of(client, url) == 0
