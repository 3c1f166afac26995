"""How each remote provider is doing, and what becomes of its jobs when it is not well.

Nothing fails because a key is wrong, credits are used up, an administrator paused the
provider or it broke down: its jobs are held with the reason, the administrator is told
once, now and then one of them goes on trial, and when that goes well all go on.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import DEFAULT_DB_ALIAS
from django.utils.translation import gettext as _

from albums.models import User
from jobs import fallback, queue
from jobs.clock import db_now
from jobs.connections import KINDS
from jobs.fallback import Why
from jobs.models import Attempt, Event, Job, ProviderAccount
from jobs.providers.base import POLL, ProviderError
from jobs.services import RELEASED, change

logger = logging.getLogger(__name__)

# So many failures in a row open the circuit.
FAILURES_IN_A_ROW = 5
# So many jobs are held or let go at once; the others are in the next minute's turn.
AT_A_TIME = 500
FIRST_TRIAL = timedelta(seconds=60)
LONGEST_WAIT = timedelta(hours=1)
PROVIDER = "provider"
NO_CREDITS = "no_credits"


def account(provider: str) -> ProviderAccount:
    row, _made = ProviderAccount.objects.get_or_create(provider=provider)
    return row


def know_all(using: str = DEFAULT_DB_ALIAS, **_: object) -> None:
    """A row for each provider, so that the administrator sees them all."""
    rows = ProviderAccount.objects.using(using)
    known = set(rows.values_list("provider", flat=True))
    missing = [ProviderAccount(provider=name) for name in KINDS if name not in known]
    rows.bulk_create(missing, ignore_conflicts=True)


def learn(provider: str, learned: Mapping[str, str]) -> None:
    """Remember what an answer taught us about the provider's dialect."""
    row = account(provider)
    known = {**row.learned, **learned}
    if known != row.learned:
        ProviderAccount.objects.filter(pk=row.pk).update(learned=known)


def may_go(row: ProviderAccount) -> bool:
    return row.state == ProviderAccount.State.OPEN


def may_look(row: ProviderAccount) -> bool:
    """Whether what was begun there may be asked for: also where a person paused the
    provider, or nothing new can be bought."""
    is_paused = row.state == ProviderAccount.State.PAUSED
    return may_go(row) or is_paused or row.code == NO_CREDITS


def must_wait(job: Job, row: ProviderAccount, call: str) -> bool:
    """Hold what a provider that is not well cannot do now. Results are fetched all the
    same, and what was begun is looked after as long as looks are answered."""
    if may_go(row) or job.is_trial or job.state == Job.State.FETCHING:
        return False
    if call == POLL and may_look(row):
        return False
    hold(job, row, only={"lease": job.lease, "state": job.state})
    return True


def well(provider: str, *, paid: bool = True) -> None:
    """A call went well: whatever was wrong is over, and held jobs go on. One that costs
    nothing (not `paid`) does not show that there are credits again."""
    rows = ProviderAccount.objects.filter(provider=provider)
    rows.filter(failures__gt=0).update(failures=0)
    ill = rows.filter(
        state__in=[ProviderAccount.State.BROKEN, ProviderAccount.State.RESTING]
    )
    if not paid:
        ill = ill.exclude(code=NO_CREDITS)
    if ill.update(**_forgotten()) != 1:
        return
    let_go(provider)
    logger.warning("%s is well again", provider)


def stumbled(provider: str, error: ProviderError) -> None:
    """A call failed in a way that may pass. Several in a row open the circuit."""
    rows = ProviderAccount.objects.filter(provider=provider)
    row = account(provider)
    rows.update(failures=min(row.failures + 1, 1000))
    if row.failures + 1 >= FAILURES_IN_A_ROW:
        _stop(provider, ProviderAccount.State.RESTING, error)


def broke(provider: str, error: ProviderError) -> None:
    """No call will work until an operator has put something right."""
    _stop(provider, ProviderAccount.State.BROKEN, error)


def pause(provider: str, *, by: User) -> None:
    paused = {
        **_forgotten(),
        "state": ProviderAccount.State.PAUSED,
        "code": "paused",
        "sentence": _("The administrator has paused %(name)s.")
        % {"name": KINDS[provider].label},
        "since": db_now(),
    }
    account(provider)
    ProviderAccount.objects.filter(provider=provider).update(**paused)
    logger.warning("%s was paused by user %s", provider, by.pk)


def go_on(provider: str, *, by: User) -> None:
    account(provider)
    ProviderAccount.objects.filter(provider=provider).update(**_forgotten())
    let_go(provider)
    logger.warning("%s goes on, said user %s", provider, by.pk)


def hold_waiting(row: ProviderAccount) -> None:
    """Hold what has not been sent yet, with the reason."""
    waiting = Job.objects.filter(
        provider=row.provider,
        state__in=[Job.State.QUEUED, Job.State.SUBMITTING],
        lease=None,
        is_trial=False,
    )
    for job in waiting.select_related("photo")[:AT_A_TIME]:
        hold(job, row, only={"lease": None, "state": job.state})


