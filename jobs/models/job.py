from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from albums.models import Album, Photo, Restoration, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class Batch(models.Model):
    """The jobs that one click started; told about once."""

    code = models.UUIDField(default=uuid4, unique=True, editable=False)
    album = models.ForeignKey(Album, on_delete=models.PROTECT, related_name="batches")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created", "-pk"]

    def __str__(self) -> str:
        return str(self.code)


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, user: User | AnonymousUser) -> JobQuerySet:
        return self.filter(photo__in=Photo.objects.visible_to(user))

    def editable_by(self, user: User | AnonymousUser) -> JobQuerySet:
        return self.filter(photo__in=Photo.objects.editable_by(user))

    def unfinished(self) -> JobQuerySet:
        return self.filter(state__in=Job.ACTIVE)

    def unfinished_or_held(self) -> JobQuerySet:
        return self.exclude(state__in=Job.ENDED)

    def due(self, now: datetime) -> JobQuerySet:
        """Jobs whose next step may start: nobody holds them, or the holder is late."""
        return self.filter(
            Q(leased_until=None) | Q(leased_until__lt=now),
            state__in=Job.ACTIVE,
            due__lte=now,
        ).order_by("due", "pk")

    def claim(self, pk: int, *, now: datetime, token: UUID, lease: timedelta) -> bool:
        """Lease a due job to one ring. False if another dispatcher got there first."""
        return (
            self.due(now)
            .filter(pk=pk)
            .order_by()
            .update(lease=token, leased_until=now + lease, holder="")
            == 1
        )


