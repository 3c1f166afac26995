"""What a provider changed is found out by our own engine, after everything else."""

from __future__ import annotations

import pytest

from albums import services
from albums.models import Changes
from jobs import errands
from jobs.models import Errand, Job
from tests.jobs.remote.conftest import AskPicWish, finish
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db


def test_the_job_is_ready_before_its_map_is_made(
    sandbox: Sandbox, ask_picwish: AskPicWish
) -> None:
    job = finish(ask_picwish())
    assert job.state == Job.State.SUCCEEDED
    errand = Errand.objects.get()
    assert (errand.kind, errand.restoration) == ("changes", job.restoration)
    assert not Changes.objects.exists()
    errands.run(errand.pk, sign=lambda: None)
    assert Changes.objects.get().restoration == job.restoration
    assert not Errand.objects.exists()


def test_no_map_takes_nothing_away(sandbox: Sandbox, ask_picwish: AskPicWish) -> None:
    job = finish(ask_picwish())
    assert job.restoration
    services.original_file(job.photo).unlink()
    errand = Errand.objects.get()
    for _ in range(errands.MOST_TRIES):
        errands.run(errand.pk, sign=lambda: None)
    errand.refresh_from_db()
    assert errand.is_given_up
    job.refresh_from_db()
    assert job.state == Job.State.SUCCEEDED
    assert services.restoration_file(job.restoration).exists()
    assert job.money_spent
