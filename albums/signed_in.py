"""What a view knows about its request once `login_required` let it through."""

from __future__ import annotations

from django.http import HttpRequest

from albums.models import User


class SignedInRequest(HttpRequest):
    user: User
