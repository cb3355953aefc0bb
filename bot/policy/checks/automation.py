"""Checks the policy's `automation`: its names exist, and its allow lists are not wider than they look."""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Iterator

from bot.domain.values.patterns import matches_fully
from bot.policy import models
from bot.policy.checks.context import CheckContext
from bot.policy.problems import KeyPath, Problem

# Variables that make a program run other code.
_LOADER = re.compile(r"^(?:LD_|DYLD_)|^(?:BASH_ENV|ENV|IFS|PYTHONSTARTUP|PYTHONPATH|PERL5OPT|NODE_OPTIONS|RUBYOPT)$")
# The bot's own settings, which no program gets.
_BOT_SETTINGS = re.compile(r"^(?:SLACK_|DATABASE_URL$|TOCSIN_|PAGERDUTY_|SMTP_URL$|TWILIO_|WEBHOOK_)")
# With and without spaces: a pattern that matches one of these lets any text through.
ANY_TEXT = ("--anything; | $(", "--any;thing|$(")
# Programs that run any code they are given: allowing one allows everything.
_RUNS_ANYTHING = frozenset({
    "sh", "bash", "dash", "zsh", "ksh", "fish", "busybox", "env", "xargs", "python", "python3", "perl", "ruby", "node",
    "sudo", "su", "doas", "nohup", "setsid", "ssh", "awk", "find", "tclsh", "lua", "php",
})  # fmt: skip


def problems(context: CheckContext) -> Iterator[Problem]:
    """A problem for each name that does not exist, and each program that could run other code than its own."""
    model = context.model.automation
    yield from context.unknown_names(
        ("automation", "severities"), model.severities, context.model.severities, "severity"
    )
    for key, row in model.matrix.items():
        path: KeyPath = ("automation", "matrix", key)
        yield from context.unknown_names((*path, "categories"), row.categories, context.model.categories, "category")
    for number, allowed in enumerate(model.runners.process.allow if model.runners.process else ()):
        yield from _executable_problems(context, ("automation", "runners", "process", "allow", number), allowed)


def _executable_problems(context: CheckContext, path: KeyPath, allowed: models.Executable) -> Iterator[Problem]:
    for name in allowed.environment:
        if _LOADER.match(name):
            message = f"{name} can make a program run other code. Remove it."
            yield context.problem((*path, "environment"), message)
    for number, name in enumerate(allowed.environment_from):
        if _BOT_SETTINGS.match(name) or _LOADER.match(name):
            message = f"{name} belongs to the bot and is never passed to a program. Remove it."
            yield context.problem((*path, "environment_from", number), message)
    if not allowed.arguments:
        message = (
            "needs the arguments it may be given, one pattern each: write `arguments: [get, pods]`, or [[]] for none."
        )
        yield context.problem(path, message, "")


def warnings(context: CheckContext) -> Iterator[Problem]:
    """A warning for automation that runs nothing, or far more than it seems to allow."""
    model = context.model.automation
    path: KeyPath = ("automation",)
    runners = [name for name in models.Runners.model_fields if getattr(model.runners, name) is not None]
    if runners and not model.enabled and not context.in_file(("automation", "enabled")):
        yield context.problem(
            path, f"{', '.join(runners)} configured, but automation is off. Write `enabled: true` to turn it on."
        )
    if model.enabled and not runners:
        yield context.problem(path, "enabled, but there is no runner. Add one under `runners`.")
    for number, allowed in enumerate(model.runners.process.allow if model.runners.process else ()):
        program_path: KeyPath = (*path, "runners", "process", "allow", number)
        program = allowed.executable.rpartition("/")[2]
        if re.sub(r"[0-9.]+$", "", program) in _RUNS_ANYTHING or program in _RUNS_ANYTHING:
            message = f"{program} runs any code it is given, so everybody who may press Run could do anything."
            yield context.problem((*program_path, "executable"), f"{message} Allow the actual program instead.")
        if any(matches_fully(pattern, text) for form in allowed.arguments for pattern in form for text in ANY_TEXT):
            yield context.problem(
                (*program_path, "arguments"), "a pattern here lets any text through. List the allowed values instead."
            )
        if allowed.user is not None:
            yield from _user_warnings(context, (*program_path, "user"), allowed.user)


def _user_warnings(context: CheckContext, path: KeyPath, user: str) -> Iterator[Problem]:
    try:
        if not user.isdecimal():  # a number needs no entry: containers have users without names
            pwd.getpwnam(user)
    except KeyError:
        yield context.problem(
            path,
            f"there is no user {user} on this machine, so this program cannot run. Create the user, or name another.",
        )
        return
    if os.geteuid() != 0:
        yield context.problem(
            path, "only root can run a program as another user, so this program cannot run. Remove `user`."
        )
