"""Where the photos of an album may go, and giving a job to another provider."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from albums.models import Album
from jobs import services
from jobs.models import Job
from jobs.offers import Offer, offers_for
from jobs.providers import local
from jobs.providers.options import BadOption
from jobs.services import NoConsent
from jobs.status import provider_label
from jobs.views import SignedInRequest, back_to, job_to_change, tell


@require_http_methods(["GET", "POST"])
@login_required
def album_providers(request: SignedInRequest, code: UUID) -> HttpResponse:
    """Agree that the photos of an album may leave the house, or withdraw that. Where no
    provider has a key, there is nothing to agree to and no such page."""
    album = get_object_or_404(Album.objects.editable_by(request.user), code=code)
    offers = offers_for(album)
    if not offers:
        raise Http404
    if request.method == "POST":
        _answer(request, album, {offer.kind.name: offer for offer in offers})
        return redirect(_safe(request.POST.get("next", "")) or request.path)
    context = {
        "album": album,
        "offers": offers,
        "next": _safe(request.GET.get("next", "")),
    }
    return render(request, "jobs/album_providers.html", context)


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
