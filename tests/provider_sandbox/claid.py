"""Claid as its documents say: strict about every key, the source and the rate."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any
from uuid import uuid4

from PIL import Image, UnidentifiedImageError

from tests.provider_sandbox import claid_contract
from tests.provider_sandbox.claid_answers import fault_before, refusal, too_often
from tests.provider_sandbox.vendor import Vendor, result_answer
from tests.provider_sandbox.wire import Answer, Seen, as_json

ASYNC, UPLOAD = "/image/edit/async", "/image/edit/upload"
VERSIONS = ("/v1", "/v1-beta1")
PER_MINUTE = 120
# Who sets so high a rate wants no limit at all.
NO_LIMIT = 1000
RESULT_SECONDS = 86_400.0
FORMATS = {"jpeg": "JPEG", "png": "PNG", "webp": "WEBP", "avif": "AVIF", "tiff": "TIFF"}
MADE_AT = "2026-03-13T11:37:09.160554+00:00"


@dataclass
class Task:
    number: int
    body: dict[str, Any]
    made: float
    duration: float
    photo: bytes = field(default=b"", repr=False)
    problem: str = ""
    fault: str = ""
    polls: int = 0
    fetcher: threading.Thread | None = None

    def wait_for_source(self) -> None:
        if self.fetcher:
            self.fetcher.join(20)


@dataclass
class ClaidSandbox(Vendor):
    """`web_folders` are the account's connectors for input: name and address;
    `storages` those for results, whose files are at the results host under
    /claid/stored/<name>/..."""

    key: str = "sandbox-claid-key"
    rate: int = 4
    per_minute: int = PER_MINUTE
    tasks: dict[int, Task] = field(default_factory=dict)
    web_folders: dict[str, str] = field(default_factory=dict)
    storages: set[str] = field(default_factory=set)
    results: dict[str, bytes] = field(default_factory=dict)
    _minute: deque[float] = field(default_factory=deque)

    @property
    def submits(self) -> int:
        return len(self.tasks)

    def handle(self, seen: Seen) -> Answer:
        call = "submit" if seen.method == "POST" else "poll"
        answer = self._answer(call, seen)
        self.faults.pass_hold(call)
        return self._with_headers(answer)

    def _answer(self, call: str, seen: Seen) -> Answer:
        with self._lock:
            self.requests.append(seen)
            over = self.is_over_rate(seen.at) or self._is_over_minute(seen.at)
        if over:
            return too_often("1")
        if seen.headers.get("authorization") != f"Bearer {self.key}":
            return refusal(401, "111", "auth", "Authorization is required")
        fault = self.faults.next(call)
        before = fault_before(fault)
        if before:
            return before
        place = _place(seen.path)
        if call == "submit" and place == ASYNC:
            return self._accept(seen, fault)
        if call == "submit" and place == UPLOAD:
            return self._edit_at_once(seen, fault)
        if call == "poll" and place.startswith(f"{ASYNC}/"):
            return self._look(place.rsplit("/", 1)[-1], fault)
        if call == "poll" and place == "/storage/storages":
            return self._list_storages()
        self.note(f"{seen.method} {seen.path} is not used")
        return as_json({"detail": "Not Found"}, 404)

    def result(self, seen: Seen) -> Answer:
        self.faults.pass_hold("result")
        if seen.path.startswith("/claid/result/"):
            self.note("result_url was followed")
        name = seen.path.removeprefix("/claid/")
        if name not in self.results:
            return Answer(404, b"gone", "text/plain")
        return result_answer(self.faults.next("result"), self.results[name])

    def _is_over_minute(self, now: float) -> bool:
        while self._minute and self._minute[0] <= now - 60.0:
            self._minute.popleft()
        self._minute.append(now)
        return len(self._minute) > self.per_minute and self.rate < NO_LIMIT

    def _with_headers(self, answer: Answer) -> Answer:
        left = max(0, self.rate - len(self._recent))
        told = {
            "RateLimit-Limit": f"{self.per_minute}, {self.per_minute};w=60, 4;w=1",
            "RateLimit-Remaining": str(left),
            "RateLimit-Reset": "1",
            "x-request-id": uuid4().hex,
        }
        return Answer(
            answer.status,
            answer.body,
            answer.media_type,
            {**told, **answer.headers},
            answer.trouble,
        )

    def _accept(self, seen: Seen, fault: str) -> Answer:
        try:
            body = json.loads(seen.body)
        except ValueError:
            return refusal(400, "9000", "validation", "The body is not valid JSON")
        wrong = self._wrong(body, with_input=True)
        if wrong:
            return wrong
        task = self._begin(body)
        task.fetcher = threading.Thread(target=self._fetch, args=[task], daemon=True)
        task.fetcher.start()
        if fault == "reset_after":
            return Answer(trouble="reset")
        if fault == "half_json":
            return Answer(body=b'{"data": {"id": 1')
        if fault == "no_task_id":
            return as_json({"data": {"status": "ACCEPTED"}})
        data = self._told(task, "ACCEPTED")
        if fault == "id_in_result_url":
            del data["id"]
        if fault == "nothing_left":
            return as_json(
                {"data": data}, RateLimit_Remaining="0", RateLimit_Reset="17"
            )
        return as_json({"data": data})

    def _edit_at_once(self, seen: Seen, fault: str) -> Answer:
        parts = seen.parts
        if set(parts) != {"file", "data"} or parts["file"].filename is None:
            return self._unprocessable({"file": ["field required"]})
        if parts["data"].media_type != "application/json":
            return self._unprocessable({"data": ["value is not a valid dict"]})
        if PurePosixPath(parts["file"].filename).suffix:
            self.note("the file was named with an extension")
        body = json.loads(parts["data"].data)
        wrong = self._wrong(body, with_input=False)
        if wrong:
            return wrong
        problem = _picture_problem(parts["file"].data)
        if problem:
            return refusal(400, "3001", "image", problem)
        task = self._begin(body)
        task.photo = parts["file"].data
        if fault == "reset_after":
            return Answer(trouble="reset")
        time.sleep(task.duration)
        made = {} if fault == "no_result" else self._output_of(task)
        return as_json({"data": {"input": _object(task.photo), "output": made}})

    def _begin(self, body: dict[str, Any]) -> Task:
        with self._lock:
            task = Task(
                1000 + len(self.tasks),
                body,
                time.monotonic(),
                self.duration(),
                fault=self.faults.next("task"),
            )
            self.tasks[task.number] = task
        return task

    def _wrong(self, body: Any, *, with_input: bool) -> Answer | None:
        wrong = claid_contract.wrong_fields(body, with_input=with_input)
        if wrong:
            return self._unprocessable(wrong)
        for words in claid_contract.unwise(body["operations"]):
            self.note(words)
        found = claid_contract.STORAGE.match(_destination(body))
        if found and found.group(1) not in self.storages:
            return refusal(400, "4004", "storage", "The output storage does not exist")
        return None

    def _unprocessable(self, wrong: dict[str, list[str]]) -> Answer:
        self.note(f"422: {wrong}")
        return refusal(422, "9000", "validation", "Validation error", wrong)

    def _fetch(self, task: Task) -> None:
        address = str(task.body["input"])
        found = claid_contract.STORAGE.fullmatch(address)
        if found:
            folder = self.web_folders.get(found.group(1))
            address = f"{folder}/{found.group(2)}" if folder else "https://0.0.0.0/"
        fetched = self.fetch_source(address)
        task.photo = fetched.data
        task.problem = _picture_problem(fetched.data)
        if fetched.problem:
            task.problem = f"Unable to download the image {address}: {fetched.problem}"

    def _look(self, number: str, fault: str) -> Answer:
        if not number.isdecimal():
            return as_json(
                {
                    "detail": [
                        {
                            "loc": ["path", "task_id"],
                            "msg": "value is not a valid integer",
                            "type": "type_error.integer",
                        }
                    ]
                },
                422,
            )
        task = self.tasks.get(int(number))
        if task is None:
            return refusal(404, "4040", "le", "Batch image edit pipeline not found")
        task.polls += 1
        status = self._status_of(task, fault or task.fault)
        data = self._told(task, status)
        if fault == "other_task":
            data["id"] = task.number + 1
        if status == "DONE":
            data["result"] = self._result_of(task, fault or task.fault)
        if fault == "done_with_errors":
            data["errors"] = [_error("Something went wrong")]
        if status == "ERROR":
            told = fault.removeprefix("error=") if "error=" in fault else task.problem
            data["errors"] = [_error(told)] if told else []
        return as_json({"data": data})

    def _status_of(self, task: Task, fault: str) -> str:
        if fault.startswith("state="):
            return fault.removeprefix("state=")
        if fault.startswith("error="):
            return "ERROR"
        age = time.monotonic() - task.made
        if fault == "never_done" or age < task.duration:
            return "ACCEPTED" if age < task.duration / 4 else "PROCESSING"
        task.wait_for_source()
        return "ERROR" if task.problem else "DONE"

    def _told(self, task: Task, status: str) -> dict[str, Any]:
        return {
            "id": task.number,
            "status": status,
            # As in the document: not https, and not to be followed.
            "result_url": f"{self.results_url}/claid/result/{task.number}",
            "created_at": MADE_AT,
            "request": task.body,
            "errors": [],
            "result": {},
        }

    def _result_of(self, task: Task, fault: str) -> dict[str, Any]:
        if fault == "no_result":
            return {}
        made = self._output_of(task)
        if fault == "no_tmp_url":
            made.pop("tmp_url", None)
        if fault == "result_private":
            made["tmp_url"] = "https://10.0.0.1/result.jpg"
        return {"input_object": _object(task.photo), "output_object": made}

    def _output_of(self, task: Task) -> dict[str, Any]:
        picture = self._edited(task)
        told = _object(picture)
        found = claid_contract.STORAGE.match(_destination(task.body))
        if found:
            storage, path = found.groups()
            self.results[f"stored/{storage}/{path}"] = picture
            return {
                **told,
                "object_key": path,
                "object_bucket": "playground",
                "object_uri": f"s3://playground/{path}",
                "claid_storage_uri": f"storage://{storage}/{path}",
            }
        name = f"tmp/{task.number}"
        self.results[name] = picture
        return {**told, "tmp_url": f"{self.results_url}/claid/{name}"}

    def _edited(self, task: Task) -> bytes:
        """What was asked for, as far as it changes size and format."""
        restored = self.restore(task.photo)
        output = task.body.get("output") or {}
        kind = output.get("format", "jpeg") if isinstance(output, dict) else "jpeg"
        kind = kind["type"] if isinstance(kind, dict) else kind
        out = BytesIO()
        with Image.open(BytesIO(restored)) as picture:
            resizing = task.body["operations"].get("resizing")
            size = _size(picture.size, resizing) if resizing else picture.size
            if size == picture.size and kind == "jpeg":
                return restored
            picture.resize(size).save(out, FORMATS[kind])
        return out.getvalue()

    def _list_storages(self) -> Answer:
        folders = [
            {"id": 1, "name": name, "type": "web_folder", "parameters": {"path": at}}
            for name, at in self.web_folders.items()
        ]
        buckets = [
            {
                "id": 2,
                "name": name,
                "type": "s3",
                "parameters": {"bucket": "playground"},
            }
            for name in self.storages
        ]
        return as_json({"data": [*folders, *buckets]})


def _place(path: str) -> str:
    for version in reversed(VERSIONS):
        if path.startswith(f"{version}/"):
            return path.removeprefix(version)
    return ""


def _destination(body: dict[str, Any]) -> str:
    output = body.get("output") or ""
    return output if isinstance(output, str) else str(output.get("destination", ""))


def _size(size: tuple[int, int], resizing: dict[str, Any]) -> tuple[int, int]:
    """Inside bounds."""
    width, height = resizing.get("width", "auto"), resizing.get("height", "auto")
    if isinstance(width, str) and width.endswith("%"):
        factor = int(width[:-1]) / 100
    else:
        pairs = zip((width, height), size, strict=True)
        factor = min(float(told) / side for told, side in pairs if told != "auto")
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _picture_problem(data: bytes) -> str:
    try:
        with Image.open(BytesIO(data)) as picture:
            picture.load()
    except (UnidentifiedImageError, OSError):
        return "Unsupported image format"
    return ""


def _object(data: bytes) -> dict[str, Any]:
    """As in the document, whose own samples disagree with its table."""
    with Image.open(BytesIO(data)) as picture:
        width, height = picture.size
    return {
        "ext": "pnj",
        "mps": width * height / 1_000_000,
        "mime": "image/jpeg",
        "format": "JPEG",
        "width": width,
        "height": height,
    }


def _error(words: str) -> dict[str, Any]:
    return {"error": words, "created_at": MADE_AT, "input_object": None}
