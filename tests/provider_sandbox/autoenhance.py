"""Autoenhance.ai as its documents say: strict about fields, types, key, signatures and
rate. Full pictures are counted as bought; images stay until they are deleted, and can be
looked at by anybody who knows an id."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

from PIL import Image, ImageDraw, UnidentifiedImageError

from tests.provider_sandbox.autoenhance_contract import (
    ANY_TYPE,
    DEFAULTS,
    DOWNLOAD,
    MUST_BE_SAID,
    PREFERENCES,
    PREVIEW_SIDE,
    REPORT,
    SAME_NAME_AN_HOUR,
    VERSION,
    call_of,
    fault_before,
    image_of,
    in_older_words,
    last_of,
    one_of,
    refusal,
)
from tests.provider_sandbox.vendor import Vendor, result_answer
from tests.provider_sandbox.watch import NEUTRAL
from tests.provider_sandbox.wire import Answer, Seen, as_json


@dataclass
class Kept:
    """An image that lies there. `settings` are what it was enhanced with last."""

    image_id: str
    settings: dict[str, object]
    photo: bytes = field(default=b"", repr=False)
    before: dict[str, object] = field(default_factory=dict)
    begun: float = 0.0
    duration: float = 0.0
    fault: str = ""
    times: int = 0
    downloaded: bool = False


@dataclass
class AutoenhanceSandbox(Vendor):
    """`upload_field` names the field with the signed address, `signs` says what its
    signature covers (the type told at creation: "type", the type in the address:
    "query", any bytes: "octets", nothing that fits: "nothing"), `hands_over` how a full
    picture comes, `lags` for how many seconds a reprocess still shows the end before,
    `dialect` is "older" where no version is honoured."""

    key: str = "sandbox-autoenhance-key"
    rate: int = 300
    upload_field: str = "upload_url"
    signs: str = "type"
    hands_over: str = "redirect"
    lags: float = 0.0
    dialect: str = "ours"
    a_day: int = 500
    plan_pays: bool = True
    only_previews: bool = False
    images: dict[str, Kept] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    bought: list[str] = field(default_factory=list)
    stars: dict[str, int] = field(default_factory=dict)
    bodies: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    enhancements: int = 0
    _signed: dict[str, tuple[str, str]] = field(default_factory=dict)
    _handed: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    _names: list[str] = field(default_factory=list)

    @property
    def submits(self) -> int:
        return self.enhancements

    def handle(self, seen: Seen) -> Answer:
        call = call_of(seen)
        answer = self._answer(call, seen)
        self.faults.pass_hold(call)
        return answer

    def _answer(self, call: str, seen: Seen) -> Answer:
        with self._lock:
            self.requests.append(seen)
            over = self.is_over_rate(seen.at)
        if over:
            return refusal(429, "Too Many Requests")
        given = seen.headers.get("x-api-key", "")
        if given != self.key and (given or call not in {"poll", "open"}):
            return refusal(401, "Unauthorized")
        if given:
            self._look_at_headers(seen)
        fault = self.faults.next(call)
        before = fault_before(fault)
        if before:
            return before
        table = {
            "submit": self._create,
            "poll": self._look,
            "process": self._process,
            "enhanced": self._enhanced,
            "open": self._open,
            "report": self._report,
            "delete": self._delete,
        }
        if call not in table:
            self.note(f"{seen.method} {seen.path} is not in the documents")
            return refusal(404, "No route")
        return table[call](seen, fault)

    def _look_at_headers(self, seen: Seen) -> None:
        if seen.headers.get("x-api-version") != VERSION:
            self.note("no version of the API was pinned")
        if "x-dev-mode" in seen.headers:
            self.note("the vendor's test mode was used")

    def _create(self, seen: Seen, fault: str) -> Answer:
        known = {**PREFERENCES, "content_type": one_of("image/jpeg", "image/png")}
        body, wrong = self._body(seen, known)
        if wrong:
            return wrong
        if "image_name" not in body:
            return refusal(422, "image_name is required")
        for name in MUST_BE_SAID:
            if name not in body:
                self.note(f"{name} was left to the vendor")
        name = str(body["image_name"])
        if not NEUTRAL.fullmatch(name):
            self.note(f"an image was named {name!r}")
        self._names.append(name)
        if self._names.count(name) > SAME_NAME_AN_HOUR:
            return refusal(429, "Too many uploads with the same image name")
        kept = Kept(str(uuid4()), {**DEFAULTS, **body})
        with self._lock:
            self.images[kept.image_id] = kept
        return self._created(kept, fault)

    def _created(self, kept: Kept, fault: str) -> Answer:
        reply = self._told(kept, "")
        reply[self.upload_field] = self._sign(kept)
        if fault == "reset_after":
            return Answer(trouble="reset")
        if fault == "half_json":
            return Answer(body=b'{"image_id": "')
        if fault == "no_image_id":
            del reply["image_id"]
        if fault == "no_upload_url":
            del reply[self.upload_field]
        if fault == "blurs":
            reply["privacy"] = True
        return as_json(reply)

    def _sign(self, kept: Kept) -> str:
        """Addresses hold no id: they are shown to the storage's operator."""
        token, kind = uuid4().hex, str(kept.settings.get("content_type", ANY_TYPE))
        if self.signs == "octets":
            kind = ANY_TYPE
        if self.signs == "nothing":
            kind = "text/nothing"
        query = {"X-Amz-Signature": uuid4().hex}
        if self.signs == "query":
            kind = query["content-type"] = "image/x-signed"
        self._signed[token] = (kept.image_id, kind)
        return f"{self.storage_url}/autoenhance/{token}?{urlencode(query)}"

    def upload(self, seen: Seen) -> Answer:
        fault = self.faults.next("upload")
        if fault.startswith("http_"):
            return Answer(int(fault.removeprefix("http_")), b"<Error/>", "text/xml")
        if fault == "reset_before":
            return Answer(trouble="reset")
        image_id, kind = self._signed.get(last_of(seen.path), ("", ""))
        kept = self.images.get(image_id)
        if seen.method != "PUT" or kept is None:
            return Answer(403, b"<Error>AccessDenied</Error>", "text/xml")
        if seen.headers.get("content-type") != kind:
            wrong = b"<Error>SignatureDoesNotMatch</Error>"
            return Answer(403, wrong, "text/xml")
        if "x-api-version" in seen.headers:
            self.note("a header for the provider went to the storage")
        kept.photo = seen.body
        self._begin(kept)
        self.faults.pass_hold("upload")
        return Answer(200, b"")

    def _begin(self, kept: Kept) -> None:
        with self._lock:
            self.enhancements += 1
        kept.begun, kept.duration = time.monotonic(), self.duration()
        kept.fault = self.faults.next("task")
        kept.times += 1
        if self.enhancements > self.a_day:
            kept.fault = "error=You have reached your daily enhancement limit"
        if not _is_picture(kept.photo):
            kept.fault = "error=Not a picture"

    def _process(self, seen: Seen, fault: str) -> Answer:
        kept = self.images.get(image_of(seen))
        if kept is None or not kept.photo:
            return refusal(404, "Image not found")
        body, wrong = self._body(seen, PREFERENCES)
        if wrong:
            return wrong
        kept.before = dict(kept.settings)
        kept.settings |= body
        if fault == "blurs":
            kept.settings["privacy"] = True
        self._begin(kept)
        if fault == "reset_after":
            return Answer(trouble="reset")
        return as_json(self._told(kept, ""))

    def _body(
        self, seen: Seen, known: Mapping[str, Callable[[object], bool]]
    ) -> tuple[dict[str, Any], Answer | None]:
        """The body, and what the vendor says where it is not one."""
        try:
            body = json.loads(seen.body)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            self.note("a body that is no JSON object")
            return {}, refusal(422, "Not a JSON object")
        self.bodies.append((call_of(seen), body))
        for name, value in body.items():
            if name not in known:
                self.note(f"the field {name} is not of this version")
                return body, refusal(422, f"Unknown field {name}")
            if not known[name](value):
                self.note(f"{name} was {value!r}")
                return body, refusal(422, f"{name} is not valid")
        if "score" not in known:
            self._look_for_harm(body)
        return body, None

    def _look_for_harm(self, body: Mapping[str, object]) -> None:
        if body.get("privacy") is not False:
            self.note("privacy was not said to be off")
        clouds = body.get("cloud_type") is not None
        if clouds and body.get("sky_replacement", True) is False:
            self.note("clouds were chosen for a sky that stays")

    def _look(self, seen: Seen, fault: str) -> Answer:
        kept = self.images.get(image_of(seen))
        if kept is None:
            return refusal(404, "Image not found")
        return as_json(self._told(kept, fault))

    def _told(self, kept: Kept, fault: str) -> dict[str, object]:
        status, reason = self._status_of(kept, fault)
        told: dict[str, object] = {
            **kept.settings,
            "image_id": uuid4().hex if fault == "other_task" else kept.image_id,
            "order_id": kept.settings.get("order_id", str(uuid4())),
            "date_added": 1634884000,
            "downloaded": kept.downloaded,
            "status": status,
            "status_reason": reason,
            "user_id": None,
            "scene": None,
        }
        if fault == "forgets":
            told = {"image_id": kept.image_id, "status": status}
        if self.dialect == "older":
            return in_older_words(told)
        return told

    def _status_of(self, kept: Kept, fault: str) -> tuple[object, str | None]:
        for name in (fault, kept.fault):
            if name.startswith("error="):
                return "error", name.removeprefix("error=")
            if name.startswith("status="):
                return json.loads(name.removeprefix("status=")), None
        if not kept.photo:
            return "waiting", None
        age = time.monotonic() - kept.begun
        if kept.times > 1 and age < self.lags:
            return "processed", None
        if kept.fault == "never_done" or age < kept.duration:
            return "waiting" if age < kept.duration / 4 else "processing", None
        return "processed", None

    def _enhanced(self, seen: Seen, fault: str) -> Answer:
        kept = self.images.get(image_of(seen))
        if kept is None:
            return refusal(404, "Image not found")
        query = dict(parse_qsl(urlsplit(seen.path).query))
        for name, value in query.items():
            if name not in DOWNLOAD or not DOWNLOAD[name](value):
                self.note(f"the download was asked for with {name}={value}")
                return refusal(422, f"{name} is not valid")
        if self._status_of(kept, "")[0] != "processed":
            return refusal(404, "Not enhanced yet")
        if query.get("preview") != "false":
            self.note("a preview was fetched for a result")
        elif not self.plan_pays:
            return refusal(402, "Payment Required")
        else:
            self._buy(kept)
        return self._hand_over(kept, query)

    def _buy(self, kept: Kept) -> None:
        """The first full download is charged; later ones of the same image are not."""
        if not kept.downloaded:
            self.bought.append(kept.image_id)
        kept.downloaded = True

    def _hand_over(self, kept: Kept, query: dict[str, str]) -> Answer:
        token = uuid4().hex
        self._handed[token] = (kept.image_id, query)
        address = f"{self.results_url}/autoenhance/{token}"
        if self.hands_over == "redirect":
            return Answer(302, b"", headers={"Location": address})
        if self.hands_over == "json":
            return as_json({"url": address})
        if self.hands_over == "nowhere":
            return as_json({"message": "here you are"})
        kind = f"image/{query.get('format', 'jpeg')}"
        return result_answer(
            self.faults.next("result"), self._picture(kept, query), kind
        )

    def result(self, seen: Seen) -> Answer:
        self.faults.pass_hold("result")
        image_id, query = self._handed.get(last_of(seen.path), ("", {}))
        kept = self.images.get(image_id)
        if kept is None:
            return Answer(404, b"gone", "text/plain")
        kind = f"image/{query.get('format', 'jpeg')}"
        return result_answer(
            self.faults.next("result"), self._picture(kept, query), kind
        )

    def _picture(self, kept: Kept, query: Mapping[str, str]) -> bytes:
        """Twice as large where that was asked for; a reprocess that lags shows what was
        before."""
        lags = kept.times > 1 and time.monotonic() - kept.begun < self.lags
        settings = kept.before if lags else kept.settings
        is_small = self.only_previews or query.get("preview") != "false"
        with Image.open(BytesIO(self.restore(kept.photo))) as restored:
            picture: Image.Image = restored
            if settings.get("upscale"):
                picture = picture.resize((2 * picture.width, 2 * picture.height))
            if is_small:
                picture = _marked(picture)
            out = BytesIO()
            quality = int(query.get("quality", "75"))
            picture.save(out, query.get("format", "jpeg"), quality=quality)
        return out.getvalue()

    def _open(self, seen: Seen, fault: str) -> Answer:
        """The photo itself, or a preview: no key is asked for."""
        kept = self.images.get(image_of(seen))
        if seen.headers.get("x-api-key"):
            self.note("the photo was fetched back")
        if kept is None or not kept.photo:
            return refusal(404, "Image not found")
        if seen.path.endswith("/original"):
            return Answer(200, kept.photo, "image/jpeg")
        return Answer(200, self._picture(kept, {"preview": "true"}), "image/jpeg")

    def _report(self, seen: Seen, fault: str) -> Answer:
        image_id = image_of(seen)
        if image_id not in self.images:
            return refusal(404, "Image not found")
        body, wrong = self._body(seen, REPORT)
        if wrong:
            return wrong
        self.stars[image_id] = body["score"]
        return as_json({"message": "Thank you"})

    def _delete(self, seen: Seen, fault: str) -> Answer:
        image_id = image_of(seen)
        if self.images.pop(image_id, None) is None:
            return refusal(404, "Image not found")
        self.deleted.append(image_id)
        return Answer(204, b"")


def _is_picture(data: bytes) -> bool:
    try:
        with Image.open(BytesIO(data), formats=("JPEG", "PNG")) as picture:
            return picture.width > 0
    except UnidentifiedImageError:
        return False


def _marked(picture: Image.Image) -> Image.Image:
    small = picture.copy()
    small.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    ImageDraw.Draw(small).line((0, 0, *small.size), fill="red", width=3)
    return small
