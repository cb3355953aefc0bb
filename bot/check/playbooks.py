"""Checks the playbooks for `tocsin check`: whether they can be read, and which steps a runner would run."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from bot import playbook_runners
from bot.check.finding import Finding, fail, ok, warn
from bot.domain.errors import Refused
from bot.domain.playbook.definition import Playbook, Step
from bot.domain.playbook.job import Action
from bot.domain.policy.policy import Policy
from bot.policy.problems import nearest
from bot.settings import Settings
from bot.usecases.playbooks.dry_run import make_plan
from playbooks import loader
from playbooks.loader import Library, PlaybookError
from playbooks.runners.process import Process
from playbooks.runners.protocol import Runners

NAMED = 8  # steps listed by name


def check(settings: Settings, policy: Policy, environ: Mapping[str, str] | None = None) -> list[Finding]:
    """Check the library, the names in the policy, the runners, and which steps they would run."""
    try:
        library = loader.load(settings.playbook_folders)
    except PlaybookError as error:
        return [fail("playbooks", str(error))]
    set_up = playbook_runners.build(policy.automation, settings, os.environ if environ is None else environ)
    return [
        ok("playbooks", _library(library, settings)),
        *_unknown(library, policy),
        *_runners(set_up, policy, os.environ if environ is None else environ),
        *_steps(library, set_up, policy),
    ]


def _library(library: Library, settings: Settings) -> str:
    own = [playbook for playbook in library.playbooks if Path(playbook.file).parent != loader.SHIPPED]
    folders = ", ".join(str(folder) for folder in settings.playbook_folders)
    if not folders:
        return f"{len(library.playbooks)} shipped, none of your own (TOCSIN_PLAYBOOKS)"
    replaced = f"; in place of shipped ones: {', '.join(library.replaced)}" if library.replaced else ""
    return f"{len(library.playbooks)}, of which {len(own)} are from {folders}{replaced}"


def _unknown(library: Library, policy: Policy) -> Iterator[Finding]:
    """A finding for each playbook that the policy names and the library does not have."""
    references = [
        *(
            (f"services.{key}.playbooks", name)
            for key, service in policy.services.items()
            for name in service.playbooks
        ),
        *(
            (f"automation.matrix.{row.key}.playbooks", name)
            for row in policy.automation.matrix
            for name in row.playbooks
        ),
    ]
    for path, name in references:
        if name not in library.by_id:
            guess = nearest(name, library.by_id)
            hint = f"Did you mean {guess}?" if guess else "See their ids: tocsin playbooks"
            yield fail("playbooks", f"{path}: there is no playbook “{name}”. {hint}")


def _runners(set_up: Runners, policy: Policy, environ: Mapping[str, str]) -> Iterator[Finding]:
    if not policy.automation.enabled:
        yield ok("automation", "off: no step is run, people run the commands themselves")
        return
    for name, runner in set_up.items():
        yield ok("automation", f"{name}: {runner.describe()}")
        for problem in runner.problems() if isinstance(runner, Process) else ():
            yield warn("automation", problem)
        for problem in runner.user_problems() if isinstance(runner, Process) else ():
            yield fail("automation", problem)
    for path, name in _variables(policy):
        if name not in environ:
            yield warn("automation", f"{path}: {name} is not set in the environment.")


def _variables(policy: Policy) -> Iterator[tuple[str, str]]:
    rules = policy.automation
    for program in rules.process.allow if rules.process else ():
        yield from ((f"environment_from of {program.path}", name) for name in program.environment_from)
    for host in rules.http.allow if rules.http else ():
        yield from ((f"headers of {host.host}", name) for name in host.headers.values())


def _steps(library: Library, set_up: Runners, policy: Policy) -> Iterator[Finding]:
    """Count the steps that would run with default parameters, and the reasons why people run the others."""
    if not policy.automation.enabled:
        return
    automatic, skipped = [], Counter[str]()
    for playbook in library.playbooks:
        for step in playbook.steps:
            why = _why_not(set_up, playbook, step)
            if why is None:
                automatic.append(f"{playbook.id} {step.key}")
            elif step.commands or step.automation:
                skipped[why] += max(1, len(step.commands))
    more = f" and {len(automatic) - NAMED} more" if len(automatic) > NAMED else ""
    yield ok("automation", f"would run {len(automatic)} steps: {', '.join(automatic[:NAMED]) or 'none'}{more}")
    reasons = "; ".join(f"{count} {why}" for why, count in skipped.most_common())
    yield ok("automation", f"for people to run, of commands: {reasons or 'none'}")


def _why_not(set_up: Runners, playbook: Playbook, step: Step) -> str | None:
    if step.automation is None:
        shell = any(command.needs_shell for command in step.commands)
        return "in steps without a runner, some needing a shell" if shell else "in steps without a runner"
    if step.automation.runner not in set_up:
        return f"want the runner {step.automation.runner}"
    if playbook.missing_parameters(step, playbook.filled_values()):
        return "want a value that somebody fills in"
    try:
        make_plan(set_up, step, playbook.filled_values(), Action.RUN)
    except Refused:
        return "are not allowed by the policy"
    return None
