"""Jobs for which this month's budget has no room: held with the reason, told about
once, and let go by themselves in a new month or when somebody allows more."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils.translation import gettext as _

from albums.models import Album, User
from jobs import money
from jobs.clock import db_now
from jobs.connections import KINDS
from jobs.models import AlbumCap, Event, Job, ProviderAccount
from jobs.money import Cap
from jobs.providers import local
from jobs.services import BUDGET, FORGET_ERROR, RELEASED, change

logger = logging.getLogger(__name__)

CODE = "over_budget"
# So many at once. The rest of a long queue is held with the next job that finds no room.
AT_A_TIME = 500


def hold(job: Job, cap: Cap, *, only: Mapping[str, object]) -> bool:
    """Hold this job, and all that wait behind it for the same budget. False: it is not
    what `only` says, or a person gave it up."""
    with transaction.atomic():
        _lock(cap)
        is_news = not _was_told(cap)
        if not _hold(job, cap, only=only):
            return False
    for waiting in _behind(cap):
        _hold(waiting, cap, only={"lease": None, "state": waiting.state})
    if is_news:
        logger.warning("this month's budget is used up: %s", cap.key)
        _tell(cap)
    return True


def let_go() -> int:
    """Let held jobs go on for which there is room, the oldest first, as many as one go
    should take; how many. The others go with the next sweep."""
    held = Job.objects.filter(state=Job.State.HELD, hold=BUDGET)
    caps: dict[tuple[str, int], tuple[Cap, ...]] = {}
    left: dict[str, int] = {}
    gone = 0
    for job in held.select_related("photo").order_by("due", "pk"):
        place = (job.provider, job.photo.album_id)
        if place not in caps:
            caps[place] = money.caps_of(*place)
        for cap in caps[place]:
            left.setdefault(cap.key, cap.left)
        keys = [cap.key for cap in caps[place]]
        if all(left[key] > 0 for key in keys) and _resume(job):
            gone += 1
            left |= {key: left[key] - 1 for key in keys}
        if gone >= AT_A_TIME:
            break
    return gone


def _resume(job: Job) -> bool:
    again = {
        "state": Job.State.QUEUED,
        "due": db_now(),
        "hold": "",
        **FORGET_ERROR,
    }
    only = {"state": Job.State.HELD, "hold": BUDGET}
    return change(job, again, only=only, kind=Event.Kind.LET_GO)


def _hold(job: Job, cap: Cap, *, only: Mapping[str, object]) -> bool:
    held = {
        "state": Job.State.HELD,
        "hold": BUDGET,
        "error_code": CODE,
        "blame": Job.Blame.BUDGET,
        "message": cap.sentence,
        "detail": cap.key,
        "is_trial": False,
        "stage": "",
        **RELEASED,
    }
    return change(
        job,
        held,
        only={**only, "cancel_asked": False},
        kind=Event.Kind.OVER_BUDGET,
        words=cap.sentence,
        detail=cap.key,
    )


def _behind(cap: Cap) -> list[Job]:
    """What waits for the same budget and has not been begun."""
    waiting = Job.objects.filter(state=Job.State.QUEUED, lease=None, attempts=None)
    if cap.provider:
        waiting = waiting.filter(provider=cap.provider)
    else:
        waiting = waiting.filter(photo__album=cap.album).exclude(provider=local.NAME)
    return list(waiting.select_related("photo").order_by("due", "pk")[:AT_A_TIME])


def _lock(cap: Cap) -> None:
    """So that of two workers one tells the administrator."""
    if cap.provider:
        rows = ProviderAccount.objects.select_for_update()
        list(rows.filter(provider=cap.provider))
    else:
        list(AlbumCap.objects.select_for_update().filter(album=cap.album))


def _was_told(cap: Cap) -> bool:
    month = money.month_begin(db_now())
    told = Event.objects.filter(kind=Event.Kind.OVER_BUDGET, detail=cap.key)
    return told.filter(created__gte=month).exists()


def _tell(cap: Cap) -> None:
    administrators = User.objects.filter(is_superuser=True, is_active=True)
    if cap.provider:
        whose = KINDS[cap.provider].label
    else:
        title = Album.objects.get(pk=cap.album).title
        whose = _("the album %(title)s") % {"title": title}
    send_mail(
        _("This month's budget is used up: %(whose)s") % {"whose": whose},
        _(
            "%(limit)d restorations a month are allowed, and so many are bought or under "
            "way. Further photos wait; nothing is lost. They go on by themselves on "
            "%(day)s, or when you allow more: %(site)s/admin/"
        )
        % {
            "limit": cap.limit,
            "day": money.next_month_words(),
            "site": settings.SITE_URL.rstrip("/"),
        },
        None,
        [user.email for user in administrators],
        fail_silently=True,
    )
