from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs import own_checks, own_models
from jobs.own_models import Entry


class Command(BaseCommand):
    help = (
        "Look for models in DATA_DIR/models, try those that are new or changed, and say "
        "which can be used and why the others cannot. The worker does so at its start."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--again", action="store_true", help="also try what has not changed"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        entries = own_checks.check_all(again=options["again"])
        if not entries:
            self.stdout.write(f"There is no model in {own_models.folder()}.")
            return
        wide = max(len(one.name) for one in entries)
        for one in entries:
            self.stdout.write(f"{one.name:<{wide}}  {one.role or '-':<8}{_said(one)}")


def _said(one: Entry) -> str:
    if one.code:
        return f"not used ({one.code}): {one.reason}"
    return f"usable as “{one.title}”: {one.seconds:.1f} s, {one.megabytes} MB a picture"
