"""The policy's `automation`: into domain values, and what must agree in it."""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Iterator
from datetime import timedelta

from bot.domain.policy import automation_rules as domain
from bot.domain.policy.policy import Condition
from bot.domain.values.durations import parse_duration
from bot.domain.values.patterns import matches_fully
from bot.policy import models
from bot.policy.checks.context import CheckContext
from bot.policy.models.conditions import CONDITION
from bot.policy.problems import KeyPath, Problem

# Variables that make a program run something else than itself.
_LOADER = re.compile(r"^(?:LD_|DYLD_)|^(?:BASH_ENV|ENV|IFS|PYTHONSTARTUP|PYTHONPATH|PERL5OPT|NODE_OPTIONS|RUBYOPT)$")
# What the bot itself lives by; no program gets it.
_OURS = re.compile(r"^(?:SLACK_|DATABASE_URL$|TOCSIN_|PAGERDUTY_|SMTP_URL$|TWILIO_|WEBHOOK_)")
# A shell, or what runs whatever it is told to: allowing one allows everything.
ANY_TEXT = ("--anything; | $(", "--any;thing|$(")  # with and without spaces
_RUNS_ANYTHING = frozenset({
    "sh", "bash", "dash", "zsh", "ksh", "fish", "busybox", "env", "xargs", "python", "python3", "perl", "ruby", "node",
    "sudo", "su", "doas", "nohup", "setsid", "ssh", "awk", "find", "tclsh", "lua", "php",
})  # fmt: skip


def rules_of(model: models.Automation) -> domain.AutomationRules:
    runners = model.runners
    return domain.AutomationRules(
        enabled=model.enabled,
        process=_process(runners.process) if runners.process else None,
        http=_http(runners.http) if runners.http else None,
        promql=domain.PromqlRules(_span(runners.promql.timeout)) if runners.promql else None,
        wait=domain.WaitRules(_span(runners.wait.longest)) if runners.wait else None,
        matrix=tuple(_row(key, row) for key, row in model.matrix.items()),
        thresholds=dict(model.thresholds),
        severities=tuple(model.severities),
        otherwise=model.otherwise,
        on_failure=model.on_failure,
    )


def _process(model: models.ProcessRunner) -> domain.ProcessRules:
    return domain.ProcessRules(tuple(_executable(one) for one in model.allow), model.concurrency)


def _executable(model: models.Executable) -> domain.Executable:
    return domain.Executable(
        path=model.executable,
        arguments=tuple(tuple(form) for form in model.arguments),
        working_directory=model.working_directory,
        environment=dict(model.environment),
        environment_from=tuple(model.environment_from),
        search_path=model.path,
        home=model.home,
        user=model.user,
        timeout=_span(model.timeout),
        output_limit=model.output_limit,
        memory=model.memory,
        processes=model.processes,
    )


def _http(model: models.HttpRunner) -> domain.HttpRules:
    hosts = tuple(
        domain.Host(
            host=one.host,
            methods=tuple(one.methods),
            paths=tuple(one.paths),
            headers=dict(one.headers),
            addresses=tuple(one.addresses),
            plain=one.plain,
            ports=tuple(one.ports),
        )
        for one in model.allow
    )
    return domain.HttpRules(hosts, _span(model.timeout), model.output_limit, model.concurrency)


def _row(key: str, model: models.MatrixRow) -> domain.MatrixRow:
    return domain.MatrixRow(
        key=key,
        decision=model.decision,
        name=model.name or key.replace("_", " ").capitalize(),
        playbooks=tuple(model.playbooks),
        categories=tuple(model.categories),
        actions=tuple(model.actions),
        confidence=model.confidence,
        radius=tuple(condition_of(text) for text in model.blast_radius),
    )


def condition_of(text: str) -> Condition:
    match = CONDITION.match(text)
    if match is None:
        raise TypeError(f"{text} has passed validation as a condition")
    return Condition(match[1], match[2] or "", float(match[3] or 0))


def _span(text: str) -> timedelta:
    return parse_duration(text)


def problems(look: CheckContext) -> Iterator[Problem]:
    model = look.model.automation
    yield from look.unknown_names(("automation", "severities"), model.severities, look.model.severities, "severity")
    for key, row in model.matrix.items():
        path: KeyPath = ("automation", "matrix", key)
        yield from look.unknown_names((*path, "categories"), row.categories, look.model.categories, "category")
    for number, allowed in enumerate(model.runners.process.allow if model.runners.process else ()):
        yield from _of_executable(look, ("automation", "runners", "process", "allow", number), allowed)


def _of_executable(look: CheckContext, path: KeyPath, allowed: models.Executable) -> Iterator[Problem]:
    for name in allowed.environment:
        if _LOADER.match(name):
            said = f"{name} makes a program run something else than itself. Take it out."
            yield look.problem((*path, "environment"), said)
    for number, name in enumerate(allowed.environment_from):
        if _OURS.match(name) or _LOADER.match(name):
            said = f"{name} is the bot's own and is given to no program. Take it out."
            yield look.problem((*path, "environment_from", number), said)
    if not allowed.arguments:
        said = "needs the arguments it may have, a pattern each: write `arguments: [get, pods]`, or [[]] for none."
        yield look.problem(path, said, "")


def warnings(look: CheckContext) -> Iterator[Problem]:
    model = look.model.automation
    path: KeyPath = ("automation",)
    named = [name for name in models.Runners.model_fields if getattr(model.runners, name) is not None]
    if named and not model.enabled and not look.in_file(("automation", "enabled")):
        yield look.problem(
            path, f"{', '.join(named)} set up, and nothing is run. Write `enabled: true` to open the door."
        )
    if model.enabled and not named:
        yield look.problem(path, "enabled, and there is no runner: nothing is run. Name one under `runners`.")
    for number, allowed in enumerate(model.runners.process.allow if model.runners.process else ()):
        here: KeyPath = (*path, "runners", "process", "allow", number)
        program = allowed.executable.rpartition("/")[2]
        if re.sub(r"[0-9.]+$", "", program) in _RUNS_ANYTHING or program in _RUNS_ANYTHING:
            said = (
                f"{program} runs whatever it is told to: who may press Run may do anything. Allow the program itself."
            )
            yield look.problem((*here, "executable"), said)
        if any(matches_fully(pattern, text) for form in allowed.arguments for pattern in form for text in ANY_TEXT):
            yield look.problem((*here, "arguments"), "a pattern here lets any text through. Say what it may be.")
        if allowed.user is not None:
            yield from _of_user(look, (*here, "user"), allowed.user)


def _of_user(look: CheckContext, path: KeyPath, user: str) -> Iterator[Problem]:
    try:
        pwd.getpwnam(user)
    except KeyError:
        yield look.problem(path, f"there is no user {user} on this machine: nothing of this is run.")
        return
    if os.geteuid() != 0:
        yield look.problem(path, "only root can run something as somebody else: nothing of this is run.")
