"""Maps each grammar (what may follow a verb such as `ack`) to its parser."""

from __future__ import annotations

from bot.slack.commands.grammar import actions, metrics, people, roles, schedule, severity, status, text, time
from bot.slack.commands.grammar.base import Parser
from bot.slack.commands.verb import Grammar

# `Grammar.DECLARATION` has none: `commands.parse` reads declarations itself, and never refuses one.
PARSERS: dict[Grammar, Parser] = {
    Grammar.NOTHING: text.no_argument,
    Grammar.WORDS: text.optional_text,
    Grammar.TEXT: text.required_text,
    Grammar.STATUS: status.status_and_note,
    Grammar.SEVERITY: severity.severity_and_reason,
    Grammar.ROLE: roles.role_and_holder,
    Grammar.PERSON: people.one_person,
    Grammar.PEOPLE: people.several_people,
    Grammar.SPAN: time.duration,
    Grammar.SNOOZE: time.snooze,
    Grammar.ALL: text.all_or_key,
    Grammar.FILTER: severity.list_filter,
    Grammar.ID: text.incident_id,
    Grammar.TOPIC: text.help_topic,
    Grammar.SCHEDULE: schedule.optional_schedule,
    Grammar.COVER: schedule.cover,
    Grammar.PAGE: people.page,
    Grammar.DRILL: severity.drill,
    Grammar.HANDOVER: roles.handover,
    Grammar.POLICY: text.apply_or_nothing,
    Grammar.ACTION: actions.action,
    Grammar.ACTIONS: actions.action_list,
    Grammar.METRICS: metrics.metrics,
    Grammar.OTHER: text.other_incident,
}
