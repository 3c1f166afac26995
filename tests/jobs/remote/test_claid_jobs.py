"""Claid's two ways as the machinery takes them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from albums.models import Restoration, User
from jobs import late
from jobs.clock import db_now
from jobs.models import Attempt, Budget, Job
from jobs.remote_dispatch import Gate
from jobs.services import cancel
from tests.conftest import PASSWORD
from tests.jobs.remote.conftest import Ask, finish, step
from tests.jobs.test_restore_command import restore
from tests.pictures import drawn
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db

UPLOAD = "/v1-beta1/image/edit/upload"


@pytest.fixture
def public(settings: Any) -> None:
    settings.SITE_URL, settings.SITE_IS_PUBLIC = "https://photos.example.org", True


def slot_of(job: Job) -> str:
    now = db_now()
    jobs = Job.objects.filter(pk=job.pk)
    [ticket] = Gate(4).let_through(jobs, now=now, free=4, taken=Counter())
    return ticket.slot


def test_an_upload_is_a_long_call(sandbox: Sandbox, ask: Ask) -> None:
    assert slot_of(ask("claid")) == "long"


def test_an_address_is_a_short_call_until_it_did_not_work(
    sandbox: Sandbox, public: None, ask: Ask
) -> None:
    job = ask("claid")
    assert slot_of(job) == "short"
    sandbox.claid.faults.add("submit", "said=400|image|Could not retrieve the source")
    assert step(job).state == Job.State.QUEUED
    Budget.objects.all().delete()
    assert slot_of(job) == "long"


def test_what_the_support_asks_for_is_in_the_timeline(
    sandbox: Sandbox, ask: Ask
) -> None:
    job = finish(ask("claid"))
    assert job.state == Job.State.SUCCEEDED
    assert job.events.get(kind="sent").detail.startswith("x-request-id ")


def test_all_are_quiet_when_nothing_is_left(
    sandbox: Sandbox, public: None, ask: Ask
) -> None:
    sandbox.claid.duration = lambda: 3600.0
    sandbox.claid.faults.add("submit", "nothing_left")
    before = db_now()
    assert step(ask("claid")).state == Job.State.RUNNING
    row = Budget.objects.get(provider="claid", call="")
    assert row.free_from >= before + timedelta(seconds=17)


def test_an_upload_that_broke_is_sent_once_more_and_no_oftener(
    sandbox: Sandbox, ask: Ask
) -> None:
    sandbox.claid.faults.always("submit", "reset_after")
    job = finish(ask("claid"))
    assert (job.state, job.error_code) == (Job.State.FAILED, "submit_unknown")
    assert sandbox.claid.submits == 2


def test_a_picture_that_was_paid_for_is_kept_though_nobody_waits(
    sandbox: Sandbox, ask: Ask
) -> None:
    job = ask("claid")
    assert step(job).state == Job.State.FETCHING
    assert cancel(job, by=job.batch.asked_by)
    assert step(job).state == Job.State.CANCELLED
    [attempt] = job.attempts.all()
    Attempt.objects.filter(pk=attempt.pk).update(late_look=db_now())
    late.collect(attempt.pk)
    assert Restoration.objects.get().photo == job.photo
    assert sandbox.claid.submits == 1


def test_the_command_restores_with_the_upload_form(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    User.objects.create_superuser("ada@example.org", PASSWORD)
    (tmp_path / "scan.jpg").write_bytes(drawn(96, 64))
    monkeypatch.chdir(tmp_path)
    chosen = ("--set", "width=200%", "--set", "format=png")
    ended = restore("scan.jpg", "--provider", "claid", *chosen, "--json")
    assert ended.status == 0, ended.err
    assert ended.report["attempts"] == 1
    assert [seen.path for seen in sandbox.claid.requests] == [UPLOAD]
    with Image.open(tmp_path / "scan-restored.png") as picture:
        assert picture.size == (192, 128)
