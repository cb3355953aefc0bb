"""The demo's tour, as `make demo ARGS="--tour"` plays it: every line works, and the page explains it."""

from __future__ import annotations

import asyncio
import re
import socket
import sys

import pytest
from playwright.async_api import Browser, expect

SLOWLY_MS = 150_000


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.timeout(400)
@pytest.mark.asyncio(loop_scope="session")
async def test_every_line_of_the_tour_works_and_the_page_shows_it(browser: Browser) -> None:
    port = _free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "demo", "--no-open", "--port", str(port), "--tour", "--no-pauses",
        env={"PATH": "/usr/bin:/bin", "PORT": "0"},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        shown = await process.stdout.readuntil(b"http://")
        tab = await (await browser.new_context()).new_page()
        await tab.goto(f"http://127.0.0.1:{port}/?as=lena&in=general")
        caption = tab.locator(".tour")
        await expect(caption).to_contain_text("Slack itself falls over", timeout=SLOWLY_MS)
        await expect(tab.locator("#main h1")).to_contain_text(re.compile("inc-1"))
        await expect(tab).not_to_have_url(re.compile("as=lena"))  # the page shows what the person who types sees
        await expect(caption).to_contain_text("Slack is back", timeout=SLOWLY_MS)
        await expect(tab.locator("#main")).to_contain_text("While Slack was down", timeout=SLOWLY_MS)
        shown += await process.stdout.read()
        assert await process.wait() == 0, shown.decode()
        assert b"  ! " not in shown
    finally:
        for context in browser.contexts:
            await context.close()
        if process.returncode is None:
            process.kill()
            await process.wait()
