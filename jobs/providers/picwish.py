"""PicWish, old photo restoration.

Facts are from the vendor's own document ("Old Photo Restoration API"): host, header,
fields, states, codes, limits. Where it is unclear, the safe reading is taken: `sync`
and `change_color` are always sent, `state` alone decides, both names of the result are
understood, and the result may be an address or base64.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jobs.providers.base import (
    Access,
    Limits,
    Promise,
    ProviderError,
    RemoteState,
    RemoteStatus,
    Resubmit,
    Result,
    Scan,
    Submission,
)
from jobs.providers.http import (
    Api,
    Downloads,
    Reply,
    retry_after,
    without_addresses,
)
from jobs.providers.options import Option
from jobs.providers.picwish_codes import (
    CODES,
    CREDIT_WORDS,
    FAILED_STATES,
    NO_SUCH_PLACE,
    NOT_FOUND,
    NOT_UNDERSTOOD,
    PENDING,
    RUNNING,
    SERVER_TROUBLE,
    error_of,
    resubmit,
)

NAME = "picwish"
LABEL = "PicWish"
PATH = "/api/tasks/visual/restoration-old-photo"
SYNC_SECONDS = 200.0
# Base64 of the largest result, with room for the rest of the reply.
SYNC_REPLY_BYTES = 48 * 1024 * 1024

OPTIONS = (
    Option(
        name="restoration_type",
        label="How damaged is it?",
        help="Severe repairs more, and invents more.",
        choices=(("0", "Light"), ("1", "Medium"), ("2", "Severe")),
        default="0",
    ),
    Option(
        name="model_type",
        label="Style of the repair",
        help="Realistic stays closest to the print; the others sharpen more and may "
        "change faces.",
        choices=(
            ("1", "Realistic"),
            ("2", "Smart enhancement"),
            ("3", "Ultra HD"),
        ),
        default="1",
        only_if=("restoration_type", ("1", "2")),
    ),
    Option(
        name="change_color",
        label="Colour the photo",
        help="The colours are a guess of the provider, not what was there.",
        choices=(("0", "No"), ("1", "Yes")),
        default="0",
    ),
    Option(
        name="sync",
        label="Wait on the line",
        help="Holds the connection until the picture is done. Leave it off: a broken "
        "line would lose a picture that was paid for.",
        choices=(("0", "No"), ("1", "Yes")),
        default="0",
    ),
)

LIMITS = Limits(
    formats=("jpeg", "png"),
    # "Less than 20 MB", read as the smaller of the two megabytes.
    max_bytes=20_000_000 - 1,
    max_width=2048,
    max_height=2048,
    per_second=2.0,
    deadline=timedelta(seconds=180),
    result_lifetime=timedelta(hours=1),
    typical=timedelta(seconds=20),
    first_look=timedelta(seconds=2),
    long_submit=timedelta(seconds=SYNC_SECONDS),
)

PROMISE = Promise(
    costs="PicWish charges credits for each restored photo; its price list says how "
    "many. A photo that fails is not charged.",
    keeps="PicWish says that results can be fetched for one hour. It does not say when "
    "the photo itself is deleted.",
    sends_to="PicWish ({host})",
)


class PicWish:
    name = NAME
    label = LABEL
    options = OPTIONS
    limits = LIMITS
    promise = PROMISE

    def __init__(self, api: Api, downloads: Downloads) -> None:
        self.api = api
        self.downloads = downloads

    @classmethod
    def connect(
        cls, access: Access, *, timeout: float, downloads: Downloads
    ) -> PicWish:
        api = Api(
            base_url=access.base_url,
            secret_headers={"X-API-KEY": access.key},
            timeout=timeout,
        )
        return cls(api, downloads)

    @staticmethod
    def is_long_submit(options: Mapping[str, str], *, by_address: bool) -> bool:
        return options.get("sync") == "1"

    def submit(
        self,
        scan: Scan,
        options: Mapping[str, str],
        request_key: str,
        brought: Mapping[str, str],
    ) -> Submission:
        """POST the photo as a file, or its address where there is one: one step. Raises
        ProviderError."""
        is_long = self.is_long_submit(options, by_address=bool(scan.address))
        with scan.path.open("rb") as file:
            sent = {"image_file": (scan.name, file, scan.media_type)}
            # Without a file name it is a text field; a form all the same.
            named = {"image_url": (None, scan.address)}
            reply = self.api.call(
                "POST",
                PATH,
                data=form_fields(options),
                files=named if scan.address else sent,
                timeout=SYNC_SECONDS if is_long else None,
                max_bytes=SYNC_REPLY_BYTES if is_long else 256 * 1024,
            )
        data = _data(reply, is_submit=True)
        remote_id = data.get("task_id")
        if not isinstance(remote_id, str) or not remote_id.strip():
            raise error_of(NOT_UNDERSTOOD, "no task_id", ambiguous=True)
        state = _state(data) if is_long and "state" in data else None
        return Submission(remote_id=remote_id.strip(), state=state)

    def poll(self, remote_id: str, brought: Mapping[str, str]) -> RemoteState:
        """GET the task. A failed task raises; everything else is a state."""
        reply = self.api.call(
            "GET", f"{PATH}/{_segment(remote_id)}", max_bytes=SYNC_REPLY_BYTES
        )
        data = _data(reply, is_submit=False)
        echoed = data.get("task_id")
        if isinstance(echoed, str) and echoed and echoed != remote_id:
            raise error_of(NOT_UNDERSTOOD, "the answer is about another task")
        return _state(data)

    def fetch(self, result: Result, into: Path) -> int:
        if result.data:
            return into.write_bytes(result.data)
        return self.downloads.fetch(
            result.address, into, max_bytes=LIMITS.max_result_bytes
        )

    def check(self) -> str:
        """Ask for a task that cannot exist: a right key gets "unknown", a wrong one is
        refused, and nothing is charged."""
        try:
            self.poll("00000000-0000-0000-0000-000000000000", {})
        except Resubmit:
            return "PicWish answers and accepts the key."
        except ProviderError as error:
            if error.code != "bad_request":
                raise
        return "PicWish answers and accepts the key."


def form_fields(options: Mapping[str, str]) -> dict[str, str]:
    """The create call's text fields: complete, and `model_type` only where it counts."""
    fields = {
        "sync": options["sync"],
        "restoration_type": options["restoration_type"],
        "change_color": options["change_color"],
    }
    if options["restoration_type"] != "0":
        fields["model_type"] = options["model_type"]
    return fields


