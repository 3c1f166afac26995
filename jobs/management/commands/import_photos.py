"""Take in a whole folder. What is there already is passed over, so a broken import is
gone on with by the same command."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from albums.images import BadPicture
from albums.models import Album, User
from albums.services import DiskFull, add_copy, album_titled, first_administrator
from jobs.providers.options import BadOption
from jobs.recipes import options_for

SOME_REFUSED, WRONG_USAGE = 1, 2


@dataclass
class Tally:
    photos: int = 0
    known: int = 0
    refused: list[tuple[Path, str]] = field(default_factory=list)


class Command(BaseCommand):
    help = (
        "Take in every picture of a folder and its folders. Exit status: 0 when all are "
        "in the album, 1 when some were not taken in, 2 for wrong usage."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER")
        parser.add_argument(
            "--album", required=True, metavar="TITLE", help="made if it is not there"
        )
        parser.add_argument(
            "--restore", default="", metavar="RECIPE", help="default: only keep them"
        )
        parser.add_argument(
            "--cut-pages",
            action="store_true",
            help="make a photo of each print where a scan shows several",
        )
        parser.add_argument(
            "--owner", metavar="EMAIL", help="default: the first administrator"
        )

    def handle(
        self,
        *,
        folder: Path,
        album: str,
        restore: str,
        cut_pages: bool,
        owner: str | None,
        **_: Any,
    ) -> None:
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder.", returncode=WRONG_USAGE)
        if restore:
            check_recipe(restore)
        by = person(owner)
        into = album_titled(album, owner=by)
        tally = take_in(folder, into, by=by, recipe=restore, cut_pages=cut_pages)
        self._tell(tally, album)
        if tally.refused:
            sys.exit(SOME_REFUSED)

    def _tell(self, tally: Tally, title: str) -> None:
        self.stdout.write(
            f"Photos added to {title}: {tally.photos}. "
            f"Files known already: {tally.known}. Not taken in: {len(tally.refused)}."
        )
        for path, reason in tally.refused:
            self.stderr.write(f"{path}: {reason}")


def check_recipe(recipe: str) -> None:
    try:
        options_for("local", recipe)
    except BadOption as error:
        raise CommandError(error.sentence, returncode=WRONG_USAGE) from error


def person(email: str | None) -> User:
    if email is None:
        return first_administrator()
    found = User.objects.filter(is_active=True, email__iexact=email).first()
    if found is None:
        sentence = f"Nobody here has the address {email}."
        raise CommandError(sentence, returncode=WRONG_USAGE)
    return found


def take_in(
    folder: Path, album: Album, *, by: User, recipe: str, cut_pages: bool
) -> Tally:
    tally, batch = Tally(), uuid4()
    # Nothing is shown where nobody looks: in a log it would be one endless line.
    for path in tqdm(sorted(files_in(folder)), unit="file", disable=None):
        try:
            added = add_copy(
                path,
                name=path.name,
                album=album,
                by=by,
                wish=recipe,
                batch=batch,
                cut_pages=cut_pages,
            )
        except BadPicture as error:
            tally.refused.append((path, str(error.sentence)))
        except DiskFull as error:
            raise CommandError(
                f"The disk is full. {tally.photos} photos were added; make room and "
                "call this again."
            ) from error
        except OSError as error:
            tally.refused.append(
                (path, f"This file cannot be read ({error.strerror}).")
            )
        else:
            tally.known += added.duplicate
            tally.photos += 0 if added.duplicate else len(added.photos)
    return tally


def files_in(folder: Path) -> Iterator[Path]:
    """Hidden files are what systems leave behind, not photos."""
    for path in folder.rglob("*"):
        inside = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith(".") for part in inside):
            yield path
