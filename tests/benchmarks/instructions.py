"""How many processor instructions one channel message costs: a figure that does not depend on the machine's load.

Valgrind's callgrind counts them, if it is installed, in the bot and in a Bolt app that discards its events. The bot's
background work is counted for the same time without messages, and subtracted.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import time
from pathlib import Path

from tests.benchmarks import client, processes
from tests.benchmarks.figures import Figure
from tests.benchmarks.processes import Child, Rig

EVENTS = 150
WARM = 30
AT_ONCE = 16
READY_WITHIN_S = 300.0
TEXT = "We see 5xx on checkout since the deploy at 02:47, about one request in five. Rolling back now."


def _counting(file: Path) -> tuple[str, ...]:
    """The command that counts, beginning only when it is told to: startup is long."""
    return ("valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={file}")


async def _control(child: Child, *flag: str) -> None:
    process = await asyncio.create_subprocess_exec(
        "callgrind_control", *flag, str(child.process.pid),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    if await asyncio.wait_for(process.wait(), 60.0):
        raise RuntimeError("callgrind_control could not reach the process")


async def _dumped(file: Path, child: Child) -> int:
    """The instructions since the count was last reset."""
    before = set(file.parent.glob(f"{file.name}.*"))
    await _control(child, "-d")
    for _ in range(600):
        for new in set(file.parent.glob(f"{file.name}.*")) - before:
            if totals := re.search(r"^totals: (\d+)", new.read_text(), re.MULTILINE):
                return int(totals[1])
        await asyncio.sleep(0.1)
    raise TimeoutError("callgrind wrote nothing")


async def _an_event(child: Child, file: Path, channel: str, person: str, first: int) -> float:
    """The instructions for each event."""
    requests = [client.message(channel, f"{first + n} {TEXT}", f"{1_767_225_600 + first + n}.000100", person)
                for n in range(WARM + EVENTS)]  # fmt: skip
    await _control(child, "-i", "on")
    await client.request_all(child.port, requests[:WARM], AT_ONCE)
    await _control(child, "-z")
    began = time.perf_counter()
    answers = await client.request_all(child.port, requests[WARM:], AT_ONCE)
    took_s = time.perf_counter() - began
    worked = await _dumped(file, child)
    if any(answer.status != 200 for answer in answers):
        raise RuntimeError("not every event was accepted")
    await _control(child, "-z")
    await asyncio.sleep(took_s)
    return (worked - await _dumped(file, child)) / EVENTS


async def _measured(rig: Rig, name: str, url: str, floor: float) -> Figure:
    file = rig.folder / f"ours-{name}"
    person = await rig.person("maya")
    bot = await rig.bot(url, under=_counting(file), within_s=READY_WITHIN_S)
    try:
        await client.request_all(bot.port, [client.command("declare sev4 Messages", user=person)], 1)
        async with processes.read_database(url) as database:
            await processes.idle(database, 240.0)
        channel = next(c["id"] for c in (await rig.get("state"))["channels"] if c["name"].startswith("inc-1"))
        ours = await _an_event(bot, file, channel, person, 0)
    finally:
        await bot.kill()
    return Figure(
        f"instructions a channel message, {name}", f"{ours / 1e6:.2f} million", "", None,
        f"bare Bolt {floor / 1e6:.2f} million", ours / floor,
    )  # fmt: skip


async def measure() -> list[Figure]:
    figures = []
    with processes.databases() as urls:
        for name, url in urls:
            async with processes.rig() as rig:
                file = rig.folder / "bare"
                bare = await rig.bare(under=_counting(file), within_s=READY_WITHIN_S)
                channel, person = await rig.channel("general"), await rig.person("maya")
                floor = await _an_event(bare, file, channel, person, 0)
                await bare.kill()
                figures.append(await _measured(rig, name, url, floor))
    return figures


def figures() -> list[Figure]:
    if not shutil.which("valgrind") or not shutil.which("callgrind_control"):
        return [Figure("instructions a channel message", "not measured: valgrind is not installed", "", None)]
    return asyncio.run(measure())
