"""What the console's pages show, and what their forms do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.calls import MAYA, TOM
from tests.scenarios.running import World, world
from tests.web.console.browser import browser


@pytest.fixture
async def here(sqlite_url: str) -> Any:
    async with world(sqlite_url) as running:
        yield running


async def test_an_incident_is_declared_and_a_note_is_written_in_the_browser(here: World) -> None:
    async with browser(here) as maya:
        declared = await maya.send(await maya.get("/"), "/declare", title="Checkout is <b>down</b>", severity="sev2")
        assert (declared.status, declared.headers["Location"]) == (303, "/incidents/INC-1?done=declared")
        page = await maya.get("/incidents/INC-1")
        assert "Checkout is &lt;b&gt;down&lt;/b&gt;" in page.text
        refused = await maya.send(page, "/incidents/INC-1/note", text="  ")
        assert refused.status == 422
        assert "Fill in “Note”." in refused.text
        assert (await maya.send(page, "/incidents/INC-1/note", text="Deploy 4512")).status == 303
        again = await maya.send(page, "/incidents/INC-1/note", text="Deploy 4512")
        assert again.status == 303, "the same form, pressed twice"
        assert "Deploy 4512" in (await maya.get("/incidents/INC-1?show=key")).text
    entries = [each for each in (await here.show())["timeline"] if each["kind"] == "note"]
    assert [(each["text"], each["actor"], each["source"]) for each in entries] == [("Deploy 4512", MAYA, "console")]


async def test_a_private_incident_is_the_same_as_none(here: World) -> None:
    async with browser(here) as maya, browser(here, TOM) as tom:
        await maya.send(await maya.get("/"), "/declare", title="Breach", severity="sev1", private="yes")
        page = await maya.get("/incidents/INC-1")
        assert page.status == 200
        hidden, none = await tom.get("/incidents/INC-1"), await tom.get("/incidents/INC-2")
        assert (hidden.status, none.status) == (404, 404)
        assert "Breach" not in hidden.text + (await tom.get("/")).text
        token = (await tom.get("/")).form("/logout")
        assert (await tom.post("/incidents/INC-1/note", {**token, "text": "x"})).status == 404
