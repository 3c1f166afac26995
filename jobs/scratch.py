from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from jobs.step import Step


@contextmanager
def scratch_folder(step: Step) -> Iterator[Path]:
    """A folder for the files of one step, gone afterwards."""
    folder = Path(settings.SCRATCH_DIR) / f"job-{step.token.hex}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
