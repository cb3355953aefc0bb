"""Runner that executes a program, never a shell: arguments as the policy permits, limited, killed with its children.

The policy names the program by its absolute path, so nothing is searched in PATH. The path must still resolve to the
same file as when the bot started. `supervisor.py` starts the program and leaves no process of it behind.
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
FILE_LIMIT = 256 * 1024**2  # bytes of a file that the program writes
OPEN_FILES = 1024
MARGIN_S = 5.0  # the supervisor keeps the time-out itself; after this much more the supervisor is killed
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class ResolvedProgram:
    """The file that a path in the policy resolved to at start, or why it cannot be run."""

    real: str
    problem: str | None = None


class Process:
    """Runs the programs in the policy's allow list."""

    name = "process"
    idempotent = False

    def __init__(self, rules: ProcessRules, environ: Mapping[str, str]) -> None:
        self.concurrency = rules.concurrency
        self._rules = rules
        self._environ = environ
        self._programs = {rule.path: resolve_program(rule.path) for rule in rules.allow}
        self.secrets = tuple(_secrets(rules, environ))

    def check(self, invocation: Invocation) -> Allowed:
        """Permit a program with arguments that a rule matches. Raises `Refused` for every other."""
        check_args(invocation.args)
        rule = self._rule(invocation.args)
        self._check_program(rule)
        _check_user(rule)
        return Allowed(
            rule=f"{rule.path} with these arguments is allowed",
            where=f"{self._programs[rule.path].real} in {rule.working_directory}",
            run_as=rule.user or pwd.getpwuid(os.geteuid()).pw_name,
            limits=limits_text(rule.timeout, rule.output_limit),
            timeout=rule.timeout,
        )

    async def run(self, invocation: Invocation, timeout: timedelta) -> InvocationResult:
        """Run the program once under its supervisor, which kills it with its children at the time limit."""
        try:
            self.check(invocation)
            rule = self._rule(invocation.args)
            spec = self._spec(rule, invocation.args, min(timeout, rule.timeout))
        except Refused as refused:
            return InvocationResult(ExitKind.NOT_STARTED, refused.message)
        return await _run_supervised(spec, rule)

    def describe(self) -> str:
        """The programs that can be run here, and how many at once."""
        usable = [rule.path for rule in self._rules.allow if self._programs[rule.path].problem is None]
        return f"{', '.join(dict.fromkeys(usable)) or 'nothing'}; {self.concurrency} at once"

    def problems(self) -> list[str]:
        """Why programs in the policy cannot be run on this machine."""
        return [program.problem for program in self._programs.values() if program.problem]

    def _rule(self, args: tuple[str, ...]) -> Executable:
        """The rule that permits these arguments. Raises `Refused`, which names the nearest form."""
        if not args:
            raise Refused("There is nothing to run.")
        program, arguments = args[0], args[1:]
        rules = [rule for rule in self._rules.allow if program in (rule.name, rule.path)]
        if not rules:
            names = ", ".join(dict.fromkeys(rule.name for rule in self._rules.allow)) or "none"
            raise Refused(f"{program[:60]} is not a program that the policy allows. Allowed: {names}.")
        for rule in rules:
            if any(_matches_form(form, arguments) for form in rule.arguments):
                return rule
        raise Refused(f"{program} is allowed, but not with these arguments: {_nearest_form(rules, arguments)}")

    def _check_program(self, rule: Executable) -> None:
        """Raise `Refused` if the program cannot be run, or is no longer the file that it was at start."""
        at_start, now = self._programs[rule.path], resolve_program(rule.path)
        if problem := at_start.problem or now.problem:
            raise Refused(problem)
        if now.real != at_start.real:
            raise Refused(
                f"{rule.path} was {at_start.real} when the bot started, and is {now.real} now. It was not run."
            )

    def _spec(self, rule: Executable, args: tuple[str, ...], timeout: timedelta) -> dict[str, Any]:
        """The orders for the supervisor, as JSON."""
        user = pwd.getpwnam(rule.user) if rule.user else None
        seconds = timeout.total_seconds()
        limits = {
            "CORE": 0, "CPU": int(seconds) + 2, "FSIZE": FILE_LIMIT, "NOFILE": OPEN_FILES, "NPROC": rule.processes,
        }  # fmt: skip
        if rule.memory is not None:
            limits["AS"] = rule.memory
        return {
            "program": self._programs[rule.path].real,
            "argv": list(args),
            "environment": build_environment(rule, self._environ),
            "directory": rule.working_directory,
            "user": rule.user,
            "uid": user.pw_uid if user else None,
            "gid": user.pw_gid if user else None,
            "timeout_s": seconds,
            "processes": rule.processes,
            "limits": limits,
        }


def build(rules: ProcessRules, environ: Mapping[str, str]) -> Process:
    """The runner for the policy's rules; `environ` is what programs may be given of the bot's environment."""
    return Process(rules, environ)


def resolve_program(path: str) -> ResolvedProgram:
    """Resolve a program's path, and check that it can be run and that only trusted users can replace it."""
    real = os.path.realpath(path)
    try:
        mode = os.stat(real).st_mode
    except OSError as error:
        return ResolvedProgram(real, f"{path} cannot be run: {error.strerror}.")
    if not stat.S_ISREG(mode) or not os.access(real, os.X_OK):
        return ResolvedProgram(real, f"{path} cannot be run: it is not an executable file.")
    for part in (real, *(str(parent) for parent in Path(real).parents)):
        mode = os.stat(part).st_mode
        if mode & stat.S_IWOTH and not (stat.S_ISDIR(mode) and mode & stat.S_ISVTX):
            return ResolvedProgram(real, f"{path} cannot be run: everyone may write to {part}.")
    return ResolvedProgram(real)


