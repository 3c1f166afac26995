"""Which remote jobs may take their next step now: the provider is well, its budget has
a moment, the look is likely worth it, and slow calls leave room for quick ones."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jobs import accounts, budget, connections, remote_step, rhythm
from jobs.models import Attempt, Job, ProviderAccount
from jobs.providers.base import POLL, SUBMIT
from jobs.runner import WITHIN

# Of the workers for remote steps, so many at most are lent to calls that take long.
LONG_SHARE, FETCH_SHARE = 4, 2
# Requests count as short for so long after the budget had no moment for one, or no
# worker was free for it.
SECONDS_SHORT = 10.0

# A look that is put off is thought over again at the earliest after so long.
LEAST_PUSH = timedelta(seconds=5)

Account = ProviderAccount


@dataclass(frozen=True)
class Ticket:
    """A job that may go, when its request may leave, and which kind of slot it takes."""

    job_id: int
    batch_id: int
    moment: datetime | None
    slot: str


@dataclass
class Gate:
    """Lets remote jobs through. Remembers which provider's requests are short."""

    workers: int
    short_until: dict[str, float] = field(default_factory=dict)

    def let_through(
        self, jobs: Iterable[Job], *, now: datetime, free: int, taken: Counter[str]
    ) -> list[Ticket]:
        candidates = list(jobs)
        rows = _accounts({job.provider for job in candidates})
        attempts = _open_attempts(candidates)
        tickets: list[Ticket] = []
        exhausted: set[tuple[str, str]] = set()
        used = Counter(taken)
        for job in candidates:
            if len(tickets) >= free:
                # Nobody is free for more: looks that come too early would keep
                # photos from being sent.
                self._note_shortage(job.provider)
                break
            row, call = rows[job.provider], remote_step.call_of(job)
            slot = _slot(job, call)
            if _must_wait(job, row, call) or used[slot] >= self._most(slot):
                continue
            if (job.provider, call) in exhausted:
                continue
            if call == POLL and self._too_early(job, row, attempts, now):
                continue
            moment = self._moment(job.provider, call, now) if call else None
            if call and moment is None:
                exhausted.add((job.provider, call))
                continue
            used[slot] += 1
            tickets.append(Ticket(job.pk, job.batch_id, moment, slot))
        return tickets

    def is_short(self, provider: str) -> bool:
        return time.monotonic() < self.short_until.get(provider, 0.0)

    def _moment(self, provider: str, call: str, now: datetime) -> datetime | None:
        moment = budget.reserve(provider, call, now=now, within=WITHIN)
        if moment is None:
            self._note_shortage(provider)
        return moment

    def _note_shortage(self, provider: str) -> None:
        self.short_until[provider] = time.monotonic() + SECONDS_SHORT

    def _too_early(
        self,
        job: Job,
        row: Account,
        attempts: Mapping[int, Attempt],
        now: datetime,
    ) -> bool:
        """Whether what was learned since says that a look would be for nothing."""
        attempt = attempts.get(job.pk)
        if attempt is None or attempt.submitted is None:
            return False
        likely = rhythm.next_look(
            attempt, row, now=now, is_short=self.is_short(job.provider)
        )
        last = attempt.submitted + connections.deadline(job.provider)
        due = min(likely, max(last, now))
        if due <= now + WITHIN:
            return False
        # Half of the way: meanwhile more is learned, and then it may be sooner.
        later = now + max(LEAST_PUSH, (due - now) / 2)
        same = Job.objects.filter(pk=job.pk, lease=job.lease, state=job.state)
        same.update(due=min(due, later))
        return True

    def _most(self, slot: str) -> int:
        if slot == "long":
            return max(1, self.workers // LONG_SHARE)
        if slot == "fetch":
            return max(1, self.workers // FETCH_SHARE)
        return self.workers


def _slot(job: Job, call: str) -> str:
    if not call:
        return "fetch"
    is_long = call == SUBMIT and connections.is_long_submit(job.provider, job.options)
    return "long" if is_long else "short"


def _must_wait(job: Job, row: Account, call: str) -> bool:
    """Hold what a provider that is not well cannot do now. Results are fetched all the
    same, and a paused provider finishes what it has begun."""
    if accounts.may_go(row) or job.is_trial or not call:
        return False
    if row.state == Account.State.PAUSED and call == POLL:
        return False
    accounts.hold(job, row, only={"lease": job.lease, "state": job.state})
    return True


def _accounts(providers: Iterable[str]) -> dict[str, Account]:
    return {provider: accounts.account(provider) for provider in providers}


def _open_attempts(jobs: list[Job]) -> dict[int, Attempt]:
    running = [job.pk for job in jobs if job.state == Job.State.RUNNING]
    opened = Attempt.objects.filter(job__in=running, state=Attempt.State.OPEN)
    return {attempt.job_id: attempt for attempt in opened}
