"""Reading: folded long texts, the list of threads, and the search."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("playwright")

from playwright.async_api import Page, expect

from tests.browser.web_ui import WebUI, go, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

LONG = "\n".join(f"{number}: upstream timed out" for number in range(60))


async def open_from_sidebar(tab: Page, name: str) -> None:
    await tab.locator("#sidebar .search-links").get_by_role("button", name=name).click()


async def test_a_long_message_is_folded_and_stays_unfolded_after_a_redraw(ui: WebUI) -> None:
    message = await ui.world.tom.say("#general", LONG)
    maya = await ui.open("maya")
    line = maya.locator("#main .message", has_text="0: upstream")
    last = line.get_by_text("59: upstream timed out")
    more = line.get_by_role("button", name="Show more")
    await expect(more).to_be_visible()
    folded = await line.locator(".fold").bounding_box()
    await more.click()
    await expect(line.get_by_role("button", name="Show less")).to_be_visible()
    whole = await line.locator(".fold").bounding_box()
    assert folded is not None
    assert whole is not None
    assert folded["height"] * 2 < whole["height"]
    await last.scroll_into_view_if_needed()
    await ui.world.tom.react(message, "eyes")
    await expect(line.locator(".reaction")).to_be_visible()
    await expect(line.get_by_role("button", name="Show less")).to_be_visible()
    await line.get_by_role("button", name="Show less").click()
    await expect(more).to_be_visible()


async def test_a_long_section_is_folded_unless_it_has_expand(ui: WebUI) -> None:
    ws = ui.world.ws
    section = {"type": "section", "text": {"type": "mrkdwn", "text": LONG}}
    for text, options in (("as it comes", {}), ("asked to be whole", {"expand": True})):
        blocks: list[dict[str, Any]] = [
            {"type": "header", "block_id": "h", "text": {"type": "plain_text", "text": text}}
        ]
        blocks.append(section | {"block_id": "b"} | options)
        ws.posting.post(ws.channel("general"), "U0DEPLOYS0", text, blocks=blocks, bot_id="B0DEPLOYS0")
    maya = await ui.open("maya")
    await expect(
        maya.locator("#main .message", has_text="as it comes").get_by_role("button", name="Show more")
    ).to_be_visible()
    whole = maya.locator("#main .message", has_text="asked to be whole")
    await expect(whole.get_by_text("59: upstream")).to_be_attached()
    await expect(whole.get_by_role("button", name="Show more")).to_have_count(0)


async def test_messages_of_the_bot_are_never_folded(ui: WebUI) -> None:
    maya = await ui.open("maya", narrow=True)
    await say(maya, "/incident declare sev2 Checkout is down")
    await expect(maya.locator(".message.private", has_text="INC-1 is declared").first).to_be_visible()
    await maya.get_by_label("Open the sidebar").click()
    await go(maya, "inc-1")
    await say(maya, f"/incident update {LONG}")
    card = maya.locator("#main .message.pinned")
    await expect(card).to_contain_text("Update #1")
    await say(maya, "/incident playbook database-failover")
    await expect(maya.locator("#main .message", has_text="Database failover").first).to_be_visible()
    await expect(maya.locator("#main").get_by_role("button", name="Show more")).to_have_count(0)


async def test_the_users_threads_are_listed_and_open_in_their_channel(ui: WebUI) -> None:
    world = ui.world
    mine = await world.maya.say("#payments", "Is anybody deploying?")
    await world.tom.reply(mine, "Yes, 4512")
    theirs = await world.tom.say("#payments", "Lunch?")
    await world.priya.reply(theirs, "Gladly")
    maya = await ui.open("maya")
    await open_from_sidebar(maya, "Threads")
    results = maya.locator("dialog .search-result")
    await expect(results).to_have_count(1)
    await expect(results).to_contain_text("#payments")
    await expect(results).to_contain_text("Yes, 4512")
    await results.get_by_role("button", name="Open thread").click()
    await expect(maya.locator("#main h1")).to_contain_text("payments")
    await expect(maya.locator("#thread .message", has_text="Yes, 4512")).to_be_in_viewport()


async def test_the_search_closes_on_one_escape(ui: WebUI) -> None:
    maya = await ui.open("maya")
    await open_from_sidebar(maya, "Search")
    await maya.get_by_label("Search messages").fill("pool")
    await maya.keyboard.press("Escape")
    await expect(maya.locator("dialog")).to_have_count(0)


async def test_a_search_finds_words_and_opens_the_message(ui: WebUI) -> None:
    world = ui.world
    await world.tom.say("#payments", "The pool is *exhausted* again")
    parent = await world.priya.say("#payments", "What now?")
    await world.tom.reply(parent, "Restart the pool, as in May")
    for number in range(150):
        await world.tom.say("#payments", f"line {number}")
    await world.priya.create("secret", is_private=True)
    await world.priya.say("secret", "the pool is ours")
    maya = await ui.open("maya")
    await open_from_sidebar(maya, "Search")
    field = maya.get_by_label("Search messages")
    await expect(field).to_be_focused()
    await field.fill("pool exhausted")
    results = maya.locator("dialog .search-result")
    await expect(results).to_have_count(1)
    await results.get_by_role("button", name="Go to message").click()
    await expect(maya.locator("#main h1")).to_contain_text("payments")
    there = maya.locator("#main .message", has_text="The pool is exhausted again")
    await expect(there).to_be_focused()
    await expect(there).to_be_in_viewport()
    await open_from_sidebar(maya, "Search")
    await field.fill("the pool")
    await expect(results).to_have_count(2)
    await expect(maya.locator("dialog", has_text="ours")).to_have_count(0)
    await results.filter(has_text="Restart the pool").get_by_role("button", name="Go to message").click()
    await expect(maya.locator("#thread .message", has_text="Restart the pool")).to_be_in_viewport()
    await open_from_sidebar(maya, "Search")
    await field.fill("zebra")
    await expect(maya.locator("dialog")).to_contain_text("Nothing found")
