"""What only the engine's processes may load: it is large, and the others never need it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("numpy", "cv2", "onnxruntime", "PIL", "jobs.engine")
WEB = "import restore_site.wsgi, restore_site.urls"
WORKER = "import django; django.setup(); import jobs.supervisor, jobs.sweep"


@pytest.mark.parametrize("program", [WEB, WORKER])
def test_web_and_supervisor_load_no_engine(program: str, tmp_path: Path) -> None:
    said = f"import sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"{program}; {said}"],
        cwd=ROOT,
        env={
            "DJANGO_SETTINGS_MODULE": "restore_site.settings",
            "DATA_DIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
