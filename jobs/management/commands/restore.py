"""Restore one picture from the command line, with no worker needed."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection

from albums.images import BadPicture
from albums.models import Album, Photo, User
from albums.services import (
    DiskFull,
    add_copy,
    album_titled,
    first_administrator,
    restoration_file,
)
from jobs import leases, remote_copies
from jobs.connections import KINDS
from jobs.models import Attempt, Job
from jobs.providers import local
from jobs.providers.options import BadOption
from jobs.recipes import BY_CODE, SCHEMAS, options_for
from jobs.runner import run_to_end
from jobs.services import cancel, check_fallback, request_restoration

RECIPE = "repair"
ALBUM = "Command line"
LONGEST_TITLE = 200
DONE, NO_RESULT, NOT_BEGUN, INTERRUPTED = 0, 1, 2, 130


@dataclass(frozen=True)
class Trouble:
    code: str
    blame: str
    message: str


@dataclass(frozen=True)
class Report:
    """What `--json` prints. `job` is None where none was begun."""

    job: str | None
    state: str | None
    provider: str
    remote_id: str | None
    attempts: int
    seconds: float
    output: str | None
    error: Trouble | None


class Refused(Exception):
    """The wish makes no sense, or a file cannot be read or written."""

    def __init__(self, code: str, blame: Job.Blame, sentence: str) -> None:
        super().__init__(sentence)
        self.trouble = Trouble(code, blame.value, sentence)


class Command(BaseCommand):
    help = (
        "Restore a picture and write the result. Exit status: 0 with a result, 1 when "
        "the job ended without one, 2 for wrong usage or an unreadable picture."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("image", type=Path, metavar="IMAGE")
        parser.add_argument(
            "--provider",
            default=local.NAME,
            help=f"who restores it: {', '.join(SCHEMAS)}",
        )
        parser.add_argument(
            "--recipe",
            help=f"what is wanted: {', '.join(BY_CODE)}. Default: {RECIPE} here; "
            "elsewhere the provider's own defaults",
        )
        parser.add_argument(
            "--fallback",
            default="",
            metavar="PROVIDER",
            help="who does it where the provider is down or does not take the picture",
        )
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            dest="choices",
            help="an option of the provider; may be repeated",
        )
        parser.add_argument(
            "--album", default=ALBUM, metavar="TITLE", help=f"default: {ALBUM}"
        )
        parser.add_argument(
            "--output",
            type=Path,
            metavar="FILE",
            help="default: IMAGE's name with -restored, in the current folder",
        )
        parser.add_argument(
            "--json", action="store_true", help="print one object on the last line"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        begun = time.monotonic()
        job, output = None, None
        try:
            job = self._finish(self._begin(**options))
            error = trouble_of(job)
            if error is None:
                output = write_result(job, options["image"], options["output"])
        except Refused as refusal:
            error = refusal.trouble
        seconds = time.monotonic() - begun
        report = report_on(job, options["provider"], output, error, seconds)
        self._print(report, job, as_json=options["json"])
        if error:
            sys.exit(NO_RESULT if job else NOT_BEGUN)

    def _begin(
        self,
        *,
        image: Path,
        provider: str,
        recipe: str | None,
        fallback: str,
        choices: Sequence[str],
        album: str,
        output: Path | None,
        **_options: Any,
    ) -> Job:
        chosen = chosen_options(choices)
        wanted = recipe_for(provider) if recipe is None else recipe
        check_options(provider, wanted, chosen, fallback)
        check_paths(image, output)
        prepare_database()
        owner = first_administrator()
        title = album.strip()[:LONGEST_TITLE] or ALBUM
        photo = self._take_in(image, album_titled(title, owner=owner), owner)
        return request_restoration(
            photo,
            by=owner,
            recipe=wanted,
            batch=uuid4(),
            provider=provider,
            chosen=chosen,
            fallback=fallback,
            # Naming a provider is the administrator's consent for this run.
            agreed_once=provider != local.NAME,
        )

    def _take_in(self, image: Path, album: Album, owner: User) -> Photo:
        try:
            added = add_copy(
                image, name=image.name, album=album, by=owner, wish="", batch=uuid4()
            )
        except BadPicture as bad:
            raise Refused(bad.code, Job.Blame.PICTURE, bad.sentence) from bad
        except DiskFull as full:
            sentence = "The disk is full. Make room, then try again."
            raise Refused("disk_full", Job.Blame.SETUP, sentence) from full
        pages = len(added.photos)
        if pages > 1:
            self.stderr.write(
                f"The file has {pages} pages. The first one is restored; the others are "
                f"in the album {added.album}."
            )
        return added.photos[0]

    def _finish(self, job: Job) -> Job:
        try:
            return remote_copies.tidy_up(run_to_end(job))
        except KeyboardInterrupt:
            cancel(job, by=job.batch.asked_by)
            job.refresh_from_db()
            if job.lease:
                leases.let_go(job.pk, job.lease)
            sys.exit(INTERRUPTED)

    def _print(self, report: Report, job: Job | None, *, as_json: bool) -> None:
        if report.error:
            self.stderr.write(report.error.message)
        elif job and job.note:
            self.stderr.write(job.note)
        if as_json:
            self.stdout.write(json.dumps(asdict(report)))
        elif report.output:
            self.stdout.write(report.output)


def chosen_options(choices: Sequence[str]) -> dict[str, str]:
    chosen = {}
    for choice in choices:
        name, equals, value = choice.partition("=")
        if not name or not equals:
            raise Refused(
                "bad_option", Job.Blame.SETUP, f"--set {choice}: write NAME=VALUE."
            )
        chosen[name] = value
    return chosen


def recipe_for(provider: str) -> str:
    """A remote provider gets its own defaults, and what `--set` says."""
    return RECIPE if provider == local.NAME else ""


def check_options(
    provider: str, recipe: str, chosen: Mapping[str, str], fallback: str
) -> None:
    try:
        options_for(provider, recipe, chosen)
        if fallback:
            check_fallback(provider, recipe, fallback)
    except BadOption as bad:
        raise Refused("bad_option", Job.Blame.SETUP, bad.sentence) from bad


def check_paths(image: Path, output: Path | None) -> None:
    if not image.is_file():
        sentence = f"There is no picture {image}."
        raise Refused("not_found", Job.Blame.PICTURE, sentence)
    if not os.access(image, os.R_OK):
        sentence = f"You may not read {image}."
        raise Refused("not_readable", Job.Blame.PICTURE, sentence)
    folder = output.parent if output else Path.cwd()
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        sentence = f"The result cannot be written to the folder {folder}."
        raise Refused("bad_output", Job.Blame.SETUP, sentence)
    if output and output.is_dir():
        sentence = f"{output} is a folder. Give the name of a file."
        raise Refused("bad_output", Job.Blame.SETUP, sentence)
    if output and output.exists() and output.samefile(image):
        sentence = "The result must not replace the picture that it is made from."
        raise Refused("bad_output", Job.Blame.SETUP, sentence)


def prepare_database() -> None:
    """On a fresh installation the command comes before the app's first start."""
    if User._meta.db_table not in connection.introspection.table_names():
        call_command("migrate", verbosity=0)


