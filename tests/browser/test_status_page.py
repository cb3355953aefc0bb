"""Axe finds nothing at all on the pages of the status page: on a phone and a wide screen, in both themes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest

pytest.importorskip("playwright")
pytest.importorskip("axe_playwright_python")

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize

from bot.domain.statuspage.component_state import ComponentState as S
from bot.domain.statuspage.maintenance import NewMaintenance
from bot.domain.statuspage.publication import NewPublication, PublicChange, PublicStatus
from bot.domain.statuspage.subscriber import Purpose, token
from bot.domain.timeline.entry import BOT
from bot.usecases.status_page.address import signing_secret
from bot.usecases.status_page.maintain import schedule
from bot.usecases.status_page.publish import post, publish
from tests.integrations.mail import post_office
from tests.scenarios.running import World, policy_file, running_world

pytestmark = pytest.mark.asyncio(loop_scope="session")

POLICY = "preset: sev1-5\nstatus_page: {name: Example AI, preset: llm-platform, support: help@example.com}\n"
PHONE: ViewportSize = {"width": 360, "height": 740}
WIDE: ViewportSize = {"width": 1440, "height": 900}
LOOKS: tuple[tuple[Literal["light", "dark"], ViewportSize, ViewportSize], ...] = (
    ("light", PHONE, WIDE),
    ("dark", WIDE, PHONE),
)  # a theme, the size in which every page is seen in it, and the size in which the first page is, too


async def violations(tab: Page) -> list[str]:
    """What axe finds, whatever its weight."""
    results = await Axe().run(tab)
    return [
        f"{violation['id']}: {node['target']} {node.get('failureSummary', '')}"
        for violation in results.response["violations"]
        for node in violation["nodes"]
    ]


async def paths(world: World) -> list[str]:
    """Something of every kind on the page, and the path of every kind of page."""
    context = world.tocsin.context
    now = context.clock.now()
    down = {"api": S.PARTIAL_OUTAGE, "webhooks": S.MAJOR_OUTAGE, "embeddings": S.DEGRADED_PERFORMANCE}
    made = await publish(context, None, NewPublication("Requests fail", "We look.\n\nMore soon.", down), BOT)
    past = NewPublication(
        "It was slow", "It was.", {"api": S.MAJOR_OUTAGE}, started_at=now - timedelta(days=3),
        ended_at=now - timedelta(days=3, hours=-2),
    )  # fmt: skip
    await publish(context, None, past, BOT)
    await post(context, made.id, PublicChange("We know why.", PublicStatus.IDENTIFIED), BOT)
    planned = NewMaintenance(
        "Database move", "Requests may fail.", ["dashboard"], now + timedelta(hours=2), now + timedelta(hours=3)
    )
    await schedule(context, planned, BOT)
    async with context.database.reading() as conn:
        secret = await signing_secret(conn)
    leave = f"/status/unsubscribe/{token(secret, Purpose.UNSUBSCRIBE, 'somebody')}"
    return ["/status", f"/status/incidents/{made.id}", "/status/history", "/status/subscribe", leave]


async def test_axe_finds_nothing_on_the_status_page_at_360_and_1440_pixels_in_both_themes(
    browser: Browser, sqlite_url: str, tmp_path: Path
) -> None:
    async with post_office() as mail, running_world(
        sqlite_url, policy=policy_file(tmp_path, POLICY), smtp_url=f"smtp://127.0.0.1:{mail.port}",
        mail_from="Example <status@example.org>", tocsin_url="https://tocsin.example.com",
    ) as world:  # fmt: skip
        looked_at = await paths(world)
        found: list[str] = []
        for scheme, size, other in LOOKS:
            opened = await browser.new_context(color_scheme=scheme)
            tab = await opened.new_page()
            for path in looked_at:
                answer = await tab.goto(f"http://127.0.0.1:{world.tocsin.port}{path}")
                assert answer is not None
                assert answer.status == 200, path
                for seen in (size, other) if path == "/status" else (size,):
                    await tab.set_viewport_size(seen)
                    where = f"{path} {scheme} {seen['width']}"
                    found += [f"{where}: {each}" for each in await violations(tab)]
                    wide = await tab.evaluate("document.documentElement.scrollWidth - window.innerWidth")
                    found += [f"{where}: {wide} px beyond the screen"] if wide > 0 else []
            await opened.close()
        assert found == []
