"""What happened to a job, line by line, in words for the family."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jobs.models import Event, Job
from jobs.providers import local
from jobs.status import provider_label, recipe_title

KIND = Event.Kind
WORDS: Mapping[Event.Kind, str | Promise] = {
    KIND.ASKED: gettext_lazy("Asked for"),
    KIND.AGREED_ONCE: gettext_lazy(
        "The administrator sent this one photo out of the house, to %(provider)s"
    ),
    KIND.PREPARING: gettext_lazy(
        "A copy for sending is being made: upright, without names, dates or places"
    ),
    KIND.SENT: gettext_lazy("%(provider)s has got the copy"),
    KIND.SUBMIT_UNKNOWN: gettext_lazy("The line broke while sending"),
    KIND.FOUND_AGAIN: gettext_lazy("It had arrived"),
    KIND.RESUBMIT: gettext_lazy("A second try"),
    KIND.DONE_THERE: gettext_lazy("%(provider)s has restored it"),
    KIND.FETCHING: gettext_lazy("The restored picture is being fetched"),
    KIND.FETCHED: gettext_lazy("The restored picture is here"),
    KIND.FETCH_FAILED: gettext_lazy(
        "The restored picture could not be fetched. It is not bought again for that"
    ),
    KIND.TROUBLE: gettext_lazy("A hitch"),
    KIND.BEGUN: gettext_lazy("Work began"),
    KIND.FINISHING: gettext_lazy("The picture is made, and is being saved"),
    KIND.READY: gettext_lazy("Ready"),
    KIND.FAILED: gettext_lazy("Stopped"),
    KIND.HELD: gettext_lazy("On hold"),
    KIND.LET_GO: gettext_lazy("Goes on"),
    KIND.CANCEL_ASKED: gettext_lazy("Somebody asked to cancel"),
    KIND.CANCELLED: gettext_lazy("Cancelled"),
    KIND.INTERRUPTED: gettext_lazy("The work was interrupted, and goes on"),
    KIND.RETRIED: gettext_lazy("Tried again"),
    KIND.SENT_ELSEWHERE: gettext_lazy("Given to %(provider)s"),
    KIND.FELL_BACK: gettext_lazy("Somebody else does it"),
    KIND.OVER_BUDGET: gettext_lazy("Over this month's budget"),
    KIND.COPY_DELETED: gettext_lazy("%(provider)s has deleted the copy"),
    KIND.LATE_RESULT: gettext_lazy(
        "A picture that nobody waited for any more came from %(provider)s after all. It "
        "is kept as one more version"
    ),
    KIND.NO_LATE_RESULT: gettext_lazy(
        "Nothing more will come from %(provider)s for this"
    ),
}
# Of these, `words` of the event names the provider; it is no sentence.
NAMES_PROVIDER = {KIND.AGREED_ONCE, KIND.SENT_ELSEWHERE}


@dataclass(frozen=True)
class Line:
    """`later` says how long after the line before; "" at once. `is_paid`: from here on
    the provider charges for it."""

    event: Event
    words: str
    later: str
    is_paid: bool


def timeline_of(job: Job) -> list[Line]:
    """Needs the job's events with their attempts."""
    lines: list[Line] = []
    before = job.created
    for event in job.events.all():
        later = later_words(event.created - before)
        lines.append(Line(event, event_words(event), later, event.charged))
        before = event.created
    return lines


def event_words(event: Event) -> str:
    """What happened, and the sentence that was written then, if any."""
    kind = KIND(event.kind)
    title = str(WORDS[kind]) % {"provider": _provider_of(event)}
    said = "" if kind in NAMES_PROVIDER else event.words
    if kind is KIND.ASKED:
        said = recipe_title(event.words)
    return f"{title}: {said}" if said else title


def later_words(passed: timedelta) -> str:
    seconds = round(passed.total_seconds())
    if seconds < 1:
        return ""
    for size, one, many in (
        (86400, "%d day later", "%d days later"),
        (3600, "%d hour later", "%d hours later"),
        (60, "%d minute later", "%d minutes later"),
    ):
        if seconds >= 2 * size:
            return ngettext(one, many, seconds // size) % (seconds // size)
    return ngettext("%d second later", "%d seconds later", seconds) % seconds


def _provider_of(event: Event) -> str:
    if KIND(event.kind) in NAMES_PROVIDER:
        return engine_or(event.words)
    return engine_or(event.attempt.provider) if event.attempt else _("the provider")


def engine_or(provider: str) -> str:
    """The name of a provider within a sentence."""
    if provider == local.NAME:
        return _("the engine of this app")
    return provider_label(provider)
