"""What a provider itself lists of the account's tasks."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_date, parse_datetime

from jobs import accounts, budget, connections
from jobs.connections import KINDS
from jobs.providers.base import (
    Lists,
    ProviderError,
    RecentTask,
    RemoteStatus,
    Wanted,
)

MOST = 100
STATES = [status.value for status in RemoteStatus if status != RemoteStatus.UNKNOWN]


class Command(BaseCommand):
    help = (
        "List the account's recent tasks as the provider has them, newest first. The "
        "names are those under which photos were sent, never the family's own. Exit "
        "status: 0 with a list, 1 without."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        names = [name for name, kind in KINDS.items() if _lists(kind.connects)]
        parser.add_argument("name", choices=names, metavar="NAME")
        parser.add_argument(
            "--failed", action="store_true", help="only those that failed"
        )
        parser.add_argument(
            "--state", choices=STATES, help="only those that are there so far"
        )
        parser.add_argument(
            "--batch", action="store_true", help="only those of several pictures"
        )
        parser.add_argument(
            "--before", metavar="TIME", help="only older ones, such as 2026-11-20T18:30"
        )
        parser.add_argument(
            "--limit", type=int, default=20, help=f"1 to {MOST}; default: 20"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name, most = options["name"], options["limit"]
        if not 1 <= most <= MOST:
            raise CommandError(f"--limit takes a number from 1 to {MOST}.")
        wanted = Wanted(
            most=most,
            before=_time(options["before"]),
            status=RemoteStatus(options["state"]) if options["state"] else None,
            only_failed=options["failed"],
            only_batches=options["batch"],
        )
        try:
            rows = self._ask(name, wanted)
        except connections.NotConnected:
            self._end(f"{KINDS[name].label} is switched off: there is no key for it.")
        except ProviderError as error:
            self._end(f"{error.sentence} ({error.code}: {error.detail})")
        for row in rows:
            self.stdout.write(_line(row))
        if not rows:
            self.stdout.write(f"{KINDS[name].label} lists no such tasks.")
        if len(rows) == most and rows[-1].begun:
            self.stderr.write(f"Older ones: --before {rows[-1].begun.isoformat()}")

    def _ask(self, name: str, wanted: Wanted) -> tuple[RecentTask, ...]:
        learned = accounts.account(name).learned
        provider = connections.connect(name, learned=learned)
        assert isinstance(provider, Lists)  # noqa: S101  # only such names are taken
        try:
            return provider.recent(wanted)
        finally:
            budget.count(name, provider.list_call)

    def _end(self, words: str) -> NoReturn:
        self.stderr.write(words)
        sys.exit(1)


def _lists(connector: object) -> bool:
    return callable(getattr(connector, "recent", None))


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        found = parse_datetime(text)
        day = None if found else parse_date(text)
    except ValueError as error:
        raise CommandError(f"{text} is no day and no time that there is.") from error
    if day:
        found = datetime(day.year, day.month, day.day, tzinfo=UTC)
    if found is None:
        raise CommandError(f"{text} is no time. Write it like 2026-11-20T18:30.")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _line(row: RecentTask) -> str:
    begun = row.begun.strftime("%Y-%m-%d %H:%M:%S") if row.begun else "-"
    credits = "" if row.credits is None else f"{row.credits:g} credits"
    words = (begun, row.state or "-", row.model or "-", row.name or "-", credits)
    return "  ".join(words).rstrip()
