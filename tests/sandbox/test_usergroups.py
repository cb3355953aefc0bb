"""The `usergroups.*` methods, with Slack's errors."""

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox import Workspace
from tests.sandbox.conftest import SCOPES, error_of, manifest
from tests.sandbox.test_conversations import MAYA, TOM

ONCALL = "S0ONCALL01"
PRIYA, ALEX, BOT = "U0PRIYA000", "U0ALEX0000", "U0TOCSINBT"


async def members(client: AsyncWebClient, group: str = ONCALL) -> list[str]:
    users: list[str] = (await client.usergroups_users_list(usergroup=group))["users"]
    return users


async def test_an_update_replaces_all_members(client: AsyncWebClient) -> None:
    assert await members(client) == [MAYA, TOM]
    answer = await client.usergroups_users_update(usergroup=ONCALL, users=[PRIYA, TOM, PRIYA])
    assert answer["usergroup"]["users"] == await members(client) == [PRIYA, TOM]


async def test_a_group_takes_only_people_of_the_workspace_and_at_least_one(client: AsyncWebClient) -> None:
    for users, error in (
        ([], "no_users_provided"),
        (["U0NOBODY00"], "invalid_users"),
        ([MAYA, BOT], "invalid_users"),
        ([MAYA, ALEX], "failed_for_some_users"),
    ):
        assert await error_of(client.usergroups_users_update(usergroup=ONCALL, users=users)) == error
    assert await members(client) == [MAYA, TOM]
    assert await error_of(client.usergroups_users_update(usergroup="S0NOGROUP0", users=[MAYA])) == "no_such_subteam"
    assert await error_of(client.usergroups_users_list(usergroup="S0NOGROUP0")) == "no_such_subteam"


async def test_a_disabled_group_is_hidden_unless_requested(client: AsyncWebClient) -> None:
    disabled = (await client.usergroups_disable(usergroup=ONCALL))["usergroup"]
    assert disabled["date_delete"]
    assert disabled["deleted_by"] == BOT
    assert (await client.usergroups_list())["usergroups"] == []
    assert await error_of(client.usergroups_users_list(usergroup=ONCALL)) == "no_such_subteam"
    listed = await client.usergroups_users_list(usergroup=ONCALL, include_disabled=True)
    assert listed["users"] == [MAYA, TOM]
    await client.usergroups_enable(usergroup=ONCALL)
    assert [group["id"] for group in (await client.usergroups_list())["usergroups"]] == [ONCALL]


async def test_names_and_handles_are_unique(client: AsyncWebClient) -> None:
    made = (await client.usergroups_create(name="Site reliability", handle="sre"))["usergroup"]
    assert made["handle"] == "sre"
    assert await error_of(client.usergroups_create(name="Site reliability")) == "name_already_exists"
    for handle, error in (
        ("sre", "handle_already_exists"),
        ("maya", "handle_already_exists"),
        ("general", "handle_already_exists"),
        ("here", "forbidden_handle"),
        ("Two Words", "bad_handle"),
    ):
        assert await error_of(client.usergroups_create(name="Another", handle=handle)) == error
    renamed = await client.usergroups_update(usergroup=made["id"], handle="sre-team")
    assert renamed["usergroup"]["handle"] == "sre-team"


class TestWithoutTheScopes:
    @pytest.fixture
    def settings(self) -> dict[str, object]:
        return {"manifest": manifest(scopes=[scope for scope in SCOPES if not scope.startswith("usergroups")])}

    async def test_neither_reading_nor_writing_is_granted(self, ws: Workspace, client: AsyncWebClient) -> None:
        assert await error_of(client.usergroups_list()) == "missing_scope"
        assert await error_of(client.usergroups_users_list(usergroup=ONCALL)) == "missing_scope"
        assert await error_of(client.usergroups_users_update(usergroup=ONCALL, users=[MAYA])) == "missing_scope"
