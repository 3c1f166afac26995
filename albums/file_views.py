"""Files of photos, after the access check: nobody gets a byte without it.

Renditions are kept by the browser for good, because their addresses change with their
content; originals and restorations are handed out as downloads only.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from albums import names, overlays, renditions, storage
from albums.images import BadPicture, Format, HelperLost
from albums.models import Changes, Mask, Photo, Restoration
from albums.overlays import Layer, Side
from albums.renditions import Size
from albums.signed_in import SignedInRequest

logger = logging.getLogger(__name__)

FOR_GOOD = "private, max-age=31536000, immutable"
ASK_AGAIN = "private, no-cache"
# Whatever a file pretends to be, no browser runs anything in it.
SAFETY = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PLACEHOLDER = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300" width="400" '
    'height="300"><rect width="400" height="300" fill="#8a8680"/><text x="200" y="155" '
    'font-family="sans-serif" font-size="18" fill="#fff" text-anchor="middle">{}'
    "</text></svg>"
)


@require_safe
@login_required
def photo_file(
    request: SignedInRequest, code: UUID, size: str, key: str
) -> HttpResponseBase:
    photos = Photo.objects.visible_to(request.user).select_related("original")
    return _rendition(request, get_object_or_404(photos, code=code), size, key)


@require_safe
@login_required
def restoration_file(
    request: SignedInRequest, code: UUID, size: str, key: str
) -> HttpResponseBase:
    mine = Restoration.objects.visible_to(request.user)
    return _rendition(request, get_object_or_404(mine, code=code), size, key)


@require_safe
@login_required
def changes_file(
    request: SignedInRequest, code: UUID, layer: str, key: str
) -> HttpResponseBase:
    """The map of what a restoration changed, to lay over it."""
    changes = changes_of(request, code)
    if layer not in set(Layer) or key != overlays.changes_key(changes):
        raise Http404
    return _made(
        request,
        f"{key}-{layer}",
        lambda: overlays.ensure_map(changes, Layer(layer)),
        Format.PNG,
    )


@require_safe
@login_required
def face_file(
    request: SignedInRequest, code: UUID, number: int, side: str, key: str
) -> HttpResponseBase:
    changes = changes_of(request, code)
    known = side in set(Side) and key == overlays.faces_key(changes, Side(side))
    if not known or number >= len(overlays.face_boxes(changes)):
        raise Http404
    return _made(
        request,
        f"{key}-face{number}",
        lambda: overlays.ensure_face(changes, number, Side(side)),
        Format.JPEG,
    )


@require_safe
@login_required
def mask_file(request: SignedInRequest, code: UUID, key: str) -> HttpResponseBase:
    mask = get_object_or_404(Mask.objects.visible_to(request.user), code=code)
    if key != overlays.mask_key(mask):
        raise Http404
    return _made(request, key, lambda: overlays.ensure_mask(mask), Format.PNG)


def changes_of(request: SignedInRequest, code: UUID) -> Changes:
    mine = Restoration.objects.visible_to(request.user)
    rows = Changes.objects.select_related("restoration__photo__original")
    return get_object_or_404(rows, restoration__code=code, restoration__in=mine)


@require_safe
@login_required
def original(request: SignedInRequest, code: UUID) -> HttpResponseBase:
    photos = Photo.objects.visible_to(request.user).select_related("original")
    kept = get_object_or_404(photos, code=code).original
    return _download(request, kept.path, kept.name, Format(kept.format), kept.sha256)


@require_safe
@login_required
def print_download(request: SignedInRequest, code: UUID) -> HttpResponseBase:
    """A print alone, cut out of its page in the scan's own resolution."""
    photos = Photo.objects.visible_to(request.user).select_related("original")
    cut_out = get_object_or_404(photos.exclude(lies_on=None), code=code)
    key = renditions.source_of(cut_out).key
    try:
        path = renditions.ensure(cut_out, Size.FULL)
    except (OSError, BadPicture, HelperLost) as error:
        return _placeholder(key, error)
    name = f"{names.clean_name(cut_out.title)}{Format.JPEG.extension}"
    relative = path.relative_to(settings.MEDIA_ROOT).as_posix()
    return _download(request, relative, name, Format.JPEG, key)


