from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from albums.models import Album, User
from jobs import runner
from jobs.clock import db_now
from jobs.models import Attempt, Job
from jobs.services import give_consent, request_restoration
from restore_site.environment import ProviderAccess
from tests.jobs.conftest import MakePhoto
from tests.provider_sandbox import Sandbox
from tests.provider_sandbox.autoenhance import AutoenhanceSandbox

AskPicWish = Callable[..., Job]
Ask = Callable[..., Job]


@pytest.fixture
def sandbox(settings: Any) -> Iterator[Sandbox]:
    """All providers on the loopback, quick and without a limit of requests."""
    with Sandbox() as sandbox:
        for vendor in sandbox.vendors.values():
            vendor.rate = 1000
            vendor.duration = lambda: 0.0
        connect(settings, sandbox)
        settings.PROVIDER_TRUSTED_HOSTS = sandbox.trusted
        settings.PROVIDER_HTTP_TIMEOUT = 2.0
        yield sandbox


def connect(settings: Any, sandbox: Sandbox, **changes: Any) -> None:
    """`changes` are of PicWish's access."""
    known: dict[str, Any] = {"deadline": 0.0, "rate": 1000.0}
    found = {
        name: ProviderAccess(key=vendor.key, base_url=sandbox.url_of(name), **known)
        for name, vendor in sandbox.vendors.items()
    }
    found["picwish"] = replace(found["picwish"], **changes)
    settings.PROVIDERS = found


@pytest.fixture
def ask(make_photo: MakePhoto, album: Album, alice: User) -> Ask:
    """A job at a provider, with the album's consent."""

    def ask(provider: str, recipe: str = "", **options: Any) -> Job:
        give_consent(album, provider, by=alice)
        photo = options.pop("photo", None) or make_photo()
        fallback = options.pop("fallback", "")
        return request_restoration(
            photo,
            by=alice,
            recipe=recipe,
            batch=uuid4(),
            provider=provider,
            chosen=options,
            fallback=fallback,
        )

    return ask


@pytest.fixture
def ask_picwish(ask: Ask) -> AskPicWish:
    def ask_picwish(recipe: str = "repair", **options: Any) -> Job:
        return ask("picwish", recipe, **options)

    return ask_picwish


AskThere = Callable[..., Job]


@pytest.fixture
def vendor(sandbox: Sandbox) -> AutoenhanceSandbox:
    """The one where photos stay."""
    return sandbox.autoenhance


@pytest.fixture
def ask_there(make_photo: MakePhoto, ask: Ask) -> AskThere:
    """A wish for the same photo each time."""
    photo = make_photo()

    def ask_there(**chosen: str) -> Job:
        return ask("autoenhance", photo=photo, **chosen)

    return ask_there


@pytest.fixture
def kept(settings: Any, sandbox: Sandbox) -> None:
    """Photos stay there for a day."""
    access = replace(settings.PROVIDERS["autoenhance"], extra={"keep_hours": "24"})
    settings.PROVIDERS = {**settings.PROVIDERS, "autoenhance": access}


def step(job: Job) -> Job:
    """One step, as the dispatcher would have it done, without the waiting before."""
    token = uuid4()
    Job.objects.filter(pk=job.pk).update(due=db_now() - timedelta(seconds=1))
    if Job.objects.claim(
        job.pk, now=db_now(), token=token, lease=timedelta(seconds=30)
    ):
        runner.advance(job.pk, token)
    job.refresh_from_db()
    return job


def finish(job: Job, *, most: int = 40) -> Job:
    """Steps until the job has ended or is held."""
    for _step in range(most):
        if not step(job).is_active:
            return job
    raise AssertionError(f"still {job.state} after {most} steps")


def begun(job: Job, *, ago: float) -> None:
    """Let the job's task have been submitted `ago` seconds ago."""
    then = db_now() - timedelta(seconds=ago)
    Attempt.objects.filter(job=job).update(submitted=then)


def kinds(job: Job) -> list[str]:
    return list(job.events.values_list("kind", flat=True))
