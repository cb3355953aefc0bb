"""The console in a real browser: axe finds nothing, the keyboard alone is enough, no script is needed."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Literal

import pytest

pytest.importorskip("playwright")
pytest.importorskip("axe_playwright_python")

from playwright.async_api import Browser, BrowserContext, Page, ViewportSize

from tests.api.calls import MAYA, TOM, program, token_for
from tests.browser.test_status_page import violations
from tests.scenarios.running import World, policy_file, running_world
from tests.waiting import WITHIN_S

pytestmark = pytest.mark.asyncio(loop_scope="session")

POLICY = """
preset: sev1-5
announce: "#incidents"
contacts: {maya: {name: Maya Chen, slack: U0MAYA0000}, tom: {name: Tom Weber, slack: U0TOM00000}}
schedules:
  primary: {members: [maya, tom], start: 2026-01-05, rotation: daily}
  office: {members: [maya], start: 2026-01-05, hours: "09:00-17:00 mon-fri"}
fields: {ticket: {label: Ticket, kind: text}}
services: {api: {name: API}, checkout: {name: Checkout}}
rules: {preset: llm-platform}
status_page: {name: Example AI, preset: llm-platform, support: help@example.com}
"""
PHONE: ViewportSize = {"width": 360, "height": 740}
TABLET: ViewportSize = {"width": 768, "height": 1024}
WIDE: ViewportSize = {"width": 1440, "height": 900}
SIDEWAYS = """[...document.querySelectorAll(".scroll")].filter((part) => part.scrollWidth > part.clientWidth)
    .map((part) => part.ariaLabel)"""
LOOKS: tuple[tuple[Literal["light", "dark"], ViewportSize], ...] = (("light", PHONE), ("dark", WIDE))
ALWAYS = ("/", "/incidents", "/incidents/INC-1", "/figures/load")
PATHS = (
    "/", "/drill", "/incidents", "/incidents/INC-1", "/incidents/INC-1/playbooks/1",
    "/incidents/INC-1/tell?audience=internal", "/alerts", "/alerts/rules", "/alerts/noise", "/oncall",
    "/playbooks", "/playbooks/database-outage", "/statuspage", "/reviews", "/incidents/INC-2/review",
    "/incidents/INC-2/review/lessons", "/figures", "/figures/load", "/audit", "/setup", "/setup/policy",
    "/statuspage/subscribers", "/alerts/rules/ServiceDown",
)  # fmt: skip


async def signed_in(opened: BrowserContext, world: World, person: str = MAYA, scopes: str = "admin") -> Page:
    """A tab of this person, signed in by typing a token."""
    tab = await opened.new_page()
    await tab.goto(f"http://127.0.0.1:{world.tocsin.port}/")
    _, secret = await token_for(world, person, scopes)
    await tab.get_by_label("Your token").fill(secret)
    await tab.get_by_role("button", name="Sign in").click()
    await tab.wait_for_url("**/")
    return tab


async def unfold(tab: Page, title: str) -> None:
    """Open a form that is folded."""
    await tab.locator("summary", has_text=title).click()


async def furnished(tab: Page) -> None:
    """Declare two incidents by the page's own forms, and do something with the first."""
    for title, severity in (("Checkout is down for everybody in the EU", "sev1"), ("Search is slow", "sev3")):
        await tab.goto(tab.url.split("/incidents")[0])
        await unfold(tab, "Declare an incident")
        await tab.get_by_label("Title").fill(title)
        await tab.get_by_label("Severity").select_option(severity)
        await tab.get_by_role("button", name="Declare", exact=True).click()
        await tab.wait_for_url("**/incidents/INC-*")
    await tab.locator("summary", has_text=re.compile("^Resolve$")).click()
    await tab.get_by_role("button", name="Resolve", exact=True).click()
    await tab.wait_for_url("**done=Resolve*")
    await tab.goto(tab.url.partition("?")[0] + "/review")
    if await tab.get_by_role("button", name="Open the review").count():
        await tab.get_by_role("button", name="Open the review").click()
    await tab.goto(tab.url + "/lessons")
    await tab.get_by_label("Markdown").fill("Roll out **slowly**")
    await tab.get_by_role("button", name="Save").click()
    await tab.get_by_text("Roll out slowly").wait_for()
    await tab.goto(tab.url.partition("/incidents")[0] + "/incidents/INC-1")
    await tab.get_by_role("button", name="Acknowledge").click()
    await unfold(tab, "Post an update")
    await tab.get_by_label("What changed?").fill(
        "Rolled back deploy 4512.\nThe error rate falls: https://example.com/g"
    )
    await tab.get_by_role("button", name="Post an update").click()
    await unfold(tab, "Open a playbook")
    await tab.get_by_label("Playbook", exact=True).select_option("database-outage")
    await tab.get_by_role("button", name="Open a playbook").click()
    await tab.wait_for_url("**/playbooks/1")