class Job(models.Model):
    """One wish: restore this photo with this provider and these options.

    `queued → submitting → running → fetching → succeeded`, or `failed`, `cancelled`;
    `held` waits for a person or a provider, and goes back to `queued`. Only a person's
    retry leads back from an end. A step belongs to whoever holds `lease`: every
    write of a step asks for it, and 0 rows mean that somebody else owns the job.
    `crashes` counts the steps whose process died. `sequence` is the album's version
    at the last change that a page shows.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        SUBMITTING = "submitting", _("Preparing")
        RUNNING = "running", _("Working")
        FETCHING = "fetching", _("Fetching")
        HELD = "held", _("On hold")
        SUCCEEDED = "succeeded", _("Ready")
        FAILED = "failed", _("Needs attention")
        CANCELLED = "cancelled", _("Cancelled")

    class Blame(models.TextChoices):
        NONE = "", ""
        PICTURE = "picture", _("The picture")
        PROVIDER = "provider", _("The provider")
        BUDGET = "budget", _("The budget")
        SETUP = "setup", _("This installation")

    ACTIVE = (State.QUEUED, State.SUBMITTING, State.RUNNING, State.FETCHING)
    ENDED = (State.SUCCEEDED, State.FAILED, State.CANCELLED)

    code = models.UUIDField(default=uuid4, unique=True, editable=False)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="jobs")
    photo = models.ForeignKey(Photo, on_delete=models.PROTECT, related_name="jobs")
    provider = models.CharField(max_length=20)
    recipe = models.CharField(max_length=40, blank=True)
    options = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    sequence = models.PositiveBigIntegerField(default=0)

    due = models.DateTimeField()
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    holder = models.CharField(max_length=100, blank=True)
    crashes = models.PositiveSmallIntegerField(default=0)
    cancel_asked = models.BooleanField(default=False)
    # Who does it instead where the provider is not well or refuses ("": nobody), and
    # who was asked first where that happened.
    fallback = models.CharField(max_length=20, blank=True)
    fell_back_from = models.CharField(max_length=20, blank=True)
    # Why a held job waits ("provider", "budget"), and whether it goes on to find out how things
    # are at a provider that was not well.
    hold = models.CharField(max_length=20, blank=True)
    is_trial = models.BooleanField(default=False)
    # An administrator named the provider for this job alone, without the album's consent.
    agreed_once = models.BooleanField(default=False)
    # New tasks bought because a first one came to nothing; a person's retry forgets.
    resubmits = models.PositiveSmallIntegerField(default=0)

    progress = models.FloatField(default=0)
    stage = models.CharField(max_length=100, blank=True)
    note = models.TextField(blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    blame = models.CharField(max_length=10, choices=Blame, blank=True, default="")
    message = models.TextField(blank=True)
    detail = models.TextField(blank=True)
    money_spent = models.BooleanField(default=False)
    restoration = models.OneToOneField(
        Restoration, null=True, blank=True, on_delete=models.PROTECT, related_name="job"
    )
    created = models.DateTimeField(auto_now_add=True)
    started = models.DateTimeField(null=True, blank=True)
    finished = models.DateTimeField(null=True, blank=True)

    # How many seconds half, and nearly all, of the provider's last tasks took, where
    # the query asked for it.
    half_done: float | None = None
    nearly_done: float | None = None

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="succeeded", restoration__isnull=False)
                | (~Q(state="succeeded") & Q(restoration=None)),
                name="ready_has_a_restoration",
            )
        ]
        indexes = [
            # The dispatcher, twice a second.
            models.Index(
                fields=["due", "id"],
                name="job_due",
                condition=Q(state__in=["queued", "submitting", "running", "fetching"]),
            ),
            # The cards of a page that changed.
            models.Index(fields=["photo", "sequence"], name="job_changed"),
        ]

    def __str__(self) -> str:
        return f"{self.code} ({self.state})"

    @property
    def is_active(self) -> bool:
        return self.state in self.ACTIVE

    @property
    def is_ended(self) -> bool:
        return self.state in self.ENDED

    @property
    def percent(self) -> int:
        return round(100 * self.progress)


class Attempt(models.Model):
    """One task bought from, or run by, one provider for a job.

    The row is written before the provider is called; `request_key` becomes the
    restoration's `attempt`, so that one attempt leaves one restoration.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")
        ABANDONED = "abandoned", _("Given up")
        LATE = "late", _("Finished after it was given up")

    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    provider = models.CharField(max_length=20)
    request_key = models.UUIDField(default=uuid4, unique=True, editable=False)
    remote_id = models.CharField(max_length=200, blank=True)
    # What each call of the submit brought, kept before the next; may hold addresses
    # that are secrets, so it is emptied at the end.
    brought = models.JSONField(default=dict, blank=True)
    # What the next call of the submit is, by the names of the provider's budgets.
    next_call = models.CharField(max_length=20, blank=True, default="submit")
    # The copy of the photo at the provider that this attempt works on.
    copy = models.ForeignKey(
        "RemoteCopy",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="attempts",
    )
    result_address = models.TextField(blank=True)
    # A submit was begun and its end is not known: the provider may have the photo.
    submitting = models.BooleanField(default=False)
    submits = models.PositiveSmallIntegerField(default=0)
    trouble = models.PositiveSmallIntegerField(default=0)
    fetches = models.PositiveSmallIntegerField(default=0)
    looks = models.PositiveSmallIntegerField(default=0)
    submitted = models.DateTimeField(null=True, blank=True)
    seen_unfinished = models.DateTimeField(null=True, blank=True)
    result_seen = models.DateTimeField(null=True, blank=True)
    # When to ask for the result of a task that nobody waits for any more.
    late_look = models.DateTimeField(null=True, blank=True)
    charged = models.BooleanField(default=False)
    # What it took of the account, where the provider says so.
    credits = models.FloatField(null=True, blank=True)
    # How good the person found it, 1 to 5, and when the provider was told.
    stars = models.PositiveSmallIntegerField(null=True, blank=True)
    stars_told = models.DateTimeField(null=True, blank=True)
    # A person tried again while this task was still open at the provider.
    asked_again = models.BooleanField(default=False)
    sent_width = models.PositiveIntegerField(null=True, blank=True)
    sent_height = models.PositiveIntegerField(null=True, blank=True)
    sent_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    # How the print was cut that was sent.
    cut = models.PositiveIntegerField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    error_code = models.CharField(max_length=40, blank=True)
    detail = models.TextField(blank=True)
    created = models.DateTimeField(auto_now_add=True)
    finished = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["job", "number"], name="attempt_number"),
            models.UniqueConstraint(
                fields=["job"], condition=Q(state="open"), name="one_open_attempt"
            ),
            models.UniqueConstraint(
                fields=["provider", "remote_id"],
                condition=~Q(remote_id=""),
                name="remote_task_once",
            ),
        ]
        indexes = [
            # Late results, once a minute.
            models.Index(
                fields=["late_look"],
                name="attempt_late",
                condition=Q(late_look__isnull=False),
            ),
            # How long the last tasks of a provider took.
            models.Index(fields=["provider", "submitted"], name="attempt_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.job_id}/{self.number}"


class Event(models.Model):
    """A line of a job's timeline. Written once, never changed.

    `words` is a sentence for the family, or names what the kind is about: the recipe
    asked for, the provider agreed to or sent to. `detail` is for the administrator.
    """

    class Kind(models.TextChoices):
        ASKED = "asked"
        AGREED_ONCE = "agreed_once"
        PREPARING = "preparing"
        SENT = "sent"
        SUBMIT_UNKNOWN = "submit_unknown"
        RESUBMIT = "resubmit"
        DONE_THERE = "done_there"
        FETCHING = "fetching"
        FETCHED = "fetched"
        FETCH_FAILED = "fetch_failed"
        TROUBLE = "trouble"
        BEGUN = "begun"
        FINISHING = "finishing"
        READY = "ready"
        FAILED = "failed"
        HELD = "held"
        LET_GO = "let_go"
        CANCEL_ASKED = "cancel_asked"
        CANCELLED = "cancelled"
        INTERRUPTED = "interrupted"
        RETRIED = "retried"
        SENT_ELSEWHERE = "sent_elsewhere"
        FELL_BACK = "fell_back"
        FOUND_AGAIN = "found_again"
        OVER_BUDGET = "over_budget"
        COPY_DELETED = "copy_deleted"
        LATE_RESULT = "late_result"
        NO_LATE_RESULT = "no_late_result"

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="events")
    attempt = models.ForeignKey(
        Attempt, null=True, blank=True, on_delete=models.CASCADE, related_name="events"
    )
    kind = models.CharField(max_length=30, choices=Kind)
    words = models.TextField(blank=True)
    detail = models.TextField(blank=True)
    milliseconds = models.PositiveIntegerField(null=True, blank=True)
    charged = models.BooleanField(default=False)
    by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created", "pk"]

    def __str__(self) -> str:
        return self.kind


class Heartbeat(models.Model):
    """The last ring that a worker of this cluster, on this host, carried out."""

    cluster = models.CharField(max_length=20)
    host = models.CharField(max_length=100)
    beat = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cluster", "host"], name="one_heartbeat")
        ]

    def __str__(self) -> str:
        return f"{self.cluster} on {self.host}"
