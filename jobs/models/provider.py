from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from albums.models import Album, User
from jobs.models.job import Attempt


class ProviderAccount(models.Model):
    """How one remote provider is doing: one row each, shared by all workers.

    `open`: jobs go out. `paused`: an administrator said so. `broken`: an operator has
    to put something right (key, credits); one trial call now and then finds out that
    it is well again. `resting`: it failed several times in a row; a trial call comes
    when `next_trial` has passed.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Working")
        PAUSED = "paused", _("Paused")
        BROKEN = "broken", _("Needs the administrator")
        RESTING = "resting", _("Resting after failures")

    provider = models.CharField(max_length=20, unique=True)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    code = models.CharField(max_length=40, blank=True)
    sentence = models.TextField(blank=True)
    detail = models.TextField(blank=True)
    since = models.DateTimeField(null=True, blank=True)
    next_trial = models.DateTimeField(null=True, blank=True)
    trials = models.PositiveSmallIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    told_code = models.CharField(max_length=40, blank=True)
    # Seconds after which half, and nearly all, of the tasks are done.
    half_done = models.FloatField(null=True, blank=True)
    nearly_done = models.FloatField(null=True, blank=True)
    # How many looks the second was learned from.
    looks_learned = models.PositiveIntegerField(default=0)
    check_asked = models.DateTimeField(null=True, blank=True)
    checked = models.DateTimeField(null=True, blank=True)
    check_words = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.provider


class Budget(models.Model):
    """When the next request of one kind may go to a provider.

    `call` is "" for the limit of requests per second over all calls, else the kind of
    call that has a limit per hour of its own.
    """

    provider = models.CharField(max_length=20)
    call = models.CharField(max_length=20, blank=True)
    free_from = models.DateTimeField()
    # When the last request really left: a late one must not come close to the next.
    last_sent = models.DateTimeField(null=True, blank=True)
    # By how much requests are further apart than the limit asks; grows when the
    # provider says "too often", and shrinks again while it does not.
    margin = models.FloatField(default=1.03)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "call"], name="one_budget")
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.call}".strip()


class ConsentQuerySet(models.QuerySet["Consent"]):
    def in_force(self) -> ConsentQuerySet:
        return self.filter(withdrawn=None)


class Consent(models.Model):
    """Somebody who may do so agreed that an album's photos go to a provider, and was
    shown the price then. It counts until somebody withdraws it; the row stays."""

    album = models.ForeignKey(Album, on_delete=models.CASCADE, related_name="+")
    provider = models.CharField(max_length=20)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    price_shown = models.TextField()
    sent_to = models.TextField()
    created = models.DateTimeField(auto_now_add=True)
    withdrawn = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = ConsentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["album", "provider"],
                condition=Q(withdrawn=None),
                name="one_consent",
            )
        ]

    def __str__(self) -> str:
        return f"{self.album}: {self.provider}"


class LedgerLine(models.Model):
    """One attempt that was charged. Written once, never changed."""

    attempt = models.OneToOneField(
        Attempt, on_delete=models.PROTECT, related_name="ledger_line"
    )
    provider = models.CharField(max_length=20)
    album = models.ForeignKey(Album, on_delete=models.PROTECT, related_name="+")
    words = models.TextField()
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.provider} {self.created:%Y-%m-%d}"
