"""The page that shows where a photo is damaged, with a brush to change that."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from albums.models import Album, Photo
from albums.versions import Version
from jobs import errands, services
from jobs.asking import batch_of
from jobs.masks import BadMask, marks_page, take_in_drawing
from jobs.models import Job
from jobs.providers import local
from jobs.providers.options import BadOption
from jobs.recipes import REPAIR
from jobs.views import SignedInRequest, never_stored

DAMAGE = {
    option.name: dict(option.choices) for option in local.OPTIONS if option.choices
}["damage"]
DRAWN, FOUND, NONE = "drawn", "found", "none"


@require_GET
@never_stored
@login_required
def marks(request: SignedInRequest, code: UUID) -> HttpResponse:
    photos = Photo.objects.visible_to(request.user)
    photo = get_object_or_404(photos.select_related("album", "original"), code=code)
    page = marks_page(photo, code=request.GET.get("mask", ""))
    if page is None:
        raise Http404
    editable = Album.objects.editable_by(request.user).filter(pk=photo.album_id)
    context = {
        "page": page,
        "photo": photo,
        "picture": Version(photo),
        "may_change": editable.exists(),
        "damage": DAMAGE,
        "batch": uuid4(),
    }
    return render(request, "jobs/marks.html", context)


@require_GET
@never_stored
@login_required
def marks_progress(request: SignedInRequest, code: UUID) -> HttpResponse:
    """Nothing while the engine looks; then the open page is loaded anew."""
    photo = get_object_or_404(Photo.objects.visible_to(request.user), code=code)
    page = marks_page(photo)
    response = HttpResponse(status=204)
    if page and not page.is_searching:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@login_required
def find_marks(request: SignedInRequest, code: UUID) -> HttpResponse:
    """Have the engine look; again only where somebody says how."""
    photo = get_object_or_404(Photo.objects.editable_by(request.user), code=code)
    damage = request.POST.get("damage", "")
    if damage in DAMAGE:
        errands.look_for_marks(photo, damage=damage)
    elif not photo.masks.exists():
        errands.look_for_marks(photo)
    return redirect("jobs:marks", photo.code)


@require_POST
@login_required
def repair_marked(request: SignedInRequest, code: UUID) -> HttpResponse:
    photo = get_object_or_404(Photo.objects.editable_by(request.user), code=code)
    batch = batch_of(request.POST)
    # A second click has drawn the same once more.
    if Job.objects.filter(batch__code=batch, photo=photo).exists():
        return redirect("albums:photo", photo.code)
    try:
        services.request_restoration(
            photo,
            by=request.user,
            recipe=REPAIR,
            batch=batch,
            chosen=_chosen(request, photo),
        )
    except (BadMask, BadOption) as error:
        messages.error(request, error.sentence)
        return redirect("jobs:marks", photo.code)
    return redirect("albums:photo", photo.code)


def _chosen(request: SignedInRequest, photo: Photo) -> Mapping[str, str]:
    how = request.POST.get("with", "")
    if how == NONE:
        return {"scratches": "off"}
    file = request.FILES.get("drawing")
    if how == DRAWN and file:
        return {"mask": str(take_in_drawing(photo, file, by=request.user).code)}
    if how == DRAWN:
        raise BadMask(_("What was drawn could not be read. Draw it again."))
    if how == FOUND and request.POST.get("mask"):
        return {"mask": request.POST["mask"]}
    raise BadMask(_("Nothing is marked yet. Have the damage found, or mark it."))
