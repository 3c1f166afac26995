"""PicWish's states and codes, and what each means for us: which class (what happens
next), our stable code, whose problem it is, and the sentence for the family.

The rows are those of the vendor's "Status codes"; a row that is not there is a failure
that one new task may mend.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from jobs.providers.base import (
    SOURCE_NOT_FETCHED,
    Blame,
    Final,
    NeedsOperator,
    NeedsPerson,
    ProviderError,
    Resubmit,
    RetryCall,
)

Row = tuple[type[ProviderError], str, Blame, str]

PENDING = {0: "queued", 2: "preparing", 3: "waiting"}
RUNNING = {4: "processing", 5: "publishing the result", 6: "loop processing"}

TRY_LOCAL = "You can try again, or use the engine of this app."


def resubmit(code: str) -> Row:
    return (
        Resubmit,
        code,
        Blame.PROVIDER,
        f"PicWish could not finish this photo. {TRY_LOCAL}",
    )


# data.state below zero: what happens next, our code, whose problem, what to say.
FAILED_STATES: Mapping[int, Row] = {
    -1: resubmit("failed"),
    -2: resubmit("result_upload_failed"),
    -3: (
        Resubmit,
        SOURCE_NOT_FETCHED,
        Blame.PROVIDER,
        "PicWish could not fetch the photo from here. It is sent as a file instead.",
    ),
    -5: (
        NeedsPerson,
        "too_large",
        Blame.PICTURE,
        "The photo is too large for PicWish. Use a smaller copy, or the engine of "
        "this app.",
    ),
    -7: (
        NeedsPerson,
        "invalid_image",
        Blame.PICTURE,
        "PicWish could not read this photo. Scan it again as JPEG or PNG, or use the "
        "engine of this app.",
    ),
    -8: (
        Resubmit,
        "provider_timed_out",
        Blame.PROVIDER,
        f"PicWish took too long over this photo. {TRY_LOCAL}",
    ),
    -9: resubmit("loop_failed"),
    -10: (
        Final,
        "content_refused",
        Blame.PICTURE,
        "PicWish's automatic check did not accept this photo. Such checks err; the "
        "engine of this app restores it without asking anybody.",
    ),
    -11: resubmit("empty_result"),
    -13: resubmit("cancelled_by_provider"),
    -14: (
        NeedsPerson,
        "content_unsuitable",
        Blame.PICTURE,
        "PicWish says that this photo does not suit its method. Try the engine of "
        "this app.",
    ),
    -15: (
        Resubmit,
        "provider_busy",
        Blame.PROVIDER,
        "PicWish has no room for this photo just now. Try again in some minutes, or "
        "use the engine of this app.",
    ),
    -16: (
        Final,
        "content_refused",
        Blame.PICTURE,
        "PicWish's automatic check did not accept this photo. Such checks err; the "
        "engine of this app restores it without asking anybody.",
    ),
    -17: (
        NeedsOperator,
        "prompt_invalid",
        Blame.SETUP,
        "PicWish did not understand what we asked for. The administrator has been "
        "told; the photo waits.",
    ),
}

# The HTTP status, and the `status` in the body, which may differ.
CODES: Mapping[int, Row] = {
    400: (
        NeedsOperator,
        "bad_request",
        Blame.SETUP,
        "PicWish did not understand what we asked for. The administrator has been "
        "told; the photo waits.",
    ),
    401: (
        NeedsOperator,
        "wrong_key",
        Blame.SETUP,
        "PicWish does not accept this installation's key. The administrator has been "
        "told; the photo waits.",
    ),
    402: (
        NeedsOperator,
        "no_credits",
        Blame.BUDGET,
        "The credits at PicWish are used up. The administrator has been told; the "
        "photo waits.",
    ),
    403: (
        NeedsOperator,
        "wrong_key",
        Blame.SETUP,
        "PicWish does not accept this installation's key. The administrator has been "
        "told; the photo waits.",
    ),
    413: (
        NeedsPerson,
        "too_large",
        Blame.PICTURE,
        "The photo is too large for PicWish. Use a smaller copy, or the engine of "
        "this app.",
    ),
    429: (
        RetryCall,
        "too_often",
        Blame.PROVIDER,
        "PicWish asks us to slow down. The photo waits a moment and goes on.",
    ),
}
NOT_FOUND = (
    Resubmit,
    "task_unknown",
    Blame.PROVIDER,
    "PicWish no longer knows this task. The photo is sent once more.",
)
NO_SUCH_PLACE = (
    NeedsOperator,
    "wrong_address",
    Blame.SETUP,
    "PicWish was not found at its address. The administrator has been told; the photo "
    "waits.",
)
SERVER_TROUBLE = (
    RetryCall,
    "provider_trouble",
    Blame.PROVIDER,
    "PicWish has trouble at the moment. We try again by ourselves.",
)
NOT_UNDERSTOOD = (
    RetryCall,
    "not_understood",
    Blame.PROVIDER,
    "PicWish's answer made no sense. We try again by ourselves.",
)
# Whoever has no room now has none a second later.
PAUSES = {"provider_busy": timedelta(minutes=2)}
CREDIT_WORDS = ("credit", "balance", "insufficient", "quota", "points")


def error_of(
    row: Row,
    detail: str,
    *,
    wait: timedelta | None = None,
    ambiguous: bool = False,
    rate_limited: bool = False,
) -> ProviderError:
    kind, code, blame, sentence = row
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
    if issubclass(kind, Resubmit) and code in PAUSES:
        return kind(code, blame, sentence, detail=detail, pause=PAUSES[code])
    return kind(code, blame, sentence, detail=detail)
