"""The first account: one link, good for one use, makes the administrator."""

from __future__ import annotations

import hashlib
import secrets

from allauth.account.models import EmailAddress
from django.contrib.auth import login
from django.contrib.auth.forms import BaseUserCreationForm
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from albums.models import User, WelcomeLink


class AccountForm(BaseUserCreationForm):  # type: ignore[type-arg]  # in stubs only
    class Meta:
        model = User
        fields = ("name", "email")

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


def new_token() -> str | None:
    """The token that works from now on, alone. None where somebody can sign in."""
    with transaction.atomic():
        WelcomeLink.objects.all().delete()
        if somebody_can_sign_in():
            return None
        token = secrets.token_urlsafe(32)
        WelcomeLink.objects.create(digest=_digest(token))
    return token


def somebody_can_sign_in() -> bool:
    """An account that a command made has no password, and doesn't count."""
    people = User.objects.filter(is_active=True)
    return people.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX).exists()


def is_open(token: str) -> bool:
    link = WelcomeLink.objects.first()
    return (
        link is not None
        and constant_time_compare(link.digest, _digest(token))
        and not somebody_can_sign_in()
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters("password1", "password2")
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    if not is_open(token):
        raise Http404
    form = AccountForm(request.POST or None, instance=_administrator())
    if not form.is_valid():
        return render(request, "albums/welcome.html", {"form": form})
    user = form.save(commit=False)
    if not _use_link(token, user):
        raise Http404
    login(request, user)
    return redirect("albums:albums")


def _administrator() -> User:
    """The administrator that a command made, who owns albums already, or a new one."""
    made = User.objects.filter(is_superuser=True).order_by("pk").first()
    return made or User(is_staff=True, is_superuser=True)


def _use_link(token: str, user: User) -> bool:
    """Save the account if the link is still there. False: somebody was faster."""
    with transaction.atomic():
        deleted, _rows = WelcomeLink.objects.filter(digest=_digest(token)).delete()
        if not deleted:
            return False
        user.save()
        EmailAddress.objects.update_or_create(
            user=user, primary=True, defaults={"email": user.email, "verified": False}
        )
    return True


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
