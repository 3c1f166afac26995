"""Taking files in by the core of tus 1.0, with creation and termination.

POST announces a file, PATCH adds a part at an offset, HEAD asks for the offset, DELETE
dismisses. The answer to the last part says in JSON what became of the file; an empty
PATCH at the end asks again.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.urls import reverse
from django.utils.translation import gettext as _

from albums import uploads as taking
from albums.images import HelperLost
from albums.locks import Busy
from albums.models import Album, Upload
from albums.renditions import Size, photo_url
from albums.signed_in import SignedInRequest
from albums.storage import DiskFull
from albums.tus import (
    PART_TYPE,
    BadRequest,
    announced,
    later,
    number,
    sentence,
    speaks_tus,
)
from albums.uploads import Gone, Refused, TooMany

logger = logging.getLogger(__name__)

PIECE_BYTES = 256 * 1024


@speaks_tus("POST")
def uploads(request: SignedInRequest) -> HttpResponse:
    try:
        said, album_code = announced(request)
    except BadRequest as error:
        return sentence(400, str(error))
    album = Album.objects.editable_by(request.user).filter(code=album_code).first()
    if album is None:
        return sentence(404, _("There is no such album, or you may not add to it."))
    try:
        upload, is_new = taking.announce(said, album=album, by=request.user)
    except Refused as refused:
        return sentence(413 if said.size else 422, refused.sentence)
    except DiskFull:
        return sentence(507, taking.disk_full_words())
    headers = {
        "Location": reverse("albums:upload", args=[upload.code]),
        "Upload-Offset": str(taking.arrived(upload)),
    }
    return HttpResponse(status=201 if is_new else 200, headers=headers)


@speaks_tus("HEAD", "PATCH", "DELETE")
def upload(request: SignedInRequest, code: UUID) -> HttpResponse:
    """Uploads of albums that one may not change any more are gone, too."""
    mine = Upload.objects.filter(
        owner=request.user, album__in=Album.objects.editable_by(request.user)
    )
    found = mine.select_related("album", "owner").filter(code=code).first()
    if found is None:
        return sentence(404, _("There is no such upload. Add the file again."))
    if request.method == "DELETE":
        taking.dismiss(found)
        return HttpResponse(status=204)
    if request.method == "HEAD":
        return HttpResponse(headers=_offset(found) | {"Upload-Length": str(found.size)})
    return _patch(request, found)


def _patch(request: SignedInRequest, upload: Upload) -> HttpResponse:
    length = int(request.headers.get("Content-Length") or 0)
    if length and request.content_type != PART_TYPE:
        return sentence(
            415, _("A part must be sent as %(type)s.") % {"type": PART_TYPE}
        )
    try:
        offset = number(request, "Upload-Offset")
    except BadRequest as error:
        return sentence(400, str(error))
    if length > min(settings.UPLOAD_PART_BYTES, upload.size - offset):
        return sentence(413, _("This part is larger than a part may be."))
    try:
        with taking.one_of_few(request.user), taking.held(upload) as part:
            return _add_part(request, upload, part, offset, length)
    except TooMany:
        words = _("%(number)d files are being sent already.")
        return later(429, words % {"number": taking.AT_ONCE})
    except Busy:
        return later(423, _("This file is being sent already."), _offset(upload))
    except Gone:
        return sentence(404, _("This upload was dismissed."))


def _add_part(
    request: HttpRequest, upload: Upload, part: Path, offset: int, length: int
) -> HttpResponse:
    body = _pieces(request, length)
    if upload.state != Upload.State.RECEIVING:
        return _ended(upload, body)
    if offset != taking.arrived(upload):
        _drain(body)
        return sentence(409, _("Go on where the upload is."), _offset(upload))
    try:
        taking.receive(upload, part, body)
        if upload.offset == upload.size:
            taking.finish(upload, part)
    except Refused as refused:
        logger.info("upload %s refused: %s", upload.code, refused.code)
    except DiskFull:
        return sentence(507, taking.disk_full_words())
    except (OperationalError, HelperLost):
        logger.exception("upload %s could not be finished", upload.code)
        return later(503, _("The file has arrived, but cannot be kept just now."))
    except UnreadablePostError:
        logger.info("upload %s broke off at %d", upload.code, upload.offset)
    if upload.state != Upload.State.RECEIVING:
        return _ended(upload, body)
    if upload.offset < offset + length:
        return sentence(408, _("The connection broke."), _offset(upload))
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
