"""Jobs at Upscayl from end to end: what is sent, booked, found again and said."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from PIL import Image

from albums.models import Album, User
from jobs import accounts, budget, runner
from jobs.asking import Asked
from jobs.clock import db_now
from jobs.models import Budget, HourlyUse, Job
from jobs.providers import upscayl
from jobs.recipes import Wish
from jobs.services import give_consent, request_restoration
from jobs.terms import smaller_copies
from tests.jobs.conftest import MakePhoto
from tests.jobs.remote.conftest import kinds, step
from tests.pictures import drawn
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db

Ask = Callable[..., Job]


@pytest.fixture
def ask(make_photo: MakePhoto, album: Album, alice: User, sandbox: Sandbox) -> Ask:
    def ask_upscayl(**options: str) -> Job:
        give_consent(album, "upscayl", by=alice)
        return request_restoration(
            make_photo(),
            by=alice,
            recipe="",
            batch=uuid4(),
            provider="upscayl",
            chosen=options,
        )

    return ask_upscayl


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upscayl, "DIRECT_BYTES", 10)


def finish(job: Job, *, most: int = 40) -> Job:
    """As the worker does it, each request booked, without the waiting between."""
    for _step in range(most):
        Job.objects.filter(pk=job.pk).update(due=db_now() - timedelta(seconds=1))
        job.refresh_from_db()
        if not job.is_active:
            return job
        runner._advance_here(job)
    raise AssertionError(f"still {job.state} after {most} steps")


def booked() -> dict[str, int]:
    return dict(Counter(HourlyUse.objects.values_list("call", flat=True)))


def asked(sandbox: Sandbox) -> list[str]:
    return [seen.path for seen in sandbox.upscayl.requests]


def test_a_photo_comes_back_twice_as_wide(sandbox: Sandbox, ask: Ask) -> None:
    job = finish(ask())
    assert job.restoration is not None
    assert (job.restoration.width, job.restoration.height) == (192, 128)
    assert job.attempts.get().credits == 1.5
    assert booked() == {"submit": 1, "poll": 1}


def test_a_large_file_takes_three_steps_each_booked_as_what_it_was(
    sandbox: Sandbox, ask: Ask, large: None
) -> None:
    job = finish(ask())
    assert job.state == Job.State.SUCCEEDED
    assert asked(sandbox) == ["/get-upload-url", "/start-task", "/get-task-status"]
    assert len(sandbox.upload_requests) == 1
    assert booked() == {"upload_url": 1, "submit": 1, "poll": 1}
    assert kinds(job).count("sent") == 1


def test_an_upload_that_breaks_is_repeated_and_nothing_bought_twice(
    sandbox: Sandbox, ask: Ask, large: None
) -> None:
    sandbox.upscayl.faults.add("upload", "reset")
    sandbox.upscayl.faults.add("upload", "http_403")
    job = finish(ask())
    assert job.state == Job.State.SUCCEEDED
    assert sandbox.upscayl.submits == 1
    assert "submit_unknown" not in kinds(job)


def test_the_wrapping_is_found_out_once_for_all_jobs(
    sandbox: Sandbox, ask: Ask
) -> None:
    sandbox.upscayl.wrapping = "bare"
    finish(ask())
    assert booked() == {"submit": 1, "poll": 2}
    assert accounts.account("upscayl").learned == {"/get-task-status": "bare"}
    finish(ask())
    assert booked() == {"submit": 2, "poll": 3}


@pytest.mark.parametrize("fault", ["reset_after", "half_json", "no_task_id"])
def test_a_lost_answer_is_looked_up_and_the_photo_not_sent_again(
    sandbox: Sandbox, ask: Ask, fault: str
) -> None:
    sandbox.upscayl.faults.add("submit", fault)
    job = finish(ask())
    assert job.state == Job.State.SUCCEEDED
    assert sandbox.upscayl.submits == 1
    assert "found_again" in kinds(job)
    assert job.attempts.get().remote_id.startswith("file:")


def test_a_photo_that_never_arrived_is_sent_again(sandbox: Sandbox, ask: Ask) -> None:
    sandbox.upscayl.faults.add("submit", "reset_before")
    job = finish(ask())
    assert job.state == Job.State.SUCCEEDED
    assert sandbox.upscayl.submits == 1
    assert asked(sandbox).count("/get-upscayl-history") == 2


def test_an_address_that_is_over_is_asked_for_anew_before_it_is_tried(
    sandbox: Sandbox, ask: Ask
) -> None:
    sandbox.upscayl.link_life = 30.0
    job = ask()
    step(job)
    assert step(job).state == Job.State.FETCHING
    attempt = job.attempts.get()
    attempt.brought["result_expires"] = (db_now() - timedelta(1)).isoformat()
    attempt.save()
    job = finish(job)
    assert job.state == Job.State.SUCCEEDED
    assert len(sandbox.result_requests) == 1
    assert asked(sandbox).count("/get-task-status") == 2


def test_an_address_that_is_refused_is_asked_for_anew(
    sandbox: Sandbox, ask: Ask
) -> None:
    sandbox.upscayl.faults.add("result", "http_403")
    job = finish(ask())
    assert job.state == Job.State.SUCCEEDED
    assert len(sandbox.result_requests) == 2
    assert sandbox.upscayl.submits == 1


def test_a_refusal_for_an_hour_puts_off_that_kind_of_call_alone(
    sandbox: Sandbox, ask: Ask
) -> None:
    sandbox.upscayl.faults.add("submit", "error=RATE_LIMIT_EXCEEDED")
    job = step(ask())
    assert job.is_active
    now, second = db_now(), timedelta(seconds=1)
    later = now + timedelta(minutes=58)
    assert job.due > later
    assert budget.reserve("upscayl", "submit", now=later, within=second) is None
    assert budget.reserve("upscayl", "poll", now=now, within=second)
    assert finish_in_an_hour(job).state == Job.State.SUCCEEDED


def finish_in_an_hour(job: Job) -> Job:
    Budget.objects.filter(provider="upscayl").update(free_from=db_now())
    return finish(job)


def test_a_scale_that_makes_no_sense_is_refused_before_anything_is_sent(
    sandbox: Sandbox, ask: Ask
) -> None:
    job = ask(scale="8")
    photo = job.photo
    photo.width, photo.height = 9000, 6000
    photo.save()
    job = finish(job)
    assert job.state == Job.State.FAILED
    assert job.error_code == "scale_too_large"
    assert job.blame == Job.Blame.PICTURE
    assert asked(sandbox) == []
    assert booked() == {}


def test_a_copy_is_made_smaller_so_that_the_result_can_be_opened_and_that_is_told(
    sandbox: Sandbox, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("albums.images.MAX_PIXELS", 15_000)
    job = ask()
    asked_for = Asked(
        album=job.photo.album,
        photos=(job.photo,),
        wish=Wish("upscayl", ""),
        chosen={},
        batch=uuid4(),
    )
    [told] = smaller_copies(asked_for)
    job = finish(job)
    attempt = job.attempts.get()
    assert (attempt.sent_width, attempt.sent_height) == (told.width, told.height)
    assert 4 * told.width * told.height <= 15_000
    assert "so that the result is not larger than this app can open" in job.note
    assert not smaller_copies(replace(asked_for, chosen={"scale": "8"}))


class TestCommands:
    @pytest.fixture
    def administrator(self, db: None, sandbox: Sandbox) -> User:
        return User.objects.create_superuser("ada@example.org", "a bicycle in the rain")

    def run(self, *words: str) -> tuple[int, str, str]:
        out, err, status = io.StringIO(), io.StringIO(), 0
        try:
            call_command(*words, stdout=out, stderr=err)
        except SystemExit as ended:
            assert isinstance(ended.code, int)
            status = ended.code
        return status, out.getvalue(), err.getvalue()

    def test_restore_brings_the_file(
        self, sandbox: Sandbox, administrator: User, tmp_path: Path
    ) -> None:
        scan, result = tmp_path / "grandmother.jpg", tmp_path / "result.png"
        scan.write_bytes(drawn(96, 64))
        status, out, err = self.run(
            "restore",
            str(scan),
            "--provider=upscayl",
            "--set=scale=4",
            "--set=saveImageAs=png",
            "--set=model=natural-plus-4x",
            f"--output={result}",
            "--json",
        )
        assert (status, err) == (0, "")
        assert json.loads(out.splitlines()[-1])["state"] == "succeeded"
        with Image.open(result) as picture:
            assert picture.size == (384, 256)
        fields = next(iter(sandbox.upscayl.tasks.values())).fields
        assert fields["model"] == "natural-plus-4x"

    def test_check_works_in_both_wrappings_and_is_counted(
        self, sandbox: Sandbox, administrator: User
    ) -> None:
        for wrapping in ("data", "bare"):
            sandbox.upscayl.wrapping = "bare" if wrapping == "bare" else "data"
            status, out, _err = self.run("check_provider", "upscayl")
            assert status == 0
            assert "accepts the key" in out
        assert booked() == {"poll": 2}

    def test_recent_tasks_are_listed(
        self, sandbox: Sandbox, ask: Ask, administrator: User
    ) -> None:
        job = finish(ask())
        status, out, _err = self.run("provider_tasks", "upscayl")
        assert status == 0
        assert job.attempts.get().request_key.hex in out
        assert "upscayl-standard-4x" in out
        assert booked()["history"] == 1

    def test_only_older_and_failed_ones_are_listed_where_asked(
        self, sandbox: Sandbox, ask: Ask, administrator: User
    ) -> None:
        sandbox.upscayl.faults.add("task", "failed")
        finish(ask())
        listed = self.run("provider_tasks", "upscayl", "--failed", "--limit=1")
        assert "FAILED" in listed[1]
        assert "--before" in listed[2]
        listed = self.run("provider_tasks", "upscayl", "--state=failed")
        assert "FAILED" in listed[1]
        for none in (["--state=pending"], ["--batch"]):
            listed = self.run("provider_tasks", "upscayl", *none)
            assert listed[1] == "Upscayl lists no such tasks.\n"
        older = self.run("provider_tasks", "upscayl", "--before=2020-01-01")
        assert older[1] == "Upscayl lists no such tasks.\n"

    def test_a_wrong_key_and_none_are_said(
        self, sandbox: Sandbox, administrator: User, settings: Any
    ) -> None:
        sandbox.upscayl.key = "another"
        status, _out, err = self.run("provider_tasks", "upscayl")
        assert status == 1
        assert "wrong_key" in err
        settings.PROVIDERS = {
            name: replace(access, key="") for name, access in settings.PROVIDERS.items()
        }
        status, _out, err = self.run("provider_tasks", "upscayl")
        assert status == 1
        assert "switched off" in err
