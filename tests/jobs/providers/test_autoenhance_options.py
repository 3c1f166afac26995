from __future__ import annotations

import json

import pytest

from jobs.providers.autoenhance_options import (
    OPTIONS,
    settings_of,
)
from jobs.providers.base import (
    NeedsOperator,
    Provider,
    Scan,
)
from jobs.providers.options import BadOption, counts
from tests.jobs.providers.autoenhance_case import AutoenhanceCase
from tests.jobs.providers.contract import submitted
from tests.provider_sandbox import Sandbox
from tests.provider_sandbox.autoenhance import AutoenhanceSandbox

SAFE = {
    "privacy": False,
    "sky_replacement": False,
    "lens_correction": False,
    "vertical_correction": False,
    "threesixty": False,
}


class TestOptions(AutoenhanceCase):
    def test_what_is_safe_is_always_said(
        self, vendor: AutoenhanceSandbox, provider: Provider, scan: Scan
    ) -> None:
        submitted(provider, scan, self.options())
        [(_call, body)] = vendor.bodies
        assert body == {
            **SAFE,
            "image_name": scan.name,
            "content_type": "image/jpeg",
            "ai_version": "stable",
            "enhance": True,
            "enhance_type": "neutral",
            "upscale": False,
            "window_pull_type": "NONE",
        }

    @pytest.mark.parametrize(
        ("chosen", "sent"),
        [
            ({"enhance": "0"}, {"enhance": False}),
            ({"enhance_type": "warm"}, {"enhance_type": "warm"}),
            ({"ai_version": "4.7"}, {"ai_version": "4.7"}),
            ({"ai_version": "latest"}, {"ai_version": "latest"}),
            ({"ai_version": "beta"}, {"ai_version": "beta"}),
            ({"upscale": "1"}, {"upscale": True}),
            ({"lens_correction": "1"}, {"lens_correction": True}),
            ({"vertical_correction": "1"}, {"vertical_correction": True}),
            ({"sky_replacement": "1"}, {"sky_replacement": True}),
            (
                {"sky_replacement": "1", "cloud_type": "LOW_CLOUD"},
                {"sky_replacement": True, "cloud_type": "LOW_CLOUD"},
            ),
            ({"window_pull": "1"}, {"window_pull_type": "ONLY_WINDOWS"}),
            (
                {"window_pull_type": "WINDOWS_WITH_SKIES"},
                {"window_pull_type": "WINDOWS_WITH_SKIES"},
            ),
            (
                {"window_pull": "1", "window_pull_type": "WINDOWS_WITH_SKIES"},
                {"window_pull_type": "WINDOWS_WITH_SKIES"},
            ),
            ({"threesixty": "1"}, {"threesixty": True}),
            (
                {"finetune_settings": '{"contrast": -0.5, "on": true}'},
                {"finetune_settings": {"contrast": -0.5, "on": True}},
            ),
            ({"preset_id": "p-1"}, {"preset_id": "p-1"}),
            ({"order_id": "box-7"}, {"order_id": "box-7"}),
            ({"metadata": '{"box": "7"}'}, {"metadata": {"box": "7"}}),
        ],
    )
    def test_each_option_is_sent_under_its_name(
        self,
        vendor: AutoenhanceSandbox,
        provider: Provider,
        scan: Scan,
        chosen: dict[str, str],
        sent: dict[str, object],
    ) -> None:
        submitted(provider, scan, self.options(**chosen))
        [(_call, body)] = vendor.bodies
        assert {name: body[name] for name in sent} == sent
        assert body["privacy"] is False

    def test_clouds_are_left_out_where_the_sky_stays(self) -> None:
        options = self.options(cloud_type="CLEAR")
        assert "cloud_type" not in settings_of(options)
        assert "enhance_type" not in settings_of(self.options(enhance="0"))

    @pytest.mark.parametrize("name", ["privacy", "hdr", "restage", "tripod_hide"])
    def test_what_must_never_be_sent_is_no_option(self, name: str) -> None:
        with pytest.raises(BadOption):
            self.options(**{name: "1"})

    @pytest.mark.parametrize(
        "text",
        [
            "{",
            "[]",
            '"a"',
            '{"a": {}}',
            '{"a": 01}',
            '{"a" 1}',
            '{"a": "b\\n"}',
            "{a:1}",
        ],
    )
    def test_an_object_that_is_none_is_refused_before_it_is_sent(
        self, text: str
    ) -> None:
        with pytest.raises(BadOption):
            self.options(metadata=text)

    @pytest.mark.parametrize(
        "text", ["{}", '{ "a" : 1 , "b c": -2.5 }', '{"a":null,"b":"x y","c":false}']
    )
    def test_whatever_is_taken_as_an_object_is_one(self, text: str) -> None:
        assert settings_of(self.options(metadata=text))["metadata"] == json.loads(text)

    def test_options_of_others_count_only_with_them(self) -> None:
        by_name = {option.name: option for option in OPTIONS}
        values = self.options()
        assert not counts(by_name["cloud_type"], values)
        assert counts(by_name["enhance_type"], values)

    def test_faces_that_would_be_blurred_stay_here(
        self,
        sandbox: Sandbox,
        vendor: AutoenhanceSandbox,
        provider: Provider,
        scan: Scan,
    ) -> None:
        vendor.faults.add("submit", "blurs")
        with pytest.raises(NeedsOperator) as caught:
            submitted(provider, scan, self.options())
        assert caught.value.code == "faces_would_be_blurred"
        assert sandbox.upload_requests == []
