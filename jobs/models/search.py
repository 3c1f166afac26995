from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from albums.models import Album, Photo, User


class PrintSearchQuerySet(models.QuerySet["PrintSearch"]):
    def waiting(self) -> PrintSearchQuerySet:
        return self.filter(state=PrintSearch.State.WAITING)

    def of_album(self, album: Album) -> PrintSearchQuerySet:
        return self.filter(photo__album=album)

    def due(self, now: datetime) -> PrintSearchQuerySet:
        """Those that nobody has in hand, or whose holder is late."""
        free = Q(leased_until=None) | Q(leased_until__lt=now)
        return self.waiting().filter(free, due__lte=now).order_by("due", "pk")

    def claim(self, pk: int, *, now: datetime, token: UUID, lease: timedelta) -> bool:
        """Lease a due search to one ring. False if another dispatcher was faster."""
        due = self.due(now).filter(pk=pk).order_by()
        return due.update(lease=token, leased_until=now + lease, holder="") == 1


class PrintSearch(models.Model):
    """A scan is looked at once for the prints that it shows.

    `waiting → one`, `cut`, `asking` or `failed`; a person's wish leads back. `one` and
    `failed` leave the photo whole. What was wished for at the upload starts at the end,
    for the photo or for each of its prints; `asking`: a provider outside the house was
    wished for, for one photo, and somebody must say first that it may be several.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Looking for prints")
        ONE = "one", _("One photo")
        CUT = "cut", _("Cut into prints")
        ASKING = "asking", _("Waiting for a yes")
        FAILED = "failed", _("Could not be looked at")

    photo = models.OneToOneField(
        Photo, on_delete=models.CASCADE, related_name="print_search"
    )
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    wish = models.CharField(max_length=40, blank=True)
    # Asked for on its own, for a scan that is in the album already.
    by_hand = models.BooleanField(default=False)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    batch = models.UUIDField()
    found = models.PositiveSmallIntegerField(default=0)
    # The album's version at the last change that a page shows.
    sequence = models.PositiveBigIntegerField(default=0)
    due = models.DateTimeField()
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    holder = models.CharField(max_length=100, blank=True)
    crashes = models.PositiveSmallIntegerField(default=0)
    created = models.DateTimeField(auto_now_add=True)
    finished = models.DateTimeField(null=True, blank=True)

    objects = PrintSearchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "print searches"
        indexes = [
            # The dispatcher, twice a second.
            models.Index(
                fields=["due", "id"], name="search_due", condition=Q(state="waiting")
            )
        ]

    def __str__(self) -> str:
        return f"{self.photo_id} ({self.state})"

    @property
    def is_waiting(self) -> bool:
        return self.state == self.State.WAITING

    @property
    def is_asking(self) -> bool:
        return self.state == self.State.ASKING

    @property
    def is_failed(self) -> bool:
        return self.state == self.State.FAILED

    @property
    def made_prints(self) -> bool:
        return self.state in {self.State.CUT, self.State.ASKING}

    @property
    def newest_find(self) -> int:
        return self.sequence if self.made_prints else 0
