"""The oracle of a night of the ladder: timeline, ledger, outbox and arrivals must agree."""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa

from bot.domain.incident import Incident
from bot.domain.paging.calls import dedup_key
from storage import incidents
from storage.open import open_database
from storage.schema import deadlines, outbox
from storage.timeline import entries as timeline
from tests.torture.rungs import PEOPLE, RUNGS, Night

# A page sent before an acknowledgement may arrive this much later: a look-up and a request, each up to its time-out of
# 0.7 s, on a busy machine. That of a process that died is tried again later than that, after a lease.
IN_FLIGHT_S = 2.0


async def judge(night: Night) -> list[str]:
    """Everything that is wrong after a night, as text."""
    database = await open_database(night.url, migrate=False)
    try:
        async with database.reading() as conn:
            incident = await incidents.get(conn, 1)
            assert incident is not None
            entries = await timeline.read(conn, 1)
            rows = list(await conn.execute(sa.select(outbox)))
            ledger = list(await conn.execute(sa.select(deadlines)))
    finally:
        await database.close()
    return [
        *_rungs_once_and_in_order(night, entries),
        *_each_message_once(night, rows, incident),
        *_silence(night, entries),
        *_ledger_explains(night, ledger, entries),
    ]


def _rungs_once_and_in_order(night: Night, entries: list[Any]) -> list[str]:
    wrong: list[str] = []
    paged: list[int] = []
    level = "sev2"
    seen: Counter[tuple[str, int]] = Counter()
    for record in entries:
        entry = record.entry
        if entry.kind == "severity":
            level, paged = entry.data["after"], []
        elif entry.kind == "page" and entry.data.get("rung"):
            seen[level, entry.data["rung"]] += 1
            paged.append(entry.data["rung"])
            if paged != sorted(paged):
                wrong.append(f"{level}: rungs were paged in the order {paged}")
    wrong += [f"rung {rung} of {level} was paged {count} times" for (level, rung), count in seen.items() if count > 1]
    if night.plan.acknowledge_at is None:
        # after lowering, rungs paged above are not paged again below: each is paged once on one ladder or the other
        last = level
        reached = {rung for (key, rung) in seen if key == last or night.plan.lower_at is not None}
        if reached != set(range(1, RUNGS + 1)):
            wrong.append(f"no one acknowledged, and only rungs {sorted(reached)} of {last} were paged")
    return wrong


def _each_message_once(night: Night, rows: list[Any], incident: Incident) -> list[str]:
    """A sent page arrived once, a dropped one did not, and every arrival has a row.

    PagerDuty merges the events of one alert, and mail programs use the Message-ID.
    """
    wrong: list[str] = []
    arrived = _arrivals(night)
    for row in rows:
        if row.kind not in ("page_direct", "notify") or row.payload.get("action") not in (None, "trigger"):
            continue
        method, place = row.payload["method"], row.metadata_key
        if method == "sms":
            place = row.metadata_key[:8]
        elif method == "pagerduty":
            place = f"{dedup_key(incident, row.payload['severity'])} Person {row.payload['contact'][1:]}"
        count = arrived.pop((method, place), 0)
        expected = {"sent": (1,), "dropped": (0, 1) if "may have arrived" in str(row.error) else (0,)}.get(row.state)
        if expected is None:
            wrong.append(f"{row.dedup_key} is {row.state}: {row.error}")
        elif count not in expected:
            wrong.append(f"{row.dedup_key} is {row.state} ({row.error}), and {count} arrived")
    return wrong + [f"{count} × {place} arrived without a row" for place, count in arrived.items()]


def _arrivals(night: Night) -> Counter[tuple[str, str]]:
    """Count arrivals by method and by the ID that the method gives a page."""
    arrivals: Counter[tuple[str, str]] = Counter()
    for _, request in night.twilio.accepted:
        arrivals["sms", request.form["Body"].rpartition("ref ")[2]] += 1
    events = {
        f"{event['dedup_key']} {event['payload']['custom_details']['paged']}"
        for event in (request.json for _, request in night.pagerduty.accepted)
        if event["event_action"] == "trigger"
    }
    arrivals.update(("pagerduty", event) for event in events)
    mails = {str(mail["Message-ID"]).strip("<>").partition("@")[0] for mail in night.post.mails}
    arrivals.update(("email", name.rpartition(".")[2]) for name in mails)
    for channel in night.ws.state.channels.values():
        if channel.is_im and set(channel.members) & set(PEOPLE.values()):
            for message in night.ws.bot_messages(channel.id):
                arrivals["slack", (message.metadata or {})["event_payload"]["key"]] += 1
    return arrivals


def _silence(night: Night, entries: list[Any]) -> list[str]:
    """After the acknowledgement no page follows, and every alert in PagerDuty is acknowledged."""
    if night.acknowledged_at is None:
        return []
    wrong = []
    kinds = [record.entry.kind for record in entries if record.entry.kind in ("acknowledged", "page", "severity")]
    after = kinds[len(kinds) - kinds[::-1].index("acknowledged") :]
    if "page" in after and "severity" not in after:
        wrong.append("a rung was paged after it was acknowledged")
    if "severity" in after:
        return wrong  # raised later: the new ladder pages
    latest = night.acknowledged_at + IN_FLIGHT_S
    events = [(at, request.json) for at, request in night.pagerduty.accepted]
    arrivals = [
        *(("sms", at) for at, _ in night.twilio.accepted),
        *(("email", at) for at in night.post.accepted_at),
        *(("pagerduty", at) for at, event in events if event["event_action"] == "trigger"),
    ]
    wrong += [f"{method} arrived {at - latest:.1f} s too late" for method, at in arrivals if at > latest]
    opened = {event["dedup_key"] for _, event in events if event["event_action"] == "trigger"}
    done = {event["dedup_key"] for _, event in events if event["event_action"] != "trigger"}
    return wrong + [f"{key} was never acknowledged in PagerDuty" for key in opened - done]


def _ledger_explains(night: Night, ledger: list[Any], entries: list[Any]) -> list[str]:
    """Every rung of every severity that applied has a row with its outcome and reason."""
    wrong = []
    levels = {"sev2"} | {r.entry.data["after"] for r in entries if r.entry.kind == "severity"}
    rows = {row.dedup_key: row for row in ledger}
    for level in sorted(levels):
        for rung in range(1, RUNGS + 1):
            row = rows.get(f"rung:1:1:{level}:{rung}")
            if row is None:
                lowered = level == "sev2" and night.plan.lower_at is not None
                wrong += [] if lowered else [f"rung {rung} of {level} is not in the ledger"]
            elif not row.reason or row.state not in ("sent", "skipped", "cancelled"):
                wrong.append(f"rung {rung} of {level} is {row.state} in the ledger: {row.reason!r}")
    return wrong
