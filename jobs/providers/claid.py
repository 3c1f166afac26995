"""Claid.ai, image editing.

Facts are from the vendor's own documents ("Async API Reference" and, for the upload form,
"Upload API Reference"): paths, header, states, results. There is no upload for the
asynchronous call: Claid fetches the photo from an address of ours, or the photo goes with
the call that holds the line until the picture is done. Of `result_url`, which the
document shows with http://, only the id is taken.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePosixPath
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
from jobs.providers.claid_codes import (
    EMPTY_RESULT,
    NO_SUCH_STORAGE,
    NOT_UNDERSTOOD,
    STATES,
    TASK_UNKNOWN,
    error_of,
    failed,
    refused,
)
from jobs.providers.claid_options import OPTIONS
from jobs.providers.claid_request import (
    operations,
    output,
    output_format,
    room_for,
)
from jobs.providers.http import Api, Downloads, Reply, retry_after

NAME = "claid"
LABEL = "Claid.ai"
# Newer documents say v1, with the same shapes: CLAID_API_VERSION.
VERSION = "v1-beta1"
# The vendor names no time; what the line is held for must end before a worker's time.
UPLOAD_SECONDS = 200.0
# Results sent with a file have no task: this stands before the request's own key.
UPLOADED = "upload-"
LONGEST_INPUT = 512
LONGEST_QUIET = timedelta(minutes=1)
EXTENSIONS = {"jpeg": "jpg", "png": "png", "webp": "webp", "tiff": "tiff"}

LIMITS = Limits(
    formats=("jpeg", "png"),
    # The document names no limit of size; these are ours.
    max_bytes=30_000_000,
    max_width=8000,
    max_height=8000,
    # 4 a second and 120 a minute: two a second keep both.
    per_second=2.0,
    deadline=timedelta(minutes=15),
    result_lifetime=timedelta(hours=24),
    typical=timedelta(seconds=15),
    first_look=timedelta(seconds=2),
    long_submit=timedelta(seconds=UPLOAD_SECONDS),
)

PROMISE = Promise(
    costs="Claid charges credits for each photo; how many depends on what is done, and "
    "its price list says it.",
    keeps="Claid says that results lie at a public address for 24 hours. It does not say "
    "when the photo itself is deleted.",
    sends_to="Claid.ai ({host})",
)


@dataclass(frozen=True)
class Storages:
    """Connectors of the operator's account. `input` is a web folder whose address is
    that of our sources; `output` a storage and folder for results, which can be fetched
    below `output_url`. Each may be ""."""

    input: str = ""
    output: str = ""
    output_url: str = ""

    @property
    def names(self) -> list[str]:
        """As they must be known at Claid."""
        return [name.split("/")[0] for name in (self.input, self.output) if name]


class Claid:
    name = NAME
    label = LABEL
    options = OPTIONS
    limits = LIMITS
    promise = PROMISE
    room_for = staticmethod(room_for)

    def __init__(
        self, api: Api, downloads: Downloads, version: str, storages: Storages
    ) -> None:
        self.api = api
        self.downloads = downloads
        self.version = version
        self.storages = storages

    @classmethod
    def connect(cls, access: Access, *, timeout: float, downloads: Downloads) -> Claid:
        api = Api(
            base_url=access.base_url,
            secret_headers={"Authorization": f"Bearer {access.key}"},
            timeout=timeout,
        )
        told = access.extra.get
        storages = Storages(
            told("input_storage", ""),
            told("output_storage", "").strip("/"),
            told("output_url", "").rstrip("/"),
        )
        return cls(api, downloads, told("api_version") or VERSION, storages)

    @staticmethod
    def is_long_submit(options: Mapping[str, str], *, by_address: bool) -> bool:
        return not by_address

    def submit(
        self,
        scan: Scan,
        options: Mapping[str, str],
        request_key: str,
        brought: Mapping[str, str],
    ) -> Submission:
        """One step: the address of the photo, or the photo itself, for which the line
        is held until it is done. Raises ProviderError."""
        stored = self._stored_as(options, request_key)
        body = {
            "operations": operations(options),
            "output": output(options, f"storage://{stored}" if stored else ""),
        }
        if scan.address:
            return self._send_address(scan, body, stored)
        return self._send_file(scan, body, stored, request_key)

    def poll(self, remote_id: str, brought: Mapping[str, str]) -> RemoteState:
        """GET the task. What was sent as a file was done at once: its result's address
        was brought then."""
        if remote_id.startswith(UPLOADED):
            return _done_at_once(brought)
        reply = self.api.call("GET", self._path(f"image/edit/async/{quote(remote_id)}"))
        data = _data(reply, is_submit=False, by_address=True)
        if (_id_in(data) or remote_id) != remote_id:
            raise error_of(NOT_UNDERSTOOD, "the answer is about another task")
        return self._state(data, reply, brought)

    def fetch(self, result: Result, into: Path) -> int:
        return self.downloads.fetch(
            result.address, into, max_bytes=LIMITS.max_result_bytes
        )

    def check(self) -> str:
        """Ask for a task that cannot exist: a right key gets "unknown", a wrong one is
        refused, and nothing is charged. Then whether the storages are connected."""
        try:
            self.poll("0", {})
        except Resubmit:
            pass
        except ProviderError as error:
            if error.code != "bad_request":
                raise
        self._check_storages()
        return "Claid.ai answers and accepts the key."

    def _send_address(
        self, scan: Scan, body: Mapping[str, Any], stored: str
    ) -> Submission:
        reply = self.api.call(
            "POST",
            self._path("image/edit/async"),
            body={"input": self._input(scan.address), **body},
        )
        data = _data(reply, is_submit=True, by_address=True)
        remote_id = _id_in(data)
        if not remote_id:
            raise error_of(
                NOT_UNDERSTOOD, f"no task id {_request_id(reply)}", ambiguous=True
            )
        return Submission(
            remote_id=remote_id,
            brought={"stored": stored} if stored else {},
            words=_request_id(reply),
            quiet=_quiet(reply),
        )

    def _send_file(
        self, scan: Scan, body: Mapping[str, Any], stored: str, request_key: str
    ) -> Submission:
        with scan.path.open("rb") as file:
            reply = self.api.call(
                "POST",
                self._path("image/edit/upload"),
                files={
                    # Without an extension: the result gets this name, and its own.
                    "file": (PurePosixPath(scan.name).stem, file, scan.media_type),
                    "data": (None, json.dumps(body), "application/json"),
                },
                timeout=UPLOAD_SECONDS,
            )
        data = _data(reply, is_submit=True, by_address=False)
        made = data.get("output")
        if not isinstance(made, dict):
            raise error_of(
                NOT_UNDERSTOOD, f"no `output` {_request_id(reply)}", ambiguous=True
            )
        address = self._address_of(made, stored)
        if not address:
            raise error_of(EMPTY_RESULT, f"no tmp_url {_request_id(reply)}")
        return Submission(
            remote_id=f"{UPLOADED}{request_key}",
            brought={"result": address},
            state=_done_at_once({"result": address}),
            words=_request_id(reply),
            quiet=_quiet(reply),
        )

    def _input(self, address: str) -> str:
        """Our address, or the same below the connector that stands for its folder."""
        found = address
        if self.storages.input:
            found = f"storage://{self.storages.input}/{address.rsplit('/', 1)[-1]}"
        if len(found) > LONGEST_INPUT:
            raise error_of(NOT_UNDERSTOOD, f"an address of {len(found)} characters")
        return found

    def _stored_as(self, options: Mapping[str, str], request_key: str) -> str:
        """Storage and path for the result, where the operator set one up."""
        if not self.storages.output:
            return ""
        return (
            f"{self.storages.output}/{request_key}.{EXTENSIONS[output_format(options)]}"
        )

    def _state(
        self, data: Mapping[str, Any], reply: Reply, brought: Mapping[str, str]
    ) -> RemoteState:
        """`status` decides; a task that says that it is done, and that something went
        wrong, or brings no picture, has failed."""
        word = str(data.get("status", "")).upper()
        status = STATES.get(word, RemoteStatus.UNKNOWN)
        wrong = _errors_in(data)
        is_over = status in {RemoteStatus.SUCCEEDED, RemoteStatus.FAILED}
        if status is RemoteStatus.FAILED or (is_over and wrong):
            raise failed(
                wrong or word,
                cancelled=word == "CANCELLED",
                by_address=True,
                request_id=_request_id(reply),
            )
        words = f"{word} {_request_id(reply)}"[:200]
        if not is_over:
            return RemoteState(status=status, words=words, quiet=_quiet(reply))
        made = (data.get("result") or {}).get("output_object") or {}
        address = self._address_of(made, brought.get("stored", ""))
        if not address:
            raise error_of(EMPTY_RESULT, f"DONE without tmp_url {_request_id(reply)}")
        return RemoteState(
            status=status,
            progress=1.0,
            words=words,
            result=Result(address=address),
            quiet=_quiet(reply),
        )

    def _address_of(self, made: Mapping[str, Any], stored: str) -> str:
        """Where the result can be fetched: at Claid, or in the operator's storage."""
        address = made.get("tmp_url")
        if isinstance(address, str) and address.strip():
            return address.strip()
        found = made.get("claid_storage_uri")
        is_there = any(
            made.get(key) for key in ("claid_storage_uri", "object_uri", "object_key")
        )
        if not stored or not self.storages.output_url or not is_there:
            return ""
        storage = stored.split("/")[0]
        if isinstance(found, str) and found.startswith(f"storage://{storage}/"):
            stored = found.removeprefix("storage://")
        return f"{self.storages.output_url}/{quote(stored.partition('/')[2])}"

    def _check_storages(self) -> None:
        if not self.storages.names:
            return
        reply = self.api.call("GET", self._path("storage/storages"))
        parsed = reply.json()
        listed = parsed.get("data") if isinstance(parsed, dict) else None
        if reply.status != 200 or not isinstance(listed, list):
            raise refused(
                reply,
                is_submit=False,
                by_address=False,
                request_id=_request_id(reply),
            )
        known = {each.get("name") for each in listed if isinstance(each, dict)}
        missing = [name for name in self.storages.names if name not in known]
        if missing:
            raise error_of(NO_SUCH_STORAGE, f"not connected: {', '.join(missing)}")

    def _path(self, place: str) -> str:
        return f"/{self.version}/{place}"


