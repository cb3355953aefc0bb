"""Reading what others said: long texts are folded, threads one takes part in are listed, and words are found again."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright")

from playwright.async_api import Page, expect

from tests.browser.browsing import Desk, go, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

LONG = "\n".join(f"{number}: upstream timed out" for number in range(60))


async def open_from_sidebar(page: Page, name: str) -> None:
    await page.locator("#sidebar .search-links").get_by_role("button", name=name).click()


async def test_a_long_message_is_folded_and_stays_as_one_left_it(desk: Desk) -> None:
    said = await desk.world.tom.say("#general", LONG)
    maya = await desk.sit("maya")
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
    await desk.world.tom.react(said, "eyes")
    await expect(line.locator(".reaction")).to_be_visible()
    await expect(line.get_by_role("button", name="Show less")).to_be_visible()
    await line.get_by_role("button", name="Show less").click()
    await expect(more).to_be_visible()


async def test_an_apps_section_is_folded_unless_it_asks_to_be_whole(desk: Desk) -> None:
    ws = desk.world.ws
    section = {"type": "section", "text": {"type": "mrkdwn", "text": LONG}}
    for words, more in (("as it comes", {}), ("asked to be whole", {"expand": True})):
        blocks = [{"type": "header", "block_id": "h", "text": {"type": "plain_text", "text": words}}]
        blocks.append(section | {"block_id": "b"} | more)
        ws.posting.post(ws.channel("general"), "U0DEPLOYS0", words, blocks=blocks, bot_id="B0DEPLOYS0")
    maya = await desk.sit("maya")
    await expect(
        maya.locator("#main .message", has_text="as it comes").get_by_role("button", name="Show more")
    ).to_be_visible()
    whole = maya.locator("#main .message", has_text="asked to be whole")
    await expect(whole.get_by_text("59: upstream")).to_be_attached()
    await expect(whole.get_by_role("button", name="Show more")).to_have_count(0)


async def test_nothing_the_bot_says_is_folded(desk: Desk) -> None:
    maya = await desk.sit("maya", narrow=True)
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


async def test_threads_one_takes_part_in_are_listed_and_open_where_they_stand(desk: Desk) -> None:
    here = desk.world
    mine = await here.maya.say("#payments", "Is anybody deploying?")
    await here.tom.reply(mine, "Yes, 4512")
    theirs = await here.tom.say("#payments", "Lunch?")
    await here.priya.reply(theirs, "Gladly")
    maya = await desk.sit("maya")
    await open_from_sidebar(maya, "Threads")
    found = maya.locator("dialog .search-result")
    await expect(found).to_have_count(1)
    await expect(found).to_contain_text("#payments")
    await expect(found).to_contain_text("Yes, 4512")
    await found.get_by_role("button", name="Open thread").click()
    await expect(maya.locator("#main h1")).to_contain_text("payments")
    await expect(maya.locator("#thread .message", has_text="Yes, 4512")).to_be_in_viewport()


async def test_a_search_finds_words_and_goes_to_the_message(desk: Desk) -> None:
    here = desk.world
    await here.tom.say("#payments", "The pool is *exhausted* again")
    parent = await here.priya.say("#payments", "What now?")
    await here.tom.reply(parent, "Restart the pool, as in May")
    for number in range(150):
        await here.tom.say("#payments", f"line {number}")
    await here.priya.create("secret", is_private=True)
    await here.priya.say("secret", "the pool is ours")
    maya = await desk.sit("maya")
    await open_from_sidebar(maya, "Search")
    field = maya.get_by_label("Search messages")
    await expect(field).to_be_focused()
    await field.fill("pool exhausted")
    found = maya.locator("dialog .search-result")
    await expect(found).to_have_count(1)
    await found.get_by_role("button", name="Go to message").click()
    await expect(maya.locator("#main h1")).to_contain_text("payments")
    there = maya.locator("#main .message", has_text="The pool is exhausted again")
    await expect(there).to_be_focused()
    await expect(there).to_be_in_viewport()
    await open_from_sidebar(maya, "Search")
    await field.fill("the pool")
    await expect(found).to_have_count(2)
    await expect(maya.locator("dialog", has_text="ours")).to_have_count(0)
    await found.filter(has_text="Restart the pool").get_by_role("button", name="Go to message").click()
    await expect(maya.locator("#thread .message", has_text="Restart the pool")).to_be_in_viewport()
    await open_from_sidebar(maya, "Search")
    await field.fill("zebra")
    await expect(maya.locator("dialog")).to_contain_text("Nothing found")
