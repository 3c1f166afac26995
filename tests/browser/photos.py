"""A restored photo of the running app, and a hand on its job's row."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from playwright.sync_api import Page, expect

from tests.browser.conftest import make_album
from tests.browser.files import payload
from tests.pictures import drawn

# Restoring a small photo, on a slow machine with other work.
RESTORED = 120_000


@dataclass(frozen=True)
class RestoredPhoto:
    """`address` is its page, `album` the page of its album."""

    address: str
    album: str
    data: Path

    @property
    def code(self) -> UUID:
        return UUID(self.address.split("/photos/")[1].strip("/"))

    def change_job(self, **columns: object) -> None:
        """Change the job as a step does, with the album's next version. It looks held
        by somebody, so that the real worker leaves it alone."""
        columns |= {"lease": uuid4().hex, "holder": "a test", "due": FAR}
        columns["leased_until"] = FAR
        with sqlite3.connect(self.data / "db.sqlite3", timeout=20) as database:
            database.execute("BEGIN IMMEDIATE")
            photo, album = database.execute(
                "SELECT id, album_id FROM albums_photo WHERE code = ?", [self.code.hex]
            ).fetchone()
            database.execute(
                "UPDATE albums_album SET version = version + 1 WHERE id = ?", [album]
            )
            [columns["sequence"]] = database.execute(
                "SELECT version FROM albums_album WHERE id = ?", [album]
            ).fetchone()
            changes = ", ".join(f"{name} = ?" for name in columns)
            database.execute(
                f"UPDATE jobs_job SET {changes} WHERE photo_id = ?",  # noqa: S608  # names of columns, from the tests
                [*columns.values(), photo],
            )

    def work(self, progress: float) -> None:
        self.change_job(
            state="running", progress=progress, restoration_id=None, finished=None
        )

    def fail(self, message: str) -> None:
        self.change_job(
            state="failed", restoration_id=None, message=message, blame="setup"
        )


FAR = "2999-01-01 00:00:00"


def restore_a_photo(page: Page, title: str, data: Path, *, seed: int) -> RestoredPhoto:
    """Add a photo by the pages that people use, and wait for the real worker."""
    make_album(page, title)
    picture = payload("veranda.jpg", drawn(1200, 800, seed=seed))
    page.get_by_label("Choose photos").set_input_files(picture)
    page.get_by_role("link", name="See the album").click()
    expect(page.get_by_text("Ready", exact=True)).to_be_visible(timeout=RESTORED)
    album = page.url
    page.get_by_role("link", name="veranda").click()
    page.wait_for_url(re.compile("/photos/"))
    return RestoredPhoto(page.url, album, data)
