"""The page of one photo: comparing its versions, and choosing among them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from albums import services
from albums.models import Album, Photo, Restoration, User
from albums.prints import prints_of
from albums.signed_in import SignedInRequest
from albums.versions import CompareMode, NoSuchVersion, comparison, neighbours

LONGEST_TITLE = 255


@require_GET
@login_required
def photo(request: SignedInRequest, code: UUID) -> HttpResponse:
    context = picture_context(request, code)
    newer, older = neighbours(context["photo"])
    context |= {"newer": newer, "older": older}
    return render(request, "albums/photo.html", context)


@require_GET
@login_required
def pictures(request: SignedInRequest, code: UUID) -> HttpResponse:
    """The pictures of an open page again, once there is a new one."""
    return render(request, "albums/_pictures.html", picture_context(request, code))


def picture_context(request: SignedInRequest, code: UUID) -> dict[str, Any]:
    photos = Photo.objects.visible_to(request.user)
    with_all = photos.select_related(
        "album", "original", "keeper", "added_by", "lies_on"
    )
    photo = get_object_or_404(with_all, code=code)
    a, b = request.GET.get("a", ""), request.GET.get("b", "")
    try:
        compared = comparison(photo, a=a, b=b)
    except NoSuchVersion as error:
        raise Http404 from error
    editable = Album.objects.editable_by(request.user).filter(pk=photo.album_id)
    return {
        "photo": photo,
        "prints": prints_of(photo) if photo.is_page else (),
        "has_set_aside": photo.prints.exclude(set_aside=None).exists(),
        "compared": compared,
        # A new restoration takes its place unless a person chose what to look at.
        "follows": not (a or b or photo.keeper_id),
        "may_change": editable.exists(),
        "reasons": [one for one in Restoration.Verdict.choices if one[0]],
    }


@require_POST
@login_required
def keep(request: SignedInRequest, code: UUID) -> HttpResponse:
    restoration = restoration_to_change(request, code)
    services.keep(restoration)
    messages.success(request, _("Kept. The album shows this picture now."))
    return redirect("albums:photo", restoration.photo.code)


@require_POST
@login_required
def not_quite(request: SignedInRequest, code: UUID) -> HttpResponse:
    restoration = restoration_to_change(request, code)
    verdict = request.POST.get("verdict", "")
    if verdict not in Restoration.Verdict.values or not verdict:
        messages.error(request, _("Choose what is not right about the picture."))
        return redirect("albums:photo", restoration.photo.code)
    services.say_not_quite(restoration, Restoration.Verdict(verdict))
    messages.info(
        request,
        _("Noted. Nothing was deleted. You can try again with other options below."),
    )
    return redirect("albums:photo", restoration.photo.code)


@require_POST
@login_required
def keep_original(request: SignedInRequest, code: UUID) -> HttpResponse:
    photo = photo_to_change(request, code)
    services.keep_original(photo)
    messages.success(
        request, _("The album shows the original now. The restorations stay here.")
    )
    return redirect("albums:photo", photo.code)


@require_POST
@login_required
def retitle(request: SignedInRequest, code: UUID) -> HttpResponse:
    photo = photo_to_change(request, code)
    title = " ".join(request.POST.get("title", "").split())
    if 0 < len(title) <= LONGEST_TITLE:
        services.retitle(photo, title)
    else:
        messages.error(request, _("A photo needs a title of at most 255 letters."))
    return redirect("albums:photo", photo.code)


@require_POST
@login_required
def compare_mode(request: SignedInRequest) -> HttpResponse:
    """Remember how a person likes to compare."""
    mode = request.POST.get("mode", "")
    if mode not in list(CompareMode):
        return HttpResponseBadRequest()
    User.objects.filter(pk=request.user.pk).update(compare_mode=mode)
    return HttpResponse(status=204)


def photo_to_change(request: SignedInRequest, code: UUID) -> Photo:
    return get_object_or_404(Photo.objects.editable_by(request.user), code=code)


def restoration_to_change(request: SignedInRequest, code: UUID) -> Restoration:
    restorations = Restoration.objects.editable_by(request.user)
    return get_object_or_404(restorations.select_related("photo"), code=code)
