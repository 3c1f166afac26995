"""A remote job, its worker killed at every step: one restoration, and one submit more
only in the one window in which nobody can know."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from uuid import uuid4

import psutil
import pytest

from albums.models import Album, User
from jobs.models import Job, LedgerLine
from jobs.services import give_consent, request_restoration
from tests.jobs.conftest import MakePhoto
from tests.processes.harness import (
    SECONDS_TO_RECOVER,
    Worker,
    has_ended,
    holder_of,
    within,
)
from tests.provider_sandbox import Sandbox
from tests.servers import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

AskPicWish = Callable[[], Job]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        sandbox.picwish.rate = 1000
        sandbox.picwish.duration = lambda: 1.0
        yield sandbox


@pytest.fixture
def ask(album: Album, alice: User, make_photo: MakePhoto) -> AskPicWish:
    def ask() -> Job:
        give_consent(album, "picwish", by=alice)
        return request_restoration(
            make_photo(), by=alice, recipe="repair", batch=uuid4(), provider="picwish"
        )

    return ask


@pytest.fixture(params=["database", "redis"])
def rung_by(request: pytest.FixtureRequest, worker: Worker) -> Worker:
    """The worker, with each kind of queue; the database is whatever the tests run on."""
    if request.param == "redis":
        worker.queue_url = request.getfixturevalue("redis_url")
    return worker


def settings_for(sandbox: Sandbox) -> dict[str, str]:
    return {
        "PICWISH_API_KEY": sandbox.picwish.key,
        "PICWISH_BASE_URL": sandbox.base_url,
        "PICWISH_RATE": "50",
        "PROVIDER_TRUSTED_HOSTS": sandbox.results_host,
    }


def start(worker: Worker, sandbox: Sandbox) -> None:
    worker.start(**settings_for(sandbox))


def kill_holder(job: Job) -> None:
    psutil.Process(holder_of(job)).kill()


def kill_everybody(worker: Worker) -> None:
    for process in worker.everybody():
        process.send_signal(signal.SIGKILL)
    wait_until(lambda: not worker.everybody(), "somebody lives on")


def assert_kept_once(job: Job, sandbox: Sandbox, *, submits: int) -> None:
    within(SECONDS_TO_RECOVER, lambda: has_ended(job), "the job does not go on")
    assert job.state == Job.State.SUCCEEDED, job.message
    assert job.photo.restorations.count() == 1
    assert LedgerLine.objects.count() == 1
    assert sandbox.picwish.submits == submits
    unknown = job.events.filter(kind="submit_unknown").count()
    assert unknown == submits - 1


def test_undisturbed(rung_by: Worker, sandbox: Sandbox, ask: AskPicWish) -> None:
    job = ask()
    start(rung_by, sandbox)
    assert_kept_once(job, sandbox, submits=1)


def test_killed_before_the_call(
    rung_by: Worker, sandbox: Sandbox, ask: AskPicWish
) -> None:
    job = ask()
    rung_by.start(**settings_for(sandbox) | {"PICWISH_RATE": "1"})
    wait_until(lambda: is_at(job, Job.State.SUBMITTING), "nothing is prepared")
    kill_everybody(rung_by)
    sent = sandbox.picwish.submits
    assert sent == 0 or job.attempts.get().submitting
    start(rung_by, sandbox)
    assert_kept_once(job, sandbox, submits=sent + 1)


def test_killed_after_the_call_and_before_the_row(
    rung_by: Worker, sandbox: Sandbox, ask: AskPicWish
) -> None:
    hold = sandbox.picwish.faults.hold("submit")
    job = ask()
    start(rung_by, sandbox)
    assert hold.arrived.wait(60)
    kill_holder(job)
    hold.let_go()
    assert_kept_once(job, sandbox, submits=2)


def test_everything_killed_after_the_call_and_before_the_row(
    rung_by: Worker, sandbox: Sandbox, ask: AskPicWish
) -> None:
    hold = sandbox.picwish.faults.hold("submit")
    job = ask()
    start(rung_by, sandbox)
    assert hold.arrived.wait(60)
    kill_everybody(rung_by)
    hold.let_go()
    start(rung_by, sandbox)
    assert_kept_once(job, sandbox, submits=2)


def test_killed_while_the_provider_works(
    rung_by: Worker, sandbox: Sandbox, ask: AskPicWish
) -> None:
    sandbox.picwish.duration = lambda: 4.0
    job = ask()
    start(rung_by, sandbox)
    wait_until(lambda: is_at(job, Job.State.RUNNING), "nothing is sent")
    kill_everybody(rung_by)
    start(rung_by, sandbox)
    assert_kept_once(job, sandbox, submits=1)


def test_killed_while_looking(
    rung_by: Worker, sandbox: Sandbox, ask: AskPicWish
) -> None:
    hold = sandbox.picwish.faults.hold("poll")
    job = ask()
    start(rung_by, sandbox)
    assert hold.arrived.wait(60)
    kill_holder(job)
    hold.let_go()
    assert_kept_once(job, sandbox, submits=1)


def test_killed_while_fetching(
    rung_by: Worker, sandbox: Sandbox, ask: AskPicWish
) -> None:
    hold = sandbox.picwish.faults.hold("result")
    job = ask()
    start(rung_by, sandbox)
    assert hold.arrived.wait(60)
    kill_holder(job)
    hold.let_go()
    assert_kept_once(job, sandbox, submits=1)


def is_at(job: Job, state: Job.State) -> bool:
    job.refresh_from_db()
    assert not job.is_ended, job.message
    return job.state == state