@require_safe
@login_required
def restoration_download(request: SignedInRequest, code: UUID) -> HttpResponseBase:
    mine = Restoration.objects.visible_to(request.user).select_related("photo")
    made = get_object_or_404(mine, code=code)
    name = _("%(title)s - restored") % {"title": made.photo.title}
    format = Format(made.format)
    full_name = f"{names.clean_name(name)}{format.extension}"
    return _download(request, made.path, full_name, format, made.sha256)


def _rendition(
    request: SignedInRequest, picture: Photo | Restoration, size: str, key: str
) -> HttpResponseBase:
    source = renditions.source_of(picture)
    if size not in set(Size) or key != source.key:
        raise Http404
    return _made(
        request,
        f"{key}-{size}",
        lambda: renditions.ensure(picture, Size(size)),
        Format.JPEG,
    )


def _made(
    request: SignedInRequest, name: str, make: Callable[[], Path], format: Format
) -> HttpResponseBase:
    """A file that is made on demand, whose address changes with its content."""
    etag = f'"{name}"'
    if request.headers.get("If-None-Match") == etag:
        return _cached(HttpResponse(status=304), etag, FOR_GOOD)
    try:
        response = _file(make(), format.media_type)
    except (OSError, BadPicture, HelperLost) as error:
        return _placeholder(name, error)
    return _cached(response, etag, FOR_GOOD)


def _cached(response: HttpResponseBase, etag: str, how: str) -> HttpResponseBase:
    response["Cache-Control"] = how
    response["ETag"] = etag
    return response


def _download(
    request: SignedInRequest, path: str, name: str, format: Format, sha256: str
) -> HttpResponseBase:
    etag = f'"{sha256}"'
    if request.headers.get("If-None-Match") == etag:
        return _cached(HttpResponse(status=304), etag, ASK_AGAIN)
    try:
        response = _file(storage.media(path), format.media_type)
    except FileNotFoundError:
        logger.error("the file %s is missing", path)
        words = _(
            "The file of this photo is missing. Ask whoever looks after this app."
        )
        return HttpResponse(words, status=404, content_type="text/plain; charset=utf-8")
    disposition = content_disposition_header(True, names.download_name(name, format))
    response["Content-Disposition"] = disposition or "attachment"
    return _cached(response, etag, ASK_AGAIN)


def _file(path: Path, media_type: str) -> HttpResponseBase:
    """The bytes themselves, or a word to the proxy in front about where they lie.

    Raises FileNotFoundError.
    """
    headers = {**SAFETY, "Content-Type": media_type}
    if not settings.X_ACCEL_PREFIX:
        return FileResponse(path.open("rb"), headers=headers)
    path.stat()
    relative = path.relative_to(settings.MEDIA_ROOT).as_posix()
    headers["X-Accel-Redirect"] = (
        f"{settings.X_ACCEL_PREFIX.rstrip('/')}/{quote(relative)}"
    )
    return HttpResponse(headers=headers)


def _placeholder(name: str, error: Exception) -> HttpResponse:
    """A picture that says so, where there is none to show."""
    logger.error("no rendition %s: %r", name, error)
    is_gone = isinstance(error, FileNotFoundError | BadPicture)
    is_full = isinstance(error, OSError) and error.errno == errno.ENOSPC
    words = _("The disk is full") if is_full else _("This picture cannot be shown")
    return HttpResponse(
        PLACEHOLDER.format(words),
        status=404 if is_gone else 503,
        headers={
            **SAFETY,
            "Content-Type": "image/svg+xml",
            "Cache-Control": "no-store",
        },
    )
