"""How people come in: closed sign-up, the e-mail address as identity."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # has no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up: the first account comes by the welcome link."""
        return False
