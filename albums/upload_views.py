"""Taking files in: the core of tus 1.0 with creation and termination, and a plain form.

The protocol (tus.io/protocols/resumable-upload): POST announces a file, PATCH adds a
part at an offset, HEAD asks for the offset, DELETE dismisses. The answer to the last
part says in JSON what became of the file; an empty PATCH at the end asks again.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import functools
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Concatenate, ParamSpec
from uuid import UUID, uuid4

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.urls import reverse
from django.utils.translation import gettext as _

from albums import uploads as taking
from albums.form_uploads import receive_plain as receive_plain
from albums.images import MAX_BYTES, HelperLost
from albums.locks import Busy
from albums.models import Album, Upload
from albums.renditions import Size, photo_url
from albums.signed_in import SignedInRequest
from albums.storage import DiskFull
from albums.uploads import Announced, Gone, Refused, TooMany

logger = logging.getLogger(__name__)

TUS = "1.0.0"
PIECE_BYTES = 256 * 1024
PART_TYPE = "application/offset+octet-stream"
CAPABILITIES = {
    "Tus-Version": TUS,
    "Tus-Extension": "creation,termination",
    "Tus-Max-Size": str(MAX_BYTES),
}
Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[SignedInRequest, Arguments], HttpResponse]


class BadRequest(Exception):
    """Something that no well-behaved sender sends."""


def tus(*methods: str) -> Callable[[View[Arguments]], View[Arguments]]:
    """A view of the protocol: signed in, of the right version, with its headers."""

    def decorate(view: View[Arguments]) -> View[Arguments]:
        @functools.wraps(view)
        def guarded(
            request: SignedInRequest,
            /,
            *args: Arguments.args,
            **names: Arguments.kwargs,
        ) -> HttpResponse:
            response = _unfit(request, methods) or view(request, *args, **names)
            response["Tus-Resumable"] = TUS
            response["Cache-Control"] = "no-store"
            return response

        return guarded

    return decorate


def _unfit(request: HttpRequest, methods: tuple[str, ...]) -> HttpResponse | None:
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers=CAPABILITIES)
    if request.method not in methods:
        return HttpResponse(status=405, headers={"Allow": ", ".join(methods)})
    if not request.user.is_authenticated:
        return _sentence(
            401, _("You are signed out. Sign in, then add the file again.")
        )
    if request.headers.get("Tus-Resumable") != TUS:
        return HttpResponse(status=412, headers={"Tus-Version": TUS})
    return None


@tus("POST")
def uploads(request: SignedInRequest) -> HttpResponse:
    try:
        said, album_code = _announced(request)
    except BadRequest as error:
        return _sentence(400, str(error))
    album = Album.objects.editable_by(request.user).filter(code=album_code).first()
    if album is None:
        return _sentence(404, _("There is no such album, or you may not add to it."))
    try:
        upload, is_new = taking.announce(said, album=album, by=request.user)
    except Refused as refused:
        return _sentence(413 if said.size else 422, refused.sentence)
    except DiskFull:
        return _sentence(507, taking.disk_full_words())
    headers = {
        "Location": reverse("albums:upload", args=[upload.code]),
        "Upload-Offset": str(taking.arrived(upload)),
    }
    return HttpResponse(status=201 if is_new else 200, headers=headers)


def _announced(request: HttpRequest) -> tuple[Announced, UUID]:
    said = _metadata(request.headers.get("Upload-Metadata", ""))
    wish, fingerprint = said.get("wish", ""), said.get("fingerprint", "")
    if not re.fullmatch(r"[a-z0-9_]{0,40}", wish):
        raise BadRequest(_("The upload names a recipe that cannot exist."))
    if not re.fullmatch(r"[\w-]{0,64}", fingerprint, re.ASCII):
        raise BadRequest(_("The upload's fingerprint is too long."))
    announced = Announced(
        name=said.get("filename", ""),
        size=_number(request, "Upload-Length"),
        fingerprint=fingerprint,
        wish=wish,
        batch=_uuid(said["batch"]) if said.get("batch") else uuid4(),
    )
    return announced, _uuid(said.get("album", ""))


def _metadata(header: str) -> Mapping[str, str]:
    pairs = (pair.strip().partition(" ") for pair in header.split(",") if pair.strip())
    try:
        return {
            name: base64.b64decode(value.strip(), validate=True).decode()
            for name, _space, value in pairs
        }
    except (binascii.Error, UnicodeDecodeError) as error:
        raise BadRequest(_("The upload's description cannot be read.")) from error


def _uuid(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError as error:
        raise BadRequest(_("The upload's description is not complete.")) from error


def _number(request: HttpRequest, header: str) -> int:
    value = request.headers.get(header, "")
    if not re.fullmatch(r"[0-9]{1,15}", value):
        raise BadRequest(
            _("The upload lacks a number in %(header)s.") % {"header": header}
        )
    return int(value)


@tus("HEAD", "PATCH", "DELETE")
def upload(request: SignedInRequest, code: UUID) -> HttpResponse:
    """Uploads of albums that one may not change any more are gone, too."""
    mine = Upload.objects.filter(
        owner=request.user, album__in=Album.objects.editable_by(request.user)
    )
    found = mine.select_related("album", "owner").filter(code=code).first()
    if found is None:
        return _sentence(404, _("There is no such upload. Add the file again."))
    if request.method == "DELETE":
        taking.dismiss(found)
        return HttpResponse(status=204)
    if request.method == "HEAD":
        return HttpResponse(headers=_offset(found) | {"Upload-Length": str(found.size)})
    return _patch(request, found)


def _patch(request: SignedInRequest, upload: Upload) -> HttpResponse:
    length = int(request.headers.get("Content-Length") or 0)
    if length and request.content_type != PART_TYPE:
        return _sentence(
            415, _("A part must be sent as %(type)s.") % {"type": PART_TYPE}
        )
    try:
        offset = _number(request, "Upload-Offset")
    except BadRequest as error:
        return _sentence(400, str(error))
    if length > min(settings.UPLOAD_PART_BYTES, upload.size - offset):
        return _sentence(413, _("This part is larger than a part may be."))
    try:
        with taking.one_of_few(request.user), taking.held(upload) as part:
            return _add_part(request, upload, part, offset, length)
    except TooMany:
        words = _("%(number)d files are being sent already.")
        return _later(429, words % {"number": taking.AT_ONCE})
    except Busy:
        return _later(423, _("This file is being sent already."), _offset(upload))
    except Gone:
        return _sentence(404, _("This upload was dismissed."))


def _add_part(
    request: HttpRequest, upload: Upload, part: Path, offset: int, length: int
) -> HttpResponse:
    body = _pieces(request, length)
    if upload.state != Upload.State.RECEIVING:
        return _ended(upload, body)
    if offset != taking.arrived(upload):
        _drain(body)
        return _sentence(409, _("Go on where the upload is."), _offset(upload))
    try:
        taking.receive(upload, part, body)
        if upload.offset == upload.size:
            taking.finish(upload, part)
    except Refused as refused:
        logger.info("upload %s refused: %s", upload.code, refused.code)
    except DiskFull:
        return _sentence(507, taking.disk_full_words())
    except (OperationalError, HelperLost):
        logger.exception("upload %s could not be finished", upload.code)
        return _later(503, _("The file has arrived, but cannot be kept just now."))
    except UnreadablePostError:
        logger.info("upload %s broke off at %d", upload.code, upload.offset)
    if upload.state != Upload.State.RECEIVING:
        return _ended(upload, body)
    if upload.offset < offset + length:
        return _sentence(408, _("The connection broke."), _offset(upload))
    return HttpResponse(status=204, headers=_offset(upload))


def _pieces(request: HttpRequest, length: int) -> Iterator[bytes]:
    left = length
    while left:
        piece = request.read(min(PIECE_BYTES, left))
        if not piece:
            return
        left -= len(piece)
        yield piece


def _drain(body: Iterator[bytes]) -> None:
    """Read what nobody wants, so that the sender gets to read the answer."""
    with contextlib.suppress(UnreadablePostError):
        for _piece in body:
            pass


def _ended(upload: Upload, body: Iterator[bytes]) -> HttpResponse:
    _drain(body)
    photos = taking.photos_of(upload)
    album = photos[0].album if photos else upload.album
    words = taking.result_words(
        album, count=len(photos), is_duplicate=upload.is_duplicate
    )
    result = {
        "state": upload.state,
        "sentence": upload.sentence or words,
        "duplicate": upload.is_duplicate,
        "photos": [
            {
                "code": str(photo.code),
                "title": photo.title,
                "url": reverse("albums:photo", args=[photo.code]),
                "thumb": photo_url(photo, Size.SMALL),
            }
            for photo in photos
        ],
        "album_title": album.title,
    }
    return JsonResponse(result, headers=_offset(upload))


def _offset(upload: Upload) -> dict[str, str]:
    return {"Upload-Offset": str(taking.arrived(upload))}


def _sentence(
    status: int, words: str, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    return JsonResponse({"sentence": words}, status=status, headers=headers)


def _later(
    status: int, words: str, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    return _sentence(status, words, {"Retry-After": "2", **(headers or {})})
