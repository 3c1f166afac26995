"""Which remote jobs may take their next step now: the provider is well, its budget has
a moment, the look is likely worth it, and slow calls leave room for quick ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jobs import accounts, budget, connections, rhythm, source_links
from jobs.models import Attempt, Job, ProviderAccount
from jobs.providers.base import POLL, SUBMIT
from jobs.remote_calls import call_of
from jobs.runner import WITHIN

# Of the workers for remote steps, so many at most are lent to calls that take long.
LONG_SHARE, FETCH_SHARE = 4, 2
# Requests count as short for so long after the budget had no moment for one, or no
# worker was free for it.
SHORT_FOR = timedelta(seconds=10)
# Looks that have a limit per hour are short where there are fewer than so many for each
# task that is out or will be.
LOOKS_EACH = 6

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
    provider: str = ""
    call: str = ""

    def give_back(self) -> None:
        """Nobody will make the request."""
        budget.give_back(self.provider, self.call, self.moment)


@dataclass(frozen=True)
class Looks:
    """How many looks at a provider the hour still has, for how many tasks: `out` there,
    those of them that were not looked at yet (`unseen`), and `coming` within the hour."""

    left: int
    out: int
    unseen: int
    coming: int

    @property
    def are_short(self) -> bool:
        return self.left < LOOKS_EACH * (self.out + self.coming)


@dataclass
class Gate:
    """Lets remote jobs through. Remembers which provider's requests are short."""

    workers: int
    short_until: dict[str, datetime] = field(default_factory=dict)

    def let_through(
        self, jobs: Iterable[Job], *, now: datetime, free: int, taken: Counter[str]
    ) -> list[Ticket]:
        candidates = list(jobs)
        rows = _accounts({job.provider for job in candidates})
        attempts = _open_attempts(candidates)
        as_files = source_links.sent_as_files(candidates)
        looks = _looks(candidates, now)
        tickets: list[Ticket] = []
        exhausted: dict[tuple[str, str], list[Job]] = {}
        used = Counter(taken)
        for job in candidates:
            if len(tickets) >= free:
                # Nobody is free for more: looks that come too early would keep
                # photos from being sent.
                self._note_shortage(job.provider, now)
                break
            row, attempt = rows[job.provider], attempts.get(job.pk)
            call = call_of(job, attempt)
            slot = _slot(job, call, as_file=job.pk in as_files)
            if accounts.must_wait(job, row, call) or used[slot] >= self._most(slot):
                continue
            if call == POLL and self._too_early(
                job, row, attempt, looks.get(job.provider), now
            ):
                continue
            if (job.provider, call) in exhausted:
                exhausted[job.provider, call].append(job)
                continue
            moment = self._moment(job.provider, call, now) if call else None
            if call and moment is None:
                exhausted[job.provider, call] = [job]
                continue
            used[slot] += 1
            tickets.append(
                Ticket(job.pk, job.batch_id, moment, slot, job.provider, call)
            )
        for (provider, call), put_off in exhausted.items():
            _put_off(put_off, provider, call, now)
        return tickets

    def is_short(self, provider: str, looks: Looks | None, now: datetime) -> bool:
        if looks is not None and looks.are_short:
            return True
        until = self.short_until.get(provider)
        return until is not None and now < until

    def _moment(self, provider: str, call: str, now: datetime) -> datetime | None:
        moment = budget.reserve(provider, call, now=now, within=WITHIN)
        if moment is None and not budget.limit(provider, call):
            self._note_shortage(provider, now)
        return moment

    def _note_shortage(self, provider: str, now: datetime) -> None:
        self.short_until[provider] = now + SHORT_FOR

    def _too_early(
        self,
        job: Job,
        row: Account,
        attempt: Attempt | None,
        looks: Looks | None,
        now: datetime,
    ) -> bool:
        """Whether what was learned since says that a look would be for nothing, or that
        another task needs it more."""
        if attempt is None or attempt.submitted is None:
            return False
        if looks and attempt.seen_unfinished and looks.left <= looks.unseen:
            _move(job, now + budget.ASK_AGAIN)
            return True
        is_short = self.is_short(job.provider, looks, now)
        likely = rhythm.next_look(attempt, row, now=now, is_short=is_short)
        last = attempt.submitted + connections.deadline(job.provider)
        due = min(likely, max(last, now))
        if due <= now + WITHIN:
            return False
        # Half of the way: meanwhile more is learned, and then it may be sooner.
        _move(job, min(due, now + max(LEAST_PUSH, (due - now) / 2)))
        return True

    def _most(self, slot: str) -> int:
        if slot == "long":
            return max(1, self.workers // LONG_SHARE)
        if slot == "fetch":
            return max(1, self.workers // FETCH_SHARE)
        return self.workers


def _slot(job: Job, call: str, *, as_file: bool) -> str:
    if not call:
        return "fetch"
    by_address = connections.fetches_from_us(job.provider) and not as_file
    is_long = call == SUBMIT and connections.is_long_submit(
        job.provider, job.options, by_address=by_address
    )
    return "long" if is_long else "short"


def _accounts(providers: Iterable[str]) -> dict[str, Account]:
    return {provider: accounts.account(provider) for provider in providers}


def _open_attempts(jobs: list[Job]) -> dict[int, Attempt]:
    opened = Attempt.objects.filter(job__in=jobs, state=Attempt.State.OPEN)
    return {attempt.job_id: attempt for attempt in opened}


def _looks(jobs: list[Job], now: datetime) -> dict[str, Looks]:
    """Of the providers whose looks have a limit per hour and are asked for now."""
    asked = {job.provider for job in jobs if job.state == Job.State.RUNNING}
    return {
        provider: _looks_at(provider, now)
        for provider in asked
        if budget.limit(provider, POLL)
    }


def _looks_at(provider: str, now: datetime) -> Looks:
    out = Attempt.objects.filter(
        provider=provider, state=Attempt.State.OPEN, job__state=Job.State.RUNNING
    )
    waiting = Job.objects.filter(provider=provider, state=Job.State.QUEUED).count()
    return Looks(
        left=budget.left_of_hour(provider, POLL, now=now),
        out=out.count(),
        unseen=out.filter(seen_unfinished=None).count(),
        coming=min(waiting, budget.left_of_hour(provider, SUBMIT, now=now)),
    )


def _put_off(jobs: list[Job], provider: str, call: str, now: datetime) -> None:
    """Jobs whose kind of call is used up for the hour make room for those that may
    go."""
    wait = budget.wait_for_room(provider, call, now=now)
    if wait > WITHIN:
        waiting = Job.objects.filter(pk__in=[job.pk for job in jobs], lease=None)
        waiting.update(due=now + wait)


def _move(job: Job, due: datetime) -> None:
    same = Job.objects.filter(pk=job.pk, lease=job.lease, state=job.state)
    same.update(due=due)
