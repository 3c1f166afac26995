from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.db import transaction
from django.dispatch import receiver

from albums.models import Photo, Restoration, User
from albums.signals import photo_uploaded, restoration_judged
from jobs import queue, remote_copies
from jobs.providers.options import BadOption
from jobs.recipes import Wish
from jobs.services import NoConsent, request_restoration

logger = logging.getLogger(__name__)

# As stars, 1 to 5: kept, or what is wrong with it. A changed face is the worst.
KEPT, NOT_QUITE, WRONG_FACE = 5, 2, 1


@receiver(photo_uploaded, dispatch_uid="start what was wished for")
def start_wish(
    sender: object, *, photo: Photo, by: User, wish: str, batch: UUID, **_: Any
) -> None:
    # A hint: renditions are made on the first request if this ring is lost.
    transaction.on_commit(lambda: queue.ring_renditions(photo.pk))
    if not wish:
        return
    wanted = Wish.parse(wish)
    try:
        request_restoration(
            photo, by=by, recipe=wanted.recipe, batch=batch, provider=wanted.provider
        )
    except (BadOption, NoConsent):
        # The photo counts for more than the wish: it is kept without one.
        logger.warning("photo %s: %s cannot be wished for here", photo.code, wish)


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
