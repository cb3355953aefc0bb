"""Checks a playbook across its values, which the schema of single values cannot express."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from bot.domain.playbook import definition as domain
from bot.policy.problems import KeyPath, Problem, did_you_mean, path_text
from bot.policy.yaml_source import Source
from playbooks.models import Command, Document, Step


def check(model: Document, source: Source) -> list[Problem]:
    """The problems of a playbook whose single values are valid."""
    steps = list(_steps(model))
    # A misspelt parameter also leaves the right one unused: report that as one mistake, not two.
    problems = [*steps, *([] if steps else _parameters(model)), *_kind(model), *_self_reference(model)]
    return [Problem(path, f"{path_text(path)} {message}", source.line(path)) for path, message in problems]


def _steps(model: Document) -> Iterator[tuple[KeyPath, str]]:
    for at, phase in enumerate(model.phases):
        groups: list[str | None] = []
        for number, step in enumerate(phase.steps):
            step_path: KeyPath = ("phases", at, "steps", number)
            for path, text in _texts(step, step_path):
                yield from _undeclared_parameters(path, text, model)
            for path, command in _commands(step, step_path):
                if shlex.split(command.run)[0].startswith("{"):
                    yield path, "begins with a parameter: the program itself must be written out."
            yield from _automation(step, (*step_path, "automation"))
            if step.parallel and step.parallel in groups and step.parallel != groups[-1]:
                yield (*step_path, "parallel"), f"group {step.parallel} is interrupted: its steps must be neighbours."
            groups.append(step.parallel)


def _commands(step: Step, here: KeyPath) -> Iterator[tuple[KeyPath, Command]]:
    for number, command in enumerate(step.commands):
        yield (*here, "commands", number), command
    if isinstance(step.rollback, list):
        for number, command in enumerate(step.rollback):
            yield (*here, "rollback", number), command


def _texts(step: Step, here: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    """Every text of a step that can contain placeholders."""
    for path, command in _commands(step, here):
        yield path, command.run
    if step.automation and step.automation.url:
        yield (*here, "automation", "url"), step.automation.url
    if step.automation and step.automation.success and step.automation.success.promql:
        yield (*here, "automation", "success", "promql"), step.automation.success.promql


def _undeclared_parameters(path: KeyPath, text: str, model: Document) -> Iterator[tuple[KeyPath, str]]:
    for name in domain.placeholders(text):
        if name not in model.parameters:
            hint = did_you_mean(name, model.parameters, "Parameters here")
            yield path, f"uses {{{name}}}, which is not declared under parameters.{hint}"


def _automation(step: Step, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if step.automation is None or step.automation.runner != "process":
        return
    numbers = step.automation.commands or range(1, len(step.commands) + 1)
    if not numbers:
        yield path, "has no commands to run: write them under `commands` of the step."
    for number in numbers:
        if number > len(step.commands):
            yield (*path, "commands"), f"names command {number}, and the step has {len(step.commands)}."
        elif domain.uses_shell(step.commands[number - 1].run):
            yield path, f"cannot run command {number}: it needs a shell (a pipe, redirection or expansion). Reword it."


def _parameters(model: Document) -> Iterator[tuple[KeyPath, str]]:
    used = {
        name
        for phase in model.phases
        for step in phase.steps
        for _, text in _texts(step, ())
        for name in domain.placeholders(text)
    }
    for name in model.parameters:
        if name not in used:
            yield ("parameters", name), f"is used by no command: write {{{name}}} where it belongs, or remove it."


def _kind(model: Document) -> Iterator[tuple[KeyPath, str]]:
    if model.kind != "checklist":
        return
    for at, phase in enumerate(model.phases):
        for number, step in enumerate(phase.steps):
            if step.commands:
                yield ("phases", at, "steps", number, "commands"), "stand in a checklist: write `kind: playbook`."


def _self_reference(model: Document) -> Iterator[tuple[KeyPath, str]]:
    for number, related_id in enumerate(model.related):
        if related_id == model.id:
            yield ("related", number), "names this playbook itself."
