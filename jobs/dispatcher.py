"""Twice a second: what is due, who is free, and a ring for each job handed out."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from django.db.models import Case, F, Value, When, Window
from django.db.models.functions import RowNumber

from jobs import accounts, leases, queue, searches
from jobs.clock import db_now
from jobs.models import Job, JobQuerySet
from jobs.providers import local
from jobs.remote_dispatch import Gate, Ticket
from jobs.runner import RING_LEASE

logger = logging.getLogger(__name__)

# Of each provider's jobs that are due, so many are looked at for a few that may go.
LOOKED_AT = 40


@dataclass(frozen=True)
class Tick:
    """What one tick did and saw: rings by cluster, workers with a job in hand by
    cluster, and holders that overran their lease."""

    rung: Mapping[str, int]
    working: Mapping[str, int]
    late: frozenset[str]


NOTHING = Tick(Counter(), Counter(), frozenset())


@dataclass
class Dispatcher:
    """Hands out jobs to this host's clusters, never more than they have workers.

    `rung` are the leases given out and still running, by cluster; `served` says for
    each cluster when a batch last had its turn.
    """

    slots: Mapping[str, int]
    rung: dict[UUID, str] = field(default_factory=dict)
    kinds: dict[UUID, str] = field(default_factory=dict)
    served: dict[str, dict[int, int]] = field(default_factory=dict)
    turn: int = 0
    gate: Gate = field(init=False)

    def __post_init__(self) -> None:
        self.gate = Gate(self.slots.get(queue.REMOTE, 0))

    def tick(self, *, spare: Collection[str] = ()) -> Tick:
        """One look at the jobs; clusters to `spare` get none. Raises BrokerDown, with
        nothing left half done."""
        accounts.start_trials(db_now())
        if not (Job.objects.unfinished().exists() or searches.are_due()):
            self.rung.clear()
            return NOTHING
        late = leases.mend()
        searches.mend()
        working = self._look_at_leases()
        taken = Counter(self.rung.values())
        rung = Counter(
            {
                cluster: self._hand_out(cluster, slots - taken[cluster])
                for cluster, slots in self.slots.items()
                if cluster not in spare
            }
        )
        return Tick(rung, working, late)

    def give_back(self, clusters: Iterable[str]) -> None:
        """Free the leases of clusters whose processes were ended."""
        names = set(clusters)
        freed = [token for token, cluster in self.rung.items() if cluster in names]
        leases.give_back(freed)
        searches.give_back(freed)
        for token in freed:
            del self.rung[token]

    def _look_at_leases(self) -> Counter[str]:
        """Forget leases that are over; the workers at work by cluster."""
        if not self.rung:
            return Counter()
        live = Job.objects.filter(lease__in=list(self.rung), leased_until__gte=db_now())
        holders = dict(live.values_list("lease", "holder"))
        holders |= searches.live_holders(list(self.rung))
        self.rung = {t: c for t, c in self.rung.items() if t in holders}
        self.kinds = {t: kind for t, kind in self.kinds.items() if t in holders}
        return Counter(c for t, c in self.rung.items() if holders[t])

    def _hand_out(self, cluster: str, free: int) -> int:
        if free <= 0:
            return 0
        rung = 0
        if cluster == queue.REMOTE:
            tickets = self._let_through(free)
        else:
            # They are quick, and jobs come of them.
            rung = self._ring_for_searches(free)
            tickets = [
                Ticket(job_id, batch_id, None, cluster)
                for job_id, batch_id in self._chosen(cluster, free - rung)
            ]
        while tickets:
            ticket, *tickets = tickets
            try:
                rung += self._ring(ticket, cluster)
            except queue.BrokerDown:
                for unused in tickets:
                    unused.give_back()
                raise
        return rung

    def _ring_for_searches(self, free: int) -> int:
        now, rung = db_now(), 0
        for search_id in searches.due(now, most=free):
            token = uuid4()
            if not searches.claim(search_id, now=now, token=token):
                continue
            try:
                queue.ring_search(search_id, token)
            except queue.BrokerDown:
                searches.give_back([token])
                raise
            self.rung[token] = queue.ENGINE
            rung += 1
        return rung

    def _let_through(self, free: int) -> list[Ticket]:
        chosen = [pk for pk, _batch in self._chosen(queue.REMOTE, LOOKED_AT)]
        found = Job.objects.select_related("photo").in_bulk(chosen)
        taken = Counter(self.kinds[token] for token in self.rung if token in self.kinds)
        return self.gate.let_through(
            [found[pk] for pk in chosen if pk in found],
            now=db_now(),
            free=free,
            taken=taken,
        )

    def _ring(self, ticket: Ticket, cluster: str) -> bool:
        token, job_id = uuid4(), ticket.job_id
        if not Job.objects.claim(job_id, now=db_now(), token=token, lease=RING_LEASE):
            ticket.give_back()
            return False
        try:
            queue.ring(job_id, token, cluster, ticket.moment)
        except queue.BrokerDown:
            leases.give_back([token])
            ticket.give_back()
            raise
        self.turn += 1
        self.rung[token] = cluster
        self.kinds[token] = ticket.slot
        self.served[cluster][ticket.batch_id] = self.turn
        return True

    def _chosen(self, cluster: str, free: int) -> list[tuple[int, int]]:
        """Due jobs, those already begun first; of the others one of each batch in
        turn, so that nobody waits for a thousand photos of somebody else. At most
        `free` of each provider, so that nobody waits for one that takes no more."""
        waits = Case(When(state=Job.State.QUEUED, then=Value(1)), default=Value(0))
        place = Window(
            RowNumber(),
            partition_by=[F("batch_id"), F("provider")],
            order_by=[waits.asc(), F("due").asc(), F("pk").asc()],
        )
        due = of_cluster(Job.objects.due(db_now()), cluster).order_by()
        first = due.annotate(waits=waits, place=place).filter(place__lte=free)
        about = ("waits", "place", "batch_id", "due", "pk", "provider")
        rows = list(first.values_list(*about))
        before = self.served.get(cluster, {})
        served = {row[2]: before.get(row[2], 0) for row in rows}
        self.served[cluster] = served
        rows.sort(key=lambda row: (row[:2], served[row[2]], row[3:]))
        seen: Counter[str] = Counter()
        chosen = []
        for _waits, _place, batch_id, _due, pk, provider in rows:
            seen[provider] += 1
            if seen[provider] <= free:
                chosen.append((pk, batch_id))
        return chosen


def of_cluster(jobs: JobQuerySet, cluster: str) -> JobQuerySet:
    """Work for our own processor, or calls to somebody else's."""
    if cluster == queue.ENGINE:
        return jobs.filter(provider=local.NAME)
    return jobs.exclude(provider=local.NAME)