def build_environment(rule: Executable, environ: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of the program."""
    passed = {name: environ[name] for name in rule.environment_from if name in environ}
    return {"PATH": rule.search_path, "HOME": rule.home, "LANG": "C.UTF-8", **rule.environment, **passed}


def _secrets(rules: ProcessRules, environ: Mapping[str, str]) -> list[str]:
    secrets = []
    for rule in rules.allow:
        secrets += [environ[name] for name in rule.environment_from if name in environ]
        secrets += [value for value in rule.environment.values() if not value.startswith("/")]
    return secrets


def _matches_form(form: tuple[str, ...], arguments: tuple[str, ...]) -> bool:
    return len(form) == len(arguments) and all(
        matches_fully(pattern, argument) for pattern, argument in zip(form, arguments, strict=True)
    )


def _nearest_form(rules: list[Executable], arguments: tuple[str, ...]) -> str:
    """Why the arguments do not match the form that they match the longest."""
    forms = [form for rule in rules for form in rule.arguments]
    best = max(forms, key=lambda form: (_matching_count(form, arguments), len(form) == len(arguments)), default=())
    place = _matching_count(best, arguments)
    if place < min(len(best), len(arguments)):
        return f"argument {place + 1}, “{arguments[place][:60]}”, must match {best[place]}."
    return f"{len(best)} are allowed, but these are {len(arguments)}."


def _matching_count(form: tuple[str, ...], arguments: tuple[str, ...]) -> int:
    """How many arguments match from the beginning."""
    count = 0
    for pattern, argument in zip(form, arguments, strict=False):
        if not matches_fully(pattern, argument):
            break
        count += 1
    return count


def _check_user(rule: Executable) -> None:
    """Raise `Refused` if the bot cannot run a program as the user that the policy names."""
    if rule.user is None:
        return
    try:
        uid = pwd.getpwnam(rule.user).pw_uid
    except KeyError:
        raise Refused(f"{rule.name} should run as {rule.user}, but there is no such user on this machine.") from None
    if os.geteuid() not in (0, uid):
        raise Refused(f"{rule.name} should run as {rule.user}, which only root can do.")


async def _run_supervised(spec: dict[str, Any], rule: Executable) -> InvocationResult:
    """Run a program under the supervisor.

    1. Start the supervisor. 2. Send it its orders. 3. Read the output up to the limit. 4. Read how the program ended.
    However this ends, also when cancelled, the supervisor was told to stop everything and has ended.
    """
    status_read, status_write = os.pipe()
    try:
        supervisor = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", str(SUPERVISOR), str(status_write),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            pass_fds=(status_write,), start_new_session=True, close_fds=True, env={}, cwd="/",
        )  # fmt: skip
    except OSError as error:
        os.close(status_read)
        return InvocationResult(ExitKind.NOT_STARTED, f"It could not be started: {error.strerror}.")
    finally:
        os.close(status_write)
    output, complete = bytearray(), True
    try:
        assert supervisor.stdin is not None  # noqa: S101 - PIPE
        supervisor.stdin.write(json.dumps(spec).encode() + b"\n")
        with suppress(ConnectionError):
            await supervisor.stdin.drain()
        try:
            async with asyncio.timeout(spec["timeout_s"] + MARGIN_S):
                complete = await _read(supervisor, output, rule.output_limit)
        except TimeoutError:
            complete = True
    finally:
        status = await _stop_supervisor(supervisor, status_read)
    return _to_result(status, complete, output.decode("utf-8", "replace"), spec, rule)


async def _read(supervisor: asyncio.subprocess.Process, output: bytearray, limit: int) -> bool:
    """Read the output into `output`. False if it exceeds `limit` bytes."""
    assert supervisor.stdout is not None  # noqa: S101 - PIPE
    while chunk := await supervisor.stdout.read(_CHUNK):
        output += chunk[: limit - len(output)]
        if len(output) >= limit:
            return False
    await supervisor.wait()
    return True


async def _stop_supervisor(supervisor: asyncio.subprocess.Process, status_fd: int) -> dict[str, Any]:
    """Close the supervisor's input, which makes it stop everything, and read how the program ended.

    A second cancellation does not interrupt this. Empty if the supervisor said nothing.
    """
    ending = asyncio.ensure_future(_end(supervisor))
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


async def _end(supervisor: asyncio.subprocess.Process) -> None:
    if supervisor.stdin is not None:
        supervisor.stdin.close()
    try:
        async with asyncio.timeout(MARGIN_S):
            while supervisor.stdout is not None and await supervisor.stdout.read(_CHUNK):
                pass
            await supervisor.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            supervisor.kill()  # its child dies with it (PR_SET_PDEATHSIG)
        await supervisor.wait()


def _to_result(
    status: dict[str, Any], complete: bool, output: str, spec: dict[str, Any], rule: Executable
) -> InvocationResult:
    how, left = status.get("how"), status.get("left", 0)
    more = f" {left} of the processes it had left behind were killed." if how == "ended" and left else ""
    if not complete:
        return InvocationResult(
            ExitKind.LIMIT_EXCEEDED,
            f"It printed more than {rule.output_limit // 1024} KiB and was killed.",
            None,
            output,
        )
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
    killed = code < 0 or bool(left)
    return InvocationResult(
        ExitKind.ENDED, f"{summary}{f'.{more}' if more else ''}", float(code), output, truncated=killed
    )
