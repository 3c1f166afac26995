"""Models in the folder of an administrator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from jobs import own_checks, own_models
from tests import own_models as tiny


@pytest.fixture
def folder(settings: Any) -> Path:
    place = Path(settings.DATA_DIR) / "models"
    place.mkdir()
    return place


def put(path: Path, **values: Any) -> Path:
    tiny.manifest(path, **values)
    own_checks.check_all()
    return path


def only_entry() -> own_models.Entry:
    (entry,) = own_models.state().entries
    return entry


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()
