"""How long it will take, told before it starts: when more photos of a provider are done
under its limits, with what was used in the last hour and what waits already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from jobs import accounts, budget, connections
from jobs.clock import db_now
from jobs.models import Job
from jobs.providers.base import POLL, SUBMIT

# Looks that a photo takes, as far as they count: most are done at the first, or second.
LOOKS_EACH = 1.3
# From the last look until the picture is here and opened.
FETCHING = timedelta(seconds=5)
HOURLY = {
    SUBMIT: gettext_lazy("because %(provider)s takes %(number)d photos an hour"),
    POLL: gettext_lazy(
        "because %(provider)s says only %(number)d times an hour whether a photo is done"
    ),
}
# A limit is named as the reason where it makes it take so many times as long.
DECIDES = 1.5


@dataclass(frozen=True, kw_only=True)
class Load:
    """What decides how long photos take. `photos` are wanted; `ahead` wait to be sent
    before them, and `out` are at the provider. `per_hour` are its limits by kind of
    call, `used` the moments of the last hour's requests of each kind, `duration` how
    long a task takes, and `opens` when it may be asked: now, or later where it wants
    quiet."""

    now: datetime
    opens: datetime
    photos: int
    ahead: int
    out: int
    per_second: float
    duration: timedelta
    per_hour: Mapping[str, int] = field(default_factory=dict)
    used: Mapping[str, Sequence[datetime]] = field(default_factory=dict)


@dataclass(frozen=True)
class Forecast:
    """`takes` is from now until the last photo is here. `sentence` says it in plain
    words, with the reason where one limit decides."""

    takes: timedelta
    sentence: str


def forecast(provider: str, photos: int, *, now: datetime | None = None) -> Forecast:
    """How long until so many more photos of a remote provider are done."""
    load = load_of(provider, photos, now=now or db_now())
    takes = time_for(load)
    label = connections.KINDS[provider].label
    return Forecast(takes, _sentence(label, load, takes))


def load_of(provider: str, photos: int, *, now: datetime) -> Load:
    row = accounts.account(provider)
    limits = connections.KINDS[provider].limits
    jobs = Job.objects.filter(provider=provider)
    waiting = Q(state__in=[Job.State.QUEUED, Job.State.SUBMITTING])
    held = Q(state=Job.State.HELD, hold=accounts.PROVIDER)
    calls = [call for call in (SUBMIT, POLL) if call in limits.per_hour_by_call]
    typical = limits.typical.total_seconds()
    return Load(
        now=now,
        photos=photos,
        ahead=jobs.filter(waiting | held).count(),
        out=jobs.filter(state=Job.State.RUNNING).count(),
        per_second=connections.rate(provider),
        duration=timedelta(seconds=row.nearly_done or row.half_done or typical),
        per_hour={call: limits.per_hour_by_call[call] for call in calls},
        used={call: budget.used_in_hour(provider, call, now=now) for call in calls},
        opens=budget.quiet_until(provider, ("", SUBMIT), now=now),
    )


def time_for(load: Load) -> timedelta:
    """From now until the last of the photos is here: each is sent when the limits allow
    it, and looked at when it is likely done."""
    if load.photos <= 0:
        return timedelta(0)
    starts, looks = _Hour.of(load, SUBMIT), _Hour.of(load, POLL)
    apart = timedelta(seconds=(1 + LOOKS_EACH) / load.per_second)
    at, owed = load.opens, 0.0
    seen = load.now
    for photo in range(-load.out, load.ahead + load.photos):
        # What is out already needs its looks as well.
        if photo >= 0:
            at = starts.take(at)
        done, owed = at + load.duration, owed + LOOKS_EACH
        while owed >= 1:
            done, owed = looks.take(done), owed - 1
        seen, at = max(seen, done), at + apart
    return seen + FETCHING - load.now


@dataclass
class _Hour:
    """Requests of one kind: as many in any hour as the limit allows (0: all)."""

    limit: int
    moments: list[datetime]

    @classmethod
    def of(cls, load: Load, call: str) -> _Hour:
        return cls(load.per_hour.get(call, 0), sorted(load.used.get(call, ())))

    def take(self, at: datetime) -> datetime:
        """The first moment from `at` on that has room; not before the last one."""
        if not self.limit:
            return at
        if self.moments:
            at = max(at, self.moments[-1])
        if len(self.moments) >= self.limit:
            at = max(at, self.moments[-self.limit] + budget.HOUR)
        self.moments.append(at)
        return at


def _sentence(label: str, load: Load, takes: timedelta) -> str:
    if load.photos <= 0:
        return ""
    reason = _reason(label, load, takes)
    words = f"{in_words(takes)}, {reason}" if reason else in_words(takes)
    if not load.ahead:
        return words
    others = ngettext(
        "%d photo that waits already comes first",
        "%d photos that wait already come first",
        load.ahead,
    )
    return f"{words}; {others % load.ahead}"


def _reason(label: str, load: Load, takes: timedelta) -> str:
    """The limit without which it would be much shorter, "" if there is none."""
    words = {"provider": label}
    if _decides(takes, replace(load, opens=load.now)):
        return _("because %(provider)s asked us to wait") % words
    if _decides(takes, replace(load, per_hour={})):
        call = min(load.per_hour, key=lambda call: time_for(_without(load, call)))
        return HOURLY[call] % {**words, "number": load.per_hour[call]}
    if _decides(takes, replace(load, per_second=1000.0)):
        rate = {**words, "number": f"{load.per_second:g}"}
        return _("because %(provider)s takes %(number)s requests a second") % rate
    return ""


def _without(load: Load, call: str) -> Load:
    rest = {kind: most for kind, most in load.per_hour.items() if kind != call}
    return replace(load, per_hour=rest)


def _decides(takes: timedelta, without: Load) -> bool:
    return takes >= DECIDES * time_for(without)


def in_words(takes: timedelta) -> str:
    """As people say it: "about 20 minutes", "about 3 hours"."""
    minutes = takes.total_seconds() / 60
    if minutes < 1.5:
        return _("about a minute")
    if minutes < 50:
        step = 1 if minutes < 10 else 5
        return _("about %d minutes") % (step * round(minutes / step))
    halves = round(minutes / 30)
    if halves == 2:
        return _("about an hour")
    if halves == 3:
        return _("about one and a half hours")
    if halves >= 12 or halves % 2 == 0:
        return _("about %d hours") % round(minutes / 60)
    return _("about %d and a half hours") % (halves // 2)
