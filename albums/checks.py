"""Settings that each are fine, but don't fit together."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register


@register()
def doors_fit(app_configs: Sequence[Any] | None = None, **_: Any) -> list[CheckMessage]:
    if _is_this_computer(settings.HOST):
        return []
    found: list[CheckMessage] = []
    if settings.DEBUG:
        found.append(
            Warning(
                "DEBUG shows the insides of the app to everybody in your network.",
                hint="Leave DEBUG out, or HOST.",
                id="albums.W001",
            )
        )
    if _is_this_computer(urlsplit(settings.SITE_URL).hostname or ""):
        found.append(
            Warning(
                "HOST lets other computers in, but SITE_URL is an address that leads "
                "each of them to itself.",
                hint="Name this computer's: SITE_URL=http://192.168.1.20:8000",
                id="albums.W002",
            )
        )
    return found


def _is_this_computer(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
