"""Lists every operation."""

from __future__ import annotations

from bot.operations import (
    actions,
    alert_preview,
    alerts,
    audit,
    communications,
    corrections,
    facts,
    figures,
    incidents,
    knowledge,
    oncall,
    people,
    playbook_runs,
    publishing,
    relations,
    reviews,
    rules,
    status_page,
    subscribers,
    timeline,
    tokens,
    verbs,
)
from bot.operations.base import Operation

_MODULES = (
    incidents, verbs, people, facts, timeline, communications, alerts, alert_preview, rules, oncall, knowledge,
    playbook_runs,
    status_page, publishing, subscribers, tokens,
    relations, actions, reviews,
    corrections, figures, audit,
)  # fmt: skip
OPERATIONS: tuple[Operation, ...] = tuple(operation for module in _MODULES for operation in module.OPERATIONS)
BY_NAME: dict[str, Operation] = {operation.name: operation for operation in OPERATIONS}
