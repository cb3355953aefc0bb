"""The process runner's limits: time, processes, memory, files; and no process is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.playbook.job import ExitKind, Invocation
from playbooks.runners import supervised_program
from playbooks.runners.supervisor import control_group, control_group_parents, kernel_limit
from tests.playbooks.hostile import TEN, Bench, refusal_of

MINUTE = timedelta(minutes=1)


async def is_gone(marker: str, within_s: float = 20.0) -> bool:
    """Whether no process has this in its command line any more."""
    end = time.monotonic() + within_s
    while alive(marker):
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.05)
    return True


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
        ("SLEEP", "killed after 1 seconds"),
        ("exec >/dev/null 2>&1; SLEEP", "killed after 1 seconds"),
        ("trap '' TERM INT HUP; while :; do SLEEP; done", "killed after 1 seconds"),
        ("kill -STOP $$; SLEEP", "killed after 1 seconds"),
        ("while :; do :; done", "killed after 1 seconds"),
    ],
)
async def test_a_program_that_does_not_end_is_killed(bench: Bench, script: str, said: str) -> None:
    bench.does(script.replace("SLEEP", f"{bench.sleep} 60"))
    runner = bench.runner(timeout=timedelta(seconds=1), output_limit=64 * 1024)
    ended = await runner.run(Invocation(("tool", "get")), TEN)
    assert said in ended.summary
    assert ended.kind in (ExitKind.TIMED_OUT, ExitKind.LIMIT_EXCEEDED)
    assert len(ended.output) <= 64 * 1024
    assert await is_gone(str(bench.folder))


# Each of them would come to an end by itself if nothing bounded it: it is no danger to a machine whose bot is broken.
BOMBS = {
    "a fork bomb": "bomb() { [ $1 = 0 ] || { bomb $(($1-1)) | bomb $(($1-1)) & }; }; bomb 10; SLEEP",
    "children": "i=0; while [ $i -lt 200 ]; do SLEEP & i=$((i+1)); done; wait",
    "daemons": "i=0; while [ $i -lt 200 ]; do (setsid SLEEP &); i=$((i+1)); done",
}


@pytest.mark.parametrize("bomb", BOMBS)
async def test_a_program_that_starts_too_many_processes_is_killed_with_all_of_them(bench: Bench, bomb: str) -> None:
    bench.does(BOMBS[bomb].replace("SLEEP", f"{bench.sleep} 60"))
    ended = await bench.runner(timeout=timedelta(seconds=20), processes=40).run(Invocation(("tool", "get")), MINUTE)
    assert ended.summary == "It started more than 40 processes and was killed with all of them."
    assert ended.kind is ExitKind.LIMIT_EXCEEDED
    assert await is_gone(str(bench.folder))


async def test_the_kernel_bounds_the_processes_of_a_program_that_nobody_watches(bench: Bench) -> None:
    """A machine may be so busy that the supervisor sees a fork bomb late: it is stopped here, as if it were."""
    go = bench.folder / "go"
    bench.does(
        f"{bench.sleep} 60 & until [ -e {go} ]; do /bin/sleep 0.02; done\n"
        f"i=0; while [ $i -lt 200 ]; do {bench.sleep} 60 & i=$((i+1)); done"
    )
    runner = bench.runner(timeout=timedelta(minutes=2), processes=40)
    task = asyncio.create_task(runner.run(Invocation(("tool", "get")), timedelta(minutes=2)))
    while not (supervisor := supervisor_of(str(bench.sleep))):
        await asyncio.sleep(0.01)
    os.kill(supervisor, signal.SIGSTOP)
    try:
        go.touch()
        while alive(f"{bench.tool} get"):  # until it could start no more, or has started all
            await asyncio.sleep(0.05)
        assert len(alive(str(bench.sleep))) <= kernel_limit(40)
    finally:
        os.kill(supervisor, signal.SIGCONT)
    assert (await task).summary == "It started more than 40 processes and was killed with all of them."
    assert await is_gone(str(bench.folder))


@pytest.mark.parametrize("user", [None, "root", "0"])
@pytest.mark.skipif(os.geteuid() != 0, reason="the tests' user is not root")
async def test_nothing_is_run_as_root(bench: Bench, user: str | None) -> None:
    said = await refusal_of(bench.runner(user=user), "tool", "get")
    assert said == (
        "tool would run as root, whose processes the system does not limit. Name another user for it in the policy, "
        "such as `user: nobody`, or run the bot as one."
    )
    assert not bench.ran


async def test_programs_of_one_user_leave_each_other_their_numbers(bench: Bench) -> None:
    """The kernel counts all processes of a user together."""
    bench.does(f"for n in 1 2 3 4 5 6 7 8 9; do {bench.sleep} $1 & done; wait; echo done")
    runner = bench.runner("[0-9]+", concurrency=4, processes=10, timeout=timedelta(minutes=1))
    others = [asyncio.create_task(runner.run(Invocation(("tool", "60")), MINUTE)) for _ in range(3)]
    while len(alive(f"{bench.sleep} 60")) < 27:
        assert not any(task.done() for task in others)
        await asyncio.sleep(0.05)
    ended = await runner.run(Invocation(("tool", "0")), MINUTE)
    assert (ended.summary, ended.output) == ("exit code 0", "done\n")
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@pytest.mark.parametrize(
    "leave",
    ["setsid SLEEP >/dev/null 2>&1 &", "nohup SLEEP >/dev/null 2>&1 &",
     "(setsid sh -c '(setsid SLEEP &) ' >/dev/null 2>&1 &)",
     "(trap '' TERM HUP; exec 3>&- ; cd /; setsid SLEEP </dev/null >/dev/null 2>&1) & disown 2>/dev/null"],
)  # fmt: skip
async def test_no_process_outlives_its_step(bench: Bench, leave: str) -> None:
    leave = leave.replace("SLEEP", f"{bench.sleep} 60")
    bench.does(f"{leave}\nuntil grep -qs '^{bench.sleep}' /proc/*/cmdline; do :; done\necho done")
    ended = await bench.runner(timeout=timedelta(seconds=20)).run(Invocation(("tool", "get")), MINUTE)
    assert ended.output == "done\n"
    assert "left behind were killed" in ended.summary
    assert await is_gone(str(bench.sleep))


async def test_cancelling_kills_every_process(bench: Bench) -> None:
    bench.does(f"setsid {bench.sleep} 60 & {bench.sleep} 60")
    task = asyncio.create_task(bench.runner(timeout=timedelta(minutes=1)).run(Invocation(("tool", "get")), MINUTE))
    while len(alive(f"{bench.sleep} 60")) < 2:
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert alive(str(bench.folder)) == []


async def test_a_supervisor_that_does_not_end_is_killed_with_every_process(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine may be so busy that the supervisor gets no turn: it is stopped here, as if it were."""
    monkeypatch.setattr(supervised_program, "ENDS_WITHIN_S", 0.1)
    bench.does(f"setsid {bench.sleep} 60 & {bench.sleep} 60")
    task = asyncio.create_task(bench.runner(timeout=timedelta(minutes=1)).run(Invocation(("tool", "get")), MINUTE))
    while len(alive(f"{bench.sleep} 60")) < 2:
        await asyncio.sleep(0.02)
    supervisor = supervisor_of(str(bench.sleep))
    assert supervisor
    os.kill(supervisor, signal.SIGSTOP)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await is_gone(str(bench.folder))
    assert not [parent for parent in control_group_parents() if Path(control_group(parent, supervisor)).exists()]


