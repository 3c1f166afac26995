"""What people and albums may ask of the jobs. Every change of a job is one conditional
UPDATE; its timeline line and the album's new version go into the same transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from albums.models import Album, Photo, User
from albums.services import bump_version
from jobs import connections, money, source_links
from jobs.clock import db_now
from jobs.connections import KINDS
from jobs.models import Attempt, Batch, Consent, Event, Job, JobQuerySet
from jobs.providers import local
from jobs.providers.options import BadOption
from jobs.recipes import LABELS, REPAIR, can_do, options_for


class NoConsent(Exception):
    """Nobody agreed that this album's photos may go to this provider."""

    def __init__(self, provider: str) -> None:
        super().__init__(provider)
        self.sentence = _(
            "Photos of this album may not go to %(provider)s yet. Say first that they "
            "may."
        ) % {"provider": KINDS[provider].label}


NO_CONSENT = "no_consent"
# Why a held job waits.
BUDGET = "budget"
FORGET_ERROR = {
    "error_code": "",
    "blame": "",
    "message": "",
    "detail": "",
    "finished": None,
}
RELEASED = {"lease": None, "leased_until": None, "holder": ""}


def request_restoration(
    photo: Photo,
    *,
    by: User,
    recipe: str,
    batch: UUID,
    provider: str = "local",
    chosen: Mapping[str, str] | None = None,
    fallback: str = "",
    agreed_once: bool = False,
) -> Job:
    """Start a job. `batch` is shared by all jobs of one click, which makes a repeated
    request harmless: the same photo, provider and options in a batch are one job.
    `fallback` does it instead where the provider is down or does not take the photo.
    `agreed_once`: an administrator named the providers for this photo and this once.

    Raises BadOption, and NoConsent where the album's photos may not go to a provider.
    """
    options = options_for(provider, recipe, chosen)
    check_mask(photo, options)
    if fallback:
        check_fallback(provider, recipe, fallback)
    for name in (provider, fallback):
        is_remote = name not in {"", local.NAME}
        if is_remote and not agreed_once and not has_consent(photo.album_id, name):
            raise NoConsent(name)
    with transaction.atomic():
        group, _made = Batch.objects.get_or_create(
            code=batch, defaults={"album_id": photo.album_id, "asked_by": by}
        )
        # Holds the album's row, so that a double click waits here for the first.
        version = bump_version(photo.album_id)
        same = {"photo": photo, "provider": provider, "options": options}
        job, made = Job.objects.get_or_create(
            batch=group,
            **same,
            defaults={
                "recipe": recipe,
                "due": db_now(),
                "sequence": version,
                "agreed_once": agreed_once,
                "fallback": fallback,
            },
        )
        if made:
            Event.objects.create(job=job, kind=Event.Kind.ASKED, words=recipe, by=by)
        named = [name for name in (provider, fallback) if name in KINDS]
        if made and agreed_once:
            for name in named:
                Event.objects.create(
                    job=job, kind=Event.Kind.AGREED_ONCE, words=name, by=by
                )
    return job


def check_mask(photo: Photo, options: Mapping[str, str]) -> None:
    """That a mask, if any, is one of this photo. Raises BadOption."""
    code = options.get("mask", "")
    if code and not photo.masks.filter(code=code).exists():
        raise BadOption(_("These marked places belong to another photo."))


def check_fallback(provider: str, recipe: str, fallback: str) -> None:
    """Whether somebody else could do it instead. Own options are the first provider's
    alone, so that the second repairs. Raises BadOption."""
    if fallback == provider or provider == local.NAME:
        raise BadOption(
            _("Nobody is needed in place of %(provider)s here.")
            % {"provider": LABELS[provider]}
        )
    options_for(fallback, recipe or REPAIR)


def may_go_to(job: Job, provider: str) -> bool:
    """Whether the job's photo may be sent to a provider outside the house."""
    return job.agreed_once or has_consent(job.photo.album_id, provider)


def has_consent(album_id: int, provider: str) -> bool:
    agreed = Consent.objects.in_force().filter(album=album_id, provider=provider)
    return agreed.exists()


