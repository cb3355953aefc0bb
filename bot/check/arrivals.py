"""Checks, by the arrivals so far, whether Slack is set up to send events, commands and presses of buttons here."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.check.finding import Finding, fail, ok, warn
from bot.domain.values.durations import approximate
from bot.slack.inbound.arrivals import ArrivalRecord, arrival_record
from storage import incidents, key_value
from storage.database import Database

DAY = timedelta(days=1)
ENOUGH = timedelta(minutes=10)  # what Slack sends arrives within this time
FIT = {
    "bad signature": "did not fit SLACK_SIGNING_SECRET. Copy the Signing Secret again: Basic Information",
    "stale timestamp": "seemed to be from another time. Set this machine's clock: it must run by NTP",
}


async def check(database: Database, now: datetime) -> list[Finding]:
    """Report payloads that Slack does not send, by the record of arrivals. Empty before the first start."""
    async with database.reading() as conn:
        stored = await key_value.SLACK_ARRIVALS.get(conn)
        if stored is None:
            return []
        record = arrival_record(stored)
        newest = await incidents.newest(conn, limit=20)
    declared_at = [
        incident.declared_at for incident in newest if incident.channel_id and incident.declared_at > record.since
    ]
    return findings(record, min(declared_at, default=None), now)


def findings(record: ArrivalRecord, opened_at: datetime | None, now: datetime) -> list[Finding]:
    """Report what Slack does not send.

    `opened_at`: the first declaration since the record began whose incident has a channel; None without one.
    Slack sends the events of that channel, if it sends any events.
    """
    arrived, refused = record.arrived, record.refused
    # Requests of strangers are refused, too. Where Slack's own are accepted, some arrive on most days.
    if refused is not None and refused > (arrived or record.since - DAY) + DAY and record.refused_why in FIT:
        return [fail("events", f"Slack's last request, {_ago(now - refused)}, {FIT[record.refused_why]}.")]
    if arrived is None:
        if now - record.since < ENOUGH:
            return []
        message = (
            f"nothing has arrived from Slack since the first start, {_ago(now - record.since)}. Type /incident help."
        )
        return [warn("events", f"{message} If that fails, see “Nothing arrives” in docs/run/troubleshooting.md.")]
    if record.event is None and opened_at is not None and now - opened_at > ENOUGH:
        message = (
            "commands arrive from Slack and events do not. Turn on Event Subscriptions, and subscribe to the bot events"
        )
        return [fail("events", f"{message} of manifest.yml.")]
    if record.command is not None and record.interaction is None and now - record.command > ENOUGH:
        message = (
            "no press of a button or form has arrived from Slack. If anybody has pressed one, turn on Interactivity"
        )
        return [warn("events", f"{message} & Shortcuts.")]
    return [ok("events", f"Slack's last request arrived {_ago(now - arrived)}")]


def _ago(span: timedelta) -> str:
    return f"{approximate(span)} ago"