def supervisor_of(marker: str) -> int:
    """The supervisor above a process that has this in its command line; 0 while there is none."""
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if marker.encode() in line:
            return next((above for above in ancestors(int(pid)) if b"supervisor.py" in command_line(above)), 0)
    return 0


def ancestors(pid: int) -> Iterator[int]:
    while pid > 1:
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[1])
        except OSError:
            return
        yield pid


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


async def test_memory_and_files_are_bounded(bench: Bench) -> None:
    bench.does("ulimit -v; ulimit -c; ulimit -f; head -c 300M /dev/zero > big; echo $?; rm -f big")
    ended = await bench.runner(memory=64 * 1024**2).run(Invocation(("tool", "get")), TEN)
    assert ended.output.split()[:3] == ["65536", "0", "524288"]
    assert "153" in ended.output or "File size limit" in ended.output or "too large" in ended.output


@pytest.mark.skipif(
    not os.access("/sys/fs/cgroup/pids", os.W_OK) or os.geteuid() != 0, reason="no control group can be created here"
)
async def test_a_control_group_bounds_a_program_and_is_gone_with_it(bench: Bench) -> None:
    bench.does("grep pids: /proc/self/cgroup; cat /sys/fs/cgroup/pids/tocsin-$PPID/pids.max")
    group, limit = (await bench.runner(processes=40).run(Invocation(("tool", "get")), TEN)).output.split()
    assert group.rpartition("/")[2].startswith("tocsin-")
    assert int(limit) == kernel_limit(40)
    assert not Path(f"/sys/fs/cgroup/pids/{group.rpartition('/')[2]}").exists()
