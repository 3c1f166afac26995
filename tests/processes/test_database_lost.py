"""A remote job whose worker loses every connection to the database, in each step."""

from __future__ import annotations

import pytest
from django.db import connection

from tests.processes.harness import Worker
from tests.processes.test_remote_kills import (
    AskPicWish,
    ask,
    assert_kept_once,
    sandbox,
    start,
)
from tests.provider_sandbox import Sandbox

__all__ = ["ask", "sandbox"]

pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="SQLite has no connections to lose"
    ),
]

OTHERS = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND datname = current_database()
"""


# Of a submit whose answer could not be written down nobody knows.
@pytest.mark.parametrize(
    ("call", "submits"), [("submit", 2), ("poll", 1), ("result", 1)]
)
def test_it_goes_on_by_itself(
    worker: Worker,
    sandbox: Sandbox,  # noqa: F811  # a fixture
    ask: AskPicWish,  # noqa: F811  # a fixture
    call: str,
    submits: int,
) -> None:
    hold = sandbox.picwish.faults.hold(call)
    job = ask()
    start(worker, sandbox)
    assert hold.arrived.wait(60)
    with connection.cursor() as cursor:
        cursor.execute(OTHERS)
        assert cursor.fetchone()[0] > 0
    hold.let_go()
    assert_kept_once(job, sandbox, submits=submits)
