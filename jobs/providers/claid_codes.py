"""Claid's states, errors and words, and what each means for us: which class (what
happens next), our stable code, whose problem it is, and the sentence for the family.

An error is told by its HTTP status and, in the body, by `error_type`, `error_code` and
`error_message` ("Errors" in its document); a task that failed says only words. The
vendor lists no words, so the rules below read them with care: what fits none is the
provider's failure, or, where a request was refused, our own mistake.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from jobs.providers.base import (
    SOURCE_NOT_FETCHED,
    Blame,
    NeedsOperator,
    NeedsPerson,
    ProviderError,
    RemoteStatus,
    Resubmit,
    RetryCall,
)
from jobs.providers.http import Reply, retry_after, without_addresses

Row = tuple[type[ProviderError], str, Blame, str]

# "Can have values" of the document, and those of its schema.
STATES: Mapping[str, RemoteStatus] = {
    "ACCEPTED": RemoteStatus.PENDING,
    "WAITING": RemoteStatus.PENDING,
    "PAUSED": RemoteStatus.PENDING,
    "PROCESSING": RemoteStatus.RUNNING,
    "DONE": RemoteStatus.SUCCEEDED,
    "ERROR": RemoteStatus.FAILED,
    "CANCELLED": RemoteStatus.FAILED,
}

TRY_LOCAL = "You can try again, or use the engine of this app."
TOLD = "The administrator has been told; the photo waits."

FAILED: Row = (
    Resubmit,
    "failed",
    Blame.PROVIDER,
    f"Claid could not finish this photo. {TRY_LOCAL}",
)
CANCELLED: Row = (
    Resubmit,
    "cancelled_by_provider",
    Blame.PROVIDER,
    f"Claid gave this photo up. {TRY_LOCAL}",
)
EMPTY_RESULT: Row = (
    Resubmit,
    "empty_result",
    Blame.PROVIDER,
    f"Claid said that the photo was done, but sent no picture. {TRY_LOCAL}",
)
NOT_FETCHED: Row = (
    Resubmit,
    SOURCE_NOT_FETCHED,
    Blame.PROVIDER,
    "Claid could not fetch the photo from here. It is sent as a file instead.",
)
TOO_LARGE: Row = (
    NeedsPerson,
    "too_large",
    Blame.PICTURE,
    "The photo, or what is to become of it, is too large for Claid. Enlarge it less, or "
    "use the engine of this app.",
)
INVALID_IMAGE: Row = (
    NeedsPerson,
    "invalid_image",
    Blame.PICTURE,
    "Claid could not read this photo. Scan it again as JPEG or PNG, or use the engine "
    "of this app.",
)
STORAGE: Row = (
    NeedsOperator,
    "storage_trouble",
    Blame.SETUP,
    f"Claid cannot reach the storage that is set up for it. {TOLD}",
)
NO_SUCH_STORAGE: Row = (
    NeedsOperator,
    "storage_unknown",
    Blame.SETUP,
    f"The storage that is set up here is not connected at Claid. {TOLD}",
)
BAD_REQUEST: Row = (
    NeedsOperator,
    "bad_request",
    Blame.SETUP,
    f"Claid did not understand what we asked for. {TOLD}",
)
WRONG_KEY: Row = (
    NeedsOperator,
    "wrong_key",
    Blame.SETUP,
    f"Claid does not accept this installation's key. {TOLD}",
)
NO_PERMISSION: Row = (
    NeedsOperator,
    "no_permission",
    Blame.SETUP,
    f"This installation's key may not edit images at Claid. {TOLD}",
)
NO_CREDITS: Row = (
    NeedsOperator,
    "no_credits",
    Blame.BUDGET,
    f"The credits at Claid are used up. {TOLD}",
)
NO_SUCH_PLACE: Row = (
    NeedsOperator,
    "wrong_address",
    Blame.SETUP,
    f"Claid was not found at its address. {TOLD}",
)
TASK_UNKNOWN: Row = (
    Resubmit,
    "task_unknown",
    Blame.PROVIDER,
    "Claid no longer knows this task. The photo is sent once more.",
)
CONFLICT: Row = (
    Resubmit,
    "conflict",
    Blame.PROVIDER,
    f"Claid says that this photo is being worked on already. {TRY_LOCAL}",
)
BUSY: Row = (
    RetryCall,
    "conflict",
    Blame.PROVIDER,
    "Claid is busy with this photo. We ask again by ourselves.",
)
TOO_OFTEN: Row = (
    RetryCall,
    "too_often",
    Blame.PROVIDER,
    "Claid asks us to slow down. The photo waits a moment and goes on.",
)
SERVER_TROUBLE: Row = (
    RetryCall,
    "provider_trouble",
    Blame.PROVIDER,
    "Claid has trouble at the moment. We try again by ourselves.",
)
NOT_UNDERSTOOD: Row = (
    RetryCall,
    "not_understood",
    Blame.PROVIDER,
    "Claid's answer made no sense. We try again by ourselves.",
)

# Of a refused request, in this order: by `error_type`, by `error_code`, by status.
TYPES: Mapping[str, Row] = {"auth": WRONG_KEY, "billing": NO_CREDITS}
ERROR_CODES: Mapping[str, Row] = {"111": WRONG_KEY, "2001": TOO_OFTEN}
STATUSES: Mapping[int, Row] = {
    401: WRONG_KEY,
    402: NO_CREDITS,
    403: NO_PERMISSION,
    413: TOO_LARGE,
    429: TOO_OFTEN,
}

# What words are about, the first that fits. A storage that was set up comes before the
# source, because both may be "not accessible".
WORDS: tuple[tuple[str, Row], ...] = (
    (
        r"(output|destination|result|save|saving|upload|write|writing)\b.*"
        r"\b(storage|bucket)|\b(storage|bucket)\b.*\b(output|destination|credentials|"
        r"permission|write|does not exist|not found)",
        STORAGE,
    ),
    (
        r"too (large|big|many pixels)|megapixel|exceed|size limit|maximum size",
        TOO_LARGE,
    ),
    (
        r"download|fetch|retriev|(not|in)[ -]?accessible|unreachable|not reachable|"
        r"cannot be (reached|loaded|accessed)|could not be (reached|loaded|accessed)|"
        r"(failed|unable) to (load|access|open|get)|not available|unavailable",
        NOT_FETCHED,
    ),
    (
        r"unsupported|not supported|corrupt|broken image|invalid image|not an image|"
        r"(not|cannot|can't|unable to) (be )?(identif|decod|read)|truncated",
        INVALID_IMAGE,
    ),
)


@dataclass(frozen=True)
class Said:
    """What an error's body says, whichever of its shapes it has."""

    kind: str = ""
    code: str = ""
    words: str = ""

    @property
    def is_theirs(self) -> bool:
        """Said by Claid itself, and not by a gateway before it."""
        return bool(self.kind or self.code or self.words)


