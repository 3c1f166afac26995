from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs.checking import check
from jobs.connections import KINDS


class Command(BaseCommand):
    help = (
        "Say whether the key and the address of a provider work, without spending a "
        "credit where the provider allows it. Exit status: 0 if they do, 1 if not."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=sorted(KINDS), metavar="NAME")

    def handle(self, *args: Any, **options: Any) -> None:
        works, words = check(options["name"])
        (self.stdout if works else self.stderr).write(words)
        if not works:
            sys.exit(1)
