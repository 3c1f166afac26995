"""The options of the engine built in reach its settings."""

from __future__ import annotations

from jobs.engine import Damage, Settings
from jobs.providers.local import OPTIONS
from jobs.providers.local_run import settings_from
from jobs.providers.options import complete_options


def settings_of(**chosen: str) -> Settings:
    return settings_from(complete_options(OPTIONS, chosen))


def test_what_nobody_chose_is_what_the_engine_does_anyway() -> None:
    assert settings_of() == Settings()


def test_every_stage_can_be_switched_off() -> None:
    for stage in ("colour", "contrast", "scratches", "grain", "sharpen"):
        wish = settings_of(**{stage: "off"})
        assert getattr(wish, stage) is False
        assert wish != Settings()


def test_tone_negative_damage_and_size_are_the_persons_to_say() -> None:
    wish = settings_of(toning="neutral", negative="on", damage="severe", enlarge="4")
    assert wish == Settings(
        neutral=True, negative=True, damage=Damage.SEVERE, enlarge=4
    )


def test_a_job_from_before_an_option_came_still_runs() -> None:
    options = complete_options(OPTIONS, {})
    del options["negative"], options["toning"]
    assert settings_from(options) == Settings()
