"""The whole way over real sockets: the provider fetches the copy from the app."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from jobs.models import Attempt, Job, SourceLink
from jobs.services import retry
from tests.jobs.remote.conftest import Ask, connect, finish
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

UPLOAD = "/v1-beta1/image/edit/upload"
ASYNC = "/v1-beta1/image/edit/async"


@pytest.fixture
def reachable(sandbox: Sandbox, live_server: Any, settings: Any) -> Sandbox:
    """The providers can fetch from this app, as if it were public."""
    settings.SITE_URL, settings.SITE_IS_PUBLIC = live_server.url, True
    connect(settings, sandbox, by_address=True)
    for vendor in sandbox.vendors.values():
        vendor.sources.add(urlsplit(live_server.url).netloc)
    return sandbox


def submits(sandbox: Sandbox) -> list[str]:
    return [seen.path for seen in sandbox.claid.requests if seen.method == "POST"]


def test_claid_fetches_the_copy_and_the_address_is_closed_then(
    reachable: Sandbox, ask: Ask
) -> None:
    job = finish(ask("claid"))
    assert job.state == Job.State.SUCCEEDED
    assert submits(reachable) == [ASYNC]
    link = SourceLink.objects.get()
    assert link.opened == 1
    assert link.revoked is not None
    [address] = reachable.claid.fetched
    assert Client().get(urlsplit(address).path).status_code == 404
    assert job.restoration is not None
    size = (job.restoration.width, job.restoration.height)
    assert size == (job.photo.width, job.photo.height)


def test_claid_gets_a_file_once_it_could_not_fetch(
    reachable: Sandbox, ask: Ask
) -> None:
    reachable.claid.sources.clear()
    job = finish(ask("claid"))
    assert job.state == Job.State.SUCCEEDED
    assert submits(reachable) == [ASYNC, UPLOAD]
    first, second = job.attempts.all()
    assert (first.state, first.error_code) == ("failed", "source_not_fetched")
    assert second.state == Attempt.State.SUCCEEDED
    assert second.remote_id == f"upload-{second.request_key.hex}"
    told = [event.words for event in job.events.filter(kind="trouble")]
    assert told == [
        "Claid could not fetch the photo from here. It is sent as a file instead."
    ]


def test_a_source_that_is_refused_at_once_is_sent_as_a_file_too(
    reachable: Sandbox, ask: Ask
) -> None:
    said = "said=400|image|Could not retrieve the source"
    reachable.claid.faults.add("submit", said)
    job = finish(ask("claid"))
    assert job.state == Job.State.SUCCEEDED
    assert submits(reachable) == [ASYNC, UPLOAD]
    assert not reachable.claid.fetched


def test_picwish_fetches_the_copy_where_an_operator_chose_that(
    reachable: Sandbox, ask: Ask
) -> None:
    job = finish(ask("picwish"))
    assert job.state == Job.State.SUCCEEDED
    seen = reachable.picwish.requests[0]
    assert "image_file" not in seen.parts
    assert seen.fields["image_url"] == reachable.picwish.fetched[0]
    assert SourceLink.objects.get().opened == 1


def test_picwish_gets_a_file_where_nobody_chose(
    reachable: Sandbox, ask: Ask, settings: Any
) -> None:
    connect(settings, reachable)
    job = finish(ask("picwish"))
    assert job.state == Job.State.SUCCEEDED
    assert "image_file" in reachable.picwish.requests[0].parts
    assert not SourceLink.objects.exists()


def test_picwish_gets_a_file_after_its_code_minus_3(
    reachable: Sandbox, ask: Ask
) -> None:
    reachable.picwish.sources.clear()
    job = finish(ask("picwish"))
    assert job.state == Job.State.SUCCEEDED
    created = [seen for seen in reachable.picwish.requests if seen.method == "POST"]
    assert [sorted(seen.parts)[0] for seen in created] == ["change_color"] * 2
    assert ["image_url" in seen.fields for seen in created] == [True, False]
    assert ["image_file" in seen.parts for seen in created] == [False, True]


def test_a_retry_does_not_go_back_to_the_address_that_did_not_work(
    reachable: Sandbox, ask: Ask
) -> None:
    reachable.claid.sources.clear()
    for fault in ("", "said=400|image|Unsupported image format"):
        reachable.claid.faults.add("submit", fault)
    job = finish(ask("claid"))
    assert (job.state, job.error_code) == (Job.State.FAILED, "invalid_image")
    assert retry(job, by=job.batch.asked_by)
    assert finish(job).state == Job.State.SUCCEEDED
    assert submits(reachable) == [ASYNC, UPLOAD, UPLOAD]