def give_consent(album: Album, provider: str, *, by: User) -> None:
    """Record that somebody who may do so, and was shown the price, lets the photos of
    an album go to a provider."""
    shown = {
        "price_shown": money.shown_price(provider),
        "sent_to": connections.sends_to(provider),
        "by": by,
    }
    Consent.objects.in_force().get_or_create(
        album=album, provider=provider, defaults=shown
    )


def withdraw_consent(album: Album, provider: str, *, by: User) -> bool:
    """From now on nothing more of this album is sent to the provider: what is on hold
    ends here and says why, what waits does so at its next step. False when nobody had
    agreed."""
    agreed = Consent.objects.in_force().filter(album=album, provider=provider)
    with transaction.atomic():
        if agreed.update(withdrawn=db_now(), withdrawn_by=by) != 1:
            return False
        sent = Attempt.objects.filter(job__photo__album=album, provider=provider)
        source_links.revoke(sent.filter(job__agreed_once=False))
        held = Job.objects.filter(
            photo__album=album,
            provider=provider,
            state=Job.State.HELD,
            agreed_once=False,
        )
        for job in _locked(held):
            if not is_there(job):
                _end_for_want_of_consent(job, by=by)
    return True


def nobody_agreed(provider: str) -> str:
    return _(
        "It is not agreed that photos of this album may go to %(provider)s, so nothing "
        "was sent. Agree and try again, or use the engine of this app."
    ) % {"provider": KINDS[provider].label}


def is_there(job: Job) -> bool:
    """Whether the provider has this photo already, so that asking sends nothing."""
    alive = [Attempt.State.OPEN, Attempt.State.ABANDONED]
    last = job.attempts.order_by("number").last()
    if last is None or last.provider != job.provider:
        return False
    return last.remote_id != "" and last.state in alive


def _end_for_want_of_consent(job: Job, *, by: User) -> None:
    sentence = nobody_agreed(job.provider)
    ended = {
        "state": Job.State.FAILED,
        "hold": "",
        "error_code": NO_CONSENT,
        "blame": Job.Blame.SETUP,
        "message": sentence,
        "detail": "",
        "finished": db_now(),
    }
    only = {"state": Job.State.HELD}
    if change(job, ended, only=only, kind=Event.Kind.FAILED, words=sentence, by=by):
        _set_aside(job)


def _set_aside(job: Job) -> None:
    """Nobody works on the job's attempts any more; what a provider has of them is asked
    for later."""
    opened = job.attempts.filter(state=Attempt.State.OPEN)
    source_links.revoke(opened)
    opened.exclude(remote_id="").update(late_look=db_now())
    ended = [attempt.pk for attempt in opened]
    opened.update(state=Attempt.State.ABANDONED, finished=db_now())
    forget_secrets(Attempt.objects.filter(pk__in=ended))


def forget_secrets(attempts: QuerySet[Attempt]) -> None:
    """Empty the addresses of those that nobody can ask for any more."""
    over = Q(state=Attempt.State.FAILED) | Q(
        state=Attempt.State.ABANDONED, remote_id="", submitting=False
    )
    attempts.filter(over).update(brought={}, result_address="")


def send_elsewhere(job: Job, provider: str, *, by: User) -> bool:
    """Give a held or failed job to another provider. A task that is still alive at the
    first one is asked for later. False when the job goes on already.

    Raises BadOption, NoConsent.
    """
    if provider in KINDS and not has_consent(job.photo.album_id, provider):
        raise NoConsent(provider)
    recipe = job.recipe if can_do(provider, job.recipe) else REPAIR
    sent = {
        **begun_again(),
        "provider": provider,
        "recipe": recipe,
        "options": options_for(provider, recipe),
        "agreed_once": False,
        "fallback": "",
        "fell_back_from": "",
        "note": "",
    }
    waiting = {"state__in": [Job.State.HELD, Job.State.FAILED, Job.State.CANCELLED]}
    with transaction.atomic():
        if not change(
            job,
            sent,
            only=waiting,
            kind=Event.Kind.SENT_ELSEWHERE,
            words=provider,
            by=by,
        ):
            return False
        _set_aside(job)
    return True


