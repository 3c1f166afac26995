"""Looking for models and trying them, as the worker does at its start."""

from __future__ import annotations

import json
import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from jobs import own_checks, own_models
from jobs.checks import own_models_can_be_used
from jobs.model_check import ModelCheck
from tests import own_models as tiny
from tests.jobs.own.conftest import only_entry, page, put

pytestmark = pytest.mark.django_db


class TestCheck:
    """One bad model of each kind, tried as the worker tries it."""

    def refusal(self, *, again: bool = False) -> own_models.Entry:
        (entry,) = own_checks.check_all(again=again)
        assert entry.code
        assert entry.reason.endswith(".")
        assert not own_models.usable("restore")
        return entry

    def test_a_sound_model_is_usable(self, folder: Path) -> None:
        put(tiny.brighter(folder / "net.onnx", 0.02), role="restore", title="Net")
        entry = only_entry()
        assert (entry.code, entry.title, entry.role) == ("", "Net", "restore")
        assert entry.megabytes > 0
        assert entry.sha256 == own_checks.digest_of(folder / "net.onnx")

    def test_toml_is_a_manifest_too(self, folder: Path) -> None:
        tiny.brighter(folder / "net.onnx", 0.02)
        (folder / "net.toml").write_text(
            'title = "Net"\nrole = "restore"\nlicence = "CC0"\nsource = "here"\n'
        )
        own_checks.check_all()
        assert own_models.usable("restore")

    @pytest.mark.parametrize(
        ("values", "code"),
        [
            ({"role": "magic"}, "bad_manifest"),
            ({"role": "inpaint"}, "wrong_inputs"),
            ({"role": "upscale", "scale": 2}, "model_wrong_shape"),
            ({"role": "restore", "colour": "grey"}, "wrong_channels"),
            ({"role": "restore", "output_range": "0..255"}, "wrong_range"),
            ({"role": "restore", "sha256": "0" * 64}, "other_file"),
        ],
    )
    def test_a_model_that_is_not_as_the_manifest_says(
        self, folder: Path, values: dict[str, Any], code: str
    ) -> None:
        tiny.manifest(tiny.brighter(folder / "net.onnx", 0.02), **values)
        assert self.refusal().code == code

    def test_files_that_do_not_belong_together(self, folder: Path) -> None:
        path = tiny.brighter(folder / "net.onnx")
        assert self.refusal().code == "no_manifest"
        tiny.manifest(path, role="restore").rename(folder / "net.toml")
        tiny.manifest(path, role="restore")
        assert self.refusal().code == "two_manifests"
        path.unlink()
        assert self.refusal().code == "no_model"

    def test_a_name_that_could_be_anything(self, folder: Path) -> None:
        tiny.brighter(folder / "my net.onnx")
        assert self.refusal().code == "bad_name"

    def test_a_model_over_the_limit(self, folder: Path, settings: Any) -> None:
        settings.OWN_MODEL_SIZE = 1
        path = tiny.brighter(folder / "net.onnx")
        tiny.manifest(path, role="restore")
        (folder / "net.onnx.data").write_bytes(bytes(2_000_000))
        entry = self.refusal()
        assert entry.code == "too_big"
        assert "OWN_MODEL_SIZE" in entry.reason

    def test_weights_elsewhere(self, folder: Path) -> None:
        tiny.manifest(tiny.external(folder / "m.onnx", "../secret_key"), role="restore")
        assert self.refusal().code == "weights_elsewhere"

    def test_foreign_operators(self, folder: Path) -> None:
        alien = tiny.node("Magic", "input", domain="com.example")
        tiny.save(folder / "m.onnx", [alien], opsets=tiny.FOREIGN)
        tiny.manifest(folder / "m.onnx", role="restore")
        assert self.refusal().code == "custom_operators"

    def test_too_much_memory(self, folder: Path, settings: Any) -> None:
        settings.OWN_MODEL_MEMORY = 100
        tiny.glutton(folder / "m.onnx")
        tiny.manifest(folder / "m.onnx", role="restore")
        entry = self.refusal()
        assert entry.code in {"too_much_memory", "crashed"}
        assert "OWN_MODEL_MEMORY" in entry.reason

    def test_too_much_time(self, folder: Path, settings: Any) -> None:
        settings.OWN_MODEL_SECONDS = 1
        tiny.sloth(folder / "m.onnx")
        tiny.manifest(folder / "m.onnx", role="restore", tile=128)
        entry = self.refusal()
        assert entry.code == "too_slow"
        assert "OWN_MODEL_SECONDS" in entry.reason

    def test_one_bad_model_spoils_no_other(self, folder: Path) -> None:
        (folder / "bad.onnx").write_bytes(b"no model")
        tiny.manifest(folder / "bad.onnx", role="restore")
        put(tiny.brighter(folder / "good.onnx", 0.02), role="restore", title="Good")
        assert [one.title for one in own_models.usable("restore")] == ["Good"]
        assert [one.code for one in own_models.state().entries] == ["not_onnx", ""]


