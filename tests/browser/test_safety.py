"""Hostile messages are shown as text: no markup, no scripts, no requests to other hosts."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright")

from playwright.async_api import expect

from tests.browser.web_ui import WebUI

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = "<script>window.hit = 1</script><img src=x onerror='window.hit = 1'> [x](javascript:window.hit=1)"


async def test_hostile_messages_are_shown_as_text(ui: WebUI) -> None:
    ws = ui.world.ws
    await ui.world.maya.invite("#payments", "tocsin")
    await ui.world.tom.say("#payments", HOSTILE)
    await ui.world.tom.say("#payments", "w" * 3000)
    await ui.world.tom.say("#payments", "*" * 3000 + "_~`" * 500)
    await ui.world.tom.say("#payments", "مرحبا \u202e reversed")
    channel = ws.channel("payments")
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "<javascript:window.hit=1|press me> &lt;b&gt;"}}
    blocks = [section | {"block_id": f"b{number}"} for number in range(50)]
    blocks[0] = {"type": "header", "block_id": "h", "text": {"type": "plain_text", "text": HOSTILE[:150]}}
    ws.posting.post(channel, ws.bot.id, "fifty", blocks=blocks, bot_id=ws.bot.bot_id)
    maya = await ui.open("maya", "payments")
    await expect(maya.locator("#main .message", has_text="<script>").first).to_be_visible()
    assert await maya.locator("#main .message script, #main .message img:not(.avatar)").count() == 0
    assert await maya.locator('a[href^="javascript"]').count() == 0
    assert await maya.locator("#main .message .section").count() == 49
    assert await maya.evaluate("window.hit") is None
    assert await maya.evaluate("document.querySelector('#main .scroll').scrollWidth <= innerWidth")
