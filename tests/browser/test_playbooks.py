"""Three playbooks run to their end by two people. With TOCSIN_PICTURES set, screenshots are written to that folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from playwright.async_api import Browser, Locator, Page, expect

from tests.browser import web_ui
from tests.browser.web_ui import NARROW, WIDE, WebUI, go, say
from tests.scenarios.playbook_runs import VALUES

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
def quiet_policy(tmp_path: Path) -> Path:
    policy = tmp_path / "policy.yml"
    policy.write_text(POLICY)
    return policy


async def picture(shown: Locator, name: str) -> None:
    """Take a screenshot at both widths."""
    if not PICTURES:
        return
    tab = shown.page
    for size, width in ((WIDE, "wide"), (NARROW, "narrow")):
        await tab.set_viewport_size(size)
        await tab.mouse.move(0, 0)
        if size is NARROW:
            await expect(tab.locator("#sidebar")).to_be_hidden()  # it slides out
        await shown.scroll_into_view_if_needed()
        await shown.screenshot(path=f"{PICTURES}/{name}-{width}.png")
    await tab.set_viewport_size(WIDE)


async def declare_for_two(ui: WebUI) -> tuple[Page, Page]:
    maya, tom = await ui.open("maya"), await ui.open("tom")
    await say(maya, "/incident declare sev2 Checkout is down")
    await go(maya, CHANNEL)
    await expect(maya.locator("#main .message.pinned")).to_be_visible()
    await ui.world.maya.invite(CHANNEL, "tom")
    await go(tom, CHANNEL)
    return maya, tom


def playbook_run(tab: Page, title: str) -> Locator:
    return tab.locator("#main .message", has_text=title).filter(has_text=re.compile("[▰▱]")).last


async def expect_progress(tab: Page, title: str, of: int, count: int) -> None:
    await expect(playbook_run(tab, title)).to_contain_text(f"{count} of {of}")


async def press(tab: Page, title: str, button: str, nth: int = 0) -> None:
    await playbook_run(tab, title).get_by_role("button", name=button, exact=True).nth(nth).click()


async def fill_in(tab: Page, values: dict[str, str]) -> None:
    """Fill in the form that opening a playbook shows, and save it."""
    form = tab.locator("dialog")
    for name, value in values.items():
        await form.get_by_label(re.compile(f"^{name}:")).fill(value)
    await form.get_by_role("button", name="Save", exact=True).click()
    await expect(form).to_have_count(0)


def approval_request(tab: Page) -> Locator:
    """The newest request for approval."""
    return tab.locator("#main .message", has_text="asks for approval to do").last


async def approve(tab: Page) -> None:
    await approval_request(tab).get_by_role("button", name="Approve").click()


async def test_two_people_complete_a_checklist(browser: Browser, sqlite_url: str, quiet_policy: Path) -> None:
    async with web_ui.running(browser, sqlite_url, quiet_policy) as ui:
        maya, tom = await declare_for_two(ui)
        await picture(maya.locator("#main .message.pinned"), "card")
        await say(maya, "/incident playbook")
        await expect(maya.locator(".message.private", has_text="Playbooks for INC-1")).to_be_visible()
        await picture(maya.locator(".message.private", has_text="Playbooks for INC-1"), "suggested")
        await say(maya, "/incident playbook first-five-minutes")
        title = "First five minutes"
        await expect_progress(maya, title, 12, 0)
        await picture(playbook_run(maya, title), "checklist")
        for count in range(12):
            tab = (maya, tom)[count % 2]
            await expect_progress(tab, title, 12, count)
            if count == 3:
                await press(tab, title, "Skip")
                await tab.locator("dialog").get_by_label("Why?").fill("Nothing was deployed today")
                await picture(tab.locator("dialog"), "skip")
                await tab.locator("dialog").get_by_role("button", name="Skip", exact=True).click()
                continue
            if count == 8:
                await picture(playbook_run(tab, title), "checklist-later")
            await press(tab, title, "Done")
        await expect(playbook_run(tom, title)).to_contain_text("Finished by @tom")
        await picture(playbook_run(tom, title), "checklist-finished")
        await press(tom, title, "It helped")
        await expect(playbook_run(maya, title)).to_contain_text("It helped.")
        await press(maya, title, "All steps")
        listed = maya.locator(".message.private", has_text="Nothing was deployed today")
        await expect(listed).to_be_visible()
        await picture(listed, "all-steps")
        assert ui.console_errors == []


async def test_a_dangerous_step_can_be_refused_approved_or_forced_by_breaking_the_glass(
    browser: Browser, sqlite_url: str, quiet_policy: Path
) -> None:
    async with web_ui.running(browser, sqlite_url, quiet_policy) as ui:
        maya, tom = await declare_for_two(ui)
        await say(tom, "/incident lead @tom")
        await say(maya, "/incident playbook database-failover")
        title, of = "Database failover", 6
        await fill_in(maya, VALUES)
        await expect_progress(maya, title, of, 0)
        await picture(playbook_run(maya, title), "failover-parallel")
        await press(maya, title, "Done", 1)
        await expect_progress(tom, title, of, 1)
        await press(tom, title, "Done")
        await expect_progress(maya, title, of, 2)
        await picture(playbook_run(maya, title), "failover-needs-approval")
        await press(maya, title, "Ask for approval")
        request = approval_request(tom)
        await expect(request).to_be_visible()
        await picture(request, "approval")
        await picture(playbook_run(maya, title), "failover-waiting")
        await request.get_by_role("button", name="Refuse").click()
        await tom.locator("dialog").get_by_label("Why?").fill("The replica is 40 s behind, wait")
        await tom.locator("dialog").get_by_role("button", name="Refuse", exact=True).click()
        await expect(playbook_run(maya, title)).to_contain_text("refused by @tom")
        await picture(playbook_run(maya, title), "failover-refused")
        await press(maya, title, "Ask for approval")
        await approve(tom)
        await expect(playbook_run(maya, title)).to_contain_text("Approved by @tom")
        await picture(playbook_run(maya, title), "failover-approved")
        await press(maya, title, "Done")
        await expect_progress(maya, title, of, 3)
        await press(maya, title, "Ask for approval")
        request = approval_request(maya)
        await request.get_by_role("button", name="Break glass").click()
        await picture(maya.locator("dialog"), "glass")
        await maya.locator("dialog").get_by_label("Why can it not wait?").fill("Nobody else is awake")
        await maya.locator("dialog").get_by_role("button", name="Break glass", exact=True).click()
        loud = tom.locator("#main .message", has_text="broke the glass").last
        await expect(loud).to_be_visible()
        await picture(loud, "glass-broken")
        await press(maya, title, "Done")
        await expect_progress(maya, title, of, 4)
        await press(maya, title, "Ask for approval")
        await approve(tom)
        await press(maya, title, "Done")
        await expect_progress(maya, title, of, 5)
        await expect(playbook_run(tom, title).get_by_role("button", name="Roll back", exact=True)).to_have_count(0)
        await press(tom, title, "Done")
        await expect(playbook_run(maya, title)).to_contain_text("Finished by @tom")
        await picture(playbook_run(maya, title), "failover-finished")
        assert ui.console_errors == []


async def test_values_are_filled_in_a_step_times_out_is_rolled_back_and_the_run_stops(
    browser: Browser, sqlite_url: str, quiet_policy: Path
) -> None:
    async with web_ui.running(browser, sqlite_url, quiet_policy) as ui:
        maya, tom = await declare_for_two(ui)
        await say(maya, "/incident playbook memory-leak")
        title = "Memory leak"
        await expect(playbook_run(maya, title)).to_contain_text("0 of")
        await picture(playbook_run(maya, title), "memory-missing")
        await picture(maya.locator("dialog"), "fill")
        await fill_in(maya, {"pod": "api-7f9c", "namespace": "shop", "service": "api"})
        await expect(playbook_run(tom, title)).to_contain_text("api-7f9c")
        await picture(playbook_run(maya, title), "memory-filled")
        await press(tom, title, "Assign")
        await picture(tom.locator("dialog"), "assign")
        await tom.locator("dialog").get_by_role("button", name="Assign", exact=True).click()
        await expect(playbook_run(maya, title)).to_contain_text("@tom")
        await ui.world.pass_time(minutes=20)
        await expect(playbook_run(maya, title)).to_contain_text("1 reply")
        thread = ui.world.ws.bot_messages(CHANNEL)[-1]
        assert "how is" in thread.text
        await press(maya, title, "Done")
        await expect_progress(maya, title, 5, 1)
        await press(maya, title, "Ask for approval")
        await approve(tom)
        await press(maya, title, "Done")
        await expect_progress(maya, title, 5, 2)
        undo = playbook_run(maya, title).get_by_role("button", name="Roll back", exact=False)
        await expect(undo).to_have_text(
            ["Roll back step 2.1"]
        )  # what was done last, and not the step that is to be done
        await press(maya, title, "Roll back step 2.1")
        await picture(maya.locator("dialog"), "rollback")
        await maya.locator("dialog").get_by_role("button", name="Rolled back", exact=True).click()
        await expect(playbook_run(tom, title)).to_contain_text("Rolled back by @maya")
        await picture(playbook_run(maya, title), "memory-rolled-back")
        await press(tom, title, "Stop")
        await tom.locator("dialog").get_by_label("Why?").fill("It is not memory")
        await tom.locator("dialog").get_by_role("button", name="Stop", exact=True).click()
        await expect(playbook_run(maya, title)).to_contain_text("Stopped by @tom")
        await picture(playbook_run(maya, title), "memory-stopped")
        assert ui.console_errors == []