def hold(job: Job, row: ProviderAccount, *, only: Mapping[str, object]) -> bool:
    """Hold a job until the provider is well; where it has a second provider for that
    case, and the first was not paused by a person, that one does it instead. False: it
    is not what `only` says, or a person gave it up."""
    broken = row.state == ProviderAccount.State.BROKEN
    is_down = row.state != ProviderAccount.State.PAUSED
    if is_down and fallback.take_over(job, Why.DOWN, only=only, detail=row.code):
        return True
    blame = Job.Blame.BUDGET if row.code == NO_CREDITS else Job.Blame.SETUP
    held = {
        "state": Job.State.HELD,
        "error_code": row.code,
        "blame": blame if broken else Job.Blame.PROVIDER,
        "message": row.sentence,
        "detail": row.detail,
        **RELEASED,
        "hold": PROVIDER,
        "is_trial": False,
        "stage": "",
    }
    wanted = {**only, "cancel_asked": False}
    return change(job, held, only=wanted, kind=Event.Kind.HELD, words=row.sentence)


def let_go(provider: str, *, on_trial: bool = False) -> int:
    """Let held jobs of a provider go on where they stopped: one on trial, or as many as
    one go should take, each by itself, so that no write lasts long."""
    held = Job.objects.filter(provider=provider, state=Job.State.HELD, hold=PROVIDER)
    ordered = held.select_related("photo").order_by("due", "pk")
    chosen = ordered[: 1 if on_trial else AT_A_TIME]
    return sum(_resume(job, is_trial=on_trial) for job in chosen)


def let_go_what_remained() -> None:
    """Where a provider is well, let go whatever is still held for it: the rest of many,
    and what was put on hold in the moment when it became well."""
    for row in ProviderAccount.objects.filter(state=ProviderAccount.State.OPEN):
        let_go(row.provider)


def start_trials(now: datetime) -> None:
    """Where a trial is due, let one held job (or a check) find out how things are.
    Raises BrokerDown."""
    rows = ProviderAccount.objects.filter(next_trial__lte=now)
    for row in rows.exclude(state=ProviderAccount.State.PAUSED):
        waited = _wait(row.trials + 1)
        taken = ProviderAccount.objects.filter(pk=row.pk, next_trial=row.next_trial)
        if taken.update(next_trial=now + waited, trials=row.trials + 1) != 1:
            continue
        if not let_go(row.provider, on_trial=True) and _was_replaced(row):
            queue.ring_check(row.provider)


def _was_replaced(row: ProviderAccount) -> bool:
    """Whether all that would find out how things are is done by others meanwhile."""
    replaced = Event.objects.filter(
        kind=Event.Kind.FELL_BACK, job__fell_back_from=row.provider
    )
    return row.since is not None and replaced.filter(created__gte=row.since).exists()


def _stop(provider: str, state: ProviderAccount.State, error: ProviderError) -> None:
    now = db_now()
    row = account(provider)
    if row.state == ProviderAccount.State.PAUSED:
        return
    said = {"code": error.code, "sentence": error.sentence, "detail": error.detail}
    first = ProviderAccount.objects.filter(pk=row.pk, state=ProviderAccount.State.OPEN)
    stopped = {"state": state, **said, "since": now, "next_trial": now + FIRST_TRIAL}
    if first.update(**stopped, trials=0) == 1:
        logger.error("%s stopped: %s (%s)", provider, error.code, error.detail)
    else:
        ProviderAccount.objects.filter(pk=row.pk).update(state=state, **said)
    row.refresh_from_db()
    hold_waiting(row)
    _tell_once(row)


def _tell_once(row: ProviderAccount) -> None:
    untold = ProviderAccount.objects.filter(pk=row.pk).exclude(told_code=row.code)
    if untold.update(told_code=row.code) != 1:
        return
    administrators = User.objects.filter(is_superuser=True, is_active=True)
    send_mail(
        _("%(provider)s needs you") % {"provider": KINDS[row.provider].label},
        _(
            "%(sentence)s\n\nWhat the provider said: %(detail)s\n\nIts photos wait; "
            "nothing is lost. They go on by themselves when it is put right: %(site)s"
        )
        % {"sentence": row.sentence, "detail": row.detail, "site": settings.SITE_URL},
        None,
        [user.email for user in administrators],
        fail_silently=True,
    )


def _resume(job: Job, *, is_trial: bool) -> bool:
    sent = job.attempts.filter(state=Attempt.State.OPEN).exclude(remote_id="").exists()
    again = {
        "state": Job.State.RUNNING if sent else Job.State.QUEUED,
        "due": db_now(),
        "hold": "",
        "is_trial": is_trial,
        "error_code": "",
        "blame": "",
        "message": "",
        "detail": "",
    }
    only = {"state": Job.State.HELD, "hold": PROVIDER}
    return change(job, again, only=only, kind=Event.Kind.LET_GO)


def _wait(trials: int) -> timedelta:
    return min(FIRST_TRIAL * (1 << min(trials, 10)), LONGEST_WAIT)


def _forgotten() -> dict[str, object]:
    return {
        "state": ProviderAccount.State.OPEN,
        "code": "",
        "sentence": "",
        "detail": "",
        "since": None,
        "next_trial": None,
        "trials": 0,
        "failures": 0,
        "told_code": "",
    }
