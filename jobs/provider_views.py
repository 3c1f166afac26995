"""Where the photos of an album may go, and giving a job to another provider."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from albums.models import Album
from jobs import money, over_budget, services
from jobs.models import AlbumCap, Job
from jobs.offers import Offer, offers_for
from jobs.providers import local
from jobs.providers.options import BadOption
from jobs.services import NoConsent
from jobs.status import provider_label
from jobs.views import SignedInRequest, back_to, job_to_change, tell

MOST_A_MONTH = 100_000


@require_http_methods(["GET", "POST"])
@login_required
def album_providers(request: SignedInRequest, code: UUID) -> HttpResponse:
    """Agree that the photos of an album may leave the house, or withdraw that: its
    owner alone. Where no provider has a key, there is no such page."""
    album = album_to_change(request, code)
    offers = offers_for(album)
    if not offers:
        raise Http404
    is_owner = album.owner_id == request.user.pk
    if request.method == "POST":
        if is_owner:
            _answer(request, album, {offer.kind.name: offer for offer in offers})
        else:
            messages.error(request, _only_the_owner(album))
        return redirect(_safe(request.POST.get("next", "")) or request.path)
    context = {
        "album": album,
        "offers": offers,
        "next": _safe(request.GET.get("next", "")),
        "is_owner": is_owner,
        "may_set_cap": money.may_set_cap(album, request.user),
        "cap": AlbumCap.objects.filter(album=album).first(),
    }
    return render(request, "jobs/album_providers.html", context)


@require_POST
@login_required
def album_cap(request: SignedInRequest, code: UUID) -> HttpResponse:
    """How many restorations a month the album may buy; empty: as many as are asked
    for."""
    album = album_to_change(request, code)
    wanted = request.POST.get("cap", "").strip()
    if not money.may_set_cap(album, request.user):
        messages.error(request, _only_the_owner(album))
    elif wanted and not (wanted.isdecimal() and int(wanted) <= MOST_A_MONTH):
        messages.error(
            request,
            _("Write a whole number from 0 to %(most)d, or nothing for no limit.")
            % {"most": MOST_A_MONTH},
        )
    else:
        money.set_album_cap(album, int(wanted) if wanted else None, by=request.user)
        over_budget.let_go()
        messages.success(request, _("Noted. It counts from now on."))
    return redirect("jobs:album_providers", album.code)


def album_to_change(request: SignedInRequest, code: UUID) -> Album:
    albums = Album.objects.editable_by(request.user).select_related("owner")
    return get_object_or_404(albums, code=code)


def _only_the_owner(album: Album) -> str:
    return _("Only %(owner)s, who owns this album, can decide that. Ask there.") % {
        "owner": album.owner
    }


def _answer(request: SignedInRequest, album: Album, offers: dict[str, Offer]) -> None:
    offer = offers.get(request.POST.get("provider", ""))
    answer = request.POST.get("answer")
    if offer is None or answer not in {"agree", "withdraw"}:
        messages.error(request, _("Choose a provider first."))
        return
    said = {"provider": offer.kind.label, "album": album.title}
    if answer == "agree":
        services.give_consent(album, offer.kind.name, by=request.user)
        messages.success(
            request,
            _(
                "Noted: photos of %(album)s may go to %(provider)s. Nothing has been "
                "sent; that happens only where somebody asks for it."
            )
            % said,
        )
        return
    services.withdraw_consent(album, offer.kind.name, by=request.user)
    messages.success(
        request,
        _("Noted: from now on no photo of %(album)s is sent to %(provider)s.") % said,
    )


def _safe(address: str) -> str:
    """An address of this site, or ""."""
    is_ours = url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    return address if is_ours else ""


@require_POST
@login_required
def send_elsewhere(request: SignedInRequest, code: UUID) -> HttpResponse:
    """Give a held or failed job to another provider: to the engine of this app, unless
    the form names one."""
    job = job_to_change(request, code)
    provider = request.POST.get("provider", local.NAME)
    try:
        _send(request, job, provider)
    except (BadOption, NoConsent) as error:
        messages.error(request, error.sentence)
    return back_to(request, job.photo)


def _send(request: SignedInRequest, job: Job, provider: str) -> None:
    if job.provider == provider:
        tell(
            request,
            _("%(provider)s does it already.") % {"provider": provider_label(provider)},
        )
    elif not services.send_elsewhere(job, provider, by=request.user):
        tell(request, _("That restoration goes on already."))


@require_POST
@login_required
def send_all_elsewhere(request: SignedInRequest, code: UUID) -> HttpResponse:
    """Give every job of an album that is held for a provider to the engine of this
    app."""
    album = album_to_change(request, code)
    provider = request.POST.get("provider", "")
    number = services.send_all_elsewhere(album, provider, local.NAME, by=request.user)
    words = ngettext(
        "The engine of this app does %(number)d photo now.",
        "The engine of this app does %(number)d photos now.",
        number,
    )
    if number:
        messages.success(request, words % {"number": number})
    else:
        messages.info(request, _("Nothing waits any more."))
    return redirect("albums:album", album.code)
