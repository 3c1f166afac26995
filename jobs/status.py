"""What people read of a job: closed lists of words, and totals that add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jobs.connections import KINDS
from jobs.models import Event, Job
from jobs.providers import local
from jobs.recipes import BY_CODE, LABELS


class Look(StrEnum):
    """How a status is drawn. The words always stand beside it."""

    WAITING = "waiting"
    WORKING = "working"
    READY = "ready"
    NOTE = "note"
    ATTENTION = "attention"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Status:
    """`words` are one of the nine; `extra` goes on after them: a percentage, how long
    it usually takes, or why it waits. `percent` is None where nobody knows."""

    look: Look
    words: str
    extra: str = ""
    percent: int | None = None

    @property
    def line(self) -> str:
        return f"{self.words}, {self.extra}" if self.extra else self.words


def status_of(job: Job) -> Status:
    match job.state:
        case Job.State.QUEUED:
            return Status(Look.WAITING, _("Waiting"))
        case Job.State.SUBMITTING:
            return Status(Look.WORKING, _("Preparing"))
        case Job.State.RUNNING:
            return _running(job)
        case Job.State.FETCHING:
            return Status(Look.WORKING, _("Fetching"))
        case Job.State.HELD:
            return Status(Look.WAITING, _("Waiting"), job.message or _("on hold"))
        case Job.State.SUCCEEDED if job.note:
            return Status(Look.NOTE, _("Ready with a note"))
        case Job.State.SUCCEEDED:
            return Status(Look.READY, _("Ready"))
        case Job.State.CANCELLED:
            return Status(Look.CANCELLED, _("Cancelled"))
    return Status(Look.ATTENTION, _("Needs attention"))


def _running(job: Job) -> Status:
    if job.progress > 0:
        percent = min(job.percent, 99)
        return Status(Look.WORKING, _("Working"), _("%d %%") % percent, percent=percent)
    if job.provider != local.NAME and not job.stage:
        sent = _("Sent to %(provider)s") % {"provider": provider_label(job.provider)}
        return Status(Look.WORKING, sent, usually(job.provider))
    return Status(Look.WORKING, _("Working"), usually(job.provider))


def usually(provider: str) -> str:
    if provider not in KINDS:
        return _("usually less than a minute")
    seconds = KINDS[provider].limits.typical.total_seconds()
    return _("usually about %d seconds") % seconds


def provider_label(provider: str) -> str:
    return str(LABELS.get(provider, provider))


def recipe_title(recipe: str) -> str:
    if not recipe:
        return _("Own options")
    return str(BY_CODE[recipe].title) if recipe in BY_CODE else recipe


@dataclass(frozen=True)
class Totals:
    """How many jobs are where. The parts add up to all, at every moment."""

    ready: int = 0
    working: int = 0
    waiting: int = 0
    attention: int = 0
    cancelled: int = 0

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Totals:
        """From the number of jobs in each state."""
        at = {str(state): number for state, number in counts.items()}
        state = Job.State
        return cls(
            ready=at.get(state.SUCCEEDED, 0),
            working=sum(
                at.get(one, 0)
                for one in (state.SUBMITTING, state.RUNNING, state.FETCHING)
            ),
            waiting=at.get(state.QUEUED, 0) + at.get(state.HELD, 0),
            attention=at.get(state.FAILED, 0),
            cancelled=at.get(state.CANCELLED, 0),
        )

    @property
    def all(self) -> int:
        return (
            self.ready + self.working + self.waiting + self.attention + self.cancelled
        )

    @property
    def ended(self) -> int:
        return self.all - self.working - self.waiting

    @property
    def is_active(self) -> bool:
        return self.ended < self.all

    @property
    def words(self) -> str:
        """As in "8 ready, 1 needs you": only what there is."""
        need = ngettext("%d needs you", "%d need you", self.attention)
        parts = (
            (self.ready, _("%d ready")),
            (self.working, _("%d working")),
            (self.waiting, _("%d waiting")),
            (self.attention, need),
            (self.cancelled, _("%d cancelled")),
        )
        return ", ".join(words % number for number, words in parts if number)


BLAMES = {
    Job.Blame.PICTURE: gettext_lazy("The picture is the problem."),
    Job.Blame.PROVIDER: gettext_lazy("The provider is the problem, not your picture."),
    Job.Blame.BUDGET: gettext_lazy("The budget is used up; your picture is fine."),
    Job.Blame.SETUP: gettext_lazy("This app is the problem, not your picture."),
    Job.Blame.NONE: gettext_lazy("This app is the problem, not your picture."),
}


@dataclass(frozen=True)
class Trouble:
    """A failure for people: what happened, whose problem, whether it cost anything.

    `other_options` says that the same again would fail again.
    """

    sentence: str
    blame: str
    money: str
    other_options: bool


def trouble_of(job: Job) -> Trouble:
    blame = Job.Blame(job.blame)
    return Trouble(
        sentence=job.message or _("The restoration did not work."),
        blame=str(BLAMES[blame]),
        money=_("This try was paid for.")
        if job.money_spent
        else _("No money was spent."),
        other_options=blame is Job.Blame.PICTURE,
    )


EVENTS = {
    "asked": gettext_lazy("Asked for"),
    "begun": gettext_lazy("Work began"),
    "finishing": gettext_lazy("The picture is made, and is being saved"),
    "ready": gettext_lazy("Ready"),
    "failed": gettext_lazy("Stopped"),
    "cancel_asked": gettext_lazy("Somebody asked to cancel"),
    "cancelled": gettext_lazy("Cancelled"),
    "interrupted": gettext_lazy("The work was interrupted, and goes on"),
    "held": gettext_lazy("Waits"),
    "let_go": gettext_lazy("Goes on"),
    "retried": gettext_lazy("Tried again"),
}


def event_words(event: Event) -> str:
    """A line of the timeline. A kind without words of its own shows what was written."""
    said = recipe_title(event.words) if event.kind == "asked" else event.words
    title = str(EVENTS.get(event.kind, ""))
    return ": ".join(part for part in (title, said) if part) or event.kind
