"""The remote providers that this installation has a key for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from jobs.providers import autoenhance, claid, picwish, upscayl
from jobs.providers.autoenhance import Autoenhance
from jobs.providers.base import Access, Connector, Limits, Promise, Provider
from jobs.providers.claid import Claid
from jobs.providers.http import Downloads
from jobs.providers.options import Option
from jobs.providers.picwish import PicWish
from jobs.providers.upscayl import Upscayl


@dataclass(frozen=True)
class Kind:
    """What is known of a provider without a key."""

    name: str
    label: str
    options: tuple[Option, ...]
    limits: Limits
    promise: Promise
    connects: Connector
    # Whoever knows a task's id could see the photo: it is never shown.
    id_is_secret: bool = False
    # A restoration costs when it is fetched, not when it is made.
    pays_on_fetch: bool = False
    # The provider can fetch the copy from an address of ours; by itself, or only where
    # an operator chose that.
    fetches: Literal["no", "if chosen", "yes"] = "no"


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            picwish.NAME,
            picwish.LABEL,
            picwish.OPTIONS,
            picwish.LIMITS,
            picwish.PROMISE,
            PicWish,
            fetches="if chosen",
        ),
        Kind(
            autoenhance.NAME,
            autoenhance.LABEL,
            Autoenhance.options,
            autoenhance.LIMITS,
            autoenhance.PROMISE,
            Autoenhance,
            id_is_secret=True,
            pays_on_fetch=True,
        ),
        Kind(
            upscayl.NAME,
            upscayl.LABEL,
            upscayl.OPTIONS,
            upscayl.LIMITS,
            upscayl.PROMISE,
            Upscayl,
        ),
        Kind(
            claid.NAME,
            claid.LABEL,
            Claid.options,
            claid.LIMITS,
            claid.PROMISE,
            Claid,
            fetches="yes",
        ),
    )
}


# A whole result may take so many times as long as an ordinary call.
DOWNLOADS_TAKE = 8


class NotConnected(Exception):
    """There is no key for this provider here."""


def has_key(name: str) -> bool:
    return bool(settings.PROVIDERS[name].key)


def shown_id(name: str, remote_id: str) -> str:
    """A task's number at the provider as people may see it."""
    is_secret = name in KINDS and KINDS[name].id_is_secret
    return _("kept secret") if is_secret and remote_id else remote_id


def connect(name: str, *, learned: Mapping[str, str] | None = None) -> Provider:
    """The provider, ready for calls. Raises NotConnected."""
    access = settings.PROVIDERS[name]
    if not access.key:
        raise NotConnected(name)
    seconds = settings.PROVIDER_HTTP_TIMEOUT
    return KINDS[name].connects.connect(
        Access(
            key=access.key,
            base_url=access.base_url,
            learned=learned or {},
            extra=access.extra,
        ),
        timeout=seconds,
        downloads=Downloads(
            trusted=settings.PROVIDER_TRUSTED_HOSTS,
            total=seconds * DOWNLOADS_TAKE,
            idle=seconds,
        ),
    )


def sends_to(name: str) -> str:
    """Who gets the pictures, and at which host of theirs."""
    host = urlsplit(settings.PROVIDERS[name].base_url).hostname
    return KINDS[name].promise.sends_to.format(host=host)


def deadline(name: str) -> timedelta:
    seconds = settings.PROVIDERS[name].deadline
    return timedelta(seconds=seconds) if seconds else KINDS[name].limits.deadline


def rate(name: str) -> float:
    """Requests per second, all calls together."""
    return settings.PROVIDERS[name].rate or KINDS[name].limits.per_second


def fetches_from_us(name: str) -> bool:
    """Whether the provider gets an address of ours instead of the file: it can, the
    world can reach us, and, where that is the operator's to choose, he did."""
    kind = KINDS[name]
    if kind.fetches == "no" or not settings.SITE_IS_PUBLIC:
        return False
    return kind.fetches == "yes" or settings.PROVIDERS[name].by_address


def is_long_submit(name: str, options: Mapping[str, str], *, by_address: bool) -> bool:
    """Whether the submit holds the line until the picture is done."""
    return KINDS[name].connects.is_long_submit(options, by_address=by_address)
