"""Three playbooks are walked to their end in the page, by two people. TOCSIN_PICTURES keeps what it looks like."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from playwright.async_api import Browser, Locator, Page, expect

from tests.browser import browsing
from tests.browser.browsing import NARROW, WIDE, Desk, go, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHANNEL = "inc-1-checkout-is-down"
POLICY = """
preset: sev1-5
announce: "#incidents"
severities:
  sev2: {respond_within: null, update_every: null, escalate_after: null, roles: [],
    ladder: [{after: 9h, notify: ["user:U0PRIYA000"], by: [slack]}]}
"""
PICTURES = os.environ.get("TOCSIN_PICTURES")


@pytest.fixture
def quiet(tmp_path: Path) -> Path:
    policy = tmp_path / "policy.yml"
    policy.write_text(POLICY)
    return policy


async def picture(shown: Locator, name: str) -> None:
    """At both widths."""
    if not PICTURES:
        return
    page = shown.page
    for size, width in ((WIDE, "wide"), (NARROW, "narrow")):
        await page.set_viewport_size(size)  # type: ignore[arg-type]
        await page.mouse.move(0, 0)
        if size is NARROW:
            await expect(page.locator("#sidebar")).to_be_hidden()  # it slides
        await shown.scroll_into_view_if_needed()
        await shown.screenshot(path=f"{PICTURES}/{name}-{width}.png")
    await page.set_viewport_size(WIDE)  # type: ignore[arg-type]


async def begun(desk: Desk) -> tuple[Page, Page]:
    maya, tom = await desk.sit("maya"), await desk.sit("tom")
    await say(maya, "/incident declare sev2 Checkout is down")
    await go(maya, CHANNEL)
    await expect(maya.locator("#main .message.pinned")).to_be_visible()
    await desk.world.maya.invite(CHANNEL, "tom")
    await go(tom, CHANNEL)
    return maya, tom


def walk(page: Page, title: str) -> Locator:
    return page.locator("#main .message", has_text=title).filter(has_text=re.compile("[▰▱]")).last


async def step(page: Page, title: str, of: int, count: int) -> None:
    await expect(walk(page, title)).to_contain_text(f"{count} of {of}")


async def press(page: Page, title: str, button: str, nth: int = 0) -> None:
    await walk(page, title).get_by_role("button", name=button, exact=True).nth(nth).click()


def asked_of(page: Page) -> Locator:
    """The newest request for an approval."""
    return page.locator("#main .message", has_text="asks for approval to do").last


async def approve(page: Page) -> None:
    await asked_of(page).get_by_role("button", name="Approve").click()


async def test_a_checklist_is_walked_to_its_end_by_two(browser: Browser, sqlite_url: str, quiet: Path) -> None:
    async with browsing.desk(browser, sqlite_url, quiet) as desk:
        maya, tom = await begun(desk)
        await picture(maya.locator("#main .message.pinned"), "card")
        await say(maya, "/incident playbook")
        await expect(maya.locator(".message.private", has_text="Playbooks for INC-1")).to_be_visible()
        await picture(maya.locator(".message.private", has_text="Playbooks for INC-1"), "suggested")
        await say(maya, "/incident playbook first-five-minutes")
        title = "First five minutes"
        await step(maya, title, 12, 0)
        await picture(walk(maya, title), "checklist")
        for count in range(12):
            page = (maya, tom)[count % 2]
            await step(page, title, 12, count)
            if count == 3:
                await press(page, title, "Skip")
                await page.locator("dialog").get_by_label("Why?").fill("Nothing was deployed today")
                await picture(page.locator("dialog"), "skip")
                await page.locator("dialog").get_by_role("button", name="Skip", exact=True).click()
                continue
            if count == 8:
                await picture(walk(page, title), "checklist-later")
            await press(page, title, "Done")
        await expect(walk(tom, title)).to_contain_text("Finished by @tom")
        await picture(walk(tom, title), "checklist-finished")
        await press(tom, title, "It helped")
        await expect(walk(maya, title)).to_contain_text("It helped.")
        await press(maya, title, "All steps")
        listed = maya.locator(".message.private", has_text="Nothing was deployed today")
        await expect(listed).to_be_visible()
        await picture(listed, "all-steps")
        assert desk.complaints == []


async def test_a_dangerous_playbook_with_a_refusal_an_approval_and_broken_glass(
    browser: Browser, sqlite_url: str, quiet: Path
) -> None:
    async with browsing.desk(browser, sqlite_url, quiet) as desk:
        maya, tom = await begun(desk)
        await say(tom, "/incident lead @tom")
        await say(maya, "/incident playbook database-failover")
        title, of = "Database failover", 6
        await step(maya, title, of, 0)
        await picture(walk(maya, title), "failover-parallel")
        await press(maya, title, "Done", 1)
        await step(tom, title, of, 1)
        await press(tom, title, "Done")
        await step(maya, title, of, 2)
        await picture(walk(maya, title), "failover-needs-approval")
        await press(maya, title, "Ask for approval")
        request = asked_of(tom)
        await expect(request).to_be_visible()
        await picture(request, "approval")
        await picture(walk(maya, title), "failover-waiting")
        await request.get_by_role("button", name="Refuse").click()
        await tom.locator("dialog").get_by_label("Why?").fill("The replica is 40 s behind, wait")
        await tom.locator("dialog").get_by_role("button", name="Refuse", exact=True).click()
        await expect(walk(maya, title)).to_contain_text("refused by @tom")
        await picture(walk(maya, title), "failover-refused")
        await press(maya, title, "Ask for approval")
        await approve(tom)
        await expect(walk(maya, title)).to_contain_text("Approved by @tom")
        await picture(walk(maya, title), "failover-approved")
        await press(maya, title, "Done")
        await step(maya, title, of, 3)
        await press(maya, title, "Ask for approval")
        request = asked_of(maya)
        await request.get_by_role("button", name="Break glass").click()
        await picture(maya.locator("dialog"), "glass")
        await maya.locator("dialog").get_by_label("Why can it not wait?").fill("Nobody else is awake")
        await maya.locator("dialog").get_by_role("button", name="Break glass", exact=True).click()
        loud = tom.locator("#main .message", has_text="broke the glass").last
        await expect(loud).to_be_visible()
        await picture(loud, "glass-broken")
        await press(maya, title, "Done")
        await step(maya, title, of, 4)
        await press(maya, title, "Ask for approval")
        await approve(tom)
        await press(maya, title, "Done")
        await step(maya, title, of, 5)
        await press(tom, title, "Roll back") if await (
            walk(tom, title).get_by_role("button", name="Roll back").count()
        ) else None
        await press(tom, title, "Done")
        await expect(walk(maya, title)).to_contain_text("Finished by @tom")
        await picture(walk(maya, title), "failover-finished")
        assert desk.complaints == []


async def test_values_rollback_stop_and_a_time_out(browser: Browser, sqlite_url: str, quiet: Path) -> None:
    async with browsing.desk(browser, sqlite_url, quiet) as desk:
        maya, tom = await begun(desk)
        await say(maya, "/incident playbook memory-leak")
        title = "Memory leak"
        await expect(walk(maya, title)).to_contain_text("0 of")
        await picture(walk(maya, title), "memory-missing")
        await press(maya, title, "Fill in")
        await picture(maya.locator("dialog"), "fill")
        await maya.locator("dialog").get_by_label("pod", exact=False).first.fill("api-7f9c")
        await maya.locator("dialog").get_by_role("button", name="Save", exact=True).click()
        await expect(walk(tom, title)).to_contain_text("api-7f9c")
        await picture(walk(maya, title), "memory-filled")
        await press(tom, title, "Assign")
        await picture(tom.locator("dialog"), "assign")
        await tom.locator("dialog").get_by_role("button", name="Assign", exact=True).click()
        await expect(walk(maya, title)).to_contain_text("@tom")
        await desk.world.pass_time(minutes=20)
        await expect(walk(maya, title)).to_contain_text("2 replies")
        thread = desk.world.ws.bot_messages(CHANNEL)[-1]
        assert "how is" in thread.text
        await press(maya, title, "Done")
        await step(maya, title, 5, 1)
        await press(maya, title, "Ask for approval")
        await approve(tom)
        await press(maya, title, "Done")
        await step(maya, title, 5, 2)
        await expect(walk(maya, title).get_by_role("button", name="Roll back", exact=True)).to_have_count(0)
        await press(maya, title, "Ask for approval")
        await approve(tom)
        await press(maya, title, "Roll back")
        await picture(maya.locator("dialog"), "rollback")
        await maya.locator("dialog").get_by_role("button", name="Rolled back", exact=True).click()
        await expect(walk(tom, title)).to_contain_text("Rolled back by @maya")
        await picture(walk(maya, title), "memory-rolled-back")
        await press(tom, title, "Stop")
        await tom.locator("dialog").get_by_label("Why?").fill("It is not memory")
        await tom.locator("dialog").get_by_role("button", name="Stop", exact=True).click()
        await expect(walk(maya, title)).to_contain_text("Stopped by @tom")
        await picture(walk(maya, title), "memory-stopped")
        assert desk.complaints == []
