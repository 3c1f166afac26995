"""Upscayl Cloud: enlarges photos.

Facts are from the vendor's own document ("Upscayl Cloud API", 1.0.0): host, header,
calls, fields, limits, errors. Its service has moved on since, so that both wrappings of
a body (bare, and inside `data`), both vocabularies of states and several names of the
result's address are understood; which wrapping a call takes is found out and kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from jobs.providers.base import (
    POLL,
    SUBMIT,
    Access,
    Limits,
    Promise,
    RecentTask,
    RemoteState,
    RemoteStatus,
    Result,
    RetryCall,
    Scan,
    Submission,
    Wanted,
)
from jobs.providers.http import Api, Downloads, Reply
from jobs.providers.upscayl_answers import (
    begun,
    body_of,
    data_of,
    is_of,
    may_be_any,
    recent_task,
    state_of,
)
from jobs.providers.upscayl_codes import (
    ABOUT_THE_FILE,
    FILTERS,
    NOT_LISTED_YET,
    NOT_UNDERSTOOD,
    TASK_UNKNOWN,
    TROUBLE,
    UPLOAD_REFUSED,
    error_of,
    lacks_a_parameter,
    said,
)
from jobs.providers.upscayl_options import OPTIONS as OPTIONS
from jobs.providers.upscayl_options import room_for

NAME = "upscayl"
LABEL = "Upscayl"
START, STATUS = "/start-task", "/get-task-status"
UPLOAD_URL, HISTORY = "/get-upload-url", "/get-upscayl-history"
# The names of the calls that have a limit of their own.
UPLOAD_CALL, HISTORY_CALL = "upload_url", "history"
# A larger file is put into the vendor's storage first. A call must end within seconds,
# and this much goes out in 8 s of 5 Mbit/s; and where an upload breaks that is not the
# call itself, nobody need wonder whether there is a task now.
DIRECT_BYTES = 5_000_000
# A storage may refuse so often before the task is given up.
MOST_UPLOADS = 3
# The id of a task that was found in the history, which knows names only.
BY_NAME = "file:"
# What is kept where a file that was uploaded before was not taken.
DIRECT = {"send": "direct"}
PAGE, MOST_PAGES = 100, 3
NAMES_COME_AFTER = timedelta(minutes=2)

LIMITS = Limits(
    formats=("jpeg", "png", "webp"),
    max_bytes=100 * 1024 * 1024,
    max_width=16_000,
    max_height=16_000,
    # No such limit is told; a family needs no more.
    per_second=2.0,
    per_hour_by_call={SUBMIT: 50, POLL: 100, UPLOAD_CALL: 100, HISTORY_CALL: 100},
    # Not told either: what public programs wait before they give up.
    deadline=timedelta(minutes=30),
    result_lifetime=timedelta(hours=1),
    typical=timedelta(seconds=60),
    first_look=timedelta(seconds=15),
)

PROMISE = Promise(
    costs="Upscayl charges credits for each enlarged photo; its price list says how "
    "many. A photo that fails is not charged, as far as its document tells.",
    keeps="Upscayl's document does not say how long it keeps photos and results.",
    sends_to="Upscayl ({host})",
)


@dataclass(frozen=True)
class Asked:
    """A reply, which wrapping it taught us, and the requests beside the first."""

    reply: Reply
    learned: Mapping[str, str]
    also: int


@dataclass(frozen=True)
class Page:
    """Rows of the history, and where the next page begins (None: there is none)."""

    rows: list[Mapping[str, Any]]
    onward: int | None
    asked: Asked


@dataclass(frozen=True)
class Found:
    """The row of a name, if there is one, and the requests beside the first. `is_open`:
    there are rows of which nobody can tell whose they are."""

    row: Mapping[str, Any] | None
    is_open: bool
    also: tuple[str, ...]
    learned: Mapping[str, str]


class Upscayl:
    name = NAME
    label = LABEL
    options = OPTIONS
    limits = LIMITS
    promise = PROMISE
    find_call = list_call = HISTORY_CALL

    def __init__(
        self, api: Api, downloads: Downloads, learned: Mapping[str, str]
    ) -> None:
        self.api = api
        self.downloads = downloads
        self.learned = learned

    @classmethod
    def connect(
        cls, access: Access, *, timeout: float, downloads: Downloads
    ) -> Upscayl:
        api = Api(
            base_url=access.base_url,
            secret_headers={"X-API-Key": access.key},
            timeout=timeout,
        )
        return cls(api, downloads, access.learned)

    @staticmethod
    def is_long_submit(options: Mapping[str, str], *, by_address: bool) -> bool:
        return False

    room_for = staticmethod(room_for)

    def submit(
        self,
        scan: Scan,
        options: Mapping[str, str],
        request_key: str,
        brought: Mapping[str, str],
    ) -> Submission:
        """One step: the task with the file itself, or, for a large one, an address for
        it, the upload to there, and the task. Raises ProviderError."""
        must_be_direct = DIRECT.items() <= {**self.learned, **brought}.items()
        if scan.size <= DIRECT_BYTES or must_be_direct:
            return self._start_with_file(scan, options, brought)
        if "uploaded" in brought:
            return self._start_with_upload(scan, options, brought["uploaded"])
        if brought.get("upload_url"):
            return self._upload(scan, brought)
        return self._ask_where_to_upload(scan)

    def poll(self, remote_id: str, brought: Mapping[str, str]) -> RemoteState:
        """Look at the task; the look that finds it done is when the vendor charges. A
        task known by name alone is looked for in the history."""
        if remote_id.startswith(BY_NAME):
            return self._poll_by_name(remote_id.removeprefix(BY_NAME))
        asked = self._ask(STATUS, {"taskId": remote_id})
        if asked.reply.status == 404:
            return _not_known(asked, brought)
        return state_of(
            data_of(asked.reply),
            brought.get("name", ""),
            learned=asked.learned,
            also=(POLL,) * asked.also,
        )

    def fetch(self, result: Result, into: Path) -> int:
        return self.downloads.fetch(
            result.address, into, max_bytes=LIMITS.max_result_bytes
        )

    def check(self) -> str:
        """Ask for a task that cannot exist: a right key gets "not found" as JSON, and
        nothing is charged."""
        asked = self._ask(STATUS, {"taskId": "00000000-0000-0000-0000-000000000000"})
        if asked.reply.status == 404 and isinstance(asked.reply.json(), dict):
            return "Upscayl answers and accepts the key."
        data_of(asked.reply)
        return "Upscayl answers and accepts the key."

    def find(self, name: str, brought: Mapping[str, str]) -> Submission | None:
        """By the name under which the photo was sent, since the history's rows have no
        id. Raises RetryCall where a running task that tells no name yet may be it."""
        found = self._look_for(name)
        if found.row is None and found.is_open:
            raise error_of(NOT_LISTED_YET, "unfinished tasks", wait=NAMES_COME_AFTER)
        if found.row is None:
            return None
        return Submission(
            remote_id=BY_NAME + name,
            brought={"name": name},
            call=HISTORY_CALL,
            also=found.also,
            learned=found.learned,
        )

    def recent(self, wanted: Wanted) -> tuple[RecentTask, ...]:
        """At most 100, the vendor's page."""
        body: dict[str, Any] = {"limit": min(wanted.most, PAGE)}
        if wanted.only_failed:
            body["failed"] = True
        if wanted.only_batches:
            body["batch"] = True
        if wanted.status:
            body["processed"] = FILTERS[wanted.status]
        before = wanted.before
        offset = round(before.timestamp() * 1000) if before else None
        page = self._history(body, offset)
        return tuple(recent_task(row) for row in page.rows)

    def _start_with_file(
        self, scan: Scan, options: Mapping[str, str], brought: Mapping[str, str]
    ) -> Submission:
        with scan.path.open("rb") as file:
            reply = self.api.call(
                "POST",
                START,
                data=_fields(options),
                files={"file": (scan.name, file, scan.media_type)},
            )
        learned = DIRECT if brought.get("send") else {}
        return begun(reply, scan, learned)

    def _start_with_upload(
        self, scan: Scan, options: Mapping[str, str], uploaded: str
    ) -> Submission:
        """`files` as one part of JSON. The document does not say how an array goes into
        a form; where that is refused, the file itself is sent from now on."""
        part = (None, f"[{uploaded}]", "application/json")
        reply = self.api.call(
            "POST", START, data=_fields(options), files={"files": part}
        )
        if reply.status == 400 and said(reply)[0] not in ABOUT_THE_FILE:
            return Submission(finished=False, brought=DIRECT)
        return begun(reply, scan, {})

    def _ask_where_to_upload(self, scan: Scan) -> Submission:
        wanted = {
            "originalFileName": scan.name,
            "fileType": scan.media_type,
            "fileSize": scan.size,
        }
        try:
            asked = self._ask(UPLOAD_URL, wanted)
        except RetryCall as error:
            # An address is no task: whatever happened, nothing was bought.
            error.ambiguous = False
            raise
        data = data_of(asked.reply)
        address, name = data.get("uploadURL"), data.get("fileName")
        if not isinstance(address, str) or not isinstance(name, str):
            raise error_of(NOT_UNDERSTOOD, "no uploadURL or fileName")
        kept = {**wanted, "fileName": name}
        times = {key: data[key] for key in ("createdAt", "expiresAt") if key in data}
        return Submission(
            finished=False,
            brought={"upload_url": address, "upload": json.dumps({**kept, **times})},
            call=UPLOAD_CALL,
            next_call="",
            learned=asked.learned,
            also=(UPLOAD_CALL,) * asked.also,
        )

    def _upload(self, scan: Scan, brought: Mapping[str, str]) -> Submission:
        """To the storage, without the key. An address that has expired is asked for
        anew."""
        reply = self.downloads.put(
            brought["upload_url"], scan.path, {"Content-Type": scan.media_type}
        )
        if reply.status in {200, 201, 204}:
            done = {"upload_url": "", "uploaded": brought["upload"]}
            return Submission(finished=False, brought=done, call="")
        if reply.status >= 500 or reply.status == 429:
            raise error_of(TROUBLE, f"storage: HTTP {reply.status}")
        tries = int(brought.get("uploads", "0")) + 1
        if tries >= MOST_UPLOADS:
            raise error_of(UPLOAD_REFUSED, f"storage: HTTP {reply.status}")
        return Submission(
            finished=False,
            brought={"upload_url": "", "uploads": str(tries)},
            call="",
            next_call=UPLOAD_CALL,
        )

    def _poll_by_name(self, name: str) -> RemoteState:
        found = self._look_for(name)
        if found.row is None:
            raise error_of(TASK_UNKNOWN, "not in the history")
        return state_of(
            found.row, name, learned=found.learned, call=HISTORY_CALL, also=found.also
        )

    def _look_for(self, name: str) -> Found:
        """Through the newest pages, until the name is found or nothing more comes."""
        offset: int | None = None
        also: tuple[str, ...] = ()
        learned: Mapping[str, str] = {}
        is_open = False
        for _page in range(MOST_PAGES):
            page = self._history({"limit": PAGE}, offset)
            learned = {**learned, **page.asked.learned}
            also = (*also, *(HISTORY_CALL,) * page.asked.also)
            row = next((row for row in page.rows if is_of(row, name)), None)
            is_open = is_open or any(may_be_any(row) for row in page.rows)
            offset = page.onward
            if row is not None or offset is None:
                return Found(row, is_open, also, learned)
            also = (*also, HISTORY_CALL)
        return Found(None, is_open, also[:-1], learned)

    def _history(self, wanted: Mapping[str, Any], offset: int | None) -> Page:
        body = dict(wanted)
        if offset is not None:
            body["timestampOffset"] = offset
        asked = self._ask(HISTORY, body)
        parsed = body_of(asked.reply)
        rows, pages = parsed.get("data"), parsed.get("pagination")
        if not isinstance(rows, list):
            raise error_of(NOT_UNDERSTOOD, "no list `data` in the history")
        told = pages if isinstance(pages, dict) else {}
        onward = told.get("nextOffset")
        goes_on = told.get("hasMore") is True and isinstance(onward, int)
        return Page(
            [row for row in rows if isinstance(row, dict)],
            onward if goes_on and onward != offset else None,
            asked,
        )

    def _ask(self, path: str, wanted: Mapping[str, Any]) -> Asked:
        """A call with a JSON body, in the wrapping that worked last; where a parameter
        is said to be missing, once in the other one."""
        known = self.learned.get(path, "data")
        other = "bare" if known == "data" else "data"
        reply = self.api.call("POST", path, body=_wrapped(wanted, known))
        if not lacks_a_parameter(reply):
            return Asked(reply, {}, 0)
        again = self.api.call("POST", path, body=_wrapped(wanted, other))
        if lacks_a_parameter(again):
            return Asked(reply, {}, 1)
        return Asked(again, {path: other}, 1)


def _wrapped(wanted: Mapping[str, Any], how: str) -> Mapping[str, Any]:
    return {"data": wanted} if how == "data" else wanted


def _fields(options: Mapping[str, str]) -> dict[str, str]:
    """All four, always: the vendor has no default for two, and later pages ask for
    them."""
    names = ("model", "scale", "saveImageAs", "enhanceFace")
    return {name: options[name] for name in names}


def _not_known(asked: Asked, brought: Mapping[str, str]) -> RemoteState:
    """A task that has begun a moment ago may not be known everywhere yet."""
    unseen = int(brought.get("unseen", "0"))
    if unseen <= 0:
        raise error_of(TASK_UNKNOWN, "HTTP 404")
    return RemoteState(
        status=RemoteStatus.UNKNOWN,
        words="not known yet",
        brought={"unseen": str(unseen - 1)},
        learned=asked.learned,
        also=(POLL,) * asked.also,
    )
