"""Small things that the engine does beside restorations. They may fail: nothing that a
family has depends on them.

The rows are the truth and a ring is a hint, as with jobs; what was not done within its
time is rung for again by the sweep.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from albums.models import Photo, Restoration
from jobs import queue
from jobs.clock import db_now
from jobs.models import Errand

logger = logging.getLogger(__name__)

# Longer than decoding the largest scan, which gives no sign of life.
LASTS = timedelta(minutes=3)
MOST_TRIES = 3
AT_A_TIME = 20
KIND = Errand.Kind


def look_for_marks(photo: Photo, *, damage: str = "auto") -> Errand:
    """Have the engine look where a photo is damaged. One search at a time."""
    wanted = {
        "damage": damage,
        "due": db_now(),
        "tries": 0,
        "is_given_up": False,
    }
    with transaction.atomic():
        errand, made = Errand.objects.get_or_create(
            kind=KIND.MARKS, photo=photo, defaults=wanted
        )
        if not made:
            given_up = Errand.objects.filter(pk=errand.pk, is_given_up=True)
            given_up.update(**wanted)
        transaction.on_commit(lambda: queue.ring_errand(errand.pk))
    return errand


def look_for_changes(restoration: Restoration) -> None:
    """Have the engine find out what a restoration changed that came from elsewhere."""
    errand, _made = Errand.objects.get_or_create(
        restoration=restoration,
        defaults={
            "kind": KIND.CHANGES,
            "photo_id": restoration.photo_id,
            "due": db_now(),
        },
    )
    transaction.on_commit(lambda: queue.ring_errand(errand.pk))


def due(now: datetime) -> list[int]:
    return list(Errand.objects.due(now).values_list("pk", flat=True)[:AT_A_TIME])


def run(errand_pk: int, *, sign: Callable[[], None]) -> None:
    """Do it, if it is still to be done and nobody else does. `sign` is called now and
    then, so that nobody takes the worker for hung."""
    if not Errand.objects.claim(errand_pk, now=db_now(), lasts=LASTS):
        return
    errands = Errand.objects.select_related(
        "photo__original", "restoration__photo__original"
    )
    errand = errands.get(pk=errand_pk)
    # Here, so that only the engine's processes hold OpenCV in memory.
    from jobs import engine_errands  # noqa: PLC0415

    def go_on() -> None:
        sign()
        Errand.objects.filter(pk=errand_pk).update(due=db_now() + LASTS)

    if engine_errands.carry_out(errand, sign=go_on):
        errand.delete()
    elif errand.tries >= MOST_TRIES:
        logger.warning("errand %s of photo %s given up", errand.kind, errand.photo_id)
        Errand.objects.filter(pk=errand.pk).update(is_given_up=True)
    else:
        Errand.objects.filter(pk=errand.pk).update(due=db_now())
