"""What people read of a job: closed lists of words, and totals that add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jobs.connections import KINDS
from jobs.models import Attempt, Job, PrintSearch
from jobs.providers import local
from jobs.recipes import BY_CODE, LABELS, can_do
from jobs.services import BUDGET, NO_CONSENT


class Look(StrEnum):
    """How a status is drawn. The words always stand beside it."""

    WAITING = "waiting"
    HELD = "held"
    WORKING = "working"
    READY = "ready"
    NOTE = "note"
    ATTENTION = "attention"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Status:
    """`words` are one of the eleven; `extra` goes on after them: a percentage, or how long
    it usually takes. `percent` is None where nobody knows."""

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
        case Job.State.HELD if job.hold == BUDGET:
            return Status(Look.HELD, _("Over this month's budget"))
        case Job.State.HELD:
            return Status(Look.HELD, _("On hold"))
        case Job.State.SUCCEEDED if job.note:
            return Status(Look.NOTE, _("Ready with a note"))
        case Job.State.SUCCEEDED:
            return Status(Look.READY, _("Ready"))
        case Job.State.CANCELLED:
            return Status(Look.CANCELLED, _("Cancelled"))
    return Status(Look.ATTENTION, _("Needs attention"))


def status_of_search(search: PrintSearch) -> Status | None:
    """Of a scan that was looked at for prints; nothing where it is one photo."""
    if search.is_waiting:
        return Status(Look.WORKING, _("Looking for prints"))
    if not (search.made_prints and search.photo.is_page):
        return None
    look = Look.ATTENTION if search.is_asking else Look.READY
    return Status(look, found_words(search.found))


def found_words(number: int) -> str:
    return ngettext("%d print found", "%d prints found", number) % number


def _running(job: Job) -> Status:
    if job.progress > 0:
        percent = min(job.percent, 99)
        return Status(Look.WORKING, _("Working"), _("%d %%") % percent, percent=percent)
    if job.provider != local.NAME and not job.stage:
        sent = _("Sent to %(provider)s") % {"provider": provider_label(job.provider)}
        return Status(Look.WORKING, sent, usually(job))
    return Status(Look.WORKING, _("Working"), usually(job))


def usually(job: Job) -> str:
    """How long it takes: what the provider's last tasks took, where that is known."""
    if job.provider not in KINDS:
        return _("usually less than a minute")
    typical = KINDS[job.provider].limits.typical.total_seconds()
    low = in_steps(job.half_done or typical)
    high = in_steps(job.nearly_done or job.half_done or typical)
    if low < high:
        return _("usually %(low)d–%(high)d seconds") % {"low": low, "high": high}
    return ngettext("usually about %d second", "usually about %d seconds", low) % low


def in_steps(seconds: float) -> int:
    """As people say it: no "47 seconds"."""
    step = 1 if seconds < 10 else 5 if seconds < 60 else 30
    return max(1, round(seconds / step) * step)


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
    held: int = 0
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
            waiting=at.get(state.QUEUED, 0),
            held=at.get(state.HELD, 0),
            attention=at.get(state.FAILED, 0),
            cancelled=at.get(state.CANCELLED, 0),
        )

    @property
    def all(self) -> int:
        return self.ended + self.working + self.waiting + self.held

    @property
    def ended(self) -> int:
        return self.ready + self.attention + self.cancelled

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
            (self.held, _("%d on hold")),
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

    `other_options` says that the same again would fail again; `needs_consent` that
    somebody has to agree first. `engine` is what the engine of this app can do about
    it, "" where it failed itself.
    """

    sentence: str
    blame: str
    money: str
    other_options: bool
    needs_consent: bool
    engine: str


def trouble_of(job: Job) -> Trouble:
    blame = Job.Blame(job.blame)
    needs_consent = job.error_code == NO_CONSENT
    return Trouble(
        sentence=job.message or _("The restoration did not work."),
        blame="" if needs_consent else str(BLAMES[blame]),
        money=money_words(job),
        other_options=blame is Job.Blame.PICTURE,
        needs_consent=needs_consent,
        engine=engine_words(job),
    )


def money_words(job: Job) -> str:
    """Whether this job cost anything. Needs the attempts of a remote job."""
    if job.money_spent:
        return _("This try was paid for.")
    if job.provider == local.NAME and not job.fell_back_from:
        return _("No money was spent.")
    attempts = list(job.attempts.all())
    charged = [attempt.provider for attempt in attempts if attempt.charged]
    if charged:
        label = provider_label(charged[-1])
        return _("%(provider)s charges for this try.") % {"provider": label}
    uncertain = [attempt.provider for attempt in attempts if _may_cost(attempt)]
    if uncertain:
        return _("%(provider)s may charge for this try, if it finishes it.") % {
            "provider": provider_label(uncertain[-1])
        }
    return _("No money was spent.")


def _may_cost(attempt: Attempt) -> bool:
    is_dead = attempt.state == Attempt.State.FAILED and not attempt.submitting
    return bool(attempt.remote_id or attempt.submitting) and not is_dead


def engine_words(job: Job) -> str:
    if job.provider == local.NAME:
        return ""
    if can_do(local.NAME, job.recipe):
        return _("It costs nothing, and the photo stays in the house.")
    return _(
        "It costs nothing, and the photo stays in the house. The engine does “Repair”: "
        "“%(recipe)s” is more than it can."
    ) % {"recipe": recipe_title(job.recipe)}


@dataclass(frozen=True)
class Hold:
    """Why a job waits, who knows of it, and what it has cost until now."""

    reason: str
    told: str
    money: str
    engine: str
    # Where the administrator can do something about it.
    desk: str = ""


def hold_of(job: Job) -> Hold:
    # What an operator must put right says itself that the administrator was told.
    told = _("Nothing is lost: it goes on by itself when all is well again.")
    if job.hold == BUDGET:
        told = _("Nothing is lost, and nothing was sent.")
    elif job.error_code == "paused":
        told = _("Nothing is lost: it goes on when the administrator says so.")
    elif job.blame == Job.Blame.PROVIDER:
        told = _("The administrator has been told. %s") % told
    return Hold(
        reason=job.message or _("It waits for the provider."),
        told=told,
        money=money_words(job),
        engine=engine_words(job),
        desk=_desk(job),
    )


def _desk(job: Job) -> str:
    if job.hold != BUDGET:
        return ""
    is_of_album = job.detail.startswith("album")
    name = "albumcap" if is_of_album else "provideraccount"
    return reverse(f"admin:jobs_{name}_changelist")
