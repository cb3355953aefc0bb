"""A page outside the ladder."""

from __future__ import annotations

from dataclasses import replace

from bot.domain import incident as verbs
from bot.domain.paging.direct_page import DirectPage, page_directly
from bot.domain.policy.policy import Rung
from bot.domain.values.target import Target
from tests.domain.incidents import new_incident
from tests.domain.policies import MINUTE, NOON, paging


def test_a_page_outside_the_ladder_skips_responders_unless_asked_by_name() -> None:
    responding = verbs.acknowledge(new_incident(), "UPRIMARY", NOON).incident
    rung = Rung(0 * MINUTE, (Target.parse("user:UPRIMARY"),))
    page = DirectPage(rung, "hand:1", "By hand", "<@UA> asks for you", actor="UA")
    skipped = page_directly(responding, paging(), page)
    assert not skipped.reached
    assert skipped.recipients.gaps == ("By hand: <@UPRIMARY> is responding already",)
    paged = page_directly(responding, paging(), replace(page, responders_too=True))
    assert (paged.reached, paged.rung, paged.recipients.people) == (True, None, ("UPRIMARY",))
    assert paged.change.entries[0].text == "By hand: <@UPRIMARY> (<@UA> asks for you)"
