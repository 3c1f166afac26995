"""Upscayl's states and errors, and what each means for us: which class (what happens
next), our stable code, whose problem it is, and the sentence for the family.

The errors are those of the vendor's document, by their `error`; the HTTP status counts
where the body names none, as in older answers of plain text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from jobs.providers.base import (
    Blame,
    NeedsOperator,
    NeedsPerson,
    ProviderError,
    RemoteStatus,
    Resubmit,
    RetryCall,
)
from jobs.providers.http import LONGEST_WAIT, Reply, retry_after, without_addresses

Row = tuple[type[ProviderError], str, Blame, str]

# Both vocabularies: the document's, and what the service and its later pages say.
STATUSES: Mapping[str, RemoteStatus] = {
    "PENDING": RemoteStatus.PENDING,
    "PROCESSING": RemoteStatus.RUNNING,
    "ENHANCING": RemoteStatus.RUNNING,
    "COMPLETED": RemoteStatus.SUCCEEDED,
    "PROCESSED": RemoteStatus.SUCCEEDED,
    "FAILED": RemoteStatus.FAILED,
    "PROCESSING_FAILED": RemoteStatus.FAILED,
    "ERROR": RemoteStatus.FAILED,
}

# By which words the history is asked for some of its tasks: those of the document alone.
FILTERS: Mapping[RemoteStatus, str] = {
    RemoteStatus.PENDING: "pending",
    RemoteStatus.RUNNING: "processing",
    RemoteStatus.SUCCEEDED: "completed",
    RemoteStatus.FAILED: "failed",
}

INVALID_FILE: Row = (
    NeedsPerson,
    "invalid_image",
    Blame.PICTURE,
    "Upscayl could not read this photo. Scan it again as JPEG or PNG, or use the engine "
    "of this app.",
)
TOO_LARGE: Row = (
    NeedsPerson,
    "too_large",
    Blame.PICTURE,
    "The photo is too large for Upscayl. Use a smaller copy, or the engine of this app.",
)
BAD_REQUEST: Row = (
    NeedsOperator,
    "bad_request",
    Blame.SETUP,
    "Upscayl did not understand what we asked for. The administrator has been told; the "
    "photo waits.",
)
WRONG_KEY: Row = (
    NeedsOperator,
    "wrong_key",
    Blame.SETUP,
    "Upscayl does not accept this installation's key. The administrator has been told; "
    "the photo waits.",
)
NO_CREDITS: Row = (
    NeedsOperator,
    "no_credits",
    Blame.BUDGET,
    "The credits at Upscayl are used up. The administrator has been told; the photo "
    "waits.",
)
WRONG_ADDRESS: Row = (
    NeedsOperator,
    "wrong_address",
    Blame.SETUP,
    "Upscayl was not found at its address. The administrator has been told; the photo "
    "waits.",
)
TASK_UNKNOWN: Row = (
    Resubmit,
    "task_unknown",
    Blame.PROVIDER,
    "Upscayl no longer knows this task. The photo is sent once more.",
)
TOO_OFTEN: Row = (
    RetryCall,
    "too_often",
    Blame.PROVIDER,
    "Upscayl takes only so many requests an hour. The photo waits, and goes on by "
    "itself.",
)
TROUBLE: Row = (
    RetryCall,
    "provider_trouble",
    Blame.PROVIDER,
    "Upscayl has trouble at the moment. We try again by ourselves.",
)
NOT_UNDERSTOOD: Row = (
    RetryCall,
    "not_understood",
    Blame.PROVIDER,
    "Upscayl's answer made no sense. We try again by ourselves.",
)
NOT_LISTED_YET: Row = (
    RetryCall,
    "not_listed_yet",
    Blame.PROVIDER,
    "Sending broke off, and Upscayl's list does not tell yet whether the photo arrived. "
    "We look again before anything is sent twice.",
)
FAILED: Row = (
    Resubmit,
    "failed",
    Blame.PROVIDER,
    "Upscayl could not finish this photo. You can try again, or use the engine of this "
    "app.",
)
UPLOAD_REFUSED: Row = (
    Resubmit,
    "upload_refused",
    Blame.PROVIDER,
    "Upscayl's storage did not take the photo. You can try again, or use the engine of "
    "this app.",
)

ERRORS: Mapping[str, Row] = {
    "INVALID_FILE_TYPE": INVALID_FILE,
    "FILE_SIZE_EXCEEDED": TOO_LARGE,
    "MISSING_REQUIRED_FIELDS": BAD_REQUEST,
    "BAD_REQUEST": BAD_REQUEST,
    "UNAUTHORIZED": WRONG_KEY,
    "INSUFFICIENT_CREDITS": NO_CREDITS,
    "NOT_FOUND": WRONG_ADDRESS,
    "RATE_LIMIT_EXCEEDED": TOO_OFTEN,
    "INTERNAL_SERVER_ERROR": TROUBLE,
}
# Refusals that another way to send the file does not mend.
ABOUT_THE_FILE = {"INVALID_FILE_TYPE", "FILE_SIZE_EXCEEDED"}
# The status decides what the body may not know better.
STATUS_CODES: Mapping[int, Row] = {
    401: WRONG_KEY,
    402: NO_CREDITS,
    403: WRONG_KEY,
    404: WRONG_ADDRESS,
    413: TOO_LARGE,
    415: INVALID_FILE,
    429: TOO_OFTEN,
}
MISSING = re.compile(r"missing|required", re.IGNORECASE)
# "Too many requests. Try again in 1 hour": there is no other word of how long.
AGAIN_IN = re.compile(r"in (\d{1,3}) (second|minute|hour)s?\b", re.IGNORECASE)


def error_of(
    row: Row,
    detail: str,
    *,
    wait: timedelta | None = None,
    ambiguous: bool = False,
) -> ProviderError:
    kind, code, blame, sentence = row
    if not issubclass(kind, RetryCall):
        return kind(code, blame, sentence, detail=detail)
    return kind(
        code,
        blame,
        sentence,
        detail=detail,
        retry_after=wait,
        ambiguous=ambiguous,
        rate_limited=row is TOO_OFTEN,
    )


def refusal(reply: Reply, *, begins_task: bool) -> ProviderError:
    """What an answer that is not 200 means."""
    error, message = said(reply)
    row = STATUS_CODES.get(reply.status) or ERRORS.get(error)
    if row is None:
        row = BAD_REQUEST if 400 <= reply.status < 500 else TROUBLE
    return error_of(
        row,
        f"HTTP {reply.status} {error}: {message}",
        wait=retry_after(reply) or _wait_in_words(message),
        # A gateway may answer for a service that has already taken the photo; the
        # service's own "no" means no.
        ambiguous=begins_task and reply.status >= 500 and not error,
    )


def lacks_a_parameter(reply: Reply) -> bool:
    """Whether the refusal may come from the other wrapping of the body."""
    error, message = said(reply)
    is_missing = error == "MISSING_REQUIRED_FIELDS" or MISSING.search(message)
    return reply.status == 400 and bool(is_missing)


def said(reply: Reply) -> tuple[str, str]:
    """The body's `error` and `message`; where it is no JSON, "" and its text."""
    parsed = reply.json()
    body: Mapping[str, Any] = parsed if isinstance(parsed, dict) else {}
    if not body:
        text = reply.body[:2000].decode(errors="replace").strip()
        return "", without_addresses(text)[:200]
    message = without_addresses(str(body.get("message", "")))
    return str(body.get("error", ""))[:40], message[:200]


def _wait_in_words(message: str) -> timedelta | None:
    found = AGAIN_IN.search(message)
    if not found:
        return None
    wait = timedelta(**{f"{found[2].lower()}s": int(found[1])})
    return min(wait, LONGEST_WAIT)
