"""What a family is told when files cannot be read or written."""

from __future__ import annotations

import errno

from django.utils.translation import gettext as _

from jobs.models import Job
from jobs.step import Failure


def file_trouble(error: OSError) -> Failure | OSError:
    """The failure to raise for a full disk or a missing file; other errors stay what
    they are."""
    if error.errno == errno.ENOSPC:
        return Failure(
            "disk_full",
            Job.Blame.SETUP,
            _(
                "The disk is full. Nothing was lost; ask whoever looks after this "
                "computer to make room, then try again."
            ),
        )
    if error.errno == errno.ENOENT:
        return Failure(
            "file_missing",
            Job.Blame.SETUP,
            _(
                "The scan's file is not where it was put. Ask whoever looks after this "
                "computer to bring it back from the last backup, then try again."
            ),
        )
    return error
