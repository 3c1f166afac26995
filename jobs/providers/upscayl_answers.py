"""Reading Upscayl's answers: the envelope, a task, a row of the history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from jobs.providers.base import (
    POLL,
    RecentTask,
    RemoteState,
    RemoteStatus,
    Result,
    Scan,
    Submission,
)
from jobs.providers.http import Reply, without_addresses
from jobs.providers.upscayl_codes import (
    FAILED,
    NOT_UNDERSTOOD,
    STATUSES,
    error_of,
    refusal,
)

# A task that has just begun may not be known yet: so many looks find nothing at most.
UNSEEN = 3
ADDRESSES = ("downloadLink", "downloadUrl", "url", "signedUrl")
# Times are in milliseconds; smaller numbers can only be seconds.
LEAST_MILLISECONDS = 1e11


def body_of(reply: Reply, *, begins_task: bool = False) -> Mapping[str, Any]:
    """The reply of a call that went well: HTTP and the envelope both say so."""
    if reply.status != 200:
        raise refusal(reply, begins_task=begins_task)
    parsed = reply.json()
    if not isinstance(parsed, dict) or str(parsed.get("status")).lower() != "success":
        raise error_of(NOT_UNDERSTOOD, "no success", ambiguous=begins_task)
    return parsed


def data_of(reply: Reply, *, begins_task: bool = False) -> Mapping[str, Any]:
    data = body_of(reply, begins_task=begins_task).get("data")
    if not isinstance(data, dict):
        raise error_of(NOT_UNDERSTOOD, "no object `data`", ambiguous=begins_task)
    return data


def begun(reply: Reply, scan: Scan, learned: Mapping[str, str]) -> Submission:
    """A task that was started. Without an id there may be one all the same."""
    data = data_of(reply, begins_task=True)
    remote_id = data.get("taskId")
    if not isinstance(remote_id, str) or not remote_id.strip():
        raise error_of(NOT_UNDERSTOOD, "no taskId", ambiguous=True)
    return Submission(
        remote_id=remote_id.strip(),
        brought={"name": scan.name, "unseen": str(UNSEEN)},
        credits=_number(data.get("creditsToDeduct")),
        learned=learned,
    )


def state_of(
    task: Mapping[str, Any],
    name: str,
    *,
    learned: Mapping[str, str],
    call: str = POLL,
    also: tuple[str, ...] = (),
) -> RemoteState:
    """`status` alone decides; `progress` is only shown. A task that is done and has no
    address yet is not finished: buying it again would cost again. Raises Resubmit for a
    task that failed."""
    words = str(task.get("status") or "")[:40]
    status = STATUSES.get(words.upper(), RemoteStatus.UNKNOWN)
    if status is RemoteStatus.FAILED:
        why = without_addresses(str(task.get("error") or ""))[:200]
        raise error_of(FAILED, f"{words}: {why}")
    result = _result(task, name) if status is RemoteStatus.SUCCEEDED else None
    if status is RemoteStatus.SUCCEEDED and result is None:
        status, words = RemoteStatus.UNKNOWN, f"{words}, without an address yet"
    return RemoteState(
        status=status,
        progress=_progress(task) if result is None else 1.0,
        words=words,
        result=result,
        brought={"unseen": "0"},
        learned=learned,
        credits=_credits(task),
        call=call,
        also=also,
    )


def is_of(row: Mapping[str, Any], name: str) -> bool:
    """Whether a row of the history is about the photo that was sent under this name."""
    return any(_has_name(file, name) for file in _files(row))


def may_be_any(row: Mapping[str, Any]) -> bool:
    """Whether a row tells no name yet: the document shows tasks without files while
    they run."""
    status = STATUSES.get(str(row.get("status") or "").upper(), RemoteStatus.UNKNOWN)
    is_over = status in {RemoteStatus.SUCCEEDED, RemoteStatus.FAILED}
    return not is_over and not _files(row)


def recent_task(row: Mapping[str, Any]) -> RecentTask:
    file = next(iter(_files(row)), {})
    name = file.get("originalFileName") or file.get("fileName") or ""
    return RecentTask(
        name=str(name)[:255],
        state=str(row.get("status") or "")[:40],
        begun=time_of(file.get("createdAt")),
        model=str(row.get("model") or "")[:40],
        credits=_credits(row),
    )


def time_of(value: object) -> datetime | None:
    """A Unix time in milliseconds, or in seconds as newer answers have it."""
    number = _number(value)
    if number is None or number <= 0:
        return None
    seconds = number / 1000 if number >= LEAST_MILLISECONDS else number
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _result(task: Mapping[str, Any], name: str) -> Result | None:
    file = _ours(task, name)
    found = [str(file.get(key) or "").strip() for key in ADDRESSES]
    address = next(
        (each for each in found if each.startswith(("https://", "http://"))), ""
    )
    expires = time_of(file.get("expiresAt"))
    return Result(address=address, expires=expires) if address else None


def _ours(task: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The file that is ours: the one of our name, or the only one of a task that was
    no batch."""
    files = _files(task)
    named = next((file for file in files if _has_name(file, name)), None)
    if named is not None:
        return named
    is_only = len(files) == 1 and task.get("batchMode") is not True
    return files[0] if is_only else {}


def _files(task: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    files = task.get("files")
    listed = files if isinstance(files, list) else []
    return [file for file in listed if isinstance(file, dict)]


def _has_name(file: Mapping[str, Any], name: str) -> bool:
    """Without the ending. The vendor puts something before the name that it got, in
    `fileName`."""
    wanted = PurePosixPath(name).stem
    names = [str(file.get(key) or "") for key in ("originalFileName", "fileName")]
    stems = [PurePosixPath(each).stem for each in names]
    return bool(wanted) and any(
        each == wanted or each.endswith((f"-{wanted}", f"_{wanted}")) for each in stems
    )


def _progress(task: Mapping[str, Any]) -> float | None:
    """Text such as "75"; "100" comes before a task is done."""
    try:
        percent = float(str(task.get("progress", "")).rstrip("% "))
    except ValueError:
        return None
    return min(percent / 100, 1.0) if percent >= 0 else None


def _credits(task: Mapping[str, Any]) -> float | None:
    if task.get("creditsDeducted") is not True:
        return None
    return _number(task.get("deductedCredits"))


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]  # it is one
