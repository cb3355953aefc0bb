"""Runs a program, never a shell: an argv that the policy allows, bounded on every side, killed with all it started.

The program is named by the policy, as a whole path, and nothing is looked up. What that path led to when the bot
started it must still lead to. `keeper` starts it and sees to it that nothing of it is left behind.
"""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.domain.errors import Refused
from bot.domain.playbook.job import Allowed, ExitKind, Invocation, InvocationResult, check_args, limits_text
from bot.domain.policy.automation_rules import Executable, ProcessRules
from bot.domain.values.patterns import matches_fully

SUPERVISOR = Path(__file__).with_name("supervisor.py")
FILE_LIMIT = 256 * 1024**2  # bytes of one file that it writes
OPEN_FILES = 1024
MARGIN_S = 5.0  # the keeper ends it in time by itself; after so much more the keeper is given up
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class ResolvedProgram:
    """What a path of the policy led to at start, or why it cannot be used."""

    real: str
    problem: str | None = None


class Process:
    name = "process"
    idempotent = False

    def __init__(self, rules: ProcessRules, environ: Mapping[str, str]) -> None:
        self.concurrency = rules.concurrency
        self._rules = rules
        self._environ = environ
        self._found = {one.path: resolve_program(one.path) for one in rules.allow}
        self.secrets = tuple(_secrets(rules, environ))

    def check(self, invocation: Invocation) -> Allowed:
        check_args(invocation.args)
        one = self._rule(invocation.args)
        self._check_program(one)
        _check_user(one)
        return Allowed(
            rule=f"{one.path} with these arguments is allowed",
            where=f"{self._found[one.path].real} in {one.working_directory}",
            run_as=one.user or pwd.getpwuid(os.geteuid()).pw_name,
            limits=limits_text(one.timeout, one.output_limit),
            timeout=one.timeout,
        )

    async def run(self, invocation: Invocation, timeout: timedelta) -> InvocationResult:
        try:
            self.check(invocation)
            one = self._rule(invocation.args)
            spec = self._spec(one, invocation.args, min(timeout, one.timeout))
        except Refused as refused:
            return InvocationResult(ExitKind.NOT_STARTED, refused.message)
        return await _run_supervised(spec, one)

    def describe(self) -> str:
        usable = [one.path for one in self._rules.allow if self._found[one.path].problem is None]
        return f"{', '.join(dict.fromkeys(usable)) or 'nothing'}; {self.concurrency} at once"

    def problems(self) -> list[str]:
        """What the policy allows and cannot be run here."""
        return [found.problem for found in self._found.values() if found.problem]

    def _rule(self, words: tuple[str, ...]) -> Executable:
        """The rule that allows these words; raises `Refused` saying what comes nearest."""
        if not words:
            raise Refused("There is nothing to run.")
        program, arguments = words[0], words[1:]
        ours = [one for one in self._rules.allow if program in (one.name, one.path)]
        if not ours:
            known = ", ".join(dict.fromkeys(one.name for one in self._rules.allow)) or "none"
            raise Refused(f"{program[:60]} is not a program that the policy allows. Allowed: {known}.")
        for one in ours:
            if any(_matches_form(form, arguments) for form in one.arguments):
                return one
        raise Refused(f"{program} is allowed, and not with these arguments: {_nearest_form(ours, arguments)}")

    def _check_program(self, one: Executable) -> None:
        then, now = self._found[one.path], resolve_program(one.path)
        if then.problem:
            raise Refused(then.problem)
        if now.problem:
            raise Refused(now.problem)
        if now.real != then.real:
            raise Refused(f"{one.path} led to {then.real} when the bot started, and now leads to {now.real}: not run.")

    def _spec(self, one: Executable, words: tuple[str, ...], timeout: timedelta) -> dict[str, Any]:
        user = pwd.getpwnam(one.user) if one.user else None
        seconds = timeout.total_seconds()
        limits = {
            "CORE": 0, "CPU": int(seconds) + 2, "FSIZE": FILE_LIMIT, "NOFILE": OPEN_FILES, "NPROC": one.processes,
        }  # fmt: skip
        if one.memory is not None:
            limits["AS"] = one.memory
        return {
            "program": self._found[one.path].real,
            "argv": list(words),
            "environment": build_environment(one, self._environ),
            "directory": one.working_directory,
            "user": one.user,
            "uid": user.pw_uid if user else None,
            "gid": user.pw_gid if user else None,
            "timeout_s": seconds,
            "processes": one.processes,
            "limits": limits,
        }


def build(rules: ProcessRules, environ: Mapping[str, str]) -> Process:
    return Process(rules, environ)


def resolve_program(path: str) -> ResolvedProgram:
    """Where a path leads, looked at as one would before trusting it."""
    real = os.path.realpath(path)
    try:
        mode = os.stat(real).st_mode
    except OSError as error:
        return ResolvedProgram(real, f"{path} cannot be run: {error.strerror}.")
    if not stat.S_ISREG(mode) or not os.access(real, os.X_OK):
        return ResolvedProgram(real, f"{path} cannot be run: it is not a program.")
    for part in (real, *(str(parent) for parent in Path(real).parents)):
        mode = os.stat(part).st_mode
        if mode & stat.S_IWOTH and not (stat.S_ISDIR(mode) and mode & stat.S_ISVTX):
            return ResolvedProgram(real, f"{path} is not run: everybody may write to {part}.")
    return ResolvedProgram(real)


def build_environment(one: Executable, environ: Mapping[str, str]) -> dict[str, str]:
    """All that the program gets."""
    given = {name: environ[name] for name in one.environment_from if name in environ}
    return {"PATH": one.search_path, "HOME": one.home, "LANG": "C.UTF-8", **one.environment, **given}


