"""The process runner's limits: time, processes, memory, files; and no process is left behind."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.playbook.job import ExitKind, Invocation
from tests.playbooks.hostile import TEN, Bench


async def gone(marker: str, within_s: float = 3.0) -> bool:
    """Whether no process has this in its command line any more."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if not alive(marker):
            return True
        await asyncio.sleep(0.05)
    return False


def alive(marker: str) -> list[str]:
    found = []
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if marker in line:
            found.append(line)
    return found


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("yes", "printed more than 64 KiB"),
        ("head -c 10000000 /dev/zero", "printed more than 64 KiB"),
        ("yes >&2", "printed more than 64 KiB"),
        ("sleep 61.5", "killed after 1 seconds"),
        ("exec >/dev/null 2>&1; sleep 61.5", "killed after 1 seconds"),
        ("trap '' TERM INT HUP; while :; do sleep 61.5; done", "killed after 1 seconds"),
        ("kill -STOP $$; sleep 61.5", "killed after 1 seconds"),
        ("while :; do :; done", "killed after 1 seconds"),
        ("bomb() { bomb | bomb & }; bomb; sleep 61.5", "started more than 40 processes"),
        ("i=0; while [ $i -lt 200 ]; do sleep 61.5 & i=$((i+1)); done; wait", "started more than 40 processes"),
    ],
)
async def test_a_program_that_does_not_end_is_killed(bench: Bench, script: str, said: str) -> None:
    bench.does(script)
    runner = bench.runner(timeout=timedelta(seconds=1), output_limit=64 * 1024, processes=40)
    began = time.monotonic()
    ended = await runner.run(Invocation(("tool", "get")), TEN)
    assert said in ended.summary
    assert ended.kind in (ExitKind.TIMED_OUT, ExitKind.LIMIT_EXCEEDED)
    assert time.monotonic() - began < 8
    assert len(ended.output) <= 64 * 1024
    assert await gone(str(bench.tool))
    assert await gone("sleep 61.5")


@pytest.mark.parametrize(
    "leave",
    ["setsid sleep 62.5 >/dev/null 2>&1 &", "nohup sleep 62.5 >/dev/null 2>&1 &",
     "(setsid sh -c '(setsid sleep 62.5 &) ' >/dev/null 2>&1 &)",
     "(trap '' TERM HUP; exec 3>&- ; cd /; setsid sleep 62.5 </dev/null >/dev/null 2>&1) & disown 2>/dev/null"],
)  # fmt: skip
async def test_no_process_outlives_its_step(bench: Bench, leave: str) -> None:
    bench.does(f"{leave}\nsleep 0.2\necho done")
    ended = await bench.runner().run(Invocation(("tool", "get")), TEN)
    assert ended.output == "done\n"
    assert "left behind were killed" in ended.summary
    assert await gone("sleep 62.5")


async def test_cancelling_kills_every_process(bench: Bench) -> None:
    bench.does("setsid sleep 63.5 & sleep 63.5")
    task = asyncio.create_task(bench.runner(timeout=timedelta(minutes=1)).run(Invocation(("tool", "get")), TEN))
    while not alive("sleep 63.5"):
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await gone("sleep 63.5", 0.5)


async def test_memory_and_files_are_bounded(bench: Bench) -> None:
    bench.does("ulimit -v; ulimit -c; ulimit -f; head -c 300M /dev/zero > big; echo $?; rm -f big")
    ended = await bench.runner(memory=64 * 1024**2).run(Invocation(("tool", "get")), TEN)
    assert ended.output.split()[:3] == ["65536", "0", "524288"]
    assert "153" in ended.output or "File size limit" in ended.output or "too large" in ended.output
