"""How a task is begun at a provider: by sending a copy of the photo, or by working on
the one that lies there already."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.utils.translation import gettext as _

from jobs import connections, leaving, remote_copies
from jobs.models import Attempt, Event, Job, RemoteCopy
from jobs.providers.base import KeepsCopies, Provider, Resubmit, Submission
from jobs.step import Step


@dataclass(frozen=True)
class Way:
    """`begin` is the one call. `is_long`: it may take as long as a picture does. `words`
    are for the timeline."""

    begin: Callable[[], Submission]
    is_long: bool = False
    words: str = ""


def is_free(attempt: Attempt, job: Job, provider: Provider) -> bool:
    """Whether to begin now. False: another task works on the photo's copy there."""
    if not isinstance(provider, KeepsCopies):
        return True
    return remote_copies.reserve(attempt, job)


@contextmanager
def way_for(step: Step, attempt: Attempt, provider: Provider) -> Iterator[Way]:
    """The way, with whatever has to be there as long as the call takes. Raises Failure."""
    copy = attempt.copy
    if copy and isinstance(provider, KeepsCopies) and not attempt.brought:
        step.renew(leaving.SUBMIT_LEASE, state=Job.State.SUBMITTING)
        keeper = provider
        yield Way(
            lambda: _again(copy, attempt, step.job, keeper),
            words=_("it was still there, so nothing was sent"),
        )
        return
    if attempt.brought:
        step.renew(leaving.SUBMIT_LEASE, state=Job.State.SUBMITTING)
    else:
        step.move(Job.State.SUBMITTING, kind=Event.Kind.PREPARING)
    with leaving.copy_to_send(step, attempt, provider) as scan:
        options, key = step.job.options, attempt.request_key.hex
        is_long = connections.is_long_submit(
            step.job.provider, options, by_address=bool(scan.address)
        )
        yield Way(
            lambda: provider.submit(scan, options, key, attempt.brought),
            # An upload to a storage host takes as long as the line needs.
            is_long=is_long or attempt.next_call == "",
        )


def _again(
    copy: RemoteCopy, attempt: Attempt, job: Job, provider: KeepsCopies
) -> Submission:
    """A copy that turns out to be gone is forgotten; the next step sends the photo."""
    try:
        return provider.reprocess(
            copy.copy_id, copy.options, job.options, attempt.request_key.hex
        )
    except Resubmit:
        remote_copies.is_gone(copy)
        return Submission(finished=False)
