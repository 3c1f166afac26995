"""`manage.py restore`, as people and scripts use it."""

from __future__ import annotations

import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command, load_command_class
from PIL import Image

from albums.models import Album, Photo, User
from albums.services import create_album
from jobs.models import Attempt, Job
from jobs.providers import local, local_run
from tests.pictures import drawn


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """The last line, which is all that a script reads."""
        found: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return found


def restore(*arguments: str | Path) -> Ended:
    out, err = io.StringIO(), io.StringIO()
    status = 0
    try:
        call_command("restore", *map(str, arguments), stdout=out, stderr=err)
    except SystemExit as ended:
        assert isinstance(ended.code, int)
        status = ended.code
    return Ended(status, out.getvalue(), err.getvalue())


@pytest.fixture(autouse=True)
def own_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "working"
    folder.mkdir()
    monkeypatch.chdir(folder)


@pytest.fixture
def administrator(db: None) -> User:
    return User.objects.create_superuser("ada@example.org", "a bicycle in the rain")


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    path = tmp_path / "grandmother.jpg"
    path.write_bytes(drawn(96, 64))
    return path


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any, **_options: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(local_run, "run", fail)


def test_picture_is_restored(administrator: User, scan: Path) -> None:
    before = scan.read_bytes()
    ended = restore(scan)
    result = Path("grandmother-restored.jpg")
    assert ended.status == 0, ended.err
    assert ended.out.strip().endswith(result.name)
    assert Image.open(result).size == (96, 64)
    assert scan.read_bytes() == before


def test_report_is_complete(administrator: User, scan: Path, tmp_path: Path) -> None:
    output = tmp_path / "result.jpg"
    ended = restore(scan, "--output", output, "--json")
    job = Job.objects.get()
    assert ended.status == 0
    assert ended.report.pop("seconds") >= 0
    assert ended.report | {"seconds": 0} == {
        "job": str(job.code),
        "state": "succeeded",
        "provider": "local",
        "remote_id": None,
        "attempts": 1,
        "seconds": 0,
        "output": str(output),
        "error": None,
    }
    assert output.is_file()


def test_album_is_made_once_for_the_first_administrator(
    administrator: User, scan: Path, tmp_path: Path
) -> None:
    User.objects.create_superuser("later@example.org", "a bicycle in the rain")
    other = tmp_path / "other.jpg"
    other.write_bytes(drawn(96, 64, seed=1))
    restore(scan)
    restore(other)
    album = Album.objects.get()
    assert (album.title, album.owner) == ("Command line", administrator)
    assert album.photos.count() == 2


def test_album_by_title(administrator: User, scan: Path) -> None:
    known = create_album(title="Summer 1962", owner=administrator)
    restore(scan, "--album", "Summer 1962")
    assert Photo.objects.get().album == known


def test_somebody_elses_album_is_not_used(
    administrator: User, alice: User, scan: Path
) -> None:
    create_album(title="Summer 1962", owner=alice)
    restore(scan, "--album", "Summer 1962")
    assert Photo.objects.get().album.owner == administrator


def test_the_same_picture_again_is_restored_again(
    administrator: User, scan: Path
) -> None:
    restore(scan)
    ended = restore(scan, "--set", "enlarge=2", "--json")
    assert ended.status == 0
    photo = Photo.objects.get()
    assert photo.restorations.count() == 2
    assert Image.open(ended.report["output"]).size == (192, 128)


def test_options_reach_the_engine(administrator: User, scan: Path) -> None:
    restore(scan, "--set", "damage=severe", "--set", "colour=off")
    options = Job.objects.get().options
    assert (options["damage"], options["colour"]) == ("severe", "off")


def test_first_page_is_restored_and_the_others_are_kept(
    administrator: User, tmp_path: Path
) -> None:
    scan = tmp_path / "pages.tif"
    first, second = (
        Image.open(io.BytesIO(drawn(96, 64, seed=seed))) for seed in (1, 2)
    )
    first.save(scan, save_all=True, append_images=[second])
    ended = restore(scan)
    assert ended.status == 0
    assert "2 pages" in ended.err
    assert [job.photo.page for job in Job.objects.all()] == [0]
    assert Photo.objects.count() == 2


def test_lossless_scan_gives_a_lossless_result(
    administrator: User, tmp_path: Path
) -> None:
    scan = tmp_path / "scan.png"
    scan.write_bytes(drawn(96, 64, format="PNG"))
    ended = restore(scan, "--json")
    assert ended.report["output"].endswith("scan-restored.png")
    assert Image.open(ended.report["output"]).format == "PNG"


