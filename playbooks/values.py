"""Converts a validated playbook document to the domain's `Playbook`, and a playbook to JSON for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from bot.domain.playbook import definition as domain
from bot.domain.values.durations import parse_duration
from playbooks import models


def playbook_of(model: models.Document, file: str = "", digest: str = "") -> domain.Playbook:
    """The playbook in a document. `digest` identifies its content."""
    return domain.Playbook(
        id=model.id,
        name=model.name,
        kind=model.kind,
        category=model.category,
        description=model.description,
        ranks=tuple(rank for rank in model.severities if isinstance(rank, int)),
        keys=tuple(key for key in model.severities if isinstance(key, str)),
        symptoms=tuple(model.symptoms),
        keywords=tuple(model.keywords),
        services=tuple(model.services),
        alerts=tuple(dict(alert) for alert in model.alerts),
        prerequisites=tuple(model.prerequisites),
        parameters=tuple(_parameter(name, parameter) for name, parameter in model.parameters.items()),
        phases=tuple(_phase(number, phase) for number, phase in enumerate(model.phases, 1)),
        escalation_criteria=tuple(model.escalation_criteria),
        communication=tuple(model.communication),
        post_resolution=tuple(model.post_resolution),
        related=tuple(model.related),
        owner=model.owner,
        last_reviewed=date.fromisoformat(model.last_reviewed) if model.last_reviewed else None,
        expected_duration=_span(model.expected_duration),
        sources=tuple(model.source),
        notes=tuple(model.notes),
        file=file,
        digest=digest,
    )


def _parameter(name: str, model: models.Parameter) -> domain.Parameter:
    return domain.Parameter(name, model.description, model.type, model.pattern, tuple(model.options), model.default)


def _phase(number: int, model: models.Phase) -> domain.Phase:
    steps = tuple(_step(f"{number}.{index}", step) for index, step in enumerate(model.steps, 1))
    return domain.Phase(model.title, steps, model.within)


def _step(key: str, model: models.Step) -> domain.Step:
    return domain.Step(
        key=key,
        title=model.title,
        description=model.description,
        when=model.when,
        commands=_commands(model.commands),
        verification=model.verification,
        expected=model.expected,
        rollback=_commands(model.rollback) if isinstance(model.rollback, list) else (),
        rollback_text="" if isinstance(model.rollback, list) else model.rollback,
        timeout=parse_duration(model.timeout),
        requires_approval=model.requires_approval or bool(model.dangerous),
        dangerous=model.dangerous,
        note=model.note,
        parallel=model.parallel,
        automation=_automation(model.automation) if model.automation else None,
    )


def _commands(commands: Sequence[models.Command]) -> tuple[domain.Command, ...]:
    return tuple(domain.Command(command.run, command.about, command.note) for command in commands)


def _automation(model: models.Automation) -> domain.Automation:
    success = model.success
    return domain.Automation(
        runner=model.runner,
        commands=tuple(model.commands),
        url=model.url,
        method=model.method,
        wait=_span(model.wait),
        action=model.action,
        confidence=model.confidence,
        retries=model.retries,
        retry_every=parse_duration(model.retry_every),
        success=domain.Success(**success.model_dump()) if success else None,
    )


def _span(text: str | None) -> timedelta | None:
    return None if text is None else parse_duration(text)


def as_json(playbook: domain.Playbook, severities: Sequence[str]) -> dict[str, Any]:
    """The JSON on which other programs rely. `severities` are the keys of the policy in force, the worst first.

    Commands are filled in with the defaults; required parameters stay as `{name}`.
    """
    values = playbook.filled_values()
    return {
        "id": playbook.id,
        "name": playbook.name,
        "category": playbook.category,
        "severities": list(playbook.severities(severities)),
        "symptoms": list(playbook.symptoms),
        "phases": [
            {"title": phase.title, "steps": [_step_json(step, values) for step in phase.steps]}
            for phase in playbook.phases
        ],
    }


def _step_json(step: domain.Step, values: dict[str, str]) -> dict[str, Any]:
    return {
        "title": step.title,
        "commands": [command.filled_in(values) for command in step.commands],
        "requires_approval": step.requires_approval,
        "rollback": "\n".join(command.filled_in(values) for command in step.rollback) or step.rollback_text or None,
        "verification": step.verification or None,
        "timeout_s": int(step.timeout.total_seconds()),
    }
