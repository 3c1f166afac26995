from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.db import transaction
from django.dispatch import receiver

from albums.models import Photo, User
from albums.signals import photo_uploaded
from jobs import queue
from jobs.providers.options import BadOption
from jobs.recipes import Wish
from jobs.services import NoConsent, request_restoration

logger = logging.getLogger(__name__)


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
