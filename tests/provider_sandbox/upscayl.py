"""Upscayl as its document says, and as its later pages say: strict about fields, types,
sizes, key and rates. Settings choose the dialect."""

from __future__ import annotations

import json
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from PIL import Image

from tests.provider_sandbox.upscayl_contract import (
    CALLS,
    FIELDS,
    FORMATS,
    HISTORY_FIELDS,
    MAX_BYTES,
    MEDIA_TYPES,
    WORDS,
    Refused,
    fault_before,
    is_picture,
)
from tests.provider_sandbox.vendor import Vendor, result_answer
from tests.provider_sandbox.watch import NEUTRAL
from tests.provider_sandbox.wire import Answer, Part, Seen, as_json


@dataclass
class Task:
    task_id: str
    photo: bytes = field(repr=False)
    name: str
    fields: dict[str, str]
    created: int
    made: float
    duration: float
    fault: str = ""
    polls: int = 0
    is_charged: bool = False
    # When each of its addresses was given out.
    links: list[float] = field(default_factory=list)


@dataclass
class Place:
    """A signed address, and what was put there."""

    name: str
    media_type: str
    size: int
    made: float
    photo: bytes = field(default=b"", repr=False)


@dataclass
class UpscaylSandbox(Vendor):
    """`wrapping` and `words` say which dialect it speaks, `takes_files` whether a task
    may begin with an uploaded file, `names_running` whether a task that is not done has
    its file's name, `seconds` whether times are in seconds. `hour`, `link_life` and
    `place_life` are in seconds."""

    key: str = "sandbox-upscayl-key"
    wrapping: Literal["data", "bare"] = "data"
    words: Literal["document", "service"] = "service"
    address_name: str = "downloadLink"
    takes_files: bool = True
    names_running: bool = True
    seconds: bool = False
    has_history: bool = True
    hour: float = 3600.0
    link_life: float = 3600.0
    place_life: float = 3600.0
    per_hour: dict[str, int] = field(
        default_factory=lambda: {
            "submit": 50,
            "poll": 100,
            "upload_url": 100,
            "history": 100,
        }
    )
    tasks: dict[str, Task] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    _hours: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    @property
    def submits(self) -> int:
        return len(self.tasks)

    def handle(self, seen: Seen) -> Answer:
        call = CALLS.get(seen.path, "")
        try:
            answer = self._answer(call, seen)
        except Refused as refused:
            answer = refused.answer
        self.faults.pass_hold(call)
        return answer

    def upload(self, seen: Seen) -> Answer:
        """PUT of the bytes, whole, of the type that was announced, and in time."""
        place = self.places.get(urlsplit(seen.path).path.removeprefix("/upscayl/"))
        self.faults.pass_hold("upload")
        fault = self.faults.next("upload")
        if fault.startswith("http_"):
            return Answer(int(fault.removeprefix("http_")), b"<Error/>", "text/xml")
        if fault == "reset":
            return Answer(trouble="reset")
        late = place is not None and _age(place.made) > self.place_life
        if place is None or seen.method != "PUT" or late:
            return Answer(403, b"<Error>expired</Error>", "text/xml")
        if "transfer-encoding" in seen.headers or "x-api-key" in seen.headers:
            self.note("an upload in pieces, or with a key")
        is_as_said = seen.headers.get("content-type") == place.media_type
        if not is_as_said or len(seen.body) != place.size:
            self.note("an upload that is not what was announced")
            return Answer(403, b"<Error>signature</Error>", "text/xml")
        place.photo = seen.body
        return Answer(200, b"", "text/xml")

    def result(self, seen: Seen) -> Answer:
        name = seen.path.removeprefix("/upscayl/").partition(".")[0]
        task_id, _dash, number = name.rpartition("_")
        self.faults.pass_hold("result")
        task = self.tasks.get(task_id)
        if task is None:
            return Answer(404, b"gone", "text/plain")
        if _age(task.links[int(number)]) > self.link_life:
            return Answer(403, b"expired", "text/plain")
        kind = task.fields["saveImageAs"]
        media_type = f"image/{'jpeg' if kind == 'jpg' else kind}"
        return result_answer(
            self.faults.next("result"), self.enlarged(task), media_type
        )

    def enlarged(self, task: Task) -> bytes:
        scale = int(task.fields["scale"])
        with Image.open(BytesIO(self.restore(task.photo))) as picture:
            larger = picture.resize((picture.width * scale, picture.height * scale))
        out = BytesIO()
        larger.save(out, FORMATS[task.fields["saveImageAs"]])
        return out.getvalue()

    def _answer(self, call: str, seen: Seen) -> Answer:
        with self._lock:
            self.requests.append(seen)
            over = bool(call) and self._is_over_hour(call, seen.at)
        if not call or seen.method != "POST":
            self.note(f"{seen.method} {seen.path} is not in the document")
            raise Refused("NOT_FOUND")
        if seen.headers.get("x-api-key") != self.key:
            raise Refused("UNAUTHORIZED")
        if over:
            raise Refused("RATE_LIMIT_EXCEEDED")
        fault = self.faults.next(call)
        before = fault_before(fault)
        if before:
            return before
        if call == "submit":
            return self._start(seen, fault)
        wanted = self._unwrapped(seen)
        if call == "poll":
            return self._look(wanted, fault)
        if call == "upload_url":
            return self._give_place(wanted)
        return self._history(wanted, fault)

    def _is_over_hour(self, call: str, now: float) -> bool:
        recent = self._hours[call]
        while recent and recent[0] <= now - self.hour:
            recent.popleft()
        if len(recent) >= self.per_hour[call]:
            self.refused_for_rate += 1
            return True
        recent.append(now)
        return False

    def _unwrapped(self, seen: Seen) -> Mapping[str, Any]:
        try:
            body = json.loads(seen.body)
        except ValueError as error:
            self.note("a body that is no JSON")
            raise Refused("BAD_REQUEST") from error
        if not isinstance(body, dict):
            self.note("a body that is no object")
            raise Refused("BAD_REQUEST")
        is_wrapped = set(body) == {"data"} and isinstance(body["data"], dict)
        if is_wrapped == (self.wrapping == "data"):
            return body["data"] if is_wrapped else body
        if seen.path == "/get-upscayl-history":
            return {}
        raise Refused("MISSING_REQUIRED_FIELDS", "Missing required parameters")

    def _start(self, seen: Seen, fault: str) -> Answer:
        fields, photo = self._read_form(seen)
        now = self._now()
        task = Task(
            str(uuid4()),
            photo.data,
            photo.filename or "",
            fields,
            now,
            time.monotonic(),
            self.duration(),
            fault=self.faults.next("task"),
        )
        with self._lock:
            self.tasks[task.task_id] = task
        if fault == "reset_after":
            return Answer(trouble="reset")
        if fault == "half_json":
            return Answer(body=b'{"status":"success","data":{"tas')
        data: dict[str, Any] = {
            "taskId": task.task_id,
            "message": "Task request sent successfully",
        }
        if self.words == "service":
            data["creditsToDeduct"] = 1
        if fault == "no_task_id":
            del data["taskId"]
        return as_json({"status": "success", "data": data})

    def _now(self) -> int:
        """Unix milliseconds, and no two tasks in one."""
        newest = max((task.created for task in self.tasks.values()), default=0)
        return max(round(time.time() * 1000), newest + 1)

    def _read_form(self, seen: Seen) -> tuple[dict[str, str], Part]:
        parts = seen.parts
        told = {name: parts[name] for name in parts if name not in {"file", "files"}}
        fields = {name: part.data.decode() for name, part in told.items()}
        for name in set(fields) - set(FIELDS):
            self.note(f"the field {name!r}, which is not in the document")
        for name, values in FIELDS.items():
            if fields.get(name) not in values:
                self.note(f"{name} was {fields.get(name)!r}")
                raise Refused("BAD_REQUEST")
        if ("file" in parts) == ("files" in parts):
            self.note("both or neither of file and files")
            raise Refused("BAD_REQUEST")
        if "files" in parts:
            return fields, self._uploaded(parts["files"])
        part = parts["file"]
        if len(part.data) > MAX_BYTES:
            raise Refused("FILE_SIZE_EXCEEDED")
        if not is_picture(part.data, part.media_type):
            raise Refused("INVALID_FILE_TYPE")
        return fields, part

    def _uploaded(self, part: Part) -> Part:
        if not self.takes_files:
            raise Refused("BAD_REQUEST", "files must be an array")
        files = json.loads(part.data)
        if part.media_type != "application/json" or not isinstance(files, list):
            self.note("files that are no JSON array")
            raise Refused("BAD_REQUEST")
        file = files[0]
        known = {"fileName", "fileType", "fileSize", "originalFileName"}
        if not known <= set(file) <= known | {"createdAt", "expiresAt"}:
            self.note(f"an uploaded file with {sorted(file)}")
        place = self.places.get(file["fileName"])
        if place is None or not place.photo:
            raise Refused("BAD_REQUEST", "The file was not uploaded")
        if not is_picture(place.photo, place.media_type):
            raise Refused("INVALID_FILE_TYPE")
        original = file["originalFileName"]
        return Part("file", original, place.media_type, place.photo)

    def _give_place(self, wanted: Mapping[str, Any]) -> Answer:
        self._check(
            wanted,
            {"originalFileName": str, "fileType": str, "fileSize": int},
            all=True,
        )
        if wanted["fileType"] not in MEDIA_TYPES:
            raise Refused("INVALID_FILE_TYPE")
        if not 1 <= wanted["fileSize"] <= MAX_BYTES:
            raise Refused("FILE_SIZE_EXCEEDED")
        if not NEUTRAL.fullmatch(wanted["originalFileName"]):
            self.note(f"a file was named {wanted['originalFileName']!r}")
        name = f"{uuid4().hex[:8]}-{wanted['originalFileName']}"
        place = Place(name, wanted["fileType"], wanted["fileSize"], time.monotonic())
        self.places[name] = place
        now = round(time.time() * 1000)
        data = {
            **wanted,
            "uploadURL": f"{self.storage_url}/upscayl/{name}?signature=abc",
            "fileName": name,
            "createdAt": now,
            "expiresAt": now + round(self.place_life * 1000),
        }
        return as_json({"status": "success", "data": data})

    def _look(self, wanted: Mapping[str, Any], fault: str) -> Answer:
        self._check(wanted, {"taskId": str}, all=True)
        try:
            UUID(wanted["taskId"])
        except ValueError as error:
            raise Refused("BAD_REQUEST") from error
        task = self.tasks.get(wanted["taskId"])
        if task is None or fault == "not_known_yet":
            raise Refused("NOT_FOUND")
        task.polls += 1
        return as_json({"status": "success", "data": self._told(task, fault)})

    def _history(self, wanted: Mapping[str, Any], fault: str) -> Answer:
        if not self.has_history:
            raise Refused("NOT_FOUND")
        self._check(wanted, HISTORY_FIELDS, all=False)
        most = wanted.get("limit", 20)
        if not 1 <= most <= 100:
            raise Refused("BAD_REQUEST")
        before = wanted.get("timestampOffset")
        rows = sorted(self.tasks.values(), key=lambda task: -task.created)
        if before is not None:
            rows = [task for task in rows if task.created < before]
        if "failed" in wanted:
            rows = [task for task in rows if self._has_failed(task) == wanted["failed"]]
        if "batch" in wanted:
            rows = [task for task in rows if (task.fault == "batch") == wanted["batch"]]
        if "processed" in wanted:
            rows = [task for task in rows if self._is_in(task, wanted["processed"])]
        page = rows[:most]
        data = [self._told(task, "", in_history=True) for task in page]
        pages: dict[str, Any] = {"total": len(rows), "hasMore": len(rows) > most}
        if page and pages["hasMore"]:
            pages["nextOffset"] = page[-1].created
        if fault == "same_page":
            pages = {"hasMore": True, "nextOffset": before or 1}
        return as_json({"status": "success", "pagination": pages, "data": data})

    def _check(
        self, wanted: Mapping[str, Any], fields: Mapping[str, type], *, all: bool
    ) -> None:
        for name, value in wanted.items():
            if name not in fields:
                self.note(f"the field {name!r}, which is not in the document")
            elif type(value) is not fields[name]:
                self.note(f"{name} was {value!r}")
                raise Refused("BAD_REQUEST")
        missing = set(fields) - set(wanted)
        if all and missing:
            names = ", ".join(sorted(missing))
            raise Refused(
                "MISSING_REQUIRED_FIELDS", f"Required fields missing: {names}"
            )

    def _has_failed(self, task: Task) -> bool:
        return task.fault.startswith("failed")

    def _is_in(self, task: Task, state: str) -> bool:
        if state not in WORDS["document"]:
            self.note(f"processed was {state!r}")
            raise Refused("BAD_REQUEST")
        known = dict(zip(WORDS[self.words], WORDS["document"], strict=True))
        return known.get(self._told(task, "", in_history=True)["status"]) == state

    def _told(
        self, task: Task, fault: str, *, in_history: bool = False
    ) -> dict[str, Any]:
        pending, running, done, failed = WORDS[self.words]
        age, kind = _age(task.made), fault or task.fault
        is_done = age >= task.duration and task.fault != "never_done"
        status = done if is_done else pending if age < task.duration / 4 else running
        if kind.startswith("failed"):
            status, is_done = failed, False
        if kind.startswith("status="):
            status = kind.removeprefix("status=")
            is_done = status.upper() in {"COMPLETED", "PROCESSED"}
        task.is_charged = task.is_charged or (is_done and not in_history)
        told: dict[str, Any] = {
            "batchMode": kind == "batch",
            "enhanceFace": task.fields["enhanceFace"] == "true",
            "files": self._files(task, kind, is_done=is_done),
            "model": task.fields["model"],
            "scale": self._scale(task),
            "saveImageAs": task.fields["saveImageAs"],
            "progress": "100" if is_done else "75",
            "status": status,
            "creditsDeducted": task.is_charged,
        }
        if status == failed:
            told["error"] = "Upscaling failed"
        if task.is_charged and not in_history:
            told["deductedCredits"] = 1.5
        return told

    def _scale(self, task: Task) -> str | int:
        scale = task.fields["scale"]
        return scale if self.words == "document" else int(scale)

    def _files(self, task: Task, kind: str, *, is_done: bool) -> list[dict[str, Any]]:
        if kind == "no_files" or not (is_done or self.names_running):
            return []
        file: dict[str, Any] = {
            "fileName": f"{task.task_id[:8]}-{task.name}",
            "originalFileName": task.name,
            "fileSize": len(task.photo),
            "createdAt": task.created,
            "path": f"users/abc/{task.task_id}",
        }
        if is_done and kind != "no_address":
            file |= self._address(task, kind)
        other = {
            "originalFileName": "somebody-else.jpg",
            self.address_name: f"{self.results_url}/upscayl/other_0.jpg",
        }
        return [other, file] if kind == "batch" else [file]

    def _address(self, task: Task, kind: str) -> dict[str, Any]:
        task.links.append(time.monotonic())
        name = f"{task.task_id}_{len(task.links) - 1}.{task.fields['saveImageAs']}"
        address = f"{self.results_url}/upscayl/{name}"
        if kind == "result_private":
            address = "https://10.0.0.1/result.jpg"
        expires = round((time.time() + self.link_life) * 1000)
        return {
            self.address_name: address,
            "thumbnailLink": f"{self.results_url}/upscayl/small.jpg",
            "expiresAt": expires // 1000 if self.seconds else expires,
        }


def _age(moment: float) -> float:
    return time.monotonic() - moment
