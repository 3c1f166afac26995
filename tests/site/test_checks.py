from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from albums.checks import doors_fit
from jobs.checks import copies_can_be_fetched, results_can_be_fetched


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_this_computer_alone_needs_no_warning(settings: Any, host: str) -> None:
    settings.HOST, settings.DEBUG = host, True
    assert doors_fit() == []


def test_open_door_with_an_address_of_its_own_is_fine(settings: Any) -> None:
    settings.HOST, settings.SITE_URL = "0.0.0.0", "http://192.168.1.20:8000"
    assert doors_fit() == []


def test_open_door_that_leads_nowhere_is_named(settings: Any) -> None:
    settings.HOST, settings.SITE_URL = "0.0.0.0", "http://127.0.0.1:8000"
    assert [found.id for found in doors_fit()] == ["albums.W002"]


def test_open_door_with_debug_is_named(settings: Any) -> None:
    settings.HOST, settings.DEBUG = "0.0.0.0", True
    settings.SITE_URL = "http://192.168.1.20:8000"
    assert [found.id for found in doors_fit()] == ["albums.W001"]


@pytest.mark.parametrize(
    ("extra", "found"),
    [
        ({}, []),
        ({"output_url": "https://a.example.org"}, []),
        ({"output_storage": "a", "output_url": "https://a.example.org"}, []),
        ({"output_storage": "a"}, ["jobs.E001"]),
    ],
)
def test_results_that_nobody_could_fetch_are_named(
    settings: Any, extra: dict[str, str], found: list[str]
) -> None:
    claid = replace(settings.PROVIDERS["claid"], extra=extra)
    settings.PROVIDERS = settings.PROVIDERS | {"claid": claid}
    assert [problem.id for problem in results_can_be_fetched()] == found


@pytest.mark.parametrize(("is_public", "found"), [(True, []), (False, ["jobs.W002"])])
def test_addresses_that_nobody_can_fetch_from_are_named(
    settings: Any, is_public: bool, found: list[str]
) -> None:
    settings.SITE_IS_PUBLIC = is_public
    settings.PROVIDERS = {
        **settings.PROVIDERS,
        "picwish": replace(settings.PROVIDERS["picwish"], by_address=True),
    }
    assert [each.id for each in copies_can_be_fetched()] == found
