"""Adding a photo by a plain form, without scripting: one file per request."""

from __future__ import annotations

import contextlib
import logging
import re
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from albums import names, services, storage
from albums.images import MAX_BYTES, BadPicture, check_head
from albums.models import Album
from albums.services import Added
from albums.signed_in import SignedInRequest
from albums.storage import DiskFull
from albums.uploads import Refused, disk_full_words, result_words

logger = logging.getLogger(__name__)

# Which pages take a file, and how large: photos, and what was drawn over one.
TAKEN_BY = {"albums:add": MAX_BYTES, "jobs:repair_marked": 8 * 1024 * 1024}


class PhotoUploadHandler(TemporaryFileUploadHandler):
    """Writes files of signed-in people on the pages that take them only, never more
    than such a file may have, and only if they begin like a picture. `refusal` tells
    the view why a file that was sent is not there."""

    refusal: Refused | DiskFull | None = None
    form_bytes = 0

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, *rest: Any, **more: Any
    ) -> None:
        self.form_bytes = content_length

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        if not self._is_wanted():
            raise SkipFile
        if not storage.has_room_for(min(self.form_bytes, self.most)):
            self.refusal = DiskFull()
            raise SkipFile
        super().new_file(*args, **kwargs)

    @property
    def most(self) -> int:
        """How many bytes a file may have here: 0, so none, on other pages."""
        request = self.request
        if request is None or request.resolver_match is None:
            return 0
        return TAKEN_BY.get(request.resolver_match.view_name, 0)

    def _is_wanted(self) -> bool:
        request = self.request
        return self.most > 0 and request is not None and request.user.is_authenticated

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        try:
            if start == 0:
                # The file has at most as many bytes as the form that it comes in.
                check_head(raw_data, min(self.form_bytes, self.most))
            if start + len(raw_data) > self.most:
                megabytes = -(-self.form_bytes // 1024**2)
                raise BadPicture("too_large", {"megabytes": megabytes})
        except BadPicture as error:
            self.refusal = Refused(names.clean_name(self.file_name or ""), error)
            raise SkipFile from error
        super().receive_data_chunk(raw_data, start)


def receive_plain(request: SignedInRequest, code: UUID) -> HttpResponse:
    """Answers the POST of the page that adds photos: back to it, with a message."""
    album = get_object_or_404(Album.objects.editable_by(request.user), code=code)
    try:
        added = _add(request, album)
    except Refused as refused:
        messages.error(request, refused.sentence)
    except DiskFull:
        messages.error(request, disk_full_words())
    else:
        _tell(request, added)
    return redirect("albums:add", album.code)


def _tell(request: SignedInRequest, added: Added | None) -> None:
    if added is None:
        messages.error(request, _("Choose a photo first."))
        return
    words = result_words(
        added.album, count=len(added.photos), is_duplicate=added.duplicate
    )
    link = reverse("albums:photo", args=[added.photos[0].code])
    linked = format_html('{} <a href="{}">{}</a>', words, link, _("Look at it"))
    messages.success(request, linked)


def _add(request: SignedInRequest, album: Album) -> Added | None:
    file = request.FILES.get("file")
    for handler in request.upload_handlers:
        if isinstance(handler, PhotoUploadHandler) and handler.refusal:
            raise handler.refusal
    if not isinstance(file, TemporaryUploadedFile):
        return None
    name = names.clean_name(file.name or "")
    try:
        return services.add_photos(
            _taken_over(file),
            name=name,
            album=album,
            by=request.user,
            wish=_wish(request, album),
            batch=_batch(request),
            cut_pages=request.POST.get("cut") == "1",
        )
    except BadPicture as error:
        logger.info("a file was refused: %s", error.code)
        raise Refused(name, error) from error


def _taken_over(file: TemporaryUploadedFile) -> Path:
    part = storage.new_part()
    file.flush()
    Path(file.temporary_file_path()).replace(part)
    return part


def _wish(request: SignedInRequest, album: Album) -> str:
    """The recipe, after whoever was chosen to do it."""
    recipe = request.POST.get("wish", album.recipe)
    by = request.POST.get(f"by-{recipe}", "")
    wish = f"{by}:{recipe}" if by else recipe
    return wish if re.fullmatch(r"[a-z0-9_:]{0,40}", wish) else album.recipe


def _batch(request: SignedInRequest) -> UUID:
    with contextlib.suppress(ValueError):
        return UUID(request.POST.get("batch", ""))
    return uuid4()
