"""Builds and reads the form **Change severity**, and the select of severities that other forms also contain."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.blocks.phrases import severity_plain


@dataclass(frozen=True, slots=True)
class SeverityValues:
    """Values of the severity form."""

    incident: int
    severity: str
    reason: str


def severity_modal(incident: Incident, policy: Policy) -> Block:
    """The form, with inputs `severity` and `reason`."""
    return elements.modal(
        "severity",
        "Change severity",
        "Change",
        [
            elements.input_block("severity", "Severity", severity_select(policy, incident.severity)),
            elements.input_block(
                "reason",
                "Reason",
                elements.text_input(multiline=True, longest=1000, placeholder="All customers are affected"),
                optional=True,
            ),
            elements.context("Raising it starts paging by the ladder of the new severity. Lowering it pages no one."),
        ],
        inputs.metadata(incident=incident.id),
    )


def values_of_severity(view: View, policy: Policy) -> SeverityValues:
    """Read the form. Raises `InputErrors` for a severity that is not in the policy."""
    number, severity = inputs.incident_of(view), inputs.chosen_value(view, "severity")
    errors = severity_errors(severity, policy)
    if errors or severity is None:
        raise InputErrors(errors)
    return SeverityValues(number, severity, inputs.text(view, "reason"))


def severity_errors(severity: str | None, policy: Policy) -> dict[str, str]:
    """The errors of the chosen severity, by block; empty if it is valid."""
    if severity is None:
        return {"severity": f"Choose a severity, such as {policy.severities[0].key}."}
    if not policy.has_severity(severity):
        return {"severity": f"{severity} is no longer in the policy. Choose another."}
    return {}


def severity_select(policy: Policy, chosen: str | None = None) -> Block:
    """A select of the severities, each with its one-line meaning."""
    keys = elements.usable(level.key for level in policy.severities)
    options = [
        elements.option(severity_plain(level), level.key, level.description or level.user_impact)
        for level in policy.severities
        if level.key in keys
    ]
    return elements.select(options, chosen, "How bad is it?")
