"""How Autoenhance's answers are read, in all the spellings of its API's versions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from jobs.providers.autoenhance_codes import (
    CODES,
    NAME_USED_UP,
    NAME_WORDS,
    NO_PICTURE,
    NOT_UNDERSTOOD,
    SERVER_TROUBLE,
    STATUSES,
    WOULD_BLUR,
    Row,
    error_of,
)
from jobs.providers.autoenhance_options import Wire
from jobs.providers.base import ProviderError, RemoteStatus
from jobs.providers.http import Reply, retry_after

# For so long the state after a reprocess may still be the one before it.
SETTLED_AFTER = timedelta(seconds=5)
REDIRECTS = {301, 302, 303, 307, 308}


def is_fine(reply: Reply) -> bool:
    return 200 <= reply.status < 300


def image_in(
    reply: Reply,
    *,
    is_submit: bool = False,
    row_404: Row = CODES[404],
) -> Mapping[str, Any]:
    """The image that the reply tells of."""
    parsed = reply.json()
    if not is_fine(reply):
        raise refusal(reply, row_404, is_submit=is_submit)
    if not isinstance(parsed, dict):
        raise error_of(NOT_UNDERSTOOD, "no JSON object", ambiguous=is_submit)
    return parsed


def refusal(reply: Reply, row_404: Row, *, is_submit: bool = False) -> ProviderError:
    """What a reply that is no success means; `row_404` is what "not found" means."""
    parsed = reply.json()
    body = parsed if isinstance(parsed, dict) else {}
    message = str(body.get("message") or "")
    detail = f"HTTP {reply.status}: {message} {body.get('detail') or ''}".strip()
    if reply.status == 404:
        return error_of(row_404, detail)
    if reply.status == 429 and is_submit and _is_about_name(message):
        return error_of(NAME_USED_UP, detail)
    if reply.status == 429:
        return error_of(CODES[429], detail, wait=retry_after(reply), rate_limited=True)
    if reply.status in CODES:
        return error_of(CODES[reply.status], detail)
    if 400 <= reply.status < 500:
        return error_of(CODES[400], detail)
    if reply.status < 400:
        return error_of(NO_PICTURE, detail)
    # A gateway may answer for a provider that did take it; the provider's own "no"
    # comes with a message.
    return error_of(
        SERVER_TROUBLE,
        detail,
        wait=retry_after(reply),
        ambiguous=is_submit and not message,
    )


def _is_about_name(message: str) -> bool:
    return any(word in message.lower() for word in NAME_WORDS)


def onward(reply: Reply) -> str:
    """Where the picture is instead."""
    if reply.status in REDIRECTS:
        headers = {name.lower(): value for name, value in reply.headers.items()}
        return headers.get("location", "")
    parsed = reply.json()
    found = parsed.get("url") if isinstance(parsed, dict) else None
    return found if reply.status == 200 and isinstance(found, str) else ""


def status_of(image: Mapping[str, Any]) -> RemoteStatus:
    """`status`, or the two switches that older versions of the API had instead."""
    said = image.get("status")
    if isinstance(said, str):
        return STATUSES.get(said.lower(), RemoteStatus.UNKNOWN)
    if image.get("error") is True:
        return RemoteStatus.FAILED
    if image.get("enhanced") is True:
        return RemoteStatus.SUCCEEDED
    return RemoteStatus.UNKNOWN


def is_of_before(image: Mapping[str, Any], brought: Mapping[str, str]) -> bool:
    """Whether an end may be that of the task before ours on the same image: until it
    was seen at work, or shows our settings and had some seconds to begin."""
    if not brought.get("asked") or brought.get("moved"):
        return False
    asked: Wire = json.loads(brought["asked"])
    age = datetime.now(UTC) - datetime.fromisoformat(brought["asked_at"])
    # The name of a version may come back as the version that it stands for now.
    shown = (name for name in asked if name != "ai_version")
    same = all((_shown(image, name) or None) == (asked[name] or None) for name in shown)
    return not same or age < SETTLED_AFTER


def _shown(image: Mapping[str, Any], name: str) -> object:
    """A setting of the image; versions of the API before ours know a switch for
    windows, and no type."""
    if name != "window_pull_type" or name in image:
        return image.get(name)
    return "ONLY_WINDOWS" if image.get("window_pull") else "NONE"


def refuse_blurring(image: Mapping[str, Any]) -> None:
    if image.get("privacy") is True:
        raise error_of(WOULD_BLUR, "privacy came back as true")
