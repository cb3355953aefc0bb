"""An internal status page is open to members who have signed in to the console, and to nobody else without its link."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import sandbox
from bot.domain.statuspage.publication import NewPublication
from bot.domain.timeline.entry import BOT
from bot.usecases.status_page.publish import publish
from sandbox.server import Server
from sandbox.workspace import Workspace
from tests.api.calls import MAYA
from tests.scenarios.running import MANIFEST, World, policy_file, settings_for, start
from tests.web.console.browser import browser
from tests.web.console.test_slack_sign_in import BACK, PUBLIC, Scene, authorized, come_back, to_slack

POLICY = """
preset: sev1-5
status_page: {name: Example AI, preset: llm-platform, visibility: internal, subscribe: [email]}
"""


@pytest.fixture
async def scene(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    settings = sandbox.Settings(manifest=MANIFEST, redirect_urls=(BACK,))
    server = Server(Workspace(settings))
    await server.start()
    wanted = settings_for(
        server.ws, sqlite_url, tocsin_url=PUBLIC, slack_client_id=settings.client_id,
        slack_client_secret=settings.client_secret, tocsin_policy=str(policy_file(tmp_path, POLICY)),
    )  # fmt: skip
    world = World(server.ws, await start(server.ws, wanted), wanted)
    yield Scene(world, server.openid)
    await world.tocsin.stop()
    await server.stop()


async def test_who_asks_for_an_internal_page_signs_in_with_slack_and_comes_back_to_it(scene: Scene) -> None:
    made = await publish(scene.world.tocsin.context, None, NewPublication("Slow", "We look into it."), BOT)
    path = f"/status/incidents/{made.id}"
    async with browser(scene.world, None) as maya:
        sent = await maya.get(path)
        assert (sent.status, sent.headers["Location"]) == (303, f"/login?next={path}")
        assert "Set-Cookie" not in sent.headers
        for data in ("/status/feed.atom", "/status/api/v2/summary.json", "/api/v2/summary.json", "/status/badge.svg"):
            assert (await maya.get(data)).status == 404
        assert f"/login/slack?next={path}" in (await maya.get(sent.headers["Location"])).text
        back = await authorized(maya, scene, await to_slack(maya, f"/login/slack?next={path}"))
        assert (await come_back(maya, back)).headers["Location"] == path
        had = maya.cookies()
        page = await maya.get(path)
        assert "We look into it." in page.text
        for each in (path, "/status", "/status/history", "/status/subscribe", "/status/feed.atom"):
            page = await maya.get(each)
            assert page.status == 200, each
            assert "access=" not in page.text  # the link that opens the page to anybody
            assert "Set-Cookie" not in page.headers
        assert maya.cookies() == had
        await maya.act("/logout", {})
        assert (await maya.get("/status")).status == 303


async def test_guests_and_closed_accounts_do_not_see_an_internal_page(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with browser(scene.world, scene.world.ws.user("gail").id) as guest:
        assert (await guest.get("/status")).status == 403
        assert (await guest.get("/status/feed.atom")).status == 403
    async with browser(scene.world) as maya:
        assert (await maya.get("/status")).status == 200
        monkeypatch.setattr("bot.slack.directory.identities.FRESH_S", 0.0)
        scene.world.ws.change_user("maya", deleted=True)
        assert (await maya.get("/status")).status == 403


async def test_a_session_that_another_gave_to_the_browser_does_not_become_that_of_who_signs_in(scene: Scene) -> None:
    async with browser(scene.world) as attacker, browser(scene.world, None) as victim:
        planted = attacker.cookies()
        victim.put_cookies(planted)
        assert (await victim.get("/status")).status == 200  # still the attacker's session
        back = await authorized(victim, scene, await to_slack(victim, "/login/slack?next=/status"), MAYA)
        assert (await come_back(victim, back)).status == 303
        assert victim.cookies()["tocsin_session"] != planted["tocsin_session"]
        assert (await attacker.get("/status")).status == 303, "the session that was planted has ended"


async def test_sign_in_leads_to_no_other_site(scene: Scene) -> None:
    async with browser(scene.world, None) as maya:
        for path in ("//evil.example/status", "/%5Cevil.example", "https://evil.example/status"):
            back = await authorized(maya, scene, await to_slack(maya, f"/login/slack?next={path}"))
            assert (await come_back(maya, back)).headers["Location"] == "/"
