from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.dispatch import receiver

from albums.models import Photo, Restoration, User
from albums.signals import (
    made_one,
    photo_uploaded,
    prints_cut,
    prints_set_aside,
    prints_wanted,
    restoration_judged,
)
from jobs import queue, remote_copies, searches
from jobs.models import Job, PrintSearch
from jobs.providers import local
from jobs.recipes import REPAIR, Wish
from jobs.services import cancel

# As stars, 1 to 5: kept, or what is wrong with it. A changed face is the worst.
KEPT, NOT_QUITE, WRONG_FACE = 5, 2, 1


@receiver(photo_uploaded, dispatch_uid="start what was wished for")
def start_wish(
    sender: object,
    *,
    photo: Photo,
    by: User,
    wish: str,
    batch: UUID,
    cut_pages: bool,
    **_: Any,
) -> None:
    # A hint: renditions are made on the first request if this ring is lost.
    transaction.on_commit(lambda: queue.ring_renditions(photo.pk))
    if cut_pages:
        searches.ask(photo, by=by, wish=wish, batch=batch)
    else:
        searches.start([photo], Wish.parse(wish), by=by, batch=batch)


@receiver(prints_wanted, dispatch_uid="look for prints")
def look_for_prints(sender: object, *, photo: Photo, by: User, **_: Any) -> None:
    searches.ask_again(photo, by=by)


@receiver(prints_cut, dispatch_uid="see to new prints")
def see_to_prints(
    sender: object,
    *,
    page: Photo,
    prints: Sequence[Photo],
    by: User,
    wanted: bool,
    **_: Any,
) -> None:
    searches.count(page)
    for one in prints:
        transaction.on_commit(partial(queue.ring_renditions, one.pk))
    if wanted and prints:
        recipe = prints[0].album.recipe or REPAIR
        searches.start(prints, Wish(local.NAME, recipe), by=by, batch=uuid4())


@receiver(prints_set_aside, dispatch_uid="leave prints alone")
def leave_alone(sender: object, *, prints: Sequence[Photo], by: User, **_: Any) -> None:
    for job in Job.objects.unfinished_or_held().filter(photo__in=prints):
        cancel(job, by=by)


@receiver(made_one, dispatch_uid="restore the one photo")
def restore_the_one(sender: object, *, photo: Photo, by: User, **_: Any) -> None:
    """What was wished for when it came, where nothing came of it yet."""
    search = PrintSearch.objects.filter(photo=photo).first()
    if search and not photo.jobs.exists():
        wish = Wish.parse(search.wish)
        searches.start([photo], wish, by=by, batch=search.batch)


@receiver(restoration_judged, dispatch_uid="note how good it is")
def note_judgement(
    sender: object,
    *,
    restoration: Restoration,
    verdict: Restoration.Verdict,
    **_: Any,
) -> None:
    stars = WRONG_FACE if verdict == Restoration.Verdict.FACE else NOT_QUITE
    if verdict == Restoration.Verdict.NONE:
        stars = KEPT
    remote_copies.note_stars(restoration.attempt, stars)
