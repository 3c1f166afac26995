"""What settings.py needs to read the environment, with a sentence for a bad value."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ImproperlyConfigured

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
TRUE = {"1", "true", "yes", "on"}
FALSE = {"", "0", "false", "no", "off"}


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def secret(name: str) -> str:
    """The value of NAME, or the content of the file that NAME_FILE names."""
    value, path = text(name), text(f"{name}_FILE")
    if value and path:
        raise ImproperlyConfigured(
            f"{name} and {name}_FILE are both set. Keep one of them."
        )
    if not path:
        return value
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}_FILE names {path}, which cannot be read ({error.strerror})."
        ) from error


def flag(name: str, *, default: bool = False) -> bool:
    value = text(name).lower()
    if name not in os.environ:
        return default
    if value not in TRUE | FALSE:
        raise ImproperlyConfigured(f"{name} is {value!r}: write 1 for yes, 0 for no.")
    return value in TRUE


def number(name: str, default: float, *, low: float, high: float) -> float:
    value = text(name)
    try:
        parsed = float(value) if value else default
    except ValueError:
        parsed = float("nan")
    if not low <= parsed <= high:
        raise ImproperlyConfigured(
            f"{name} is {value!r}: give a number from {low:g} to {high:g}."
        )
    return parsed


def words(name: str) -> list[str]:
    return [word.strip() for word in text(name).split(",") if word.strip()]


def web_address(name: str, default: str) -> str:
    """A http(s) address without path, as scheme://host[:port]."""
    value = text(name, default).rstrip("/")
    parts = urlsplit(value)
    try:
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname)
        valid = valid and not parts.path and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid:
        raise ImproperlyConfigured(
            f"{name} is {value!r}: give an address such as https://photos.example.org."
        )
    return value


def is_public(address: str) -> bool:
    """Whether an address looks like one that the world can reach over https: a name
    with a dot, or a public IP address."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme != "https" or host in LOOPBACK:
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".lan", ".internal"))


@dataclass(frozen=True)
class ProviderAccess:
    """How to reach one remote provider. 0 leaves deadline (seconds) and rate (requests
    a second) to what the provider's document says. `by_address`: give it an address of
    ours to fetch the copy from. `extra` are settings that only this provider has."""

    key: str = field(repr=False)
    base_url: str
    deadline: float
    rate: float
    by_address: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)


def provider(
    name: str, default_host: str, extra: Mapping[str, str] | None = None
) -> ProviderAccess:
    """`extra` are further settings, as a pattern for each: AUTOENHANCE_KEEP_HOURS is
    the extra "keep_hours"."""
    prefix = name.upper()
    base_url = web_address(f"{prefix}_BASE_URL", default_host)
    parts = urlsplit(base_url)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ImproperlyConfigured(
            f"{prefix}_BASE_URL is {base_url!r}: it must begin with https://, because "
            "the key and the photos go there. Plain http is for this computer alone."
        )
    return ProviderAccess(
        key=secret(f"{prefix}_API_KEY"),
        base_url=base_url,
        deadline=number(f"{prefix}_DEADLINE", 0, low=0, high=86_400),
        rate=number(f"{prefix}_RATE", 0, low=0, high=1000),
        by_address=flag(f"{prefix}_BY_ADDRESS"),
        extra={
            each: _fitting(f"{prefix}_{each.upper()}", pattern)
            for each, pattern in (extra or {}).items()
        },
    )


def _fitting(name: str, pattern: str) -> str:
    value = text(name)
    if value and not re.fullmatch(pattern, value):
        raise ImproperlyConfigured(
            f"{name} is {value!r}, which it cannot be. The README says what it takes."
        )
    return value


def host_pairs(name: str) -> frozenset[str]:
    """host:port pairs, divided by commas."""
    pairs = words(name)
    for pair in pairs:
        host, _colon, port = pair.rpartition(":")
        if not host or not port.isdecimal() or "/" in pair:
            raise ImproperlyConfigured(
                f"{name} has {pair!r}: write host:port pairs such as 127.0.0.1:9101, "
                "divided by commas."
            )
    return frozenset(pairs)


def service(
    name: str, value: str, parse: Callable[[str], dict[str, object]]
) -> dict[str, object]:
    """The parts of an address such as DATABASE_URL, which may hold a password."""
    try:
        return parse(value)
    except (ImproperlyConfigured, KeyError, ValueError):
        # Not chained: what went wrong may quote the address.
        raise ImproperlyConfigured(
            f"{name} is not an address that can be read. The README has an example."
        ) from None


def time_zone(name: str, default: str) -> str:
    value = text(name, default)
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ImproperlyConfigured(
            f"{name} is {value!r}: give a name such as Europe/Berlin."
        ) from error
    return value


def private_folder(path: Path) -> Path:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(
            f"DATA_DIR is {path}, which cannot be made ({error.strerror}). "
            "Choose a folder that this user may write."
        ) from error
    return path


def kept_secret(path: Path) -> str:
    """A secret made once, kept in a file that only its owner may read."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _wait_for(path)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secrets.token_urlsafe(50))
        file.flush()
        os.fsync(file.fileno())
    return path.read_text(encoding="utf-8")


def _wait_for(path: Path) -> str:
    value = path.read_text(encoding="utf-8").strip()
    if not value:
        raise ImproperlyConfigured(
            f"{path} is empty. Delete it and start again: a new one is made, and "
            "everybody signs in once more."
        )
    return value
