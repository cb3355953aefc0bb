"""Builds and reads the input in which a person gives single components of the status page a state of their own."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.errors import Refused
from bot.domain.policy.status_page_rules import StatusPageRules
from bot.domain.statuspage.component_state import ComponentState, parse_state
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors
from bot.slack.text import clip

STATES = "states"
LENGTH = 3000  # as Slack takes
ALLOWED = tuple(state for state in ComponentState if state is not ComponentState.UNDER_MAINTENANCE)
LISTED = 10  # components in a message


def states_input(rules: StatusPageRules, lines: str) -> list[Block]:
    """The input `states` with these lines in it; nothing where the page has fewer than two components."""
    if len(rules.components) < 2:
        return []
    example = f"{rules.components[0].name}: {ComponentState.PARTIAL_OUTAGE.label.lower()}"
    text = elements.text_input(lines, multiline=True, longest=LENGTH, placeholder=example)
    hint = f"One component a line, such as “{example}”. The other affected components have the state above."
    return [elements.input_block(STATES, "Components in another state", text, optional=True, hint=hint)]


def lines_of(rules: StatusPageRules, states: Mapping[str, ComponentState], common: ComponentState) -> str:
    """A line for each affected component whose state is not `common`."""
    return "\n".join(
        f"{component.name}: {states[component.key].label.lower()}"
        for component in rules.components
        if states.get(component.key, common) not in (common, ComponentState.OPERATIONAL)
    )


def states_of(rules: StatusPageRules, lines: str) -> dict[str, ComponentState]:
    """Read the lines, such as `API: partial outage` or `api = major`. Raises `InputErrors` that says what to write."""
    states: dict[str, ComponentState] = {}
    for line in filter(None, map(str.strip, lines.splitlines())):
        name, separator, state = line.rpartition("=" if "=" in line else ":")
        component = rules.component(name)
        if not separator or component is None:
            raise InputErrors({STATES: _unknown(rules, line)})
        states[component.key] = _state(state)
    return states


def _unknown(rules: StatusPageRules, line: str) -> str:
    names = [component.name for component in rules.components[:LISTED]]
    example = f"Write it like “{names[0]}: major outage”."
    return f"“{clip(line, 40)}” names no component. {example} There are: {', '.join(names)}."


def _state(text: str) -> ComponentState:
    try:
        state = parse_state(text)
    except Refused:
        allowed = ", ".join(
            choice.label.lower() for choice in ComponentState if choice is not ComponentState.UNDER_MAINTENANCE
        )
        raise InputErrors({STATES: f"“{clip(text.strip(), 40)}” is not a state. Write one of: {allowed}."}) from None
    if state not in ALLOWED:
        raise InputErrors({STATES: "An incident has no maintenance. Plan maintenance with /incident maintenance."})
    return state
