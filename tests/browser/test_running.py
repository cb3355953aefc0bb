"""A playbook's steps run from the page: one works, one fails and is taken back, and the bot is killed in the middle."""

from __future__ import annotations

import asyncio
import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.browsing import go, say
from tests.browser.test_playbooks import CHANNEL, picture
from tests.browser.test_playbooks import POLICY as QUIET

pytestmark = pytest.mark.asyncio(loop_scope="session")

TITLE, OF = "Mend the queue", 4
SLOWLY_MS = 20_000
PLAYBOOK = """
id: mend-the-queue
name: Mend the queue
category: availability
phases:
  - title: Mend
    steps:
      - title: Look at the queue
        commands: ["{folder}/look"]
        automation: {runner: process}
      - title: Drain it
        commands: ["{folder}/drain"]
        rollback: ["{folder}/refill"]
        automation: {runner: process}
      - title: Restart the worker
        commands: ["{folder}/restart"]
        automation: {runner: process}
      - title: Tell the shop
        description: By telephone.
"""
PROGRAMS = {
    "look": "echo 4182 waiting",
    "drain": "echo cannot drain >&2; exit 3",
    "refill": "echo refilled",
    "restart": "sleep 60",
}


@dataclass
class Demo:
    """`tocsin demo` as people start it, and what its programs wrote down."""

    url: str
    log: Path
    browser: Browser

    @property
    def ran(self) -> list[str]:
        return self.log.read_text().split() if self.log.exists() else []

    async def sit(self, who: str) -> Page:
        page = await (await self.browser.new_context()).new_page()
        page.set_default_timeout(SLOWLY_MS)
        await page.goto(f"{self.url}/?as={who}&in=general")
        await expect(page.locator("#main h1")).to_be_visible()
        return page


@asynccontextmanager
async def demo(browser: Browser, folder: Path) -> AsyncIterator[Demo]:
    log = folder / "log"
    for name, does in PROGRAMS.items():
        (folder / name).write_text(f"#!/bin/sh\necho {name} >> {log}\n{does}\n")
        (folder / name).chmod(0o700)
    (folder / "playbooks").mkdir()
    (folder / "playbooks" / "mend.yml").write_text(PLAYBOOK.replace("{folder}", str(folder)))
    allow = "".join(
        f"        - {{executable: {folder}/{name}, arguments: [[]], working_directory: {folder}}}\n"
        for name in PROGRAMS
    )
    (folder / "policy.yml").write_text(
        f"{QUIET}automation:\n  enabled: true\n  runners:\n    process:\n      allow:\n{allow}"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "demo", "--no-open",
        "--port", str(_free_port()), "--policy", str(folder / "policy.yml"),
        env={"TOCSIN_PLAYBOOKS": str(folder / "playbooks"), "PATH": "/usr/bin:/bin", "PORT": "0"},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield Demo(await _address(process), log, browser)
    finally:
        for context in browser.contexts:
            await context.close()
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    said = b""
    async with asyncio.timeout(60):
        while not (found := re.search(rb"http://127\.0\.0\.1:\d+", said)):
            line = await process.stdout.readline()
            assert line, said.decode()
            said += line
    return found[0].decode()


def walk(page: Page) -> Locator:
    return page.locator("#main .message", has_text=TITLE).filter(has_text=re.compile("[▰▱]")).last


async def press(page: Page, button: str) -> None:
    await walk(page).get_by_role("button", name=button, exact=True).first.click()


async def run(page: Page) -> None:
    await press(page, "Run")
    await page.locator("dialog").get_by_role("button", name="Run", exact=True).click()


async def told(page: Page, words: str) -> None:
    await expect(page.locator("#main")).to_contain_text(words, timeout=SLOWLY_MS)


async def test_a_run_a_failure_taken_back_and_a_death_in_the_middle(browser: Browser, tmp_path: Path) -> None:
    async with demo(browser, tmp_path) as here:
        maya, tom = await here.sit("maya"), await here.sit("tom")
        await say(maya, "/incident declare sev2 Checkout is down")
        await go(maya, CHANNEL)
        await expect(maya.locator("#main .message.pinned")).to_be_visible(timeout=SLOWLY_MS)
        await say(maya, "/incident invite @tom")
        await go(tom, CHANNEL)
        await say(maya, "/incident playbook mend-the-queue")
        await expect(walk(maya)).to_contain_text(f"0 of {OF}", timeout=SLOWLY_MS)

        await press(maya, "Run")
        await picture(maya.locator("dialog"), "run-form")
        await maya.locator("dialog").get_by_role("button", name="Run", exact=True).click()
        await expect(walk(tom)).to_contain_text(f"1 of {OF}", timeout=SLOWLY_MS)
        await picture(walk(tom), "run-worked")

        await run(tom)
        await expect(walk(maya)).to_contain_text("Rolled back by", timeout=SLOWLY_MS)
        await expect(walk(maya)).to_contain_text("Failed: ")
        async with asyncio.timeout(20):
            while here.ran != ["look", "drain", "refill"]:
                await asyncio.sleep(0.1)
        await picture(walk(maya), "run-failed")
        await press(maya, "Skip")
        await maya.locator("dialog").get_by_label("Why?").fill("It drains by itself")
        await maya.locator("dialog").get_by_role("button", name="Skip", exact=True).click()
        await expect(walk(tom)).to_contain_text(f"2 of {OF}", timeout=SLOWLY_MS)

        await run(maya)
        async with asyncio.timeout(20):
            while here.ran[-1] != "restart":
                await asyncio.sleep(0.1)
        for what in ("kill", "start"):
            answer = await maya.request.post(f"{here.url}/sandbox/demo/{what}", headers={"Origin": here.url})
            assert answer.ok, await answer.text()
        await told(maya, "may have run")
        await picture(walk(maya), "run-may-have-run")
        question = maya.locator("#main .message", has_text="may have run").last
        await picture(question, "run-question")
        await tom.locator("#main").get_by_role("button", name="It ran", exact=True).last.click()
        await expect(walk(tom)).to_contain_text(f"3 of {OF}", timeout=SLOWLY_MS)
        await press(tom, "Done")
        await expect(walk(maya)).to_contain_text("Finished by @tom", timeout=SLOWLY_MS)
        await picture(walk(maya), "run-finished")
        assert here.ran == ["look", "drain", "refill", "restart"]
