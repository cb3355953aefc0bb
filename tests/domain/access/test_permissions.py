"""Permissions: who may use a restricted verb, and what a refusal says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.access.permissions import PHRASES, RESTRICTABLE_VERBS, GroupMembers, PermissionRequest, require
from bot.domain.errors import Refused
from bot.domain.policy.policy import AllowList
from tests.domain.incidents import declared

LED = replace(declared(), roles={"commander": "UC"})


def members(**groups: frozenset[str]) -> GroupMembers:
    """The members of these groups; Slack has not told about others."""
    return groups.get


UNKNOWN = members()


def title(role: str) -> str:
    return {"commander": "Incident commander"}[role]


def allowed(
    actor: str, allow_list: AllowList | None, verb: str = "resolve", groups: GroupMembers = UNKNOWN
) -> str | None:
    """None, or the refusal."""
    try:
        require(PermissionRequest(verb, actor, LED), allow_list, groups, title)
    except Refused as refusal:
        return refusal.message
    return None


def test_without_a_list_everybody_may() -> None:
    assert allowed("UX", None) is None


def test_a_listed_user_a_role_holder_and_a_group_member_may() -> None:
    listed = AllowList(users=("UA",), groups=("sre",), roles=("commander",))
    sre = members(sre=frozenset({"UG"}))
    assert [allowed(actor, listed, groups=sre) for actor in ("UA", "UC", "UG")] == [None, None, None]
    assert allowed("UX", listed, groups=sre) is not None


def test_a_refusal_names_the_people_to_ask_and_the_lead() -> None:
    listed = AllowList(users=("UA",), groups=("sre",), roles=("commander",))
    assert allowed("UX", listed, groups=members(sre=frozenset({"UG"}))) == (
        "Only @sre, the incident commander or <@UA> may resolve incidents. "
        "Ask one of them: <@UC>, <@UA>, <@UG>. <@UC> leads INC-1."
    )


@pytest.mark.parametrize(("verb", "refused"), [("escalate", False), ("page", False), ("resolve", True)])
def test_an_unknown_group_refuses_all_but_calls_for_help(verb: str, refused: bool) -> None:
    refusal = allowed("UX", AllowList(groups=("sre",)), verb)
    assert (refusal is not None) is refused
    assert refusal is None or "Slack has not told me yet who is in @sre, so I can't let you." in refusal


def test_every_restrictable_verb_has_its_words() -> None:
    assert set(PHRASES) == set(RESTRICTABLE_VERBS)
