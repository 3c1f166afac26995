"""Activity, the polls of all pages, and what a person may do with a job."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRefresh, trigger_client_event
from django_htmx.middleware import HtmxDetails

from albums.models import Album, Photo, User
from albums.services import album_page
from jobs import services
from jobs.activity import Versions, Where, activity_board
from jobs.boards import album_board, photo_board
from jobs.models import Job
from jobs.services import NoConsent


class SignedInRequest(HttpRequest):
    user: User
    htmx: HtmxDetails


never_stored = cache_control(private=True, no_store=True)


def unchanged() -> HttpResponse:
    return HttpResponse(status=204)


def version_of(request: HttpRequest) -> int:
    text = request.GET.get("v", "")
    return int(text) if text.isdecimal() else -1


@require_GET
@never_stored
@login_required
def album_progress(request: SignedInRequest, code: UUID) -> HttpResponse:
    album = get_object_or_404(Album.objects.visible_to(request.user), code=code)
    seen = version_of(request)
    if album.version == seen:
        return unchanged()
    page = album_page(album, request.GET.get("page"), pictures=False)
    board = album_board(album, page, page=page.number)
    editable = Album.objects.editable_by(request.user).filter(pk=album.pk)
    context = {
        "board": board,
        "album": album,
        "may_change": bool(board.held) and editable.exists(),
        "changed": board.changed_since(seen),
        "found": board.found_since(seen),
    }
    return render(request, "jobs/_album_progress.html", context)


@require_GET
@never_stored
@login_required
def photo_progress(request: SignedInRequest, code: UUID) -> HttpResponse:
    mine = Album.objects.visible_to(request.user)
    album = get_object_or_404(mine, photos__code=code)
    seen = version_of(request)
    if album.version == seen:
        return unchanged()
    photo = Photo.objects.select_related("album").get(code=code, album=album)
    board = photo_board(photo, album)
    editable = Album.objects.editable_by(request.user).filter(pk=album.pk)
    context = {
        "board": board,
        "photo": photo,
        "may_change": editable.exists(),
        "has_changed": board.newest > seen,
        "was_searched": board.searched_since(seen),
    }
    response = render(request, "jobs/_photo_progress.html", context)
    if board.search and board.search.made_prints and board.searched_since(seen):
        # There is a new page to show, not a new part of this one.
        return HttpResponseClientRefresh()
    if board.restored_since(seen):
        trigger_client_event(response, "restored")
    return response


@require_GET
@login_required
def activity(request: SignedInRequest) -> HttpResponse:
    versions = Versions.for_user(request.user)
    board = activity_board(request.user, versions, Where.of(request.GET))
    return render(request, "jobs/activity.html", {"board": board})


@require_GET
@never_stored
@login_required
def activity_progress(request: SignedInRequest) -> HttpResponse:
    versions = Versions.for_user(request.user)
    seen = request.GET.get("v", "")
    if str(versions) == seen:
        return unchanged()
    board = activity_board(request.user, versions, Where.of(request.GET))
    since = versions.since(seen)
    context = {
        "board": board,
        "jobs": board.changed_jobs(since),
        "cards": board.changed_cards(since),
        "is_rearranged": board.shown != request.GET.get("shown"),
    }
    return render(request, "jobs/_activity_progress.html", context)


@require_POST
@login_required
def cancel(request: SignedInRequest, code: UUID) -> HttpResponse:
    job = job_to_change(request, code)
    if not services.cancel(job, by=request.user):
        tell(request, _("That restoration had already ended."))
    return back_to(request, job.photo)


@require_POST
@login_required
def retry(request: SignedInRequest, code: UUID) -> HttpResponse:
    job = job_to_change(request, code)
    try:
        if not services.retry(job, by=request.user):
            tell(request, _("Somebody has started it again already."))
    except NoConsent as error:
        messages.error(request, error.sentence)
    return back_to(request, job.photo)


def job_to_change(request: SignedInRequest, code: UUID) -> Job:
    jobs = Job.objects.editable_by(request.user).select_related("photo")
    return get_object_or_404(jobs, code=code)


def tell(request: SignedInRequest, words: str) -> None:
    """On the next page; a poll shows how things stand without words."""
    if not request.htmx:
        messages.info(request, words)


def back_to(request: SignedInRequest, photo: Photo) -> HttpResponse:
    """To the page's own poll for htmx, which swaps what changed; else to the page."""
    wanted = request.POST.get("progress" if request.htmx else "next", "")
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return redirect(wanted)
    return redirect("albums:photo", photo.code)