def _secrets(rules: ProcessRules, environ: Mapping[str, str]) -> list[str]:
    found = []
    for one in rules.allow:
        found += [environ[name] for name in one.environment_from if name in environ]
        found += [value for value in one.environment.values() if not value.startswith("/")]
    return found


def _matches_form(form: tuple[str, ...], arguments: tuple[str, ...]) -> bool:
    return len(form) == len(arguments) and all(
        matches_fully(pattern, argument) for pattern, argument in zip(form, arguments, strict=True)
    )


def _nearest_form(ours: list[Executable], arguments: tuple[str, ...]) -> str:
    """Of the form that fits for longest, the argument at which it ends."""
    forms = [form for one in ours for form in one.arguments]
    best = max(forms, key=lambda form: (_matching_count(form, arguments), len(form) == len(arguments)), default=())
    place = _matching_count(best, arguments)
    if place < min(len(best), len(arguments)):
        return f"argument {place + 1}, “{arguments[place][:60]}”, must match {best[place]}."
    return f"{len(best)} are allowed, and these are {len(arguments)}."


def _matching_count(form: tuple[str, ...], arguments: tuple[str, ...]) -> int:
    count = 0
    for pattern, argument in zip(form, arguments, strict=False):
        if not matches_fully(pattern, argument):
            break
        count += 1
    return count


def _check_user(one: Executable) -> None:
    if one.user is None:
        return
    try:
        wanted = pwd.getpwnam(one.user).pw_uid
    except KeyError:
        raise Refused(f"There is no user {one.user} on this machine, as whom {one.name} is to run.") from None
    if os.geteuid() not in (0, wanted):
        raise Refused(f"{one.name} is to run as {one.user}, which only root can bring about.")


async def _run_supervised(spec: dict[str, Any], one: Executable) -> InvocationResult:
    """1. Start the keeper; 2. give it its orders; 3. read what is printed, so far as allowed; 4. hear how it ended.

    However this is left, cancelled too, the keeper has been told to end everything, and has been waited for.
    """
    told, tell = os.pipe()
    try:
        keeper = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", str(SUPERVISOR), str(tell),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            pass_fds=(tell,), start_new_session=True, close_fds=True, env={}, cwd="/",
        )  # fmt: skip
    except OSError as error:
        os.close(told)
        return InvocationResult(ExitKind.NOT_STARTED, f"It could not be started: {error.strerror}.")
    finally:
        os.close(tell)
    output, whole = bytearray(), True
    try:
        assert keeper.stdin is not None  # noqa: S101 - PIPE
        keeper.stdin.write(json.dumps(spec).encode() + b"\n")
        with suppress(ConnectionError):
            await keeper.stdin.drain()
        try:
            async with asyncio.timeout(spec["timeout_s"] + MARGIN_S):
                whole = await _read(keeper, output, one.output_limit)
        except TimeoutError:
            whole = True
    finally:
        said = await _stop_supervisor(keeper, told)
    return _to_result(said, whole, output.decode("utf-8", "replace"), spec, one)


async def _read(keeper: asyncio.subprocess.Process, output: bytearray, limit: int) -> bool:
    """False where it printed more than it may."""
    assert keeper.stdout is not None  # noqa: S101 - PIPE
    while chunk := await keeper.stdout.read(_CHUNK):
        output += chunk[: limit - len(output)]
        if len(output) >= limit:
            return False
    await keeper.wait()
    return True


async def _stop_supervisor(keeper: asyncio.subprocess.Process, told: int) -> dict[str, Any]:
    """The end of its input ends the keeper, which ends the rest. A second cancellation does not hurry this."""
    ending = asyncio.ensure_future(_end(keeper))
    try:
        while not ending.done():
            with suppress(asyncio.CancelledError):
                await asyncio.shield(ending)
        os.set_blocking(told, False)
        with suppress(BlockingIOError):
            said = os.read(told, 65536)
            return json.loads(said) if said else {}
        return {}
    finally:
        os.close(told)


async def _end(keeper: asyncio.subprocess.Process) -> None:
    if keeper.stdin is not None:
        keeper.stdin.close()
    try:
        async with asyncio.timeout(MARGIN_S):
            while keeper.stdout is not None and await keeper.stdout.read(_CHUNK):
                pass
            await keeper.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            keeper.kill()  # its child dies with it (PR_SET_PDEATHSIG)
        await keeper.wait()


def _to_result(
    said: dict[str, Any], whole: bool, output: str, spec: dict[str, Any], one: Executable
) -> InvocationResult:
    how, left = said.get("how"), said.get("left", 0)
    more = f" {left} of the processes it had left behind were killed." if how == "ended" and left else ""
    if not whole:
        return InvocationResult(
            ExitKind.LIMIT_EXCEEDED,
            f"It printed more than {one.output_limit // 1024} KiB and was killed.",
            None,
            output,
        )
    if how == "not_started":
        return InvocationResult(ExitKind.NOT_STARTED, f"It could not be started: {said['words']}.")
    if how == "timed_out":
        words = f"It was killed after {spec['timeout_s']:g} seconds, with all it had started."
        return InvocationResult(ExitKind.TIMED_OUT, words, None, output)
    if how == "too_many":
        words = f"It started more than {spec['processes']} processes and was killed with all of them."
        return InvocationResult(ExitKind.LIMIT_EXCEEDED, words, None, output)
    if how != "ended":
        return InvocationResult(ExitKind.STOPPED, "It was stopped in the middle.", None, output)
    code = int(said["code"])
    words = f"ended by signal {-code}" if code < 0 else f"exit code {code}"
    killed = code < 0 or bool(left)
    return InvocationResult(
        ExitKind.ENDED, f"{words}{f'.{more}' if more else ''}", float(code), output, truncated=killed
    )
