"""Whole incidents by mouse alone; text is filled into fields without pressing a key."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("playwright")

from playwright.async_api import Locator, Page, expect

from tests.browser.web_ui import WebUI, choose, go

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHANNEL = "inc-1-checkout-is-down"
COUNT_KEYS = "window.keys = 0; addEventListener('keydown', () => { window.keys += 1 }, true)"


async def open_counting_keys(ui: WebUI, who: str, channel: str = "general") -> Page:
    """Open a tab that counts the keys pressed in it."""
    tab = await ui.open(who, channel)
    await tab.evaluate(COUNT_KEYS)
    return tab


def card(tab: Page) -> Locator:
    return tab.locator("#main .message.pinned")


def private(tab: Page, text: str) -> Locator:
    return tab.locator("#main .message.private", has_text=text).last


async def press(shown: Locator, button: str) -> None:
    await shown.get_by_role("button", name=button, exact=True).click()


async def submit(tab: Page, button: str, **texts: str) -> None:
    """Fill in the open form by label and submit it."""
    form = tab.locator("dialog.view")
    for label, text in texts.items():
        await form.get_by_label(label.replace("_", " "), exact=False).first.fill(text)
    await form.get_by_role("button", name=button, exact=True).click()
    await expect(form).to_have_count(0)


async def menu(tab: Page) -> Locator:
    """Send `/incident` from the shortcuts menu and return the bot's menu of actions."""
    await tab.locator("#main").get_by_label("Shortcuts").click()
    await tab.get_by_role("menuitem", name="/incident").click()
    await tab.locator("#main").get_by_role("button", name="Send").click()
    return private(tab, "commander:")


async def test_an_incident_can_be_declared_led_and_resolved_by_mouse(  # noqa: PLR0915 - one click after the other
    ui: WebUI,
) -> None:
    maya, tom = await open_counting_keys(ui, "maya"), await open_counting_keys(ui, "tom", "incidents")
    await maya.locator("#main").get_by_label("Shortcuts").click()
    await maya.get_by_role("menuitem", name="Declare incident").click()
    await choose(maya, "Severity", "sev2")
    await submit(maya, "Declare", Title="Checkout is down")
    await maya.locator("#sidebar a", has_text="Tocsin").click()
    await maya.get_by_role("tab", name="Messages").click()
    announcement = maya.locator("#main .message", has_text="INC-1 is declared")
    await announcement.get_by_role("button", name=f"#{CHANNEL}").click()
    await expect(card(maya)).to_contain_text("Checkout is down")

    await press(tom.locator("#main .message", has_text="INC-1").first, "Join")
    await go(tom, CHANNEL)
    await press(card(tom), "Acknowledge")
    await press(private(tom, "Nobody leads"), "Lead")
    await expect(card(maya)).to_contain_text("by @tom")
    await expect(card(maya).get_by_role("button", name="Acknowledge")).to_have_count(0)

    await press(card(maya), "Assign roles")
    await choose(maya, "Communications lead", "Maya")
    await submit(maya, "Assign")
    await expect(card(tom)).to_contain_text("Communications lead: @maya")
    await press(card(maya), "Change severity")
    await choose(maya, "Severity", "sev1")
    await submit(maya, "Change", Reason="All of Europe")
    await expect(card(tom)).to_contain_text("sev1")
    await press(card(maya), "Update status")
    await choose(maya, "Status", "Mitigating")
    await submit(maya, "Post update", What_changed="Rolling back deploy 4512")
    await expect(card(tom)).to_contain_text("Rolling back deploy 4512")

    await press(card(tom), "Playbooks")
    await private(tom, "Playbooks for INC-1").get_by_role("button", name="Open", exact=True).first.click()
    playbook_run = maya.locator("#main .message").filter(has_text=re.compile("[▰▱]")).last
    await expect(playbook_run.get_by_role("button", name="Done").first).to_be_visible()
    await playbook_run.get_by_role("button", name="Done").first.click()
    await expect(playbook_run).to_contain_text(re.compile(r"[▰▱]\s*1 of \d"))

    message = await ui.world.tom.say(CHANNEL, "Deploy 4512 went out at 02:47")
    line = maya.locator("#main .message", has_text=message.text)
    await line.hover()
    await line.get_by_label("Add reaction", exact=True).click()
    await maya.locator(".emoji-picker").get_by_role("button", name="pushpin", exact=True).click()
    await expect(line.locator(".reaction")).to_be_visible()
    await press(await menu(maya), "Timeline")
    await expect(private(maya, "Timeline of INC-1")).to_contain_text("Deploy 4512 went out")
    await press(await menu(maya), "Add a note")
    await submit(maya, "Add", What_happened="The supplier was called")
    await press(await menu(maya), "Impact")
    await submit(maya, "Save", Regions="eu-west-1")
    await expect(card(tom)).to_contain_text("eu-west-1")
    await press(await menu(tom), "Hand over")
    await choose(tom, "To whom?", "Maya")
    await submit(tom, "Ask them")
    await maya.locator("#sidebar a", has_text="Tocsin").click()
    await maya.get_by_role("tab", name="Messages").click()
    await press(maya.locator("#main .message", has_text="take over").last, "Accept")
    await go(maya, CHANNEL)
    await expect(card(maya)).to_contain_text(re.compile("Incident commander.*@maya", re.DOTALL))
    await press(await menu(maya), "Catch up")
    await expect(private(maya, "Since you were last here")).to_be_visible()

    await press(card(maya), "Resolve")
    await submit(maya, "Resolve", What_fixed_it="The deploy before it, too")
    await expect(card(tom)).to_contain_text("The deploy before it, too")
    await expect(card(tom).get_by_role("button", name="Close")).to_be_visible()
    assert [await tab.evaluate("window.keys") for tab in (maya, tom)] == [0, 0]


async def declare_in_the_home_tab(tab: Page) -> None:
    await tab.locator("#sidebar a", has_text="Tocsin").click()
    await tab.locator("#main .home").get_by_role("button", name="Declare incident").click()
    await choose(tab, "Severity", "sev3")
    await submit(tab, "Declare", Title="Checkout is down")
    await go(tab, CHANNEL)
    await expect(card(tab)).to_be_visible()


async def test_an_incident_can_be_resolved_reopened_and_closed_by_mouse(ui: WebUI) -> None:
    maya = await open_counting_keys(ui, "maya")
    await declare_in_the_home_tab(maya)
    await press(card(maya), "Resolve")
    await submit(maya, "Resolve", What_fixed_it="Rolled back deploy 4512")
    await press(card(maya), "Reopen")
    await submit(maya, "Reopen", Reason="Errors are back")
    await press(card(maya), "Resolve")
    await submit(maya, "Resolve", What_fixed_it="The one before, too")
    await press(card(maya), "Close")
    await expect(card(maya)).to_contain_text("Closed")
    assert await maya.evaluate("window.keys") == 0


async def test_a_false_alarm_can_be_ended_by_mouse(ui: WebUI) -> None:
    maya = await open_counting_keys(ui, "maya")
    await declare_in_the_home_tab(maya)
    await press(await menu(maya), "False alarm")
    await submit(maya, "End it", What_was_it="The probe was misconfigured")
    await expect(card(maya)).to_contain_text("Cancelled")
    await expect(card(maya).get_by_role("button", name="Reopen")).to_be_visible()
    assert await maya.evaluate("window.keys") == 0
