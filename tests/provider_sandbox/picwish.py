"""PicWish as its document says: strict about fields, sizes, key and rate."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass, field
from io import BytesIO
from uuid import uuid4

from PIL import Image, UnidentifiedImageError

from tests.provider_sandbox.vendor import Vendor, result_answer
from tests.provider_sandbox.wire import Answer, Seen, as_json

PATH = "/api/tasks/visual/restoration-old-photo"
MAX_BYTES = 20_000_000
MAX_SIDE = 2048
MAX_ADDRESS = 512
VALUES = {
    "sync": {"0", "1"},
    "restoration_type": {"0", "1", "2"},
    "model_type": {"1", "2", "3"},
    "change_color": {"0", "1"},
}
# Left to the vendor, the one colours the photo, and the other has two defaults.
MUST_BE_SAID = ("change_color", "sync")
RESULT_SECONDS = 3600.0


@dataclass
class Task:
    task_id: str
    photo: bytes = field(repr=False)
    fields: dict[str, str]
    made: float
    duration: float
    fault: str = ""
    polls: int = 0


@dataclass
class PicWishSandbox(Vendor):
    key: str = "sandbox-picwish-key"
    tasks: dict[str, Task] = field(default_factory=dict)

    @property
    def submits(self) -> int:
        return len(self.tasks)

    def handle(self, seen: Seen) -> Answer:
        call = "submit" if seen.method == "POST" else "poll"
        answer = self._answer(call, seen)
        self.faults.pass_hold(call)
        return answer

    def _answer(self, call: str, seen: Seen) -> Answer:
        with self._lock:
            self.requests.append(seen)
            over = self.is_over_rate(seen.at)
        if over:
            return _refusal(429, "QPS limit")
        if seen.headers.get("x-api-key") != self.key:
            return _refusal(401, "Unauthorized API key")
        fault = self.faults.next(call)
        before = _fault_before(fault)
        if before:
            return before
        if call == "submit" and seen.path == PATH:
            return self._create(seen, fault)
        if call == "poll" and seen.path.startswith(f"{PATH}/"):
            return self._look(seen.path.removeprefix(f"{PATH}/"), fault)
        self.note(f"{seen.method} {seen.path} is not in the document")
        return _refusal(404, "The requested URL does not exist")

    def result(self, seen: Seen) -> Answer:
        task_id = seen.path.removeprefix("/picwish/").removesuffix(".jpg")
        self.faults.pass_hold("result")
        task = self.tasks.get(task_id)
        if task is None:
            return Answer(404, b"gone", "text/plain")
        age = time.monotonic() - task.made - task.duration
        fault = "gone" if age > RESULT_SECONDS else self.faults.next("result")
        return result_answer(fault, self.restore(task.photo))

    def _create(self, seen: Seen, fault: str) -> Answer:
        for words in _unwise(seen):
            self.note(words)
        wrong = _wrong_field(seen)
        if wrong:
            self.note(f"refused: {wrong.body.decode()}")
            return wrong
        task = self._begin(seen)
        if fault == "reset_after":
            return Answer(trouble="reset")
        if fault == "half_json":
            return Answer(body=b'{"status":200,"message":"succ')
        if fault == "no_task_id":
            return as_json({"status": 200, "message": "success", "data": {}})
        if task.fields.get("sync") == "1":
            time.sleep(task.duration)
            return self._told(task, "")
        data = {"task_id": task.task_id}
        return as_json({"status": 200, "message": "success", "data": data})

    def _begin(self, seen: Seen) -> Task:
        photo, fault = b"", self.faults.next("task")
        if "image_file" in seen.parts:
            photo = seen.parts["image_file"].data
        else:
            fetched = self.fetch_source(seen.fields["image_url"])
            photo = fetched.data
            fault = "state=-3" if fetched.problem else fault
        task = Task(
            uuid4().hex,
            photo,
            seen.fields,
            time.monotonic(),
            self.duration(),
            fault=fault,
        )
        with self._lock:
            self.tasks[task.task_id] = task
        return task

    def _look(self, task_id: str, fault: str) -> Answer:
        task = self.tasks.get(task_id)
        if task is None:
            return _refusal(404, "The task_id does not exist")
        task.polls += 1
        return self._told(task, fault)

    def _told(self, task: Task, fault: str) -> Answer:
        data: dict[str, object] = {"task_id": task.task_id, "created_at": 1634884000}
        if fault == "other_task":
            data["task_id"] = uuid4().hex
        age = time.monotonic() - task.made
        state = self._state_of(task, age, fault)
        data |= {"state": state, "progress": 100 if state == 1 else 60}
        if state == 1:
            data |= self._picture(task, fault)
            data["state_detail"] = "Complete"
        return as_json({"status": 200, "message": "success", "data": data})

    def _state_of(self, task: Task, age: float, fault: str) -> object:
        for name in (fault, task.fault):
            if name.startswith("state="):
                return int(name.removeprefix("state="))
            if name == "state_text":
                return "finished"
        if task.fault == "never_done" or age < task.duration:
            return 0 if age < task.duration / 4 else 4
        return 1

    def _picture(self, task: Task, fault: str) -> dict[str, object]:
        address = f"{self.results_url}/picwish/{task.task_id}.jpg"
        kind = fault or task.fault
        if kind == "no_result":
            return {"image": "", "image_url": None}
        if kind == "base64":
            data = base64.b64encode(self.restore(task.photo)).decode()
            return {"image": data, "return_type": 2}
        if kind == "data_uri":
            data = base64.b64encode(self.restore(task.photo)).decode()
            return {"image": f"data:image/jpeg;base64,{data}"}
        if kind == "bad_base64":
            return {"image": "@@@@", "return_type": 2}
        if kind == "result_private":
            return {"image": "https://10.0.0.1/result.jpg"}
        if kind == "image_url":
            return {"image_url": address}
        return {"image": address, "return_type": 1}


def _unwise(seen: Seen) -> list[str]:
    """What is taken there, and what no careful client would send."""
    fields = seen.fields
    found = [f"{name} was left to the vendor" for name in set(MUST_BE_SAID) - {*fields}]
    found += [f"the field {name!r}" for name in set(fields) - {*VALUES, "image_url"}]
    if "model_type" in fields and fields.get("restoration_type", "0") == "0":
        found.append("model_type was sent where it does not count")
    if "image_url" in fields and "image_file" in seen.parts:
        found.append("both image_file and image_url")
    return found


def _wrong_field(seen: Seen) -> Answer | None:
    parts, fields = seen.parts, dict(seen.fields)
    address = fields.pop("image_url", "")
    if set(fields) - set(VALUES) or any(v not in VALUES[n] for n, v in fields.items()):
        return _refusal(400, "Wrong parameter")
    if len(address) > MAX_ADDRESS:
        return _refusal(400, "image_url is too long")
    if address and "image_file" not in parts:
        return None
    if "image_file" not in parts:
        return _refusal(400, "image_file or image_url is required")
    photo = parts["image_file"]
    if len(photo.data) >= MAX_BYTES:
        return _refusal(413, "The file exceeds the allowed size")
    try:
        with Image.open(BytesIO(photo.data), formats=("JPEG", "PNG")) as picture:
            size = picture.size
    except UnidentifiedImageError:
        return _refusal(400, "Not a JPEG or PNG")
    if max(size) > MAX_SIDE:
        return _refusal(400, "The picture exceeds 2048 x 2048")
    return None


def _fault_before(fault: str) -> Answer | None:
    """Faults for which nothing was done."""
    if fault.startswith("http_"):
        return _refusal(int(fault.removeprefix("http_")), "Server-side exception")
    if fault.startswith("body_"):
        code = int(fault.removeprefix("body_"))
        return as_json({"status": code, "message": "Said in the body"})
    if fault.startswith("429="):
        return as_json(
            {"status": 429, "message": "QPS"},
            429,
            Retry_After=fault.removeprefix("429="),
        )
    table = {
        "reset_before": Answer(trouble="reset"),
        "gateway_502": Answer(502, b"<html>Bad gateway</html>", "text/html"),
        "html_200": Answer(200, b"<html>Hello</html>", "text/html"),
        "not_an_object": as_json([1, 2, 3]),
        "nan": Answer(body=b'{"status": NaN, "data": {}}'),
        "endless": Answer(body=b"{", trouble="endless"),
        "drip": Answer(body=b"{", trouble="drip"),
        "no_credits": _refusal(401, "Insufficient credits"),
    }
    return table.get(fault)


def _refusal(status: int, message: str) -> Answer:
    return as_json({"status": status, "message": message}, status)
