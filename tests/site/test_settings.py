from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from restore_site import environment

ROOT = Path(__file__).resolve().parents[2]


def start(
    folder: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """`manage.py` with a clean environment, on a folder of its own."""
    clean = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder)}
    return subprocess.run(
        [sys.executable, "manage.py", *(arguments or ("diffsettings",))],
        cwd=ROOT,
        env=clean | variables,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("SITE_URL", "photos.example.org"),
        ("DEBUG", "perhaps"),
        ("DATABASE_URL", "mysql://somebody:hush@db/photos"),
        ("DATABASE_URL", "postgres://somebody:hush@db:none/photos"),
        ("QUEUE_URL", "amqp://somebody:hush@queue"),
        ("EMAIL_URL", "smtp://somebody:hush@mail:none"),
        ("TIME_ZONE", "Mars/Olympus"),
        ("ENGINE_WORKERS", "0"),
        ("SECRET_KEY_FILE", "/nowhere/key"),
        ("CLAID_API_VERSION", "v2"),
        ("CLAID_INPUT_STORAGE", "two words"),
        ("CLAID_OUTPUT_STORAGE", "../elsewhere"),
        ("CLAID_OUTPUT_URL", "http://photos.example.org"),
    ],
)
def test_bad_value_stops_the_start_with_a_sentence(
    tmp_path: Path, name: str, value: str
) -> None:
    ended = start(tmp_path, **{name: value})
    assert ended.returncode == 1
    assert name in ended.stderr
    assert len(ended.stderr.splitlines()) == 1, "a sentence, no traceback"
    assert "hush" not in ended.stderr


def test_defaults_start(tmp_path: Path) -> None:
    ended = start(tmp_path / "new")
    assert ended.returncode == 0, ended.stderr
    assert "DEBUG = True" not in ended.stdout


def test_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = environment.kept_secret(tmp_path / "secret_key")
    again = environment.kept_secret(tmp_path / "secret_key")
    assert first == again
    assert len(first) >= 50
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_empty_secret_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()
    with pytest.raises(ImproperlyConfigured, match="is empty"):
        environment.kept_secret(tmp_path / "secret_key")


def test_secret_comes_from_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("from the file\n")
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    assert environment.secret("SECRET_KEY") == "from the file"


def test_secret_given_twice_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "here")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(ImproperlyConfigured, match="both set"):
        environment.secret("SECRET_KEY")


def test_data_folder_is_private(tmp_path: Path) -> None:
    folder = environment.private_folder(tmp_path / "var")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_https_site_passes_the_check_for_deployment(tmp_path: Path) -> None:
    arguments = ("check", "--deploy", "--fail-level", "WARNING")
    ended = start(tmp_path, *arguments, SITE_URL="https://photos.example.org")
    assert ended.returncode == 0, ended.stderr
