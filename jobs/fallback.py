"""Going on with a second provider, where a person named one for the case that the first
does not work or does not take the photo.

Never while something of the job may be alive at the first: then that is asked first,
or waited for. Never twice, and never to a provider to which the album's photos may not
go. What an administrator paused, or a budget has no room for, waits: that is a
person's decision, and one click sends it elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from jobs import connections, source_links
from jobs.clock import db_now
from jobs.models import Attempt, Event, Job, ProviderAccount
from jobs.providers import local
from jobs.providers.options import BadOption
from jobs.recipes import REPAIR, options_for
from jobs.services import begun_again, change, forget_secrets, may_go_to
from jobs.status import provider_label
from jobs.timeline import engine_or


class Why(StrEnum):
    """DOWN: it would have had to wait until the provider is well. REFUSED: the provider
    will not restore this photo, however long one waits."""

    DOWN = "down"
    REFUSED = "refused"


def take_over(
    job: Job,
    why: Why,
    *,
    only: Mapping[str, object],
    detail: str,
    dead: Attempt | None = None,
) -> bool:
    """Give the job to its second provider, if it has one that may have it now. `dead`
    is an attempt whose task is known to be over. False: nothing was touched."""
    options = _options(job)
    if options is None or not _may_go(job, why) or not _is_over(job, dead):
        return False
    taken = {
        **begun_again(),
        "provider": job.fallback,
        "fell_back_from": job.provider,
        "recipe": job.recipe or REPAIR,
        "options": options,
        "is_trial": False,
        "note": note(job, why),
    }
    said = words(job, why)
    with transaction.atomic():
        if not change(
            job,
            taken,
            # A wish that was given up is not begun anew.
            only={**only, "cancel_asked": False},
            kind=Event.Kind.FELL_BACK,
            words=said,
            detail=f"{why}: {detail}",
        ):
            return False
        opened = job.attempts.filter(state=Attempt.State.OPEN)
        source_links.revoke(opened)
        ended = [attempt.pk for attempt in opened]
        state = Attempt.State.FAILED if dead else Attempt.State.ABANDONED
        opened.update(state=state, finished=db_now(), error_code=detail[:40])
        forget_secrets(Attempt.objects.filter(pk__in=ended))
    return True


def words(job: Job, why: Why) -> str:
    """For the timeline, while the second one is still at it."""
    said = _names(job)
    if why is Why.REFUSED:
        return _("%(first)s could not take this photo, so %(other)s does it") % said
    return _("%(first)s does not work at the moment, so %(other)s does it") % said


def note(job: Job, why: Why) -> str:
    """For the restoration: who made it, why, and whether the first was paid for."""
    said = _names(job)
    if why is Why.REFUSED:
        sentence = _("%(first)s could not take this photo, so %(other)s restored it.")
    else:
        sentence = _("%(first)s did not work then, so %(other)s restored it.")
    if job.attempts.filter(provider=job.provider, charged=True).exists():
        sentence += " " + _("%(first)s charged for its try.")
    return sentence % said


def _names(job: Job) -> dict[str, str]:
    return {"first": provider_label(job.provider), "other": engine_or(job.fallback)}


def _options(job: Job) -> dict[str, str] | None:
    """What the second provider is asked to do; None where there is no second, or it
    cannot do it any more."""
    if not job.fallback or job.fell_back_from:
        return None
    try:
        return options_for(job.fallback, job.recipe or REPAIR)
    except BadOption:
        return None


def _may_go(job: Job, why: Why) -> bool:
    other = job.fallback
    if other == local.NAME:
        return True
    if not connections.has_key(other) or not may_go_to(job, other):
        return False
    # From one that is down to another that is down there is nothing to gain.
    rows = ProviderAccount.objects.filter(provider=other)
    ill = rows.exclude(state=ProviderAccount.State.OPEN)
    return why is Why.REFUSED or not ill.exists()


def _is_over(job: Job, dead: Attempt | None) -> bool:
    """Whether nothing of this job can be alive at the provider that had it."""
    there = Q(submitting=True) | ~Q(remote_id="")
    alive = job.attempts.filter(
        Q(state=Attempt.State.OPEN) & there | Q(late_look__isnull=False),
        provider=job.provider,
    )
    if dead:
        alive = alive.exclude(pk=dead.pk)
    return not alive.exists()
