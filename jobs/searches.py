"""Looking for prints on scans: who looks at which, and what comes of it."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction

from albums import prints
from albums.models import Album, Photo, User
from albums.prints import PrintBox
from albums.services import bump_version
from jobs.clock import db_now
from jobs.models import PrintSearch
from jobs.processes import is_gone, this_process
from jobs.providers import local
from jobs.providers.options import BadOption
from jobs.recipes import Wish
from jobs.services import RELEASED, NoConsent, request_restoration

logger = logging.getLogger(__name__)

# From the ring to the first sign of life of whoever answers it.
RING_LEASE = timedelta(seconds=30)
# For decoding the largest scan on a slow machine.
LEASE = timedelta(seconds=240)
MOST_CRASHES = 3


def ask(photo: Photo, *, by: User, wish: str, batch: UUID) -> None:
    """Have a scan looked at; `wish` starts afterwards."""
    PrintSearch.objects.get_or_create(
        photo=photo,
        defaults={"by": by, "wish": wish, "batch": batch, "due": db_now()},
    )


def ask_again(photo: Photo, *, by: User) -> None:
    """Look once more, and restore what is found as the album says."""
    begun = {
        "state": PrintSearch.State.WAITING,
        "wish": photo.album.recipe,
        "by_hand": True,
        "by": by,
        "batch": uuid4(),
        "due": db_now(),
        "crashes": 0,
        "found": 0,
        "finished": None,
        **RELEASED,
    }
    with transaction.atomic():
        version = bump_version(photo.album_id)
        same = PrintSearch.objects.filter(photo=photo)
        others = same.exclude(state=PrintSearch.State.WAITING)
        if not others.update(**begun, sequence=version) and not same.exists():
            PrintSearch.objects.create(photo=photo, **begun, sequence=version)


def seen_on(photos: Iterable[Photo]) -> dict[int, PrintSearch]:
    """The searches of these photos, by photo."""
    by_key = {photo.pk: photo for photo in photos}
    found = PrintSearch.objects.filter(photo__in=by_key)
    for search in found:
        search.photo = by_key[search.photo_id]
    return {search.photo_id: search for search in found}


def go_on_in(album: Album) -> bool:
    return PrintSearch.objects.waiting().of_album(album).exists()


def are_due() -> bool:
    return PrintSearch.objects.waiting().exists()


def due(now: datetime, *, most: int) -> list[int]:
    return list(PrintSearch.objects.due(now).values_list("pk", flat=True)[:most])


def claim(search_id: int, *, now: datetime, token: UUID) -> bool:
    """Lease a due search to one ring. False if another dispatcher was faster."""
    return PrintSearch.objects.claim(search_id, now=now, token=token, lease=RING_LEASE)


def live_holders(tokens: Collection[UUID]) -> dict[UUID | None, str]:
    """Who has these leases in hand, of those that still are in force."""
    live = PrintSearch.objects.filter(lease__in=tokens, leased_until__gte=db_now())
    return dict(live.values_list("lease", "holder"))


def mend() -> None:
    """Take searches from processes that are gone; one that ends them again and again
    leaves the photo whole."""
    now = db_now()
    for search in PrintSearch.objects.waiting().exclude(holder=""):
        is_late = search.leased_until is None or search.leased_until < now
        if is_late or is_gone(search.holder):
            _take_over(search)


def let_go(search_id: int, token: UUID) -> None:
    """After a step: a lease that this process still has is one of a broken step."""
    mine = PrintSearch.objects.waiting().filter(
        pk=search_id, lease=token, holder=this_process()
    )
    for search in mine:
        _take_over(search)


def give_back(tokens: Iterable[UUID]) -> None:
    """The processes behind these leases were ended by ourselves: nobody crashed."""
    PrintSearch.objects.waiting().filter(lease__in=list(tokens)).update(**RELEASED)


def take(search_id: int, token: UUID) -> PrintSearch | None:
    """Begin the search that was rung for. None if it was begun already."""
    rung = PrintSearch.objects.waiting().filter(pk=search_id, lease=token, holder="")
    begun = {"holder": this_process(), "leased_until": db_now() + LEASE}
    if rung.update(**begun) != 1:
        return None
    whole = PrintSearch.objects.select_related("photo__original", "by")
    return whole.get(pk=search_id)


def conclude(
    search: PrintSearch, boxes: Sequence[PrintBox], *, failed: bool = False
) -> bool:
    """What was found, the prints that it makes, and the jobs that were wished for: all
    in one transaction. Less than two prints leave the photo whole. False when somebody
    else has the search now."""
    photo, wish = search.photo, Wish.parse(search.wish)
    is_page = len(boxes) > 1
    with transaction.atomic():
        version = bump_version(photo.album_id)
        # Whoever drew boxes meanwhile knows better.
        is_page = is_page and not photo.prints.in_albums().exists()
        state = PrintSearch.State.FAILED if failed else PrintSearch.State.ONE
        if is_page:
            is_local = wish.provider == local.NAME
            state = PrintSearch.State.CUT if is_local else PrintSearch.State.ASKING
        mine = PrintSearch.objects.waiting().filter(pk=search.pk, lease=search.lease)
        ended = {"state": state, "found": len(boxes), "sequence": version, **RELEASED}
        if mine.update(**ended, finished=db_now()) != 1:
            return False
        found: tuple[Photo, ...] = (photo,)
        if is_page:
            found = prints.cut(photo, boxes, by=search.by).new
        if state != PrintSearch.State.ASKING and (is_page or not search.by_hand):
            start(found, wish, by=search.by, batch=search.batch)
    return True


def count(page: Photo) -> None:
    """Somebody changed the boxes: as many prints were found as there are now."""
    there = page.prints.in_albums().count()
    PrintSearch.objects.filter(photo=page).update(found=there)


def answered(photos: Iterable[Photo]) -> None:
    """Somebody decided what becomes of these prints: nothing is asked any more."""
    pages = {photo.lies_on_id for photo in photos} - {None}
    asking = PrintSearch.objects.filter(state=PrintSearch.State.ASKING)
    for search in asking.filter(photo__in=pages).select_related("photo"):
        leave(search)


def leave(search: PrintSearch) -> None:
    """The prints stay as they are: nothing is sent."""
    asking = PrintSearch.objects.filter(pk=search.pk, state=PrintSearch.State.ASKING)
    with transaction.atomic():
        version = bump_version(search.photo.album_id)
        asking.update(state=PrintSearch.State.CUT, sequence=version)


def start(photos: Iterable[Photo], wish: Wish, *, by: User, batch: UUID) -> None:
    """What was wished for at an upload. A photo counts for more than the wish: where
    it cannot be, the photo is kept without."""
    if not wish.recipe:
        return
    for photo in photos:
        try:
            request_restoration(
                photo, by=by, recipe=wish.recipe, batch=batch, provider=wish.provider
            )
        except (BadOption, NoConsent):
            logger.warning("photo %s: %s cannot be wished for", photo.code, wish)


def _take_over(search: PrintSearch) -> None:
    token, crashes = uuid4(), search.crashes + 1
    seen = PrintSearch.objects.waiting().filter(
        pk=search.pk, lease=search.lease, holder=search.holder
    )
    if crashes < MOST_CRASHES:
        logger.warning("photo %s: the search was interrupted", search.photo.code)
        seen.update(crashes=crashes, **RELEASED)
        return
    logger.error("photo %s: the search ended %s times", search.photo.code, crashes)
    later = db_now() + LEASE
    if seen.update(crashes=crashes, lease=token, leased_until=later, holder="") == 1:
        search.lease = token
        conclude(search, (), failed=True)
