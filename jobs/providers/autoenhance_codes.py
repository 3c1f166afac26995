"""Autoenhance's states and codes, and what each means for us: which class (what happens
next), our stable code, whose problem it is, and the sentence for the family.

The states are those of the vendor's order pages, and the words that its clients guard
against. HTTP codes are those of its image endpoints; a code that is not here is the
nearest one of its hundred.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from jobs.providers.base import (
    Blame,
    NeedsOperator,
    NeedsPerson,
    ProviderError,
    RemoteStatus,
    Resubmit,
    RetryCall,
)

Row = tuple[type[ProviderError], str, Blame, str]

STATUSES: Mapping[str, RemoteStatus] = {
    "waiting": RemoteStatus.PENDING,
    "processing": RemoteStatus.RUNNING,
    "processed": RemoteStatus.SUCCEEDED,
    "completed": RemoteStatus.SUCCEEDED,
    "done": RemoteStatus.SUCCEEDED,
    "error": RemoteStatus.FAILED,
    "failed": RemoteStatus.FAILED,
}

TOLD = "The administrator has been told; the photo waits."
ELSEWHERE = "You can try again, or use the engine of this app."

CODES: Mapping[int, Row] = {
    400: (
        NeedsOperator,
        "bad_request",
        Blame.SETUP,
        f"Autoenhance did not understand what we asked for. {TOLD}",
    ),
    401: (
        NeedsOperator,
        "wrong_key",
        Blame.SETUP,
        f"Autoenhance does not accept this installation's key. {TOLD}",
    ),
    402: (
        NeedsOperator,
        "no_credits",
        Blame.BUDGET,
        "The plan at Autoenhance does not pay for this picture, or its credits are used "
        f"up. {TOLD}",
    ),
    403: (
        NeedsOperator,
        "wrong_key",
        Blame.SETUP,
        f"Autoenhance does not accept this installation's key. {TOLD}",
    ),
    404: (
        Resubmit,
        "task_unknown",
        Blame.PROVIDER,
        "Autoenhance no longer knows this photo. It is sent once more.",
    ),
    405: (
        NeedsOperator,
        "wrong_address",
        Blame.SETUP,
        f"Autoenhance has changed how it wants to be asked. {TOLD}",
    ),
    413: (
        NeedsPerson,
        "too_large",
        Blame.PICTURE,
        "The photo is too large for Autoenhance. Use a smaller copy, or the engine of "
        "this app.",
    ),
    422: (
        NeedsOperator,
        "bad_request",
        Blame.SETUP,
        f"Autoenhance does not take these settings. {TOLD}",
    ),
    429: (
        RetryCall,
        "too_often",
        Blame.PROVIDER,
        "Autoenhance asks us to slow down. The photo waits a moment and goes on.",
    ),
}
NO_SUCH_PLACE: Row = (
    NeedsOperator,
    "wrong_address",
    Blame.SETUP,
    f"Autoenhance was not found at its address. {TOLD}",
)
# Answered with 429 as well, but waiting does not help: another name does.
NAME_USED_UP: Row = (
    Resubmit,
    "name_used_up",
    Blame.PROVIDER,
    "Autoenhance has seen the name of our copy too often. It is sent once more under "
    "another name.",
)
SERVER_TROUBLE: Row = (
    RetryCall,
    "provider_trouble",
    Blame.PROVIDER,
    "Autoenhance has trouble at the moment. We try again by ourselves.",
)
NOT_UNDERSTOOD: Row = (
    RetryCall,
    "not_understood",
    Blame.PROVIDER,
    "Autoenhance's answer made no sense. We try again by ourselves.",
)
WOULD_BLUR: Row = (
    NeedsOperator,
    "faces_would_be_blurred",
    Blame.SETUP,
    "Autoenhance would have blurred the faces, though we asked it not to. Nothing was "
    f"sent. {TOLD}",
)
FAILED: Row = (
    Resubmit,
    "failed",
    Blame.PROVIDER,
    f"Autoenhance could not finish this photo. {ELSEWHERE}",
)
DAILY_LIMIT: Row = (
    Resubmit,
    "daily_limit",
    Blame.BUDGET,
    "Autoenhance takes only so many photos a day from this installation, and today's are "
    "used up. This one goes on tomorrow; or use the engine of this app.",
)
COPY_GONE: Row = (
    Resubmit,
    "copy_gone",
    Blame.PROVIDER,
    "The photo is no longer at Autoenhance. It is sent once more.",
)
UPLOAD_REFUSED: Row = (
    Resubmit,
    "upload_refused",
    Blame.PROVIDER,
    f"The place that Autoenhance named for the photo did not take it. {ELSEWHERE}",
)
UPLOAD_TROUBLE: Row = (
    RetryCall,
    "upload_failed",
    Blame.PROVIDER,
    "The photo could not be handed over to Autoenhance just now. We try again.",
)
RESULT_GONE: Row = (
    Resubmit,
    "result_gone",
    Blame.PROVIDER,
    "The restored picture was no longer at Autoenhance when we fetched it.",
)
NO_PICTURE: Row = (
    RetryCall,
    "empty_result",
    Blame.PROVIDER,
    "Autoenhance handed over no picture. We ask again.",
)

# Whoever has no room today has none a minute later.
PAUSES = {"daily_limit": timedelta(hours=24)}
SIZE_WORDS = ("size", "resolution", "too large")
LIMIT_WORDS = ("limit", "quota", "per day", "daily")
NAME_WORDS = ("name", "duplicate")
# An id is as good as the photo: whoever knows it can look at it without a key.
IDS = re.compile(r"[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}|https?://\S+")


def reason_row(reason: str) -> Row:
    """What a failed image's `status_reason` means, a text of which there is no list."""
    words = reason.lower()
    if any(word in words for word in SIZE_WORDS):
        return CODES[413]
    if any(word in words for word in LIMIT_WORDS):
        return DAILY_LIMIT
    return FAILED


def without_ids(text: str) -> str:
    return IDS.sub("(hidden)", text)[:200]


def error_of(
    row: Row,
    detail: str,
    *,
    wait: timedelta | None = None,
    ambiguous: bool = False,
    rate_limited: bool = False,
) -> ProviderError:
    kind, code, blame, sentence = row
    hidden = without_ids(detail)
    if issubclass(kind, RetryCall):
        return kind(
            code,
            blame,
            sentence,
            detail=hidden,
            retry_after=wait,
            ambiguous=ambiguous,
            rate_limited=rate_limited,
        )
    if issubclass(kind, Resubmit) and code in PAUSES:
        return kind(code, blame, sentence, detail=hidden, pause=PAUSES[code])
    return kind(code, blame, sentence, detail=hidden)