async def test_axe_finds_nothing_on_the_console_on_a_phone_and_a_wide_screen_in_both_themes(
    browser: Browser, sqlite_url: str, tmp_path: Path
) -> None:
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as world:
        found: list[str] = []
        for number, (scheme, size) in enumerate(LOOKS):
            opened = await browser.new_context(color_scheme=scheme, viewport=size)
            tab = await signed_in(opened, world, MAYA if scheme == "light" else TOM)
            if scheme == "light":
                await furnished(tab)
                async with program(world, person=TOM) as tom:
                    await tom.post("/incidents", {"title": "word" * 75})
            for path in dict.fromkeys((*ALWAYS, *PATHS[number::2])):  # each page in one look, some in both
                answer = await tab.goto(f"http://127.0.0.1:{world.tocsin.port}{path}")
                assert answer is not None
                assert answer.status == 200, path
                where = f"{path} {scheme} {size['width']}"
                found += [f"{where}: {each}" for each in await violations(tab)]
                wide = await tab.evaluate("document.documentElement.scrollWidth - window.innerWidth")
                found += [f"{where}: {wide} px beyond the screen"] if wide > 0 else []
                found += [f"{where}: {label} has to be pushed sideways" for label in await tab.evaluate(SIDEWAYS)]
            await opened.close()
        assert found == []


async def test_the_keyboard_alone_runs_an_incident_and_a_page_keeps_itself_up_to_date(
    browser: Browser, sqlite_url: str, tmp_path: Path
) -> None:
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as world:
        opened = await browser.new_context(viewport=WIDE)
        tab = await signed_in(opened, world)
        await tab.keyboard.press("Tab")
        await tab.keyboard.press("Enter")
        assert await tab.evaluate("document.activeElement.id") == "main", "the first stop skips the pages"
        await tab.locator("summary", has_text="Declare an incident").focus()
        await tab.keyboard.press("Enter")
        await tab.keyboard.press("Tab")
        await tab.keyboard.type("Checkout is down")
        await tab.keyboard.press("Enter")
        await tab.wait_for_url("**/incidents/INC-1*")
        async with program(world, person=TOM) as tom:
            await tom.post("/incidents/INC-1/note", {"text": "Written elsewhere"})
        await tab.get_by_text("Written elsewhere").wait_for()
        await opened.close()
        plain = await browser.new_context(java_script_enabled=False, viewport=PHONE)
        await furnished(await signed_in(plain, world, TOM))
        await plain.close()


async def test_a_long_timeline_scrolls_to_its_first_entry_and_keeps_up_with_new_ones(
    browser: Browser, sqlite_url: str
) -> None:
    async with running_world(sqlite_url) as world, program(world) as maya:
        await maya.post("/incidents", {"title": "Checkout is down"})
        await world.incident_channel(1)
        await world.delivered()
        for number in range(70):
            await maya.post("/incidents/INC-1/note", {"text": f"Finding {number}"})
        for size in (WIDE, PHONE):
            opened = await browser.new_context(viewport=size)
            tab = await signed_in(opened, world, scopes="read" if size is WIDE else "admin")
            await tab.goto(f"http://127.0.0.1:{world.tocsin.port}/incidents/INC-1?show=messages")
            shown = tab.locator(".timeline > li")
            assert await shown.count() == 30
            link = tab.get_by_role("link", name="Earlier entries")
            await maya.post("/incidents/INC-1/note", {"text": f"Found at {size['width']}"})
            await tab.get_by_text(f"Found at {size['width']}").wait_for()
            while await link.count():
                before = await shown.count()
                await (tab.evaluate("scrollTo(0, document.body.scrollHeight)") if size is WIDE else link.click())
                async with asyncio.timeout(WITHIN_S):
                    while await shown.count() == before and await link.count():
                        await asyncio.sleep(0.05)
                await maya.post("/incidents/INC-1/note", {"text": f"Found after {before} at {size['width']}"})
                await tab.get_by_text(f"Found after {before} at {size['width']}").wait_for()
            numbers = [int(await each.get_attribute("data-seq") or 0) for each in await shown.all()]
            assert numbers == sorted(numbers, reverse=True)
            texts = await shown.all_inner_texts()
            assert sum("Finding" in text for text in texts) == 70, "none is missing between the parts"
            await opened.close()
