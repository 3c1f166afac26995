from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from jobs.supervisor import Supervisor


class Command(BaseCommand):
    help = "Work on jobs in the background, until SIGTERM or Ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        Supervisor().run()
