"""Tests that need a program say how to get it, and never go missing where CI runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.outcomes import Failed, Skipped

from tests import programs


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)


@pytest.mark.usefixtures("bare_machine")
def test_without_the_program_the_test_is_skipped_with_a_sentence() -> None:
    with pytest.raises(Skipped, match="apt install redis-server"):
        programs.redis()


@pytest.mark.usefixtures("bare_machine")
def test_where_ci_runs_it_fails_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(Failed, match="apt install chromium"):
        programs.chromium()
