"""Members of user groups, read by ID or by handle."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from bot.domain.policy.policy import AllowList
from bot.policy.reader import preset
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.directory import usergroups
from bot.slack.directory.usergroups import GONE, UserGroups, fetch_members, find_id, is_group_id
from storage.database import Database
from tests.slack.fakes import Answer, FakeApi
from tests.storage.helpers import NOW

MEMBERS = {"S0OLD": ["U1"], "S0NEW": ["U2", "U3"]}


def workspace(handles: dict[str, str], existing: set[str]) -> FakeApi:
    def members(args: dict[str, Any]) -> Answer:
        group = args["usergroup"]
        if group not in existing:
            return SlackError(GONE, "usergroups.users.list", permanent=True)
        return {"users": MEMBERS[group]}

    groups = [{"id": group, "handle": handle} for handle, group in handles.items()]
    return FakeApi(usergroups_list=lambda args: {"usergroups": groups}, usergroups_users_list=members)


async def test_members_of_an_id_are_read_without_a_look_at_handles() -> None:
    api = workspace({}, {"S0OLD"})
    assert await fetch_members(cast(SlackApi, api), "S0OLD") == frozenset({"U1"})
    assert api.methods() == ["usergroups.users.list"]


async def test_a_handle_that_moved_to_another_group_is_looked_up_again() -> None:
    ids = {"oncall": "S0OLD"}
    api = workspace({"oncall": "S0NEW"}, {"S0NEW"})
    assert await fetch_members(cast(SlackApi, api), "oncall", ids) == frozenset({"U2", "U3"})
    assert ids == {"oncall": "S0NEW"}
    assert api.methods() == ["usergroups.users.list", "usergroups.list", "usergroups.users.list"]


async def test_an_unknown_handle_has_no_members() -> None:
    assert await fetch_members(cast(SlackApi, workspace({}, set())), "oncall") is None
    assert await find_id(cast(SlackApi, workspace({}, set())), "oncall") is None


async def test_a_disabled_group_has_no_members() -> None:
    assert await fetch_members(cast(SlackApi, workspace({"oncall": "S0OLD"}, set())), "oncall") is None


async def test_other_errors_are_raised() -> None:
    error = SlackError("missing_scope", "usergroups.list", permanent=True)
    with pytest.raises(SlackError, match="missing_scope"):
        await fetch_members(cast(SlackApi, FakeApi(usergroups_list=lambda args: error)), "oncall")


@pytest.mark.parametrize(("group", "is_id"), [("S0ABC", True), ("sre", False), ("S-team", False)])
def test_ids_and_handles_are_told_apart(group: str, is_id: bool) -> None:
    assert is_group_id(group) is is_id


async def test_a_refresh_that_was_asked_for_and_failed_is_repeated_soon(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usergroups, "REFUSAL_REFRESH_S", 0.0)
    answers: list[Answer] = [
        {"users": ["U1"]},
        SlackError("internal_error", "usergroups.users.list"),
        {"users": ["U2"]},
    ]
    api = cast(SlackApi, FakeApi(usergroups_users_list=lambda args: answers.pop(0)))
    policy = replace(preset("sev1-5"), permissions={"resolve": AllowList(groups=("S0OLD",))})
    groups = UserGroups(database, api, lambda: policy, lambda: NOW)
    await groups._refresh_if_due()
    groups.request_refresh()
    await groups._refresh_if_due()
    assert groups.members("S0OLD") == frozenset({"U1"}), "Slack did not answer"
    await groups._refresh_if_due()
    assert groups.members("S0OLD") == frozenset({"U2"})
