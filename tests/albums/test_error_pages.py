"""Pages for when things go wrong: they need no database and always show a way back."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.test import RequestFactory
from django.urls import reverse
from django.views import defaults


def test_an_error_of_ours_says_that_the_photos_are_safe() -> None:
    response = defaults.server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    assert "Your photos are safe" in response.content.decode()
    assert 'href="/"' in response.content.decode()


def test_a_request_that_makes_no_sense_is_answered_in_plain_words() -> None:
    response = defaults.bad_request(RequestFactory().get("/"), SuspiciousOperation())
    assert response.status_code == 400
    assert "could not be understood" in response.content.decode()
    assert reverse("albums:albums") in response.content.decode()


@pytest.mark.django_db
def test_what_is_not_allowed_names_whom_to_ask() -> None:
    response = defaults.permission_denied(RequestFactory().get("/"), PermissionDenied())
    assert response.status_code == 403
    assert "ask the person who runs this site" in response.content.decode()
