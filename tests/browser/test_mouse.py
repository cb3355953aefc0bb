"""A whole incident by mouse alone: keys are for the words in forms and in messages, never for commands."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("playwright")

from playwright.async_api import Locator, Page, expect

from tests.browser.browsing import Desk, choose, go

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHANNEL = "inc-1-checkout-is-down"
COUNT_KEYS = "window.keys = 0; addEventListener('keydown', () => { window.keys += 1 }, true)"


async def seated(desk: Desk, who: str, place: str = "general") -> Page:
    """Whoever presses a key is found out; words are put into fields without one."""
    page = await desk.sit(who, place)
    await page.evaluate(COUNT_KEYS)
    return page


def card(page: Page) -> Locator:
    return page.locator("#main .message.pinned")


def private(page: Page, words: str) -> Locator:
    return page.locator("#main .message.private", has_text=words).last


async def press(shown: Locator, button: str) -> None:
    await shown.get_by_role("button", name=button, exact=True).click()


async def submitted(page: Page, button: str, **words: str) -> None:
    """Fill in the words of the open form, by label, and send it."""
    form = page.locator("dialog.view")
    for label, text in words.items():
        await form.get_by_label(label.replace("_", " "), exact=False).first.fill(text)
    await form.get_by_role("button", name=button, exact=True).click()
    await expect(form).to_have_count(0)


async def menu(page: Page) -> Locator:
    """`/incident` chosen from the shortcuts and sent: what can be done now."""
    await page.locator("#main").get_by_label("Shortcuts").click()
    await page.get_by_role("menuitem", name="/incident").click()
    await page.locator("#main").get_by_role("button", name="Send").click()
    return private(page, "commander:")


async def test_an_incident_is_declared_led_and_resolved_by_mouse(desk: Desk) -> None:
    maya, tom = await seated(desk, "maya"), await seated(desk, "tom", "incidents")
    await maya.locator("#main").get_by_label("Shortcuts").click()
    await maya.get_by_role("menuitem", name="Declare incident").click()
    await choose(maya, "Severity", "sev2")
    await submitted(maya, "Declare", Title="Checkout is down")
    await maya.locator("#sidebar a", has_text="Tocsin").click()
    await maya.get_by_role("tab", name="Messages").click()
    told = maya.locator("#main .message", has_text="INC-1 is declared")
    await told.get_by_role("button", name=f"#{CHANNEL}").click()
    await expect(card(maya)).to_contain_text("Checkout is down")

    await press(tom.locator("#main .message", has_text="INC-1").first, "Join")
    await go(tom, CHANNEL)
    await press(card(tom), "Acknowledge")
    await press(private(tom, "Nobody leads"), "Lead")
    await expect(card(maya)).to_contain_text("by @tom")
    await expect(card(maya).get_by_role("button", name="Acknowledge")).to_have_count(0)

    await press(card(maya), "Assign roles")
    await choose(maya, "Communications lead", "Maya")
    await submitted(maya, "Assign")
    await expect(card(tom)).to_contain_text("Communications lead: @maya")
    await press(card(maya), "Change severity")
    await choose(maya, "Severity", "sev1")
    await submitted(maya, "Change", Reason="All of Europe")
    await expect(card(tom)).to_contain_text("sev1")
    await press(card(maya), "Update status")
    await choose(maya, "Status", "Mitigating")
    await submitted(maya, "Post update", What_changed="Rolling back deploy 4512")
    await expect(card(tom)).to_contain_text("Rolling back deploy 4512")

    await press(card(tom), "Playbooks")
    await private(tom, "Playbooks for INC-1").get_by_role("button", name="Open", exact=True).first.click()
    walk = maya.locator("#main .message").filter(has_text=re.compile("[▰▱]")).last
    await expect(walk.get_by_role("button", name="Done").first).to_be_visible()
    await walk.get_by_role("button", name="Done").first.click()
    await expect(walk).to_contain_text(re.compile(r"[▰▱]\s*1 of \d"))

    said = await desk.world.tom.say(CHANNEL, "Deploy 4512 went out at 02:47")
    line = maya.locator("#main .message", has_text=said.text)
    await line.hover()
    await line.get_by_label("Add reaction", exact=True).click()
    await maya.locator(".emoji-picker").get_by_role("button", name="pushpin", exact=True).click()
    await expect(line.locator(".reaction")).to_be_visible()
    await press(await menu(maya), "Timeline")
    await expect(private(maya, "Timeline of INC-1")).to_contain_text("Deploy 4512 went out")
    await press(await menu(maya), "Add a note")
    await submitted(maya, "Add", What_happened="The supplier was called")
    await press(await menu(maya), "Impact")
    await submitted(maya, "Save", Regions="eu-west-1")
    await expect(card(tom)).to_contain_text("eu-west-1")
    await press(await menu(tom), "Hand over")
    await choose(tom, "To whom?", "Maya")
    await submitted(tom, "Ask them")
    await maya.locator("#sidebar a", has_text="Tocsin").click()
    await maya.get_by_role("tab", name="Messages").click()
    await press(maya.locator("#main .message", has_text="take over").last, "Accept")
    await go(maya, CHANNEL)
    await expect(card(maya)).to_contain_text(re.compile("Incident commander.*@maya", re.DOTALL))
    await press(await menu(maya), "Catch up")
    await expect(private(maya, "Since you were last here")).to_be_visible()

    await press(card(maya), "Resolve")
    await submitted(maya, "Resolve", What_fixed_it="The deploy before it, too")
    await expect(card(tom)).to_contain_text("The deploy before it, too")
    await expect(card(tom).get_by_role("button", name="Close")).to_be_visible()
    assert [await page.evaluate("window.keys") for page in (maya, tom)] == [0, 0]


async def declared_at_home(page: Page) -> None:
    await page.locator("#sidebar a", has_text="Tocsin").click()
    await page.locator("#main .home").get_by_role("button", name="Declare incident").click()
    await choose(page, "Severity", "sev3")
    await submitted(page, "Declare", Title="Checkout is down")
    await go(page, CHANNEL)
    await expect(card(page)).to_be_visible()


async def test_an_incident_is_resolved_reopened_and_closed_by_mouse(desk: Desk) -> None:
    maya = await seated(desk, "maya")
    await declared_at_home(maya)
    await press(card(maya), "Resolve")
    await submitted(maya, "Resolve", What_fixed_it="Rolled back deploy 4512")
    await press(card(maya), "Reopen")
    await submitted(maya, "Reopen", Reason="Errors are back")
    await press(card(maya), "Resolve")
    await submitted(maya, "Resolve", What_fixed_it="The one before, too")
    await press(card(maya), "Close")
    await expect(card(maya)).to_contain_text("Closed")
    assert await maya.evaluate("window.keys") == 0


async def test_a_false_alarm_is_ended_by_mouse(desk: Desk) -> None:
    maya = await seated(desk, "maya")
    await declared_at_home(maya)
    await press(await menu(maya), "False alarm")
    await submitted(maya, "End it", What_was_it="The probe was misconfigured")
    await expect(card(maya)).to_contain_text("Cancelled")
    await expect(card(maya).get_by_role("button", name="Reopen")).to_be_visible()
    assert await maya.evaluate("window.keys") == 0
