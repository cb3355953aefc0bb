"""The workspace signs its own user in to the app's console."""

from __future__ import annotations

import aiohttp

from sandbox.server import Server
from sandbox.settings import Settings
from sandbox.workspace import Workspace

BACK = "http://127.0.0.1:9/login/slack/callback"


async def test_a_link_of_the_workspace_makes_the_browser_that_of_a_person_and_leads_to_the_app_alone() -> None:
    server = Server(Workspace(Settings(redirect_urls=(BACK,))))
    url = await server.start()
    query = {
        "client_id": server.ws.settings.client_id, "response_type": "code", "scope": "openid", "state": "s",
        "redirect_uri": BACK,
    }  # fmt: skip
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        async with session.get(f"{url}/openid/connect/authorize", params=query) as asked:
            assert "Maya" in await asked.text(), "a stranger's browser is asked who it is"
        for then, status in (("http://evil.example.com/", 404), ("http://127.0.0.1:9/login/slack", 303)):
            address = f"{url}/openid/as/U0MAYA0000"
            async with session.get(address, params={"then": then}, allow_redirects=False) as answer:
                assert answer.status == status, then
        async with session.get(f"{url}/openid/connect/authorize", params=query, allow_redirects=False) as answer:
            assert answer.headers["Location"].startswith(f"{BACK}?code=")
    await server.stop()
