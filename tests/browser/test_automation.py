"""Automated playbook steps: one succeeds, one fails and is rolled back, one is cut off by killing the bot."""

from __future__ import annotations

import asyncio
import os
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

from tests.browser.test_playbooks import CHANNEL, picture
from tests.browser.test_playbooks import POLICY as QUIET
from tests.browser.web_ui import go, say
from tests.programs import USER_RULE, give, program_folder
from tests.waiting import WITHIN_S

pytestmark = pytest.mark.asyncio(loop_scope="session")

TITLE, OF = "Mend the queue", 4
SLOWLY_MS = 60_000
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


class ProgramLog:
    """The programs that ran, in order. Each writes its name into a named pipe, so that a test can wait for it."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        give(path)
        self.path = path
        self.names: list[str] = []
        self._lines = asyncio.StreamReader()
        self._pipe: asyncio.ReadTransport | None = None

    async def open(self) -> None:
        # Also open for writing, so that the pipe does not end when a program closes it.
        file = os.fdopen(os.open(self.path, os.O_RDWR), "rb", buffering=0)
        protocol = asyncio.StreamReaderProtocol(self._lines)
        self._pipe, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, file)

    async def until(self, *names: str) -> None:
        """Wait until exactly these programs have run."""
        async with asyncio.timeout(WITHIN_S):
            while len(self.names) < len(names):
                self.names.append((await self._lines.readline()).decode().strip())
        assert self.names == list(names)

    async def all_names(self) -> list[str]:
        """Every program that has run so far, whether a test waited for it or not."""
        with self.path.open("w") as pipe:
            pipe.write("end\n")
        while (name := (await self._lines.readline()).decode().strip()) != "end":
            self.names.append(name)
        return self.names

    def close(self) -> None:
        if self._pipe is not None:
            self._pipe.close()


@dataclass
class Demo:
    """`tocsin demo` as people start it, and the programs that its playbook runs."""

    url: str
    programs: ProgramLog
    browser: Browser

    async def open(self, who: str) -> Page:
        tab = await (await self.browser.new_context()).new_page()
        tab.set_default_timeout(SLOWLY_MS)
        await tab.goto(f"{self.url}/?as={who}&in=general")
        await expect(tab.locator("#main h1")).to_be_visible()
        return tab


@asynccontextmanager
async def running_demo(browser: Browser, folder: Path) -> AsyncIterator[Demo]:
    programs = ProgramLog(folder / "programs.fifo")
    await programs.open()
    for name, does in PROGRAMS.items():
        (folder / name).write_text(f"#!/bin/sh\necho {name} > {programs.path}\n{does}\n")
        (folder / name).chmod(0o755)
    (folder / "playbooks").mkdir()
    (folder / "playbooks" / "mend.yml").write_text(PLAYBOOK.replace("{folder}", str(folder)))
    allow = "".join(
        f"        - {{executable: {folder}/{name}, arguments: [[]], working_directory: {folder}{USER_RULE}}}\n"
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
        yield Demo(await _address(process), programs, browser)
    finally:
        for context in browser.contexts:
            await context.close()
        if process.returncode is None:
            process.terminate()
        await process.wait()
        programs.close()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    output = b""
    async with asyncio.timeout(60):
        while not (address := re.search(rb"http://127\.0\.0\.1:\d+", output)):
            line = await process.stdout.readline()
            assert line, output.decode()
            output += line
    return address[0].decode()


def playbook_run(tab: Page) -> Locator:
    return tab.locator("#main .message", has_text=TITLE).filter(has_text=re.compile("[▰▱]")).last


async def press(tab: Page, button: str) -> None:
    await playbook_run(tab).get_by_role("button", name=button, exact=True).first.click()


async def run(tab: Page) -> None:
    await press(tab, "Run")
    await tab.locator("dialog").get_by_role("button", name="Run", exact=True).click()


async def expect_text(tab: Page, words: str) -> None:
    await expect(tab.locator("#main")).to_contain_text(words, timeout=SLOWLY_MS)


async def test_steps_run_fail_and_roll_back_and_a_killed_bot_asks_whether_one_ran(browser: Browser) -> None:
    with program_folder() as folder:
        async with running_demo(browser, folder) as demo:
            maya, tom = await demo.open("maya"), await demo.open("tom")
            await say(maya, "/incident declare sev2 Checkout is down")
            await go(maya, CHANNEL)
            await expect(maya.locator("#main .message.pinned")).to_be_visible(timeout=SLOWLY_MS)
            await say(maya, "/incident invite @tom")
            await go(tom, CHANNEL)
            await say(maya, "/incident playbook mend-the-queue")
            await expect(playbook_run(maya)).to_contain_text(f"0 of {OF}", timeout=SLOWLY_MS)

            await press(maya, "Run")
            await picture(maya.locator("dialog"), "run-form")
            await maya.locator("dialog").get_by_role("button", name="Run", exact=True).click()
            await expect(playbook_run(tom)).to_contain_text(f"1 of {OF}", timeout=SLOWLY_MS)
            await picture(playbook_run(tom), "run-worked")

            await run(tom)
            await expect(playbook_run(maya)).to_contain_text("Rolled back by", timeout=SLOWLY_MS)
            await expect(playbook_run(maya)).to_contain_text("Failed: ")
            await demo.programs.until("look", "drain", "refill")
            await picture(playbook_run(maya), "run-failed")
            await press(maya, "Skip")
            await maya.locator("dialog").get_by_label("Why?").fill("It drains by itself")
            await maya.locator("dialog").get_by_role("button", name="Skip", exact=True).click()
            await expect(playbook_run(tom)).to_contain_text(f"2 of {OF}", timeout=SLOWLY_MS)

            await run(maya)
            await demo.programs.until("look", "drain", "refill", "restart")
            for what in ("kill", "start"):
                answer = await maya.request.post(f"{demo.url}/sandbox/demo/{what}", headers={"Origin": demo.url})
                assert answer.ok, await answer.text()
            await expect_text(maya, "may have run")
            await picture(playbook_run(maya), "run-may-have-run")
            question = maya.locator("#main .message", has_text="may have run").last
            await picture(question, "run-question")
            await tom.locator("#main").get_by_role("button", name="It ran", exact=True).last.click()
            await expect(playbook_run(tom)).to_contain_text(f"3 of {OF}", timeout=SLOWLY_MS)
            await press(tom, "Done")
            await expect(playbook_run(maya)).to_contain_text("Finished by @tom", timeout=SLOWLY_MS)
            await picture(playbook_run(maya), "run-finished")
            assert await demo.programs.all_names() == ["look", "drain", "refill", "restart"]