def said_in(body: Any) -> Said:
    """The document's object, the same one below `detail`, or a list of what is wrong
    with which field."""
    inner = body.get("detail", body) if isinstance(body, dict) else body
    if isinstance(inner, str):
        return Said(words=without_addresses(inner))
    if isinstance(inner, list):
        return Said("validation", words=without_addresses(str(inner)))
    if not isinstance(inner, dict) or not {"error_type", "error_code"} & set(inner):
        return Said()
    words = f"{inner.get('error_message', '')} {inner.get('error_details') or ''}"
    return Said(
        str(inner.get("error_type") or ""),
        str(inner.get("error_code") or ""),
        without_addresses(words),
    )


def refused(
    reply: Reply, *, is_submit: bool, by_address: bool, request_id: str
) -> ProviderError:
    """What an answer other than 200 means."""
    said = said_in(reply.json())
    detail = f"HTTP {reply.status} {said.kind} {said.code}: {said.words} {request_id}"
    row = _row(reply.status, said, is_submit=is_submit, by_address=by_address)
    return error_of(
        row,
        detail,
        wait=retry_after(reply),
        ambiguous=row is SERVER_TROUBLE and is_submit and not said.is_theirs,
        rate_limited=row is TOO_OFTEN,
    )


def failed(
    words: str, *, cancelled: bool, by_address: bool, request_id: str
) -> ProviderError:
    """What the words of a task that failed mean."""
    row = CANCELLED if cancelled else FAILED
    found = about(words, by_address=by_address) or row
    return error_of(found, f"{without_addresses(words)} {request_id}")


def about(words: str, *, by_address: bool) -> Row | None:
    for pattern, row in WORDS:
        # A photo that was sent as a file has no source that could be out of reach.
        if row is NOT_FETCHED and not by_address:
            continue
        if re.search(pattern, without_addresses(words), re.IGNORECASE):
            return row
    return None


def _row(status: int, said: Said, *, is_submit: bool, by_address: bool) -> Row:
    by_status = STATUSES.get(status)
    if status >= 500 or status < 400:
        return SERVER_TROUBLE
    known = TYPES.get(said.kind) or ERROR_CODES.get(said.code)
    if status != 403 and known:
        return known
    if by_status:
        return by_status
    if status == 404:
        return NO_SUCH_PLACE if is_submit else TASK_UNKNOWN
    if status == 409:
        return CONFLICT if is_submit else BUSY
    return about(said.words, by_address=by_address) or BAD_REQUEST


def error_of(
    row: Row,
    detail: str,
    *,
    wait: timedelta | None = None,
    ambiguous: bool = False,
    rate_limited: bool = False,
) -> ProviderError:
    kind, code, blame, sentence = row
    detail = " ".join(detail.split())[:400]
    if issubclass(kind, RetryCall):
        return kind(
            code,
            blame,
            sentence,
            detail=detail,
            retry_after=wait,
            ambiguous=ambiguous,
            rate_limited=rate_limited,
        )
    return kind(code, blame, sentence, detail=detail)
