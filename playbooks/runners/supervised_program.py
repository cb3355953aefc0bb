"""Runs one program under the supervisor (`supervisor.py`), reads its output, and says how it ended."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from bot.domain.playbook.job import ExitKind, InvocationResult
from playbooks.runners import supervisor

SUPERVISOR = Path(supervisor.__file__)
STARTS_WITHIN_S = 30.0  # the supervisor keeps the time-out itself; on a busy machine it needs time of its own
ENDS_WITHIN_S = 5.0
_CHUNK = 64 * 1024


async def run(spec: dict[str, Any], output_limit: int) -> InvocationResult:
    """Run a program under the supervisor. `spec` is what `supervisor.py` reads.

    1. Start the supervisor. 2. Send it its orders. 3. Read the output up to the limit. 4. Read how the program ended.
    However this ends, also when cancelled, the supervisor was told to stop everything and has ended.
    """
    status_read, status_write = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", str(SUPERVISOR), str(status_write),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            pass_fds=(status_write,), start_new_session=True, close_fds=True, env={}, cwd="/",
        )  # fmt: skip
    except OSError as error:
        os.close(status_read)
        return InvocationResult(ExitKind.NOT_STARTED, f"It could not be started: {error.strerror}.")
    finally:
        os.close(status_write)
    output, complete, overdue = bytearray(), True, False
    try:
        assert process.stdin is not None  # noqa: S101 - PIPE
        process.stdin.write(json.dumps(spec).encode() + b"\n")
        with suppress(ConnectionError):
            await process.stdin.drain()
        try:
            async with asyncio.timeout(spec["timeout_s"] + STARTS_WITHIN_S):
                complete = await _read(process, output, output_limit)
        except TimeoutError:
            overdue = True
    finally:
        status = await _stop(process, status_read)
    if overdue and not status:
        status = {"how": "timed_out"}
    return _to_result(status, None if complete else output_limit, output.decode("utf-8", "replace"), spec)


async def _read(process: asyncio.subprocess.Process, output: bytearray, limit: int) -> bool:
    """Read the output into `output`. False if it exceeds `limit` bytes."""
    assert process.stdout is not None  # noqa: S101 - PIPE
    while chunk := await process.stdout.read(_CHUNK):
        output += chunk[: limit - len(output)]
        if len(output) >= limit:
            return False
    await process.wait()
    return True


async def _stop(process: asyncio.subprocess.Process, status_fd: int) -> dict[str, Any]:
    """Close the supervisor's input, which makes it stop everything, and read how the program ended.

    A second cancellation does not interrupt this. Empty if the supervisor said nothing.
    """
    ending = asyncio.ensure_future(_end(process))
    try:
        while not ending.done():
            with suppress(asyncio.CancelledError):
                await asyncio.shield(ending)
        os.set_blocking(status_fd, False)
        with suppress(BlockingIOError):
            status = os.read(status_fd, 65536)
            return json.loads(status) if status else {}
        return {}
    finally:
        os.close(status_fd)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(ENDS_WITHIN_S):
            while process.stdout is not None and await process.stdout.read(_CHUNK):
                pass
            await process.wait()
    except TimeoutError:
        await asyncio.to_thread(_kill_all, process.pid)
        await process.wait()


def _kill_all(pid: int) -> None:
    """Kill a supervisor that does not end by itself, and all its descendants."""
    for number in (*supervisor.stop_all(pid), pid):
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    for parent in supervisor.control_group_parents():
        group = Path(supervisor.control_group(parent, pid))
        for _ in range(100):  # until what was in it has been reaped
            if not group.exists():
                break
            with suppress(OSError):
                group.rmdir()
            time.sleep(0.01)


def _to_result(status: dict[str, Any], exceeded: int | None, output: str, spec: dict[str, Any]) -> InvocationResult:
    """The result for people. `exceeded` is the limit of the output, in bytes, if the program printed more."""
    how, killed = status.get("how"), status.get("left", 0)
    if exceeded is not None:
        summary = f"It printed more than {exceeded // 1024} KiB and was killed."
        return InvocationResult(ExitKind.LIMIT_EXCEEDED, summary, None, output)
    if how == "not_started":
        return InvocationResult(ExitKind.NOT_STARTED, f"It could not be started: {status['words']}.")
    if how == "timed_out":
        summary = f"It was killed after {spec['timeout_s']:g} seconds, with all it had started."
        return InvocationResult(ExitKind.TIMED_OUT, summary, None, output)
    if how == "too_many":
        summary = f"It started more than {spec['processes']} processes and was killed with all of them."
        return InvocationResult(ExitKind.LIMIT_EXCEEDED, summary, None, output)
    if how != "ended":
        return InvocationResult(ExitKind.STOPPED, "It was stopped in the middle.", None, output)
    code = int(status["code"])
    summary = f"ended by signal {-code}" if code < 0 else f"exit code {code}"
    more = f". {killed} of the processes it had left behind were killed." if killed else ""
    return InvocationResult(ExitKind.ENDED, f"{summary}{more}", float(code), output, truncated=code < 0 or bool(killed))