def test_job_without_a_result_is_status_1(
    administrator: User, scan: Path, breaks: None
) -> None:
    ended = restore(scan, "--json")
    error = ended.report["error"]
    assert ended.status == 1
    assert (error["code"], error["blame"]) == ("out_of_memory", "setup")
    assert error["message"] == Job.objects.get().message
    assert error["message"] in ended.err
    assert ended.report["state"] == "failed"
    assert ended.report["output"] is None
    assert not list(Path.cwd().iterdir())


def test_ctrl_c_cancels(
    administrator: User, scan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_arguments: Any, **_options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(local_run, "run", interrupt)
    assert restore(scan).status == 130
    job = Job.objects.get()
    assert (job.state, job.lease) == (Job.State.CANCELLED, None)
    assert job.attempts.get().state == Attempt.State.ABANDONED


class TestRefused:
    """Status 2: nothing was begun."""

    @pytest.fixture(autouse=True)
    def nothing_was_begun(self, db: None) -> Any:
        yield
        assert not Job.objects.exists()

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--provider", "acme"], "There is no provider acme."),
            (["--set", "shine=on"], "There is no option shine."),
            (["--set", "damage=awful"], "damage cannot be awful."),
            (["--set", "damage"], "write NAME=VALUE"),
            (["--recipe", "magic"], "has no recipe magic. Choose from: repair, "),
            (["--recipe", "repair_colour"], "invents none. A provider"),
            (["--fallback", "picwish"], "Nobody is needed in place of"),
            (["--output", "/nowhere/at/all.jpg"], "cannot be written"),
            (["--output", "/"], "is a folder"),
        ],
    )
    def test_wrong_usage(
        self, administrator: User, scan: Path, arguments: list[str], words: str
    ) -> None:
        ended = restore(scan, *arguments, "--json")
        assert ended.status == 2
        assert words in ended.report["error"]["message"]
        assert words in ended.err
        assert ended.report["job"] is None
        assert not Photo.objects.exists()

    def test_no_picture_named(self) -> None:
        with pytest.raises(CommandError):
            call_command("restore")

    def test_missing_picture(self, administrator: User, tmp_path: Path) -> None:
        ended = restore(tmp_path / "missing.jpg", "--json")
        assert (ended.status, ended.report["error"]["blame"]) == (2, "picture")

    def test_unreadable_picture(self, administrator: User, tmp_path: Path) -> None:
        scan = tmp_path / "letter.jpg"
        scan.write_text("Dear Aunt Martha")
        ended = restore(scan, "--json")
        assert ended.status == 2
        assert ended.report["error"]["code"] == "not_a_picture"
        assert scan.exists()

    def test_cut_short_picture(self, administrator: User, scan: Path) -> None:
        scan.write_bytes(scan.read_bytes()[:-500])
        ended = restore(scan, "--json")
        assert (ended.status, ended.report["error"]["blame"]) == (2, "picture")

    def test_result_in_place_of_the_picture(
        self, administrator: User, scan: Path
    ) -> None:
        before = scan.read_bytes()
        assert restore(scan, "--output", scan).status == 2
        assert scan.read_bytes() == before


def test_fresh_installation_gets_an_administrator_to_be(db: None, scan: Path) -> None:
    assert restore(scan).status == 0
    owner = Album.objects.get().owner
    assert owner.is_superuser
    assert not owner.has_usable_password()


def test_no_key_is_printed(
    administrator: User, scan: Path, settings: Any, breaks: None
) -> None:
    ended = restore(scan, "--json")
    assert settings.SECRET_KEY not in ended.out + ended.err
    assert os.environ.get("DATABASE_URL", "none") not in ended.out + ended.err


def test_every_option_of_the_engine_may_be_set(administrator: User, scan: Path) -> None:
    chosen = [f"{option.name}={option.default}" for option in local.OPTIONS]
    arguments = [part for choice in chosen for part in ("--set", choice)]
    assert restore(scan, *arguments).status == 0


def test_a_recipe_may_be_named(administrator: User, scan: Path) -> None:
    ended = restore(scan, "--recipe", "enlarge_2", "--json")
    assert Image.open(ended.report["output"]).size == (192, 128)
    assert Job.objects.get().recipe == "enlarge_2"


def test_help_lists_providers_and_recipes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        load_command_class("jobs", "restore").run_from_argv(
            ["manage.py", "restore", "--help"]
        )
    told = " ".join(capsys.readouterr().out.split())
    for word in ("upscayl", "repair_colour", "sharpen_faces", "--fallback PROVIDER"):
        assert word in told