def _data(reply: Reply, *, is_submit: bool, by_address: bool) -> Mapping[str, Any]:
    if reply.status != 200:
        raise refused(
            reply,
            is_submit=is_submit,
            by_address=by_address,
            request_id=_request_id(reply),
        )
    parsed = reply.json()
    data = parsed.get("data") if isinstance(parsed, dict) else None
    if not isinstance(data, dict):
        raise error_of(
            NOT_UNDERSTOOD,
            f"no JSON object `data` {_request_id(reply)}",
            ambiguous=is_submit,
        )
    return data


def _id_in(data: Mapping[str, Any]) -> str:
    """`id`; where it is missing, the last part of `result_url`, which is not followed."""
    found = data.get("id")
    if isinstance(found, bool) or found is None:
        found = str(data.get("result_url") or "").rstrip("/").rsplit("/", 1)[-1]
    text = str(found)
    return text if text.isdecimal() and len(text) <= 40 else ""


def _errors_in(data: Mapping[str, Any]) -> str:
    errors = data.get("errors")
    if not isinstance(errors, list):
        return ""
    told = [each.get("error") for each in errors if isinstance(each, dict)]
    return "; ".join(str(each) for each in told if each) or ("?" if errors else "")


def _done_at_once(brought: Mapping[str, str]) -> RemoteState:
    if not brought.get("result"):
        raise error_of(TASK_UNKNOWN, "sent as a file: there is no task to ask for")
    return RemoteState(
        status=RemoteStatus.SUCCEEDED,
        progress=1.0,
        words="DONE",
        result=Result(address=brought["result"]),
    )


def _request_id(reply: Reply) -> str:
    """What Claid's support asks for."""
    headers = {name.lower(): value for name, value in reply.headers.items()}
    found = headers.get("x-request-id", "")[:80]
    return f"x-request-id {found}" if found else ""


def _quiet(reply: Reply) -> timedelta | None:
    """How long to send nothing: `RateLimit-Reset`, once nothing remains."""
    headers = {name.lower(): value.strip() for name, value in reply.headers.items()}
    try:
        remaining = int(headers.get("ratelimit-remaining", "1"))
    except ValueError:
        return None
    wait = retry_after(reply)
    if remaining > 0 or wait is None:
        return None
    return min(wait, LONGEST_QUIET)