def send_all_elsewhere(album: Album, provider: str, to: str, *, by: User) -> int:
    """Give every held job that an album has at a provider to another one: all, or none
    where that is refused. How many.

    Raises BadOption, NoConsent.
    """
    held = Job.objects.filter(
        photo__album=album, provider=provider, state=Job.State.HELD
    )
    with transaction.atomic():
        return sum(send_elsewhere(job, to, by=by) for job in _locked(held))


def _locked(jobs: JobQuerySet) -> list[Job]:
    """Several jobs for one transaction. Their rows come before their album's: whoever
    changes one of them holds these in the same order."""
    rows = jobs.select_related("photo").order_by("pk")
    return list(rows.select_for_update(of=("self",)))


def change(
    job: Job,
    changes: Mapping[str, Any],
    *,
    only: Mapping[str, Any],
    kind: Event.Kind | None = None,
    words: str = "",
    detail: str = "",
    by: User | None = None,
) -> bool:
    """Change a job where it still is what `only` says. False: it is not, and nothing
    was touched. `kind` writes a timeline line."""
    with transaction.atomic():
        fitting = Job.objects.filter(pk=job.pk, **only)
        if fitting.update(**changes) != 1:
            return False
        version = bump_version(job.photo.album_id)
        Job.objects.filter(pk=job.pk).update(sequence=version)
        if kind:
            Event.objects.create(job=job, kind=kind, words=words, detail=detail, by=by)
    return True


def cancel(job: Job, *, by: User) -> bool:
    """Cancel at once what waits; ask whoever works on it otherwise. False when the
    job has already ended."""
    ended = {"state": Job.State.CANCELLED, "finished": db_now(), **RELEASED}
    waiting = {"state__in": [Job.State.QUEUED, Job.State.HELD], "holder": ""}
    with transaction.atomic():
        if change(job, ended, only=waiting, kind=Event.Kind.CANCELLED, by=by):
            _set_aside(job)
            return True
    working = {"state__in": Job.ACTIVE, "cancel_asked": False}
    asked = {"cancel_asked": True}
    if not change(job, asked, only=working, kind=Event.Kind.CANCEL_ASKED, by=by):
        return False
    source_links.revoke(job.attempts.all())
    return True


def retry(job: Job, *, by: User) -> bool:
    """Queue a failed or cancelled job again. Where its last task may still be alive at
    the provider, that one is asked first; else it is a new attempt on the same job.
    False when somebody did so already. Raises NoConsent where that would send the photo
    to a provider to which it may not go any more."""
    may_leave = job.agreed_once or has_consent(job.photo.album_id, job.provider)
    if job.provider != local.NAME and not may_leave and not is_there(job):
        raise NoConsent(job.provider)
    stopped = {"state__in": [Job.State.FAILED, Job.State.CANCELLED]}
    with transaction.atomic():
        if not change(job, begun_again(), only=stopped, kind=Event.Kind.RETRIED, by=by):
            return False
        asked = job.attempts.order_by("number").last()
        if asked and asked.provider == job.provider and _reopen(asked):
            Job.objects.filter(pk=job.pk).update(state=_where_it_was(asked))
    return True


def _reopen(attempt: Attempt) -> bool:
    """Take up an attempt again that somebody gave up, if the provider has the photo or
    may have it."""
    given_up = Attempt.objects.filter(pk=attempt.pk, state=Attempt.State.ABANDONED)
    return bool(
        given_up.exclude(remote_id="", submitting=False).update(
            state=Attempt.State.OPEN,
            asked_again=True,
            late_look=None,
            trouble=0,
            fetches=0,
        )
    )


def _where_it_was(attempt: Attempt) -> Job.State:
    if not attempt.remote_id:
        return Job.State.QUEUED
    return Job.State.FETCHING if attempt.result_seen else Job.State.RUNNING


def begun_again() -> dict[str, Any]:
    """The changes that put a stopped job back into the queue."""
    return {
        "state": Job.State.QUEUED,
        "due": db_now(),
        "crashes": 0,
        "resubmits": 0,
        "cancel_asked": False,
        "progress": 0,
        "stage": "",
        "hold": "",
        **FORGET_ERROR,
        **RELEASED,
    }