def write_result(job: Job, image: Path, output: Path | None) -> Path:
    """Whole or not at all."""
    assert job.restoration is not None  # noqa: S101  # a database constraint says so
    result = restoration_file(job.restoration)
    target = output or Path.cwd() / f"{image.stem}-restored{result.suffix}"
    part = target.with_name(f".{target.name}.part")
    try:
        shutil.copyfile(result, part)
        part.replace(target)
    except OSError as problem:
        sentence = f"The result could not be written to {target} ({problem.strerror})."
        raise Refused("bad_output", Job.Blame.SETUP, sentence) from problem
    finally:
        part.unlink(missing_ok=True)
    return target


def trouble_of(job: Job) -> Trouble | None:
    if job.state == Job.State.SUCCEEDED:
        return None
    if job.state == Job.State.CANCELLED:
        return Trouble("cancelled", "", "The job was cancelled.")
    return Trouble(job.error_code, job.blame, job.message)


def number_there(attempt: Attempt) -> str | None:
    """The task's number at the provider, unless it must be kept secret."""
    kind = KINDS.get(attempt.provider)
    if kind is None or kind.id_is_secret:
        return None
    return attempt.remote_id or None


def report_on(
    job: Job | None,
    provider: str,
    output: Path | None,
    error: Trouble | None,
    seconds: float,
) -> Report:
    attempts = list(job.attempts.all()) if job else []
    return Report(
        job=str(job.code) if job else None,
        state=job.state if job else None,
        provider=job.provider if job else provider,
        remote_id=number_there(attempts[-1]) if attempts else None,
        attempts=len(attempts),
        seconds=round(seconds, 3),
        output=str(output) if output else None,
        error=error,
    )
