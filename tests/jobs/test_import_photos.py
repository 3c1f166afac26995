"""Taking in a whole folder by command."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from albums import images, storage
from albums.models import Album, Original, Photo, User
from albums.services import DiskFull
from jobs.models import Batch, Job, PrintSearch
from tests.pictures import drawn


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "scans"
    (folder / "1962" / "summer").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(drawn(seed=1))
    (folder / "1962" / "b.png").write_bytes(drawn(seed=2, format="PNG"))
    (folder / "1962" / "summer" / "c.tif").write_bytes(drawn(seed=3, format="TIFF"))
    (folder / "1962" / ".DS_Store").write_bytes(b"\0\0")
    (folder / ".thumbs").mkdir()
    (folder / ".thumbs" / "d.jpg").write_bytes(drawn(seed=4))
    return folder


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser("admin@example.org")


def imported(*arguments: Any) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    code = 0
    try:
        call_command("import_photos", *map(str, arguments), stdout=out, stderr=err)
    except SystemExit as end:
        code = int(str(end.code))
    return code, out.getvalue(), err.getvalue()


def test_whole_folder(admin: User, folder: Path) -> None:
    code, out, err = imported(folder, "--album", "Scans")
    assert (code, err) == (0, "")
    assert "Photos added to Scans: 3. Files known already: 0. Not taken in: 0." in out
    album = Album.objects.get()
    assert (album.title, album.owner) == ("Scans", admin)
    assert {photo.title for photo in Photo.objects.all()} == {"a", "b", "c"}
    assert not Job.objects.exists()
    assert (folder / "a.jpg").read_bytes() == drawn(seed=1)


def test_restores_on_request_as_one_batch(admin: User, folder: Path) -> None:
    imported(folder, "--album", "Scans", "--restore", "repair")
    assert Job.objects.count() == 3
    assert Batch.objects.count() == 1


def test_pages_are_cut_on_request(admin: User, folder: Path) -> None:
    imported(folder, "--album", "Scans", "--restore", "repair", "--cut-pages")
    assert not Job.objects.exists()
    assert set(PrintSearch.objects.values_list("wish", flat=True)) == {"repair"}
    assert PrintSearch.objects.count() == 3


def test_second_time_only_adds_what_is_new(admin: User, folder: Path) -> None:
    imported(folder, "--album", "Scans")
    (folder / "new.jpg").write_bytes(drawn(seed=9))
    code, out, _err = imported(folder, "--album", "Scans")
    assert code == 0
    assert "Photos added to Scans: 1. Files known already: 3." in out
    assert Original.objects.count() == 4
    assert Album.objects.count() == 1


def test_goes_on_after_it_was_interrupted(
    admin: User, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspect, inspected = images.inspect, []

    def impatient(path: Path) -> Any:
        inspected.append(path)
        if len(inspected) == 2:
            raise KeyboardInterrupt
        return inspect(path)

    with monkeypatch.context() as patch:
        patch.setattr(images, "inspect", impatient)
        with pytest.raises(KeyboardInterrupt):
            imported(folder, "--album", "Scans")
    assert Photo.objects.count() == 1
    code, out, _err = imported(folder, "--album", "Scans")
    assert code == 0
    assert "Photos added to Scans: 2. Files known already: 1." in out


def test_bad_ones_are_named_and_others_go_on(admin: User, folder: Path) -> None:
    (folder / "notes.txt").write_text("Remember the milk. " * 20)
    (folder / "cut.jpg").write_bytes(drawn(600, 400)[:-3000])
    code, out, err = imported(folder, "--album", "Scans")
    assert code == 1
    assert "Photos added to Scans: 3. Files known already: 0. Not taken in: 2." in out
    assert f"{folder / 'notes.txt'}: This is a text" in err
    assert f"{folder / 'cut.jpg'}: This picture is damaged" in err


def test_what_cannot_be_taken_in_is_not_even_copied(
    admin: User, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied, copy = [], storage.copy_to_part

    def counted(path: Path) -> Path:
        copied.append(path.name)
        return copy(path)

    monkeypatch.setattr(storage, "copy_to_part", counted)
    with (folder / "film.mov").open("wb") as film:
        film.truncate(300 * 1024**2)
    _code, _out, err = imported(folder, "--album", "Scans")
    assert "film.mov: This file has 300 MB, and at most 100 MB" in err
    assert sorted(copied) == ["a.jpg", "b.png", "c.tif"]


def test_owner_by_address(admin: User, alice: User, folder: Path) -> None:
    imported(folder, "--album", "Scans", "--owner", "Alice@Example.org")
    assert Album.objects.get().owner == alice


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["/nowhere", "--album", "Scans"], "not a folder"),
        ([".", "--album", "Scans", "--restore", "gold"], "gold"),
        ([".", "--album", "Scans", "--owner", "nobody@example.org"], "nobody@"),
    ],
)
def test_wrong_usage(admin: User, arguments: list[str], word: str) -> None:
    with pytest.raises(CommandError, match=word) as caught:
        imported(*arguments)
    assert caught.value.returncode == 2
    assert not Album.objects.exists()


def test_before_the_first_account_an_administrator_without_password_owns_it(
    db: None, folder: Path
) -> None:
    imported(folder, "--album", "Scans")
    owner = Album.objects.get(title="Scans").owner
    assert owner.is_superuser
    assert not owner.has_usable_password()


def test_disk_full(admin: User, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path) -> Path:
        raise DiskFull

    monkeypatch.setattr(storage, "copy_to_part", full)
    with pytest.raises(CommandError, match="disk is full") as caught:
        imported(folder, "--album", "Scans")
    assert caught.value.returncode == 1
    assert not Photo.objects.exists()
