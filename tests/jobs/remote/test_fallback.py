"""A second provider, named by the person, for when the first is down or refuses."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from albums.models import Album, Restoration, User
from jobs import accounts, connections, queue, runner
from jobs.clock import db_now
from jobs.models import Attempt, Event, Job, LedgerLine, ProviderAccount
from jobs.providers.options import BadOption
from jobs.remote_dispatch import Gate
from jobs.services import (
    NoConsent,
    give_consent,
    request_restoration,
    retry,
    send_elsewhere,
    withdraw_consent,
)
from tests.jobs.conftest import MakePhoto
from tests.jobs.remote.conftest import begun, connect, finish, kinds, step
from tests.jobs.test_restore_command import restore
from tests.pictures import drawn
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db
STATE = Job.State
REFUSED = "PicWish could not take this photo, so the engine of this app restored it."
DOWN = "PicWish did not work then, so the engine of this app restored it."

Ask = Callable[..., Job]


@pytest.fixture
def ask(make_photo: MakePhoto, album: Album, alice: User, sandbox: Sandbox) -> Ask:
    """A wish for PicWish, with the engine of this app in its place if need be."""

    def make(recipe: str = "repair", fallback: str = "local", **more: Any) -> Job:
        give_consent(album, "picwish", by=alice)
        return request_restoration(
            make_photo(),
            by=alice,
            recipe=recipe,
            batch=uuid4(),
            provider="picwish",
            fallback=fallback,
            **more,
        )

    return make


@pytest.fixture
def administrator(db: None) -> User:
    return User.objects.create_superuser("ada@example.org", "a bicycle in the rain")


def page_of(client: Client, job: Job) -> str:
    response = client.get(reverse("albums:photo", args=[job.photo.code]))
    return html.unescape(response.content.decode())


class TestRefused:
    @pytest.mark.parametrize("state", [-5, -10, -14])
    def test_the_second_one_does_what_the_first_refuses(
        self, sandbox: Sandbox, ask: Ask, alice_client: Client, state: int
    ) -> None:
        sandbox.picwish.faults.always("task", f"state={state}")
        job = finish(ask())
        assert (job.state, job.provider) == (STATE.SUCCEEDED, "local")
        assert (job.fell_back_from, job.recipe) == ("picwish", "repair")
        assert sandbox.picwish.submits == 1
        assert Restoration.objects.get().note.startswith(REFUSED)
        assert job.note.startswith(REFUSED)
        page = page_of(alice_client, job)
        assert REFUSED in page
        assert "so the engine of this app does it" in page
        assert kinds(job).count("fell_back") == 1

    def test_so_it_is_after_the_second_dead_task(
        self, sandbox: Sandbox, ask: Ask
    ) -> None:
        sandbox.picwish.faults.always("task", "state=-1")
        job = finish(ask())
        assert (job.state, job.provider) == (STATE.SUCCEEDED, "local")
        assert sandbox.picwish.submits == 2
        states = list(job.attempts.values_list("provider", "state"))
        assert states == [
            ("picwish", "failed"),
            ("picwish", "failed"),
            ("local", "succeeded"),
        ]

    def test_own_options_become_a_repair(self, sandbox: Sandbox, ask: Ask) -> None:
        sandbox.picwish.faults.always("submit", "http_413")
        job = finish(ask("", chosen={"restoration_type": "2"}))
        assert (job.state, job.recipe) == (STATE.SUCCEEDED, "repair")
        assert job.options["damage"] == "auto"

    def test_without_a_second_one_it_fails_as_ever(
        self, sandbox: Sandbox, ask: Ask
    ) -> None:
        sandbox.picwish.faults.always("task", "state=-10")
        job = finish(ask(fallback=""))
        assert (job.state, job.error_code) == (STATE.FAILED, "content_refused")

    def test_what_the_first_charged_for_is_said(
        self, sandbox: Sandbox, ask: Ask, alice_client: Client
    ) -> None:
        sandbox.picwish.faults.always("task", "state=-10")
        job = step(ask())
        Attempt.objects.filter(job=job).update(charged=True)
        job = finish(job)
        assert (job.provider, job.money_spent) == ("local", True)
        assert f"{REFUSED} PicWish charged for its try." in job.note
        assert "PicWish charged for its try." in page_of(alice_client, job)

    def test_another_provider_may_be_the_second(
        self, sandbox: Sandbox, ask: Ask, album: Album, alice: User
    ) -> None:
        give_consent(album, "claid", by=alice)
        sandbox.picwish.faults.always("task", "state=-10")
        job = finish(ask(fallback="claid"))
        assert (job.state, job.provider) == (STATE.SUCCEEDED, "claid")
        said = "PicWish could not take this photo, so Claid.ai restored it."
        assert Restoration.objects.get().note == said
        line = LedgerLine.objects.get()
        assert (line.provider, line.attempt.number) == ("claid", 2)

    def test_never_twice(
        self, sandbox: Sandbox, ask: Ask, album: Album, alice: User
    ) -> None:
        give_consent(album, "claid", by=alice)
        sandbox.picwish.faults.always("task", "state=-10")
        job = ask(fallback="claid")
        while job.provider == "picwish":
            step(job)
        row = accounts.account("claid")
        row.state, row.code = ProviderAccount.State.BROKEN, "wrong_key"
        row.save()
        assert accounts.hold(job, row, only={"state": STATE.QUEUED})
        job.refresh_from_db()
        assert (job.state, job.provider) == (STATE.HELD, "claid")
        assert kinds(job).count("fell_back") == 1


class TestDown:
    @pytest.mark.parametrize("fault", ["http_401", "http_402"])
    def test_what_an_operator_must_mend_is_not_waited_for(
        self, sandbox: Sandbox, ask: Ask, fault: str
    ) -> None:
        sandbox.picwish.faults.always("submit", fault)
        first, waiting = ask(), ask()
        step(first)
        waiting.refresh_from_db()
        assert (waiting.provider, waiting.state) == ("local", STATE.QUEUED)
        assert len(sandbox.picwish.requests) == 1
        job = finish(first)
        assert (job.state, job.provider) == (STATE.SUCCEEDED, "local")
        assert job.note.startswith(DOWN)
        assert not job.money_spent

    def test_an_open_circuit_is_not_waited_for(
        self, sandbox: Sandbox, ask: Ask
    ) -> None:
        sandbox.picwish.faults.always("submit", "http_503")
        jobs = [ask() for _job in range(accounts.FAILURES_IN_A_ROW)]
        for job in jobs:
            step(job)
        assert {job.provider for job in Job.objects.all()} == {"local"}

    def test_a_missing_key_is_not_waited_for(
        self, settings: Any, sandbox: Sandbox, ask: Ask
    ) -> None:
        job = ask()
        connect(settings, sandbox, key="")
        assert finish(job).provider == "local"

    def test_the_dispatcher_sees_it_before_any_call(
        self, sandbox: Sandbox, ask: Ask
    ) -> None:
        sandbox.picwish.faults.always("submit", "http_401")
        step(ask())
        later = ask()
        tickets = Gate(4).let_through(
            [Job.objects.select_related("photo").get(pk=later.pk)],
            now=db_now(),
            free=4,
            taken=Counter(),
        )
        later.refresh_from_db()
        assert (tickets, later.provider) == ([], "local")

    def test_so_does_the_command(self, sandbox: Sandbox, ask: Ask) -> None:
        sandbox.picwish.faults.always("submit", "http_401")
        job = runner.run_to_end(ask())
        assert (job.state, job.provider) == (STATE.SUCCEEDED, "local")

    def test_what_an_administrator_paused_waits(
        self, sandbox: Sandbox, ask: Ask, administrator: User
    ) -> None:
        job = ask()
        accounts.pause("picwish", by=administrator)
        accounts.hold_waiting(accounts.account("picwish"))
        job.refresh_from_db()
        assert (job.state, job.provider) == (STATE.HELD, "picwish")

    def test_a_full_budget_waits(self, sandbox: Sandbox, ask: Ask) -> None:
        ProviderAccount.objects.filter(provider="picwish").update(monthly_cap=0)
        job = step(ask())
        assert (job.state, job.hold) == (STATE.HELD, "budget")

    def test_a_provider_that_everybody_left_is_checked(
        self, sandbox: Sandbox, ask: Ask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rung_for: list[str] = []
        monkeypatch.setattr(queue, "ring_check", rung_for.append)
        sandbox.picwish.faults.always("submit", "http_401")
        step(ask())
        ProviderAccount.objects.update(next_trial=db_now() - timedelta(seconds=1))
        accounts.start_trials(db_now())
        assert rung_for == ["picwish"]

    def test_from_one_that_is_down_not_to_another(
        self, sandbox: Sandbox, ask: Ask, album: Album, alice: User
    ) -> None:
        give_consent(album, "claid", by=alice)
        accounts.account("claid")
        ProviderAccount.objects.filter(provider="claid").update(state="broken")
        sandbox.picwish.faults.always("submit", "http_401")
        job = step(ask(fallback="claid"))
        assert (job.state, job.provider) == (STATE.HELD, "picwish")


class TestAsksFirst:
    def test_a_task_that_is_alive_there_is_waited_for(
        self, sandbox: Sandbox, ask: Ask
    ) -> None:
        job = step(ask())
        sandbox.picwish.faults.add("poll", "http_401")
        assert step(job).state == STATE.HELD
        assert job.provider == "picwish"
        accounts.well("picwish")
        job.refresh_from_db()
        assert finish(job).state == STATE.SUCCEEDED
        assert (job.provider, sandbox.picwish.submits) == ("picwish", 1)

    def test_a_submit_whose_end_is_unknown_is_not_left(
        self, sandbox: Sandbox, ask: Ask
    ) -> None:
        sandbox.picwish.faults.always("submit", "reset_after")
        job = finish(ask())
        assert (job.provider, job.error_code) == ("picwish", "submit_unknown")

    def test_nor_while_the_provider_rests(self, sandbox: Sandbox, ask: Ask) -> None:
        sandbox.picwish.faults.add("submit", "reset_after")
        job = step(ask())
        ProviderAccount.objects.filter(provider="picwish").update(
            state="resting", code="trouble"
        )
        row = accounts.account("picwish")
        accounts.hold(job, row, only={"state": job.state})
        job.refresh_from_db()
        assert (job.state, job.provider) == (STATE.HELD, "picwish")

    def test_a_task_past_its_deadline_may_still_come(
        self, settings: Any, sandbox: Sandbox, ask: Ask
    ) -> None:
        connect(settings, sandbox, deadline=60.0)
        sandbox.picwish.faults.add("task", "never_done")
        job = step(ask())
        begun(job, ago=61)
        assert step(job).error_code == "timed_out"
        assert job.provider == "picwish"

    def test_a_wish_that_was_given_up_goes_to_nobody(
        self, sandbox: Sandbox, ask: Ask
    ) -> None:
        job = ask()
        Job.objects.filter(pk=job.pk).update(cancel_asked=True)
        sandbox.picwish.faults.always("submit", "http_401")
        step(ask())
        job.refresh_from_db()
        assert (job.provider, job.cancel_asked) == ("picwish", True)


class TestConsent:
    def test_a_second_remote_one_needs_its_own(
        self, ask: Ask, album: Album, alice: User
    ) -> None:
        with pytest.raises(NoConsent):
            ask(fallback="claid")
        give_consent(album, "claid", by=alice)
        assert ask(fallback="claid").fallback == "claid"

    def test_it_is_looked_at_again_when_it_counts(
        self, sandbox: Sandbox, ask: Ask, album: Album, alice: User
    ) -> None:
        give_consent(album, "claid", by=alice)
        job = ask(fallback="claid")
        withdraw_consent(album, "claid", by=alice)
        sandbox.picwish.faults.always("submit", "http_413")
        assert finish(job).state == STATE.FAILED
        assert job.provider == "picwish"

    def test_an_administrator_names_both_for_this_once(self, ask: Ask) -> None:
        job = ask(fallback="claid", agreed_once=True)
        named = job.events.filter(kind=Event.Kind.AGREED_ONCE)
        assert set(named.values_list("words", flat=True)) == {"picwish", "claid"}

    @pytest.mark.parametrize(
        ("recipe", "fallback"),
        [
            ("repair", "picwish"),
            ("repair", "nobody"),
            ("repair_colour", "local"),
            ("", "upscayl"),
        ],
    )
    def test_who_cannot_do_it_is_refused(
        self, ask: Ask, recipe: str, fallback: str
    ) -> None:
        with pytest.raises(BadOption):
            ask(recipe, fallback=fallback)
        assert not Job.objects.exists()

    def test_the_engine_needs_nobody(
        self, make_photo: MakePhoto, alice: User, sandbox: Sandbox
    ) -> None:
        with pytest.raises(BadOption):
            request_restoration(
                make_photo(),
                by=alice,
                recipe="repair",
                batch=uuid4(),
                fallback="picwish",
            )


class TestAfterwards:
    def test_a_person_s_choice_forgets_it(
        self, sandbox: Sandbox, ask: Ask, album: Album, alice: User
    ) -> None:
        job = ask()
        sandbox.picwish.faults.add("submit", "http_413")
        while job.provider == "picwish":
            step(job)
        Job.objects.filter(pk=job.pk).update(state=STATE.FAILED, lease=None)
        assert send_elsewhere(job, "picwish", by=alice)
        job.refresh_from_db()
        assert (job.fallback, job.fell_back_from, job.note) == ("", "", "")
        assert finish(job).provider == "picwish"
        assert REFUSED not in job.note

    def test_a_retry_stays_with_the_second_one(
        self, sandbox: Sandbox, ask: Ask, alice: User
    ) -> None:
        job = ask()
        sandbox.picwish.faults.add("submit", "http_413")
        while job.provider == "picwish":
            step(job)
        Job.objects.filter(pk=job.pk).update(state=STATE.FAILED, lease=None)
        assert retry(job, by=alice)
        job = finish(job)
        assert (job.state, job.provider) == (STATE.SUCCEEDED, "local")
        assert job.note.startswith(REFUSED)


class TestCommand:
    @pytest.fixture
    def scan(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        folder = tmp_path / "working"
        folder.mkdir()
        monkeypatch.chdir(folder)
        path = tmp_path / "scan.jpg"
        path.write_bytes(drawn(96, 64))
        return path

    def test_it_names_a_second_one(
        self, sandbox: Sandbox, administrator: User, scan: Path
    ) -> None:
        sandbox.picwish.faults.always("submit", "http_413")
        wanted = ("--provider", "picwish", "--recipe", "repair")
        ended = restore(scan, *wanted, "--fallback", "local", "--json")
        assert ended.status == 0, ended.err
        assert ended.report["provider"] == "local"
        assert REFUSED in ended.err

    def test_a_full_budget_ends_it_with_the_reason(
        self, sandbox: Sandbox, administrator: User, scan: Path
    ) -> None:
        ProviderAccount.objects.filter(provider="picwish").update(monthly_cap=0)
        ended = restore(scan, "--provider", "picwish", "--json")
        assert (ended.status, ended.report["state"]) == (1, "held")
        assert ended.report["error"]["code"] == "over_budget"
        assert ended.report["error"]["blame"] == "budget"
        assert "budget for PicWish" in ended.err

    def test_a_number_that_is_a_secret_is_not_printed(
        self,
        sandbox: Sandbox,
        administrator: User,
        scan: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        shown = restore(scan, "--provider", "picwish", "--json")
        assert shown.report["remote_id"] == Attempt.objects.get().remote_id
        secret = replace(connections.KINDS["picwish"], id_is_secret=True)
        monkeypatch.setattr(connections, "KINDS", {"picwish": secret})
        monkeypatch.setattr("jobs.management.commands.restore.KINDS", connections.KINDS)
        ended = restore(scan, "--provider", "picwish", "--json")
        assert ended.report["remote_id"] is None
        number = Attempt.objects.order_by("pk").last()
        assert number is not None
        assert number.remote_id not in ended.out + ended.err
