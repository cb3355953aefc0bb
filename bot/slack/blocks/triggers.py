"""Builds the list of triggers (reasons to page beside the escalation ladder), and the answer to firing one."""

from __future__ import annotations

from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy, Trigger
from bot.domain.values import durations
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Message
from bot.slack.text import clip, plain, render

COMMAND = "/incident"
MAX_TRIGGERS = 30


def trigger_list(incident: Incident, policy: Policy, command: str = COMMAND, unknown: str = "") -> Message:
    """All triggers. `unknown` is the key that a person typed, if no trigger has it."""
    if not policy.triggers:
        return elements.line(f"The policy has no triggers. To call for help: `{command} escalate`")
    start = f"There is no trigger “{clip(render(plain(unknown)), 60)}”. " if unknown else ""
    text = f"{start}Triggers that page people for {incident.id} in addition to the ladder"
    return elements.message(
        text,
        [
            elements.section(f"*{text}*"),
            elements.section("\n".join(_line(trigger, incident) for trigger in policy.triggers[:MAX_TRIGGERS])),
            elements.context(
                f"Has one of these happened? Type `{command} trigger {policy.triggers[0].key} Why you think so`"
            ),
        ],
    )


def trigger_confirmation(incident: Incident, trigger: Trigger) -> Message:
    """Confirm a trigger that was fired by hand, and say who will be paged."""
    when = f"in {durations.exact(trigger.rung.after)}" if trigger.rung.after else "now"
    ways = f" unless it is {trigger.rung.until} by then" if trigger.rung.after else ""
    drill = " It is a drill, so nobody is." if incident.drill else ""
    outcome = f"{_targets(trigger)} will be paged {when}{ways}.{drill}"
    return elements.line(f"*{render(plain(trigger.name))}* holds for {incident.id}: {outcome}")


def _line(trigger: Trigger, incident: Incident) -> str:
    holds = incident.ladder.tripped.get(trigger.key)
    state = f" · holds since {elements.clock(holds.at)}" if holds else ""
    only = f" ({', '.join(trigger.severities)} only)" if trigger.severities else ""
    key, name = render(plain(trigger.key)), render(plain(trigger.name))
    return f"• `{key}` {name}{only}: {_targets(trigger)}{state}"


def _targets(trigger: Trigger) -> str:
    return render(plain(", ".join(target.name for target in trigger.rung.notify)))
