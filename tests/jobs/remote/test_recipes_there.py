"""Every recipe at every provider that can do it, over a real socket. The sandbox notes
whatever the vendor's document does not allow, and what no family photo should meet."""

from __future__ import annotations

import pytest

from albums.models import Restoration
from jobs.connections import KINDS
from jobs.models import Job
from jobs.recipes import recipes_of
from tests.jobs.remote.conftest import Ask, finish
from tests.provider_sandbox import Sandbox

pytestmark = pytest.mark.django_db

TIMES = {"enlarge_2": 2, "enlarge_4": 4}
ROWS = [(name, recipe.code) for name in KINDS for recipe in recipes_of(name)]


@pytest.mark.parametrize(("provider", "recipe"), ROWS)
def test_it_is_done_there(
    sandbox: Sandbox, ask: Ask, provider: str, recipe: str
) -> None:
    job = finish(ask(provider, recipe))
    assert job.state == Job.State.SUCCEEDED
    made = Restoration.objects.get()
    assert (made.provider, made.recipe) == (provider, recipe)
    if recipe in TIMES:
        wanted = (TIMES[recipe] * job.photo.width, TIMES[recipe] * job.photo.height)
        assert (made.width, made.height) == wanted


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ("repair", ""),
        ("repair_colour", "The colours are a guess."),
        ("sharpen_faces", "Faces were partly made up."),
    ],
)
def test_what_is_made_up_stands_with_the_picture(
    sandbox: Sandbox, ask: Ask, recipe: str, words: str
) -> None:
    assert finish(ask("picwish", recipe)).note == words
    assert Restoration.objects.get().note == words
