"""What people write is words, whatever they write; the page asks nothing of anybody else."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

import sandbox

pytest.importorskip("playwright")

from playwright.async_api import expect

from tests.page.browsing import Desk

HOSTILE = "<script>window.hit = 1</script><img src=x onerror='window.hit = 1'> [x](javascript:window.hit=1)"
PAGE = Path(sandbox.__file__).parent / "page"


async def test_hostile_messages_are_only_words(desk: Desk) -> None:
    ws = desk.world.ws
    await desk.world.maya.invite("#payments", "tocsin")
    await desk.world.tom.say("#payments", HOSTILE)
    await desk.world.tom.say("#payments", "w" * 3000)
    await desk.world.tom.say("#payments", "*" * 3000 + "_~`" * 500)
    await desk.world.tom.say("#payments", "مرحبا \u202e reversed")
    channel = ws.channel("payments")
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "<javascript:window.hit=1|press me> &lt;b&gt;"}}
    blocks = [section | {"block_id": f"b{number}"} for number in range(50)]
    blocks[0] = {"type": "header", "block_id": "h", "text": {"type": "plain_text", "text": HOSTILE[:150]}}
    ws.posting.post(channel, ws.bot.id, "fifty", blocks=blocks, bot_id=ws.bot.bot_id)
    maya = await desk.sit("maya", "payments")
    await expect(maya.locator("#main .message", has_text="<script>").first).to_be_visible()
    assert await maya.locator("#main .message script, #main .message img:not(.avatar)").count() == 0
    assert await maya.locator('a[href^="javascript"]').count() == 0
    assert await maya.locator("#main .message .section").count() == 49
    assert await maya.evaluate("window.hit") is None
    assert await maya.evaluate("document.querySelector('#main .scroll').scrollWidth <= innerWidth")


async def test_the_page_is_served_locked_down_and_other_files_are_not_served() -> None:
    async with sandbox.running() as ws, aiohttp.ClientSession() as session:
        async with session.get(f"{ws.url}/") as page:
            assert page.status == 200
            assert "script-src 'self'" in page.headers["Content-Security-Policy"]
            assert "default-src 'none'" in page.headers["Content-Security-Policy"]
            assert page.headers["X-Content-Type-Options"] == "nosniff"
        async with session.get(f"{ws.url}/page/main.js") as script:
            assert script.content_type == "text/javascript"
        for wrong in ("nothing.js", "..%2Fpages.py", "%2e%2e%2fpages.py"):
            async with session.get(f"{ws.url}/page/{wrong}") as missing:
                assert missing.status == 404
        await ws.person("tom").say("#general", "look", files={"evil.html": b"<script>alert(1)</script>"})
        (file,) = ws.state.files.values()
        async with session.get(f"{ws.url}/files/{file.id}/{file.name}") as opened:
            assert "sandbox" in opened.headers["Content-Security-Policy"]


def test_the_page_uses_no_markup_from_strings_and_nothing_from_elsewhere() -> None:
    for path in PAGE.iterdir():
        text = path.read_text()
        for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert forbidden not in text, f"{path.name}: {forbidden}"
        if path.suffix in (".html", ".css"):
            assert "http://" not in text, path.name
            assert "https://" not in text, path.name


def test_every_module_of_the_page_is_short() -> None:
    long = {path.name for path in PAGE.iterdir() if len(path.read_text().splitlines()) >= 300}
    assert long == set()
