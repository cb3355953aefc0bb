"""Permissions: the people who may use a restricted verb, and the words of a refusal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.access.identity import Identity, Membership
from bot.domain.access.permissions import (
    PHRASES,
    RESTRICTABLE_VERBS,
    GroupMembers,
    PermissionRequest,
    require,
    require_known,
)
from bot.domain.errors import Refused
from bot.domain.incident import RoleGrant
from bot.domain.policy.policy import AllowList
from tests.domain.incidents import new_incident
from tests.domain.policies import NOON

LED = replace(new_incident(), roles={"commander": "UC"}, role_grants={"commander": RoleGrant("UA", NOON)})


def members(**groups: frozenset[str]) -> GroupMembers:
    """The members of these groups; Slack has not told about others."""
    return groups.get


UNKNOWN = members()


def title(role: str) -> str:
    return {"commander": "Incident commander"}[role]


def allowed(
    actor: str,
    allow_list: AllowList | None,
    verb: str = "resolve",
    groups: GroupMembers = UNKNOWN,
    membership: Membership = Membership.MEMBER,
) -> str | None:
    """None, or the refusal."""
    try:
        require(PermissionRequest(verb, Identity(actor, membership), LED), allow_list, groups, title)
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


def test_a_role_that_its_holder_took_gives_no_permission() -> None:
    listed, taken = AllowList(roles=("commander",)), replace(LED, role_grants={"commander": RoleGrant("UC", NOON)})
    assert allowed("UC", listed) is None
    with pytest.raises(Refused, match="You took the role Incident commander yourself"):
        require(PermissionRequest("resolve", Identity("UC", Membership.MEMBER), taken), listed, UNKNOWN, title)
    of_old = replace(LED, role_grants={})
    require(PermissionRequest("resolve", Identity("UC", Membership.MEMBER), of_old), listed, UNKNOWN, title)


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


OPEN_TO_GUESTS = {
    "declare", "update", "status", "note", "impact", "next", "redact", "action", "relate", "tag",
}  # fmt: skip


def test_every_restrictable_verb_has_its_words() -> None:
    assert set(PHRASES) == set(RESTRICTABLE_VERBS)


@pytest.mark.parametrize("membership", [Membership.GUEST, Membership.OUTSIDE])
@pytest.mark.parametrize("verb", RESTRICTABLE_VERBS)
def test_guests_and_outsiders_may_only_what_is_open_to_them_unless_the_policy_names_them(
    verb: str, membership: Membership
) -> None:
    refusal = allowed("UX", None, verb, membership=membership)
    assert (refusal is None) == (verb in OPEN_TO_GUESTS)
    if refusal is not None:
        assert f"only people of this workspace may {PHRASES[verb]}. Ask <@UC> or anyone" in refusal
        assert refusal.endswith(f"The policy can name others: `permissions.{verb}`.")
    assert allowed("UX", AllowList(users=("UX",)), verb, membership=membership) is None
    named = members(partners=frozenset({"UX"}))
    assert allowed("UX", AllowList(groups=("partners",)), verb, named, membership=membership) is None
    assert allowed("UX", AllowList(users=("UA",)), verb, membership=membership) is not None


@pytest.mark.parametrize("verb", RESTRICTABLE_VERBS)
def test_a_bot_may_nothing_even_if_a_list_names_it(verb: str) -> None:
    for listed in (None, AllowList(users=("UX",))):
        assert (allowed("UX", listed, verb, membership=Membership.BOT) or "").startswith("Bots may not")


@pytest.mark.parametrize("verb", RESTRICTABLE_VERBS)
def test_incidents_go_on_while_slack_does_not_say_who_somebody_is(verb: str) -> None:
    assert allowed("UX", None, verb, membership=Membership.UNKNOWN) is None


def test_what_is_dangerous_waits_until_slack_says_who_somebody_is() -> None:
    with pytest.raises(Refused, match="Slack has not told me yet"):
        require_known(Identity("UX", Membership.UNKNOWN), "run steps of playbooks")
    require_known(Identity("UX", Membership.GUEST), "run steps of playbooks")
