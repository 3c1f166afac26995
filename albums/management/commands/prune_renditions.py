from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from albums import overlays, renditions
from albums.models import Photo, Restoration

UNWANTED_WAIT = timedelta(hours=1)


class Command(BaseCommand):
    help = (
        "Delete renditions that no photo needs, and full-size ones older than some "
        "days. All of them are made again when somebody looks."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--days", type=int, default=30, help="keep full-size ones for (default: 30)"
        )
        parser.add_argument("--all", action="store_true", help="delete every rendition")

    def handle(self, *, days: int, all: bool, **_: Any) -> None:
        now = timezone.now()
        wanted = set() if all else set(wanted_keys())
        count = renditions.prune(
            wanted,
            unwanted_before=(now if all else now - UNWANTED_WAIT).timestamp(),
            full_before=(now - timedelta(days=days)).timestamp(),
        )
        self.stdout.write(f"{count} renditions deleted.")


def wanted_keys() -> Iterator[str]:
    for photo in Photo.objects.select_related("original").iterator():
        yield renditions.source_of(photo).key
    for restoration in Restoration.objects.iterator():
        yield renditions.source_of(restoration).key
    yield from overlays.wanted_keys()
