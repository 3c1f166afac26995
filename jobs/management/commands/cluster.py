from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs import queue


class Command(BaseCommand):
    help = "Private: one cluster of the worker, which starts it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=(queue.REMOTE, queue.ENGINE))

    def handle(self, *args: Any, **options: Any) -> None:
        queue.run_cluster(options["name"])
