"""Jobs at a provider while random processes of the worker are killed: nobody lends a
hand, all of them end, and none is paid for twice without saying so."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from uuid import uuid4

import psutil
import pytest

from albums.models import Album, User
from jobs.models import Event, Job, LedgerLine
from jobs.services import give_consent, request_restoration
from tests.jobs.conftest import MakePhoto
from tests.processes.harness import Worker, has_ended
from tests.provider_sandbox import Sandbox
from tests.servers import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

JOBS, KILLS, SECONDS_BETWEEN = 12, 3, 3.0


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        sandbox.picwish.rate = 1000
        sandbox.picwish.duration = lambda: 4.0
        yield sandbox


@pytest.mark.parametrize("seed", [1, 2])
def test_three_random_kills(
    worker: Worker,
    sandbox: Sandbox,
    album: Album,
    alice: User,
    make_photo: MakePhoto,
    seed: int,
) -> None:
    give_consent(album, "picwish", by=alice)
    batch = uuid4()
    jobs = [
        request_restoration(
            make_photo(), by=alice, recipe="repair", batch=batch, provider="picwish"
        )
        for _number in range(JOBS)
    ]
    variables = {
        "PICWISH_API_KEY": sandbox.picwish.key,
        "PICWISH_BASE_URL": sandbox.base_url,
        "PICWISH_RATE": "5",
        "PROVIDER_TRUSTED_HOSTS": sandbox.results_host,
    }
    worker.start(**variables)
    wait_until(lambda: bool(sandbox.picwish.requests), "nothing begins")
    kill_at_random(worker, variables, random.Random(seed))  # noqa: S311  # a test
    wait_until(lambda: all(map(has_ended, jobs)), "work is left")
    assert {job.state for job in jobs} == {Job.State.SUCCEEDED}
    assert album.photos.filter(restorations__isnull=False).count() == JOBS
    assert LedgerLine.objects.count() == JOBS
    unknown = Event.objects.filter(kind="submit_unknown").count()
    assert unknown <= KILLS
    assert sandbox.picwish.submits <= JOBS + unknown


def kill_at_random(
    worker: Worker, variables: dict[str, str], chance: random.Random
) -> None:
    """Any process, the supervisor too, which its keeper then starts again."""
    for _kill in range(KILLS):
        time.sleep(SECONDS_BETWEEN)
        victim: psutil.Process = chance.choice(worker.everybody())
        victim.kill()
        assert worker.process
        if victim.pid == worker.process.pid:
            worker.process.wait()
            worker.start(**variables)
