"""The words of tus 1.0 (tus.io/protocols/resumable-upload): what is asked of every
request, how a file is announced, and how it is said why something cannot be."""

from __future__ import annotations

import base64
import binascii
import functools
import re
from collections.abc import Callable, Mapping
from typing import Concatenate, ParamSpec
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from albums.images import MAX_BYTES
from albums.signed_in import SignedInRequest
from albums.uploads import Announced

VERSION = "1.0.0"
PART_TYPE = "application/offset+octet-stream"
CAPABILITIES = {
    "Tus-Version": VERSION,
    "Tus-Extension": "creation,termination",
    "Tus-Max-Size": str(MAX_BYTES),
}
Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[SignedInRequest, Arguments], HttpResponse]


class BadRequest(Exception):
    """Something that no well-behaved sender sends."""


def speaks_tus(*methods: str) -> Callable[[View[Arguments]], View[Arguments]]:
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
            response["Tus-Resumable"] = VERSION
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
        return sentence(401, _("You are signed out. Sign in, then add the file again."))
    if request.headers.get("Tus-Resumable") != VERSION:
        return HttpResponse(status=412, headers={"Tus-Version": VERSION})
    return None


def announced(request: HttpRequest) -> tuple[Announced, UUID]:
    """What a POST says of a file, and the code of the album. Raises BadRequest."""
    said = _metadata(request.headers.get("Upload-Metadata", ""))
    wish, fingerprint = said.get("wish", ""), said.get("fingerprint", "")
    if not re.fullmatch(r"[a-z0-9_:]{0,40}", wish):
        raise BadRequest(_("The upload names a recipe that cannot exist."))
    if not re.fullmatch(r"[\w-]{0,64}", fingerprint, re.ASCII):
        raise BadRequest(_("The upload's fingerprint is too long."))
    file = Announced(
        name=said.get("filename", ""),
        size=number(request, "Upload-Length"),
        fingerprint=fingerprint,
        wish=wish,
        batch=_uuid(said["batch"]) if said.get("batch") else uuid4(),
        cut_pages=said.get("cut") == "1",
    )
    return file, _uuid(said.get("album", ""))


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


def number(request: HttpRequest, header: str) -> int:
    value = request.headers.get(header, "")
    if not re.fullmatch(r"[0-9]{1,15}", value):
        raise BadRequest(
            _("The upload lacks a number in %(header)s.") % {"header": header}
        )
    return int(value)


def sentence(
    status: int, words: str, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    return JsonResponse({"sentence": words}, status=status, headers=headers)


def later(
    status: int, words: str, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    return sentence(status, words, {"Retry-After": "2", **(headers or {})})
