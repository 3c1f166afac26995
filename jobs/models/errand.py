from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from albums.models import Photo, Restoration

if TYPE_CHECKING:
    from datetime import timedelta

MARKS, CHANGES = "marks", "changes"


class ErrandQuerySet(models.QuerySet["Errand"]):
    def due(self, now: datetime) -> ErrandQuerySet:
        return self.filter(due__lte=now, is_given_up=False).order_by("due", "pk")

    def claim(self, pk: int, *, now: datetime, lasts: timedelta) -> bool:
        """Take it for a while. False if somebody else did."""
        taken = {"due": now + lasts, "tries": models.F("tries") + 1}
        return self.due(now).filter(pk=pk).order_by().update(**taken) == 1


class Errand(models.Model):
    """Something small that the engine does beside restorations: look where a photo is
    damaged, or find out what a restoration that came from elsewhere has changed.

    The row goes when it is done. One that went wrong again and again stays as given up,
    so that pages can say so.
    """

    class Kind(models.TextChoices):
        MARKS = MARKS
        CHANGES = CHANGES

    kind = models.CharField(max_length=10, choices=Kind)
    photo = models.ForeignKey(Photo, on_delete=models.CASCADE, related_name="errands")
    restoration = models.OneToOneField(
        Restoration,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="errand",
    )
    # How badly the photo is damaged, as a person says.
    damage = models.CharField(max_length=10, blank=True)
    due = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    is_given_up = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)

    objects = ErrandQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["photo"], condition=Q(kind=MARKS), name="one_search_for_marks"
            ),
            models.CheckConstraint(
                condition=Q(kind=MARKS, restoration=None)
                | Q(kind=CHANGES, restoration__isnull=False),
                name="errand_knows_its_picture",
            ),
        ]
        # What is rung for, once a minute.
        indexes = [
            models.Index(
                fields=["due"], name="errand_due", condition=Q(is_given_up=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of photo {self.photo_id}"
