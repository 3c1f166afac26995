"""Autoenhance.ai, enhancing of photos.

Facts are from the vendor's own pages ("Reprocessing", "Retrieving", "Creating &
Uploading", "Downloading", "Reporting", "API versions", "Rate limits"). Made for photos
of houses: what straightens, swaps skies or blurs faces is said to be off in every
request, because the vendor keeps what was said last.

An image's id is as good as a key, so none appears in words or errors. The photo stays
there until it is deleted, and can be restored again without being sent again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from jobs.providers.autoenhance_codes import (
    CODES,
    COPY_GONE,
    NO_PICTURE,
    NO_SUCH_PLACE,
    NOT_UNDERSTOOD,
    RESULT_GONE,
    UPLOAD_REFUSED,
    UPLOAD_TROUBLE,
    error_of,
    reason_row,
    without_ids,
)
from jobs.providers.autoenhance_options import (
    OPTIONS,
    changed_settings,
    download_query,
    settings_of,
)
from jobs.providers.autoenhance_replies import (
    image_in,
    is_fine,
    is_of_before,
    onward,
    refusal,
    refuse_blurring,
    status_of,
)
from jobs.providers.base import (
    SUBMIT,
    Access,
    Limits,
    Promise,
    RemoteState,
    RemoteStatus,
    Result,
    Scan,
    Submission,
)
from jobs.providers.http import Api, Downloads, onward_from, retry_after

NAME = "autoenhance"
LABEL = "Autoenhance.ai"
PATH = "/v3/images/"
# The newest whose changes are published; sent so that no field moves under us.
API_VERSION = "2025-08-31"
# Under which names the versions of the API told where to upload.
UPLOAD_FIELDS = ("upload_url", "s3PutObjectUrl", "s3_put_object_url")
ANY_TYPE = "application/octet-stream"
NOBODYS_ID = "00000000-0000-4000-8000-000000000000"

LIMITS = Limits(
    # The vendor names neither bytes nor pixels; these are far above what a print holds.
    formats=("jpeg", "png"),
    max_bytes=50_000_000,
    max_width=10_000,
    max_height=10_000,
    # Its own limit is 300 a second for each address.
    per_second=20.0,
    deadline=timedelta(minutes=30),
    # As long as the photo is there; a look costs nothing.
    result_lifetime=timedelta(hours=1),
    typical=timedelta(seconds=30),
    first_look=timedelta(seconds=3),
    never_smaller=True,
)

PROMISE = Promise(
    costs="Autoenhance charges one download for each photo that is fetched in full "
    "size; fetching the same photo again is free. Its price list says how much that is.",
    keeps="Autoenhance does not say how long it keeps photos. This app deletes the photo "
    "there once the result is here, unless the administrator lets it stay some hours for "
    "a second try.",
    sends_to="Autoenhance.ai ({host}; uploads go to Amazon's storage)",
)


class Autoenhance:
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
    ) -> Autoenhance:
        headers = {"x-api-key": access.key, "x-api-version": API_VERSION}
        api = Api(base_url=access.base_url, secret_headers=headers, timeout=timeout)
        return cls(api, downloads)

    @staticmethod
    def is_long_submit(options: Mapping[str, str], *, by_address: bool) -> bool:
        return False

    def submit(
        self,
        scan: Scan,
        options: Mapping[str, str],
        request_key: str,
        brought: Mapping[str, str],
    ) -> Submission:
        """Register the photo, then PUT it to the address that this brought: the
        enhancement then begins by itself. Raises ProviderError."""
        if brought.get("upload"):
            return self._upload(scan, brought)
        return self._register(scan, options)

    def poll(self, remote_id: str, brought: Mapping[str, str]) -> RemoteState:
        """GET the image. A failed one raises; everything else is a state."""
        image_id = _image_of(remote_id)
        image = image_in(self.api.call("GET", _path(image_id)))
        echoed = image.get("image_id")
        if isinstance(echoed, str) and echoed and echoed != image_id:
            raise error_of(NOT_UNDERSTOOD, "the answer is about another image")
        status = status_of(image)
        reason = without_ids(str(image.get("status_reason") or ""))
        words = f"{image.get('status')} {reason}".strip()[:100]
        if status not in {RemoteStatus.SUCCEEDED, RemoteStatus.FAILED}:
            return RemoteState(
                status=status, words=words, brought=_seen_at_work(status, brought)
            )
        if is_of_before(image, brought):
            return RemoteState(
                status=RemoteStatus.PENDING, words="still shows the result before"
            )
        if status is RemoteStatus.FAILED:
            raise error_of(reason_row(reason), f"{image.get('status')}: {reason}")
        query = brought.get("query") or urlencode({"preview": "false"})
        address = f"{_path(image_id)}/enhanced?{query}"
        return RemoteState(
            status=status,
            progress=1.0,
            words=words,
            result=Result(address=address),
            # A picture that was paid for once is fetched again for nothing.
            credits=0.0 if image.get("downloaded") is True else None,
        )

    def fetch(self, result: Result, into: Path) -> int:
        """GET the full picture, which is what costs. It comes as bytes, as a redirect,
        or as JSON with an address; the two last are followed without the key."""
        parts = urlsplit(result.address)
        reply = self.api.download(
            parts.path,
            into,
            max_bytes=LIMITS.max_result_bytes,
            timeout=self.downloads.total,
            params=dict(parse_qsl(parts.query)),
        )
        if reply.status == 200 and not reply.body:
            if not into.is_file() or not into.stat().st_size:
                raise error_of(NO_PICTURE, "an empty answer")
            return into.stat().st_size
        further = onward(reply)
        if not further:
            raise refusal(reply, RESULT_GONE)
        address = onward_from(self.api.base_url + parts.path, further)
        return self.downloads.fetch(address, into, max_bytes=LIMITS.max_result_bytes)

    def reprocess(
        self,
        copy_id: str,
        before: Mapping[str, str],
        options: Mapping[str, str],
        request_key: str,
    ) -> Submission:
        """POST what changed. Of the tasks on one image each has an id of its own, and
        knows what it asked for, so that the result before is not taken for its own."""
        asked = changed_settings(before, options)
        reply = self.api.call("POST", f"{_path(copy_id)}/process", body=asked)
        image = image_in(reply, is_submit=True, row_404=COPY_GONE)
        refuse_blurring(image)
        brought = {
            "query": urlencode(download_query(options)),
            "asked": json.dumps(asked),
            "asked_at": datetime.now(UTC).isoformat(),
        }
        if status_of(image) in {RemoteStatus.PENDING, RemoteStatus.RUNNING}:
            brought["moved"] = "1"
        remote_id = f"{copy_id}#{request_key[:12]}"
        return Submission(remote_id=remote_id, copy_id=copy_id, brought=brought)

    def rate(self, copy_id: str, stars: int) -> None:
        """POST a report: the `rating` field of a reprocess says the same, but would
        enhance the photo once more for it."""
        body = {"score": stars, "categories": [], "source": "API"}
        reply = self.api.call("POST", f"{_path(copy_id)}/report", body=body)
        if not is_fine(reply):
            raise refusal(reply, COPY_GONE)

    def delete(self, copy_id: str) -> None:
        reply = self.api.call("DELETE", _path(copy_id))
        if not is_fine(reply) and reply.status not in {404, 410}:
            raise refusal(reply, COPY_GONE)

    def check(self) -> str:
        """Ask for the picture of an image that cannot exist: a right key gets "not
        found", a wrong one is refused, and nothing is charged."""
        reply = self.api.call(
            "GET", f"{_path(NOBODYS_ID)}/enhanced", params={"preview": "true"}
        )
        if reply.status not in {404, 422}:
            raise refusal(reply, NO_SUCH_PLACE)
        return f"{LABEL} answers and accepts the key."

    def _register(self, scan: Scan, options: Mapping[str, str]) -> Submission:
        body = {
            "image_name": scan.name,
            "content_type": scan.media_type,
            **settings_of(options),
        }
        image = image_in(
            self.api.call("POST", PATH, body=body),
            is_submit=True,
            row_404=NO_SUCH_PLACE,
        )
        refuse_blurring(image)
        image_id = image.get("image_id")
        upload = next((v for n in UPLOAD_FIELDS if (v := image.get(n))), "")
        if not isinstance(image_id, str) or not image_id.strip():
            raise error_of(NOT_UNDERSTOOD, "no image_id", ambiguous=True)
        if not isinstance(upload, str) or not upload.strip():
            raise error_of(NOT_UNDERSTOOD, "no upload_url", ambiguous=True)
        return Submission(
            finished=False,
            copy_id=image_id.strip(),
            next_call="",
            brought={
                "image_id": image_id.strip(),
                "upload": upload.strip(),
                "content_type": _signed_type(upload) or scan.media_type,
                "query": urlencode(download_query(options)),
            },
        )

    def _upload(self, scan: Scan, brought: Mapping[str, str]) -> Submission:
        """One PUT. What the signature does not fit is tried as "any bytes", then with
        a new address, once each."""
        kind = brought["content_type"]
        reply = self.downloads.put(brought["upload"], scan.path, {"Content-Type": kind})
        if is_fine(reply):
            image_id = brought["image_id"]
            done = {"upload": "", "image_id": ""}
            return Submission(
                remote_id=image_id, copy_id=image_id, brought=done, call=""
            )
        detail = f"the storage said HTTP {reply.status}"
        if reply.status == 413:
            raise error_of(CODES[413], detail)
        if reply.status not in {400, 403, 404, 410}:
            raise error_of(UPLOAD_TROUBLE, detail, wait=retry_after(reply))
        if reply.status == 403 and kind != ANY_TYPE:
            return _again({"content_type": ANY_TYPE}, next_call="")
        if brought.get("second"):
            raise error_of(UPLOAD_REFUSED, detail)
        return _again({"upload": "", "image_id": "", "second": "1"}, next_call=SUBMIT)


def _seen_at_work(
    status: RemoteStatus, brought: Mapping[str, str]
) -> Mapping[str, str]:
    """Worth remembering of a reprocess: what ends from now on is its own."""
    is_news = brought.get("asked") and not brought.get("moved")
    return {"moved": "1"} if is_news and status is not RemoteStatus.UNKNOWN else {}


def _again(brought: Mapping[str, str], *, next_call: str) -> Submission:
    return Submission(finished=False, brought=brought, call="", next_call=next_call)


def _image_of(remote_id: str) -> str:
    """A task's id is its image's, with our own mark where it was not the first."""
    return remote_id.partition("#")[0]


def _path(image_id: str) -> str:
    return PATH + quote(image_id, safe="")


def _signed_type(address: str) -> str:
    """The content type that a signed address was signed for, if it says so."""
    asked = address.partition("?")[2]
    query = {name.lower(): value for name, value in parse_qsl(asked)}
    return query.get("content-type", "")