def _data(reply: Reply, *, is_submit: bool) -> Mapping[str, Any]:
    """The reply's `data`, when both the HTTP status and the body's own say 200."""
    parsed = reply.json()
    body = parsed if isinstance(parsed, dict) else {}
    inner = body.get("status")
    code = reply.status
    if code == 200 and isinstance(inner, int) and not isinstance(inner, bool):
        code = inner
    if code != 200:
        raise _http_error(code, reply, body, is_submit=is_submit)
    data = body.get("data")
    if not isinstance(data, dict):
        raise error_of(NOT_UNDERSTOOD, "no JSON object `data`", ambiguous=is_submit)
    return data


def _http_error(
    code: int, reply: Reply, body: Mapping[str, Any], *, is_submit: bool
) -> ProviderError:
    message = without_addresses(str(body.get("message", "")))[:200]
    detail = f"HTTP {reply.status}, status {code}: {message}"
    if code in {400, 401, 403} and any(w in message.lower() for w in CREDIT_WORDS):
        return error_of(CODES[402], detail)
    if code == 404:
        return error_of(NO_SUCH_PLACE if is_submit else NOT_FOUND, detail)
    if code == 429:
        return error_of(CODES[429], detail, wait=retry_after(reply), rate_limited=True)
    if code in CODES:
        return error_of(CODES[code], detail)
    if 400 <= code < 500:
        return error_of(CODES[400], detail)
    # A gateway may answer for a provider that has already taken the photo; the
    # provider's own "no" means no.
    return error_of(
        SERVER_TROUBLE,
        detail,
        wait=retry_after(reply),
        ambiguous=is_submit and "status" not in body,
    )


def _state(data: Mapping[str, Any]) -> RemoteState:
    """`state` alone decides; `progress` is only shown."""
    state = data.get("state")
    words = without_addresses(str(data.get("state_detail") or ""))[:100]
    if isinstance(state, bool) or not isinstance(state, int):
        return RemoteState(status=RemoteStatus.UNKNOWN, words=words)
    if state == 1:
        return RemoteState(
            status=RemoteStatus.SUCCEEDED,
            progress=1.0,
            words=words,
            result=_result(data),
        )
    if state < 0:
        raise error_of(
            FAILED_STATES.get(state, resubmit("failed_unknown")),
            f"state {state}: {words}",
        )
    status = RemoteStatus.UNKNOWN
    if state in PENDING:
        status = RemoteStatus.PENDING
    elif state in RUNNING:
        status = RemoteStatus.RUNNING
    return RemoteState(
        status=status,
        progress=_progress(data),
        words=words or PENDING.get(state, RUNNING.get(state, f"state {state}")),
    )


def _progress(data: Mapping[str, Any]) -> float | None:
    progress = data.get("progress")
    if isinstance(progress, bool) or not isinstance(progress, int | float):
        return None
    return min(max(progress / 100, 0.0), 1.0)


def _result(data: Mapping[str, Any]) -> Result:
    values = (data.get("image"), data.get("image_url"))
    found = next((v.strip() for v in values if isinstance(v, str) and v.strip()), "")
    if not found:
        raise error_of(FAILED_STATES[-11], "state 1 without a picture")
    if data.get("return_type") != 2 and found.lower().startswith(
        ("http://", "https://")
    ):
        return Result(address=found)
    _head, _comma, text = found.rpartition("base64,")
    try:
        return Result(data=base64.b64decode("".join(text.split()), validate=True))
    except (binascii.Error, ValueError) as error:
        raise error_of(FAILED_STATES[-11], "neither address nor base64") from error


def _segment(remote_id: str) -> str:
    """An id as one path segment, whatever the provider put into it."""
    return quote(remote_id, safe="")