class TestAgain:
    @pytest.fixture
    def tried(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        names: list[str] = []
        once = own_checks._run

        def counted(pair: own_checks.Pair, found: own_models.Entry) -> own_checks.Told:
            names.append(pair.name)
            return once(pair, found)

        monkeypatch.setattr(own_checks, "_run", counted)
        return names

    def test_only_what_is_new_or_changed_is_tried(
        self, folder: Path, tried: list[str], settings: Any
    ) -> None:
        for name in ("a", "b"):
            tiny.manifest(tiny.brighter(folder / f"{name}.onnx", 0.02), role="restore")
        own_checks.check_all()
        own_checks.check_all()
        assert tried == ["a", "b"]
        tiny.manifest(folder / "b.onnx", role="restore", title="New")
        own_checks.check_all()
        assert tried == ["a", "b", "b"]
        os.utime(folder / "a.onnx", (1, 1))
        assert len(own_models.usable("restore")) == 1
        own_checks.check_all()
        assert len(own_models.usable("restore")) == 2
        assert tried == ["a", "b", "b"]
        settings.OWN_MODEL_SECONDS = 40
        own_checks.check_all()
        assert tried[3:] == ["a", "b"]
        own_checks.check_all(again=True)
        assert tried[5:] == ["a", "b"]

    def test_a_state_that_cannot_be_read_is_written_anew(self, folder: Path) -> None:
        path = own_models.state_file()
        for broken in ("", "{", "[]", '{"models": [{"x": 1}], "titles": {}}'):
            path.write_text(broken)
            assert own_models.state() == own_models.State()
        put(tiny.brighter(folder / "net.onnx", 0.02), role="restore")
        assert json.loads(path.read_text())["models"][0]["name"] == "net"
        assert own_models.usable("restore")


class TestCommand:
    def said(self) -> str:
        out = StringIO()
        call_command("check_models", stdout=out)
        return out.getvalue()

    def test_it_prints_what_can_be_used_and_why_not(self, folder: Path) -> None:
        assert "There is no model in" in self.said()
        tiny.brighter(folder / "alone.onnx")
        put(tiny.brighter(folder / "net.onnx", 0.02), role="restore", title="Net")
        first, second = self.said().splitlines()
        assert first.startswith("alone  -       not used (no_manifest): It has no")
        assert second.startswith("net    restore usable as “Net”: ")


class TestWorker:
    def test_without_models_no_check_is_begun(self, settings: Any) -> None:
        assert not ModelCheck().is_running

    def test_a_check_is_begun_and_outlived(
        self, folder: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With another DATA_DIR it finds nothing, which is all that matters here."""
        monkeypatch.setenv("DATA_DIR", str(folder.parent))
        (folder / "bad.onnx").write_bytes(b"no model")
        check = ModelCheck()
        process = check.process
        assert process is not None
        process.wait(60)
        check.tend()
        assert not check.is_running
        assert only_entry().code == "no_manifest"
        check.end()

    def test_a_check_is_ended_with_the_worker(self, folder: Path) -> None:
        (folder / "bad.onnx").write_bytes(b"no model")
        check = ModelCheck()
        check.end()
        assert check.process is not None
        assert check.process.returncode is not None


class TestDesk:
    def test_a_system_check_names_what_is_not_used(self, folder: Path) -> None:
        assert own_models_can_be_used() == []
        tiny.brighter(folder / "alone.onnx")
        own_checks.check_all()
        (warning,) = own_models_can_be_used()
        assert warning.id == "jobs.W003"
        assert "write alone.toml" in str(warning.hint)

    def test_the_administrator_sees_every_model_and_why(
        self, folder: Path, admin_client: Client
    ) -> None:
        start = reverse("admin:index")
        assert "Own models" not in page(admin_client, start)
        tiny.brighter(folder / "alone.onnx")
        tiny.brighter(folder / "net.onnx", 0.02)
        put(folder / "net.onnx", role="restore", title="Net <1>", licence="CC0")
        shown = page(admin_client, start)
        assert "Own models" in shown
        assert "Net &lt;1&gt;" in shown
        assert "It has no manifest: write alone.toml" in shown
        (folder / "net.onnx").unlink()
        assert "taken away since it was checked" in page(admin_client, start)
