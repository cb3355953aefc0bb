"""Another paging service may give any answer about who is on call: Tocsin takes only names from it."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from bot.domain.figures.shadow import ImportDifference, ShadowReport
from bot.domain.routing.payloads import ShadowReportPayload
from bot.integrations.opsgenie_on_call import MOST_PEOPLE, OpsgenieOnCall
from bot.integrations.pagerduty_schedules import Schedules
from bot.slack.blocks.shadow import report
from tests.integrations.doubles import Double, Reply, serving
from tests.usecases.conftest import START, MakeContext


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ({"data": ["x"]}, ()),
        ({"data": "x"}, ()),
        ({"data": {"onCallRecipients": {"a": 1}}}, ()),
        ({"data": {"onCallRecipients": [{"a": 1}, None, "ben@example.com"]}}, ("ben@example.com",)),
        ({"data": {"onCallRecipients": ["x"] * (MOST_PEOPLE + 1)}}, ("x",) * MOST_PEOPLE),
    ],
)
async def test_an_odd_answer_of_opsgenie_is_no_error(answer: dict[str, Any], names: tuple[str, ...]) -> None:
    async with serving(Double(always=Reply(200, answer))) as vendor, aiohttp.ClientSession() as session:
        assert await OpsgenieOnCall(session, vendor.url, "a-key").on_call(["s-1"], START) == {"s-1": names}


@pytest.mark.parametrize(
    "entry",
    [
        "x", None, ["x"], {"schedule": "x", "user": "y"}, {"schedule": {"id": ["s-1"]}, "user": {"summary": "Ben"}},
        {"schedule": {"id": {"a": 1}}, "user": {"summary": "Ben"}},
        {"schedule": {"id": "s-1"}, "user": {"summary": {"a": 1}}},
    ],
)  # fmt: skip
async def test_an_odd_answer_of_pagerduty_is_no_error(entry: Any) -> None:
    good = {"schedule": {"id": "s-1"}, "user": {"summary": "Ben"}}
    double = Double(always=Reply(200, {"oncalls": [entry, good]}))
    async with serving(double) as vendor, aiohttp.ClientSession() as session:
        assert await Schedules(session, vendor.url, "a-token").on_call(["s-1"], START) == {"s-1": ("Ben",)}


async def test_a_name_of_the_other_service_wakes_nobody(make_context: MakeContext) -> None:
    policy = make_context("preset: sev1-5").policy
    difference = ImportDifference("primary", START, ("<!channel> <@U0MAYA0000>",), ("*Anna*",))
    day = ShadowReportPayload(START, START, 1, 2, "opsgenie", "#incidents")
    said = str(report(ShadowReport((), imports=(difference,)), day, policy).blocks)
    assert "<!channel>" not in said
    assert "<@U0MAYA0000>" not in said
    assert "primary at" in said, "the difference itself is told"
