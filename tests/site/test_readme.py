from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
SETTINGS = (ROOT / "restore_site" / "settings.py").read_text()


def test_every_setting_is_explained() -> None:
    named = set(re.findall(r'environment\.\w+\(\s*"([A-Z_]+)"', SETTINGS))
    assert "PORT" in named
    table = README[README.index("## Settings") :]
    assert {name for name in named if f"`{name}`" not in table} == set()


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    missing = [link for link in links if not (ROOT / link).exists()]
    assert missing == []
