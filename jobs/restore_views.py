"""Asking for restorations: of one photo, or of some of an album."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from albums.models import Album, Photo
from jobs import searches
from jobs.asking import Asked, asked, codes_of, photos_of, wish_of
from jobs.connections import has_key
from jobs.models import PrintSearch
from jobs.offers import asks_for, label_of, offers_for
from jobs.option_fields import fields_of
from jobs.providers.options import BadOption
from jobs.recipes import Wish, options_for
from jobs.services import NoConsent, has_consent
from jobs.terms import terms_of
from jobs.views import SignedInRequest, never_stored


@require_POST
@never_stored
@login_required
def start(request: SignedInRequest, code: UUID) -> HttpResponse:
    """One photo, from its page. Where it would leave the house, nothing starts before
    the person has read what that means."""
    photos = Photo.objects.editable_by(request.user)
    photo = get_object_or_404(photos.select_related("album", "original"), code=code)
    wanted = asked(request.POST, photo.album, (photo,))
    if wanted.is_remote:
        return _check(request, wanted)
    return _start(request, wanted)


@require_http_methods(["GET", "POST"])
@never_stored
@login_required
def choose(request: SignedInRequest, code: UUID) -> HttpResponse:
    """Some photos of an album: first what should happen, then what that means, and
    only then it starts."""
    editable = Album.objects.editable_by(request.user).select_related("owner")
    album = get_object_or_404(editable, code=code)
    data = request.POST if request.method == "POST" else request.GET
    photos = photos_of(album, data)
    if not photos:
        messages.info(request, _("Choose the photos first: tick them in the album."))
        return redirect("albums:album", album.code)
    if request.method == "GET":
        return _form(request, album, photos)
    wanted = asked(request.POST, album, photos)
    return _start(request, wanted) if "start" in data else _check(request, wanted)


@require_POST
@login_required
def leave_prints(request: SignedInRequest, code: UUID) -> HttpResponse:
    """Send nothing of the prints that were found where one photo was expected."""
    photos = Photo.objects.editable_by(request.user)
    photo = get_object_or_404(photos, code=code)
    for search in PrintSearch.objects.filter(photo=photo):
        searches.leave(search)
    return redirect("albums:photo", photo.code)


@require_GET
@login_required
def options(request: SignedInRequest, code: UUID) -> HttpResponse:
    """The options of whoever is chosen in an open form."""
    album = get_object_or_404(Album.objects.editable_by(request.user), code=code)
    wish = wish_of(request.GET)
    context = {
        "album": album,
        "fields": fields_of(wish),
        "label": label_of(wish.provider),
    }
    return render(request, "jobs/_fields.html", context)


def _form(
    request: SignedInRequest,
    album: Album,
    photos: tuple[Photo, ...],
    wish: Wish | None = None,
) -> HttpResponse:
    asks = asks_for(album, offers_for(album), wish)
    context = {
        "album": album,
        "photos": photos,
        "asks": asks,
        "fields": fields_of(asks.wish),
        "label": label_of(asks.wish.provider),
        "batch": uuid4(),
        "codes": codes_of(photos),
    }
    return render(request, "jobs/restore_choose.html", context)


def _check(request: SignedInRequest, wanted: Asked) -> HttpResponse:
    """What it means, before it starts; or what is wrong with it."""
    try:
        options_for(wanted.wish.provider, wanted.wish.recipe, wanted.chosen)
    except BadOption as error:
        return _refused(request, wanted, error.sentence)
    provider = wanted.wish.provider
    if wanted.is_remote and not has_consent(wanted.album.pk, provider):
        return _refused(request, wanted, NoConsent(provider).sentence)
    if wanted.is_remote and not has_key(provider):
        gone = _("%(provider)s cannot be reached from here any more.")
        return _refused(request, wanted, gone % {"provider": label_of(provider)})
    context = {"terms": terms_of(wanted), "album": wanted.album, "asked": wanted}
    return render(request, "jobs/restore_check.html", context)


def _start(request: SignedInRequest, wanted: Asked) -> HttpResponse:
    try:
        wanted.start(by=request.user)
    except (BadOption, NoConsent) as error:
        return _refused(request, wanted, error.sentence)
    if len(wanted.photos) == 1:
        return redirect("albums:photo", wanted.photos[0].code)
    number = len(wanted.photos)
    words = ngettext(
        "Asked for: %(number)d photo, by %(provider)s. This page shows how far it is.",
        "Asked for: %(number)d photos, by %(provider)s. This page shows how far they "
        "are.",
        number,
    )
    said = {"number": number, "provider": label_of(wanted.wish.provider)}
    messages.success(request, words % said)
    return redirect("albums:album", wanted.album.code)


def _refused(request: SignedInRequest, wanted: Asked, sentence: str) -> HttpResponse:
    messages.error(request, sentence)
    if len(wanted.photos) == 1:
        return redirect("albums:photo", wanted.photos[0].code)
    return _form(request, wanted.album, wanted.photos, wanted.wish)
