from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from albums.models import Album, Photo, User
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
    # What the provider's answers taught us about its dialect.
    learned = models.JSONField(default=dict, blank=True)
    # What the administrator knows of the price: for one restoration, in this currency.
    price = models.DecimalField(
        _("Price of one restoration"),
        max_digits=8,
        decimal_places=4,
        null=True,
        blank=True,
    )
    currency = models.CharField(_("Currency"), max_length=3, blank=True, default="")
    # So many restorations a calendar month, at most.
    monthly_cap = models.PositiveIntegerField(
        _("Restorations a month, at most"), null=True, blank=True
    )
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


class HourlyUse(models.Model):
    """One request of a kind that has a limit per hour: what makes the count of any
    sixty minutes exact."""

    provider = models.CharField(max_length=20)
    call = models.CharField(max_length=20)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["provider", "call", "at"], name="hourly_use_recent")
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.call}"


class AlbumCap(models.Model):
    """How many restorations a calendar month an album may buy, of all providers."""

    album = models.OneToOneField(Album, on_delete=models.CASCADE, related_name="+")
    monthly_cap = models.PositiveIntegerField(_("Restorations a month, at most"))

    def __str__(self) -> str:
        return f"{self.album}: {self.monthly_cap}"


class RemoteCopy(models.Model):
    """A photo's copy that lies at a provider until it is deleted there. Whoever knows
    `copy_id` could see the photo, so it is never shown, and emptied when it is gone."""

    photo = models.ForeignKey(Photo, on_delete=models.PROTECT, related_name="+")
    provider = models.CharField(max_length=20)
    copy_id = models.CharField(max_length=200, blank=True)
    # How the print was cut that lies there.
    cut = models.PositiveIntegerField(default=0)
    # What it was restored with last.
    options = models.JSONField(default=dict, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    used = models.DateTimeField()
    deleted = models.DateTimeField(null=True, blank=True)
    trouble = models.PositiveSmallIntegerField(default=0)
    look_after = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "copy_id"],
                condition=~Q(copy_id=""),
                name="remote_copy_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["used"], name="remote_copy_there", condition=Q(deleted=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.pk}"


class SourceLink(models.Model):
    """An address of ours at which a provider may fetch the copy of one photo for one
    attempt: unguessable, kept as a hash, short-lived, and revoked when the attempt
    has ended."""

    attempt = models.OneToOneField(
        Attempt, on_delete=models.CASCADE, related_name="source_link"
    )
    token_hash = models.CharField(max_length=64, unique=True)
    # The copy's name in SOURCE_DIR, and what it is.
    file = models.CharField(max_length=100)
    media_type = models.CharField(max_length=30)
    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField()
    revoked = models.DateTimeField(null=True, blank=True)
    opened = models.PositiveIntegerField(default=0)
    last_opened = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"source of attempt {self.attempt_id}"


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
    credits = models.FloatField(null=True, blank=True)
    price = models.DecimalField(max_digits=8, decimal_places=4, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            # What this month has cost, by provider and by album.
            models.Index(fields=["provider", "created"], name="ledger_of_month"),
            models.Index(fields=["album", "created"], name="ledger_of_album"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.created:%Y-%m-%d}"
