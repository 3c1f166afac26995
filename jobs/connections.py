"""The remote providers that this installation has a key for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from jobs.providers import picwish
from jobs.providers.base import Limits, Promise, Provider
from jobs.providers.http import Downloads
from jobs.providers.options import Option
from jobs.providers.picwish import PicWish


@dataclass(frozen=True)
class Kind:
    """What is known of a provider without a key."""

    name: str
    label: str
    options: tuple[Option, ...]
    limits: Limits
    promise: Promise
    connects: type[PicWish]


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
        ),
    )
}


# A whole result may take so many times as long as an ordinary call.
DOWNLOADS_TAKE = 8


class NotConnected(Exception):
    """There is no key for this provider here."""


def has_key(name: str) -> bool:
    return bool(settings.PROVIDERS[name].key)


def connect(name: str) -> Provider:
    """The provider, ready for calls. Raises NotConnected."""
    access = settings.PROVIDERS[name]
    if not access.key:
        raise NotConnected(name)
    seconds = settings.PROVIDER_HTTP_TIMEOUT
    return KINDS[name].connects.connect(
        access.base_url,
        access.key,
        timeout=seconds,
        downloads=Downloads(
            trusted=settings.PROVIDER_TRUSTED_HOSTS,
            total=seconds * DOWNLOADS_TAKE,
            idle=seconds,
        ),
    )


def deadline(name: str) -> timedelta:
    seconds = settings.PROVIDERS[name].deadline
    return timedelta(seconds=seconds) if seconds else KINDS[name].limits.deadline


def rate(name: str) -> float:
    """Requests per second, all calls together."""
    return settings.PROVIDERS[name].rate or KINDS[name].limits.per_second


def is_long_submit(name: str, options: Mapping[str, str]) -> bool:
    """Whether the submit holds the line until the picture is done."""
    return KINDS[name].connects.is_long_submit(options)
