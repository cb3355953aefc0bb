"""Runs a playbook step that is a program, never a shell, within the policy's rules and limits.

The policy names the program by its absolute path, so nothing is searched in PATH. The path must still resolve to the
same file as when the bot started. `supervisor.py` starts the program and leaves no process of it behind.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.domain.errors import Refused
from bot.domain.playbook.job import Allowed, ExitKind, Invocation, InvocationResult, check_args, limits_text
from bot.domain.policy.automation_rules import Executable, ProcessRules
from bot.domain.values.patterns import matches_fully
from playbooks.runners import supervised_program

FILE_LIMIT = 256 * 1024**2  # bytes of a file that the program writes
OPEN_FILES = 1024
HIGHEST_UID = 2**32 - 2


@dataclass(frozen=True, slots=True)
class ResolvedProgram:
    """The file that a path in the policy resolved to at start, or why it cannot be run."""

    real: str
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """An operating-system user that programs run as."""

    name: str | None  # None: only its number is known, and it is in no other group
    uid: int
    gid: int


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
            run_as=rule.user or _own_name(),
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
        return await supervised_program.run(spec, rule.output_limit)

    def describe(self) -> str:
        """The programs that can be run here, and how many at once."""
        usable = [rule.path for rule in self._rules.allow if self._programs[rule.path].problem is None]
        return f"{', '.join(dict.fromkeys(usable)) or 'nothing'}; {self.concurrency} at once"

    def problems(self) -> list[str]:
        """Why programs in the policy cannot be run on this machine."""
        return [program.problem for program in self._programs.values() if program.problem]

    def user_problems(self) -> list[str]:
        """Why the bot cannot run programs as the users that the policy names."""
        return [problem for rule in self._rules.allow if (problem := user_problem(rule))]

    def _rule(self, args: tuple[str, ...]) -> Executable:
        """The rule that permits these arguments. Raises `Refused`, which names the form that fits best."""
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
        account = find_account(rule.user) if rule.user else None
        seconds = timeout.total_seconds()
        limits = {"CORE": 0, "CPU": int(seconds) + 2, "FSIZE": FILE_LIMIT, "NOFILE": OPEN_FILES}
        if rule.memory is not None:
            limits["AS"] = rule.memory
        return {
            "program": self._programs[rule.path].real,
            "argv": list(args),
            "environment": build_environment(rule, self._environ),
            "directory": rule.working_directory,
            "user": account.name if account else None,
            "uid": account.uid if account else None,
            "gid": account.gid if account else None,
            "timeout_s": seconds,
            "processes": rule.processes,
            "processes_of_others": (self.concurrency - 1) * max(allowed.processes for allowed in self._rules.allow),
            "limits": limits,
        }


def build(rules: ProcessRules, environ: Mapping[str, str]) -> Process:
    """The runner for the policy's rules. Programs get variables from `environ` only if the policy says so."""
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
    score = _matching_count(best, arguments)
    if score < min(len(best), len(arguments)):
        return f"argument {score + 1}, “{arguments[score][:60]}”, must match {best[score]}."
    return f"{len(best)} are allowed, but these are {len(arguments)}."


def _matching_count(form: tuple[str, ...], arguments: tuple[str, ...]) -> int:
    """The number of arguments that match from the beginning."""
    count = 0
    for pattern, argument in zip(form, arguments, strict=False):
        if not matches_fully(pattern, argument):
            break
        count += 1
    return count


def _check_user(rule: Executable) -> None:
    """Raise `Refused` if the bot cannot run a program as the user that the policy names, or that user is root."""
    if problem := user_problem(rule):
        raise Refused(problem)


def user_problem(rule: Executable) -> str | None:
    """Why the bot cannot run a program as its user. None if it can."""
    account = find_account(rule.user) if rule.user else None
    if rule.user and account is None:
        return f"{rule.name} should run as {rule.user}, but there is no such user on this machine."
    uid = account.uid if account else os.geteuid()
    if uid == 0 == os.geteuid():
        return (
            f"{rule.name} would run as root, whose processes the system does not limit. "
            "Name another user for it in the policy, such as `user: nobody`, or run the bot as one."
        )
    if os.geteuid() not in (0, uid):
        return f"{rule.name} should run as {rule.user}, which only root can do."
    return None


def find_account(user: str) -> Account | None:
    """The account of a user by name or by number (in a container without a name for it). None if there is none."""
    try:
        if not user.isdecimal():
            entry = pwd.getpwnam(user)
        elif int(user) > HIGHEST_UID:
            return None
        else:
            entry = pwd.getpwuid(int(user))
    except KeyError:
        return Account(None, int(user), int(user)) if user.isdecimal() else None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _own_name() -> str:
    """The name of the bot's user, or its number if it has no name."""
    account = find_account(str(os.geteuid()))
    return (account and account.name) or str(os.geteuid())
