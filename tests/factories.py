"""Test data of parsing and rendering: policies with several vocabularies, incidents, a fixed instant."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain import incident as verbs
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy, Role, Rung, Service, Severity
from bot.domain.policy.schedules import Schedule
from bot.domain.timeline.entry import Entry, RecordedEntry
from bot.domain.values.target import Target

NOW = datetime(2026, 1, 5, 3, 4, tzinfo=UTC)
ADA, BEN, MAYA = "U0ADA", "U0BEN", "U0MAYA"
MINUTE = timedelta(minutes=1)

ROLES = (
    Role("commander", "Incident commander", "Runs the incident.", ("Decides", "Keeps the roles filled")),
    Role("technical_lead", "Technical lead"),
    Role("communications_lead", "Communications lead"),
    Role("scribe", "Scribe"),
    Role("engineering_manager", "Engineering manager"),
)
FIVE = Policy(
    "five",
    (
        Severity(
            "sev1",
            "Critical",
            "Everybody is affected",
            respond_within=5 * MINUTE,
            update_every=15 * MINUTE,
            roles=("commander", "scribe"),
            ladder=(Rung(timedelta(), (Target.parse("schedule:primary"),)),),
        ),
        Severity("sev2", "Major", "Many are affected", update_every=30 * MINUTE, roles=("commander",)),
        Severity("sev3", "Moderate", "Some are affected"),
        Severity("sev4", "Low"),
        Severity("sev5", "Info"),
    ),
    ROLES,
    announce="#incidents",
    schedules={"primary": Schedule("primary", "UTC", ())},
)
FOUR = replace(
    FIVE,
    name="four",
    severities=(
        Severity("p0", "Outage"),
        Severity("p1", "Degraded"),
        Severity("p2", "Minor"),
        Severity("p3", "Trivial"),
    ),
)
SPELLED = replace(FIVE, name="spelled", severities=(Severity("level-1", "Very bad"), Severity("level-2", "Rather bad")))
ONE = replace(FIVE, name="one", severities=(Severity("incident", "Incident"),), roles=(), schedules={})
MANY = replace(FIVE, name="many", severities=tuple(Severity(f"s{n}", f"Step {n}") for n in range(9)))
POLICIES = (FIVE, FOUR, SPELLED, ONE, MANY)
CATALOGUE = replace(FIVE, services={"web": Service("web", "Web shop"), "pay": Service("pay", "Payments")})


def new_incident(title: str = "Checkout is down", policy: Policy = FIVE, number: int = 1, **fields: Any) -> Incident:
    return verbs.declare(
        number, verbs.NewIncident(title, policy.severities[0].key, ADA, **fields), policy, NOW
    ).incident


def with_channel(incident: Incident) -> Incident:
    return replace(incident, channel_id="C0INC", channel_name="inc-1-checkout-is-down")


def recorded_entry(entry: Entry, seq: int = 1) -> RecordedEntry:
    return RecordedEntry(1, seq, entry, entry.key, "", "")


def minutes(count: float) -> datetime:
    """The instant `count` minutes after the declaration."""
    return NOW + count * MINUTE


def time(count: float) -> str:
    """The date token of that instant, as a time of day."""
    at = minutes(count)
    return f"<!date^{int(at.timestamp())}^{{time}}|{at:%H:%M} UTC>"


def age(count: float) -> str:
    """The date token of that instant, as a time of day with its age."""
    return time(count).replace("{time}", "{time}, {ago}")


def day(count: float) -> str:
    at = minutes(count)
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{at.day} {at:%b %H:%M} UTC>"


def mrkdwn(block: dict[str, Any]) -> str:
    """The text of a block."""
    if block["type"] == "context":
        return "\n".join(element["text"] for element in block["elements"])
    if "fields" in block:
        return "\n".join(field["text"] for field in block["fields"])
    return str(block["text"]["text"])


def labels(block: dict[str, Any]) -> list[str]:
    return [element["text"]["text"] for element in block["elements"]]


def presses(blocks: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Every button: label, action, value."""
    buttons = [button for block in blocks if block["type"] == "actions" for button in block["elements"]]
    buttons += [block["accessory"] for block in blocks if "accessory" in block]
    return [(button["text"]["text"], button["action_id"], button["value"]) for button in buttons]
