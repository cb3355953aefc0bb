"""The policy in force is brought to an incident that was declared under another: looked at first, then by a button."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.workers import policy_watcher
from sandbox.model import Ephemeral
from tests.scenarios.assertions import buttons, ephemeral_texts, of_kind, settle, type_command, until, words
from tests.scenarios.running import World, running_world
from tests.scenarios.test_policy_file import page_texts

TOM, PRIYA, LENA = "U0TOM00000", "U0PRIYA000", "U0LENA0000"
INSIDE = "inc-1-payments-are-down"
POLICY = """
preset: sev1-5
announce: "#incidents"
permissions: {{policy: ["user:U0MAYA0000", "user:U0PRIYA000"]}}
roles: {{{roles}}}
bookmarks: {{{bookmarks}}}
severities:
  sev1: {{respond_within: null, escalate_after: null, update_every: {every}, roles: [{needed}],
    notify_executives: false,
    ladder: [{{after: 0m, notify: ["user:U0TOM00000"]}}, {{after: 30m, notify: ["user:{then}"]}}]}}
"""


def text(then: str = LENA, every: str = "2h", roles: str = "", needed: str = "", bookmarks: str = "") -> str:
    return POLICY.format(then=then, every=every, roles=roles, needed=needed, bookmarks=bookmarks)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "policy.yml"
    file.write_text(text())
    return file


@pytest.fixture
async def world(database_url: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(policy_watcher, "LOOK_S", 0.03)
    async with running_world(database_url, policy=path) as running:
        await running.declare("sev1 Payments are down")
        await settle(running)
        yield running


async def changed(world: World, path: Path, **said: str) -> None:
    before = world.tocsin.context.policy.digest
    path.write_text(text(**said))
    await until(lambda: world.tocsin.context.policy.digest != before)


async def last_ephemeral(world: World, who: str = "maya") -> Ephemeral:
    reply = await world.ws.person(who).command("#general", "/incident policy --in INC-1")
    assert isinstance(reply.message, Ephemeral)
    return reply.message


async def test_a_policy_change_is_previewed_applied_by_a_button_and_pages_nobody_again(
    world: World, path: Path
) -> None:
    await world.pass_time(minutes=5)
    await changed(world, path, then=PRIYA, every="15m", needed="scribe")
    before = await world.show()
    message = await last_ephemeral(world)
    said = words(world, message)
    assert "a status update every 15m, not 2h" in said
    assert "needed too: Scribe (nobody is Scribe)" in said
    assert "rung 1 of 2: user U0TOM00000 by Slack at once: paged already" in said
    assert "rung 2 of 2: user U0PRIYA000 by Slack after 30m" in said
    assert "sev1 asks for an update every 15m" in said
    assert await world.show() == before
    await world.maya.press(message, "Apply")
    await settle(world)
    assert "now follows the current policy" in (await ephemeral_texts(world, "maya"))[-1]
    (entry,) = of_kind(await world.show(), "policy")
    assert (entry["actor"], entry["key"]) == (world.maya.id, True)
    assert any("applied the current policy to INC-1" in words(world, m) for m in world.ws.bot_messages(INSIDE))
    await world.restart()  # with the clock of the wall
    await world.pass_time(minutes=14)
    assert (len(page_texts(world, TOM)), len(page_texts(world, PRIYA)), len(page_texts(world, LENA))) == (1, 0, 0)
    await world.pass_time(minutes=17)
    assert (len(page_texts(world, TOM)), len(page_texts(world, PRIYA)), len(page_texts(world, LENA))) == (1, 1, 0)
    why = [row for row in (await world.show())["reminders"] if "another policy was applied" in row["reason"]]
    assert [row["rung"] for row in why] == [2]
    (sent,) = [row for row in (await world.show())["reminders"] if row["kind"] == "update" and row["state"] == "sent"]
    due, declared = (datetime.fromisoformat(at) for at in (sent["due_at"], before["declared_at"]))
    assert due - declared == timedelta(minutes=15)


async def test_a_bridge_that_the_new_policy_brings_becomes_a_bookmark_once(world: World, path: Path) -> None:
    channel = world.ws.find_channel(INSIDE)
    assert channel is not None
    assert channel.bookmarks == []
    for every in ("15m", "30m"):  # applied twice, with the same bridge
        await changed(world, path, every=every, bookmarks="bridge: huddle")
        await world.maya.press(await last_ephemeral(world), "Apply")
        await settle(world)
    link = f"https://app.slack.com/huddle/{world.ws.settings.team_id}/{channel.id}"
    assert [(mark["title"], mark["link"]) for mark in channel.bookmarks] == [("Bridge", link)]


async def test_a_bridge_with_another_address_changes_the_bookmark(world: World, path: Path) -> None:
    channel = world.ws.find_channel(INSIDE)
    assert channel is not None
    for address in ("https://meet.example.com/old", "https://meet.example.com/new"):
        await changed(world, path, bookmarks=f'bridge: "{address}"')
        await world.maya.press(await last_ephemeral(world), "Apply")
        await settle(world)
    assert [(mark["title"], mark["link"]) for mark in channel.bookmarks] == [("Bridge", address)]


async def test_an_incident_under_the_current_policy_has_nothing_to_apply(world: World) -> None:
    assert "There is nothing to apply." in words(world, await last_ephemeral(world))


async def test_only_the_previewed_policy_is_applied_and_once(world: World, path: Path) -> None:
    await changed(world, path, then=PRIYA)
    first = await last_ephemeral(world)
    await changed(world, path, then=TOM)
    await world.maya.press(first, "Apply")
    assert "has changed again since you looked" in (await ephemeral_texts(world, "maya"))[-1]
    assert of_kind(await world.show(), "policy") == []
    second, third = await last_ephemeral(world), await last_ephemeral(world, "priya")
    await world.maya.press(second, "Apply")
    await world.priya.press(third, "Apply")
    assert "follows the policy in force already" in (await ephemeral_texts(world, "priya"))[-1]
    assert len(of_kind(await world.show(), "policy")) == 1


async def test_without_permission_the_preview_is_shown_and_apply_says_whom_to_ask(world: World, path: Path) -> None:
    await changed(world, path, then=PRIYA)
    message = await last_ephemeral(world, "tom")
    assert buttons(message) == ["Apply"]
    await world.tom.press(message, "Apply")
    assert (
        "may apply another policy to an incident. Ask one of them: @maya, @priya."
        in (await ephemeral_texts(world, "tom"))[-1]
    )
    assert of_kind(await world.show(), "policy") == []


async def test_the_preview_names_held_roles_that_the_new_policy_lacks(world: World, path: Path) -> None:
    await changed(world, path, roles="legal: {title: Legal}")
    await world.maya.press(await last_ephemeral(world), "Apply")
    await type_command(world, "maya", INSIDE, "/incident role legal @tom")
    await changed(world, path)
    said = words(world, await last_ephemeral(world))
    assert "has no role legal, which @tom has or is asked to take" in said
    assert "/incident role legal none" in said
