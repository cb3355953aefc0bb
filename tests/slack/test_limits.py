"""Slack accepts every rendered message, for any text and any amount, and it mentions nobody."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.alerts.past_alert import PastAlert
from bot.domain.communications.leaks import Finding, Leak
from bot.domain.deadlines import DeadlineState
from bot.domain.incident import Change, Incident, Ladder, Snooze
from bot.domain.incident.status import Status
from bot.domain.paging.ladder import PagingOutcome
from bot.domain.paging.recipients import Recipients
from bot.domain.playbook.definition import Playbook
from bot.domain.policy.policy import Contact, Policy, Role, Service, Severity
from bot.domain.policy.status_page_rules import Component, StatusPageRules
from bot.domain.routing.payloads import ChannelPagePayload, NudgePayload, PageSettledPayload, PersonPagePayload
from bot.domain.statuspage.component_state import ComponentState
from bot.domain.statuspage.publication import PublicStatus
from bot.domain.timeline.entry import Entry, RecordedEntry, entry
from bot.domain.triage.service_catalog import Cause
from bot.domain.triage.service_catalog import ReachedService as Reached_
from bot.domain.triage.similarity import Fix, SimilarIncident
from bot.domain.triage.triage import Triage
from bot.slack.blocks import (
    announcement,
    card,
    catchup,
    help,
    incident_lists,
    menu,
    news,
    page,
    questions,
    reminder,
    replies,
    settled_page,
    timeline,
    triage,
    why,
)
from bot.slack.blocks.elements import Message
from bot.slack.blocks.modals.add_to_timeline import add_to_timeline_modal
from bot.slack.blocks.modals.also_tell import tell_all_modal
from bot.slack.blocks.modals.also_tell_page import PageOffer
from bot.slack.blocks.modals.declare import FormOrigin, declare_modal
from bot.slack.blocks.modals.false_alarm import false_alarm_modal
from bot.slack.blocks.modals.handover import handover_modal
from bot.slack.blocks.modals.impact import impact_modal
from bot.slack.blocks.modals.note import note_modal
from bot.slack.blocks.modals.redact import redact_modal
from bot.slack.blocks.modals.refused import refusal_modal
from bot.slack.blocks.modals.reopen import reopen_modal
from bot.slack.blocks.modals.resolve import resolve_modal
from bot.slack.blocks.modals.roles import roles_modal
from bot.slack.blocks.modals.severity import severity_modal
from bot.slack.blocks.modals.update import update_modal
from bot.slack.commands.request import BadRequest
from bot.slack.text import from_command
from tests.factories import ADA, BEN, FIVE, MAYA, NOW, minutes, new_incident, recorded_entry
from tests.slack.reference import needs_reference, refused_blocks, refused_view

PEOPLE = {ADA, BEN, MAYA}
HOSTILE = "<!channel> <!here|x> 🔥👩‍🚒 שלום & <b> <@U0EVIL> *_~` @everyone "
RAW = "&lt;!channel&gt; &lt;@U0EVIL&gt; <!here> <!subteam^S1|@ops> 🔥 שלום &amp; `code` "
HARMLESS = HOSTILE.replace("<@U0EVIL>", "")  # in text that was parsed, `<@…>` is a mention that was meant
LONG = from_command(RAW * 60)[:3000]
SPECIAL = re.compile(r"<![^>]*>")
DATE = re.compile(r"<!date\^\d+\^\{[^<>|]*\}\|[^<>|]* UTC>")

WIDE = replace(
    FIVE,
    severities=tuple(
        Severity(
            f"level-{n}",
            f"Level {HOSTILE}"[:200],
            LONG,
            update_every=timedelta(minutes=15),
            roles=tuple(f"role{i}" for i in range(60)),
        )
        for n in range(20)
    ),
    roles=(
        Role("commander", "Incident commander"),
        *(Role(f"role{i}", f"Role {i} {HOSTILE}", LONG, (LONG,) * 9) for i in range(60)),
    ),
    services={f"service{i}": Service(f"service{i}", f"{i} {HOSTILE}") for i in range(250)},
    categories=tuple(f"Category {i} {HOSTILE}"[:120] for i in range(150)),
)


def _worst(number: int = 1, **changes: Any) -> Incident:
    made = new_incident("x", WIDE, number, description=LONG, services=tuple(WIDE.services), category=WIDE.categories[0])
    return replace(
        made,
        title=from_command(RAW * 10)[:300],
        roles={f"role{i}": BEN for i in range(60)},
        updates=3,
        updated_at=NOW,
        update_text=LONG,
        promised_by=BEN,
        snooze=Snooze(BEN, minutes(30)),
        **changes,
    )


ENDS = {
    "open": _worst(),
    "acknowledged": _worst(
        status=Status.ACKNOWLEDGED, acknowledged_by=BEN, ladder=Ladder(NOW, acknowledged_at=NOW), channel_id="C0INC"
    ),
    "private drill": _worst(private=True, drill=True),
    "resolved": _worst(
        status=Status.RESOLVED, resolved_by=ADA, resolved_at=NOW, ended_at=NOW, summary=LONG, root_cause=LONG,
        impact_ended_at=NOW, channel_id="C0INC",
    ),
    "closed": _worst(status=Status.CLOSED, resolved_by=ADA, ended_at=NOW, summary=LONG),
    "cancelled": _worst(status=Status.CANCELLED, ended_at=NOW),
    "merged": _worst(status=Status.MERGED, ended_at=NOW),
    "of a policy that is gone": _worst(severity="gone"),
    "plain": new_incident(),
}  # fmt: skip
PAGE = PersonPagePayload(
    rung=3,
    why=LONG,
    times=2,
    people=(BEN,) * 200,
    person=BEN,
    channels=(HOSTILE, "C0OPS"),
    fell_through=tuple((n, LONG) for n in range(40)),
    gaps=(LONG,) * 40,
)
NUDGE = NudgePayload(
    mention=(BEN,),
    soft=False,
    late_s=300.0,
    reason=LONG,
    owes_update=True,
    missing=tuple(f"role{i}" for i in range(60)),
    due_at=NOW,
    next_at=minutes(15),
    page=True,
)
KINDS = (
    "acknowledged", "status", "severity", "role", "update", "escalated", "resolved", "closed", "cancelled", "reopened",
    "snoozed", "note", "message", "message_edited", "message_deleted", "page", "joined", "alert", "merged", "unheard",
)  # fmt: skip
DATA: dict[str, Any] = {
    "before": HARMLESS, "after": HARMLESS, "note": LONG, "reason": LONG, "role": "role1", "title": HOSTILE, "user": BEN,
    "number": 3, "status": "monitoring", "severity": "level-1", "until": minutes(30).isoformat(),
    "link": "https://x.slack.com/archives/C1/p1?a=1&b=2",
}  # fmt: skip


def _entry(kind: str) -> Entry:
    return Entry(NOW, kind, BEN, RAW * 60 if kind.startswith("message") else LONG, data=DATA)


def _messages(incident: Incident, policy: Policy) -> Iterator[tuple[str, Message]]:
    failures = [card.Failure("invite", LONG)] * 40
    yield "card", card.card(incident, policy, NOW, failures=failures, warnings=[LONG] * 40)
    yield "announcement", announcement.announcement(incident, policy, NOW)
    for kind in KINDS:
        yield f"news of {kind}", news.entry_message(_entry(kind), incident, policy)
    yield "news together", news.combined_message([news.entry_message(_entry(kind), incident, policy) for kind in KINDS])
    yield "duties", news.duties_message(policy.roles[-1], incident)
    nudges = {"hard": NUDGE, "soft": replace(NUDGE, soft=True), "roles": replace(NUDGE, owes_update=False)}
    for name, payload in nudges.items():
        yield f"nudge {name}", reminder.nudge(incident, policy, payload, minutes(20))
    for outcome in ("superseded", "snoozed", "promised", LONG):
        yield f"nudge {outcome[:9]}", reminder.nudge_done(outcome, incident)
    for name, changed in {
        "page": PAGE,
        "nobody": replace(PAGE, rung=None),
        "outside": replace(PAGE, people=()),
    }.items():
        yield f"{name} in channel", page.page_channel(incident, policy, changed, NOW)
    yield "page direct", page.page_direct(incident, policy, PAGE, NOW)
    yield (
        "page elsewhere",
        page.page_elsewhere(incident, policy, ChannelPagePayload(rung=2, why=LONG, channel="#" + "x" * 79), NOW),
    )
    settled = PageSettledPayload("page:1", by=HOSTILE, ended=LONG)
    for render in (settled_page.in_channel, settled_page.elsewhere, settled_page.direct):
        yield f"page settled {render.__name__}", render(incident, PAGE, settled, NOW, NOW)
    yield from _answers(incident, policy)


def _answers(incident: Incident, policy: Policy) -> Iterator[tuple[str, Message]]:
    many = [_worst(n) for n in range(200)]
    rows = [
        why.Reminder(kind, n % 4, minutes(n), minutes(n + 3), state, LONG)
        for n, (kind, state) in enumerate((k, s) for k in ("update", "role", "odd") for s in DeadlineState)
    ] * 20
    entries = [recorded_entry(_entry(kind), n) for n, kind in enumerate(KINDS * 20)]
    yield "not your page", replies.not_your_page_reply(incident, [HOSTILE] * 60)
    climb = PagingOutcome(Change(incident), 2, Recipients((BEN,) * 200, (HOSTILE,), (HOSTILE,)), ((1, LONG),) * 30)
    yield "declared", replies.declared_reply(incident, policy)
    yield "declaring", replies.declaring_reply(incident, policy)
    yield "done", replies.confirmation(LONG)
    yield "refused", replies.refusal(LONG, LONG)
    yield "bad request", replies.parse_error_reply(BadRequest(LONG, LONG))
    yield "form not opened", replies.form_error_reply(LONG, ("choose_incident", "x" * 2000))
    yield "form not opened, long words", replies.form_error_reply(LONG * 9, None, late=False)
    yield "not recorded", replies.storage_error_reply()
    yield "not recorded, long words", replies.storage_error_reply(LONG * 9)
    yield "other version", replies.other_version_reply("form", "/incident", [(LONG, LONG * 9), ("Why?", LONG)])
    yield "snooze for how long", questions.snooze_length_question(incident, NOW)
    yield "close", questions.close_question(incident)
    yield "snooze ended", replies.snooze_end_confirmation(incident)
    yield "second", replies.already_acknowledged_reply(incident, BEN, NOW, ADA)
    yield "twice", replies.already_acknowledged_reply(incident, ADA, NOW, ADA)
    yield "acknowledged", replies.acknowledged_reply(incident, offer_lead=True)
    yield "too late", replies.outdated_press_reply(incident)
    yield "updated", replies.update_confirmation(incident, policy)
    yield "snoozed", replies.snooze_confirmation(incident, timedelta(hours=1))
    yield "promised", replies.promise_confirmation(incident, timedelta(hours=1))
    yield "joining", replies.join_reply(incident)
    yield "escalated", replies.escalation_reply(incident, policy, climb)
    yield "ask to escalate", replies.escalation_question(incident, policy, climb, RAW * 40, again=True)
    yield "nobody", replies.escalation_reply(incident, policy, replace(climb, rung=None))
    yield "can't", replies.declined_page_reply(incident, climb)
    yield "menu", menu.menu(incident, policy)
    yield "none open", menu.none_open()
    yield "which", menu.which_incident(many, RAW)
    yield "which of a long one", menu.which_incident(many, RAW * 60)
    yield "list", incident_lists.listing(incident_lists.IncidentList(many, len(many)), policy, NOW)
    yield "empty list", incident_lists.listing(incident_lists.IncidentList([], 0), policy, NOW, scope="all")
    yield "show", incident_lists.show(incident, policy, entries, NOW)
    yield "roles", incident_lists.roles(incident, policy)
    yield "what may help", triage.triage(incident, policy, _helping(incident))
    yield "nothing helps", triage.triage(incident, policy, Triage())
    yield "searched", triage.search_results(_similar(incident), _past_alerts(), policy, LONG, "/incident")
    yield "nothing found", triage.search_results([], [], policy, LONG, "/incident")
    upcoming = [catchup.UpcomingDeadline("rung", 2, NOW), catchup.UpcomingDeadline("update", None, NOW)]
    missed = catchup.MissedEntries(NOW - timedelta(days=1), entries, 9999, upcoming, CONTACTS, LINKS)
    yield "caught up", catchup.catchup(incident, policy, NOW, missed)
    yield "timeline", timeline.timeline(incident, entries, everything=True)
    yield "empty timeline", timeline.timeline(incident, [])
    yield "why", why.why(incident, policy, rows, NOW)
    yield "empty why", why.why(incident, policy, [], NOW)
    for topic in ("", "role", "all"):
        yield f"help {topic}", help.help(policy, "/incident", topic)


CONTACTS = tuple(Contact(f"c{n}", HOSTILE, BEN, HOSTILE, HOSTILE, url="https://x.io/a|b>") for n in range(30))
LINKS = tuple((f"{n} {HOSTILE}", "https://x.io/" + "a" * 700) for n in range(40))


def _past_alerts() -> list[PastAlert]:
    return [PastAlert("opsgenie", f"a{n}", LONG, "sev1", NOW, NOW, LONG, NOW, LONG) for n in range(40)]


def _similar(incident: Incident) -> list[SimilarIncident]:
    like = _helping(incident).similar[0]
    return [replace(like, incident=replace(incident, number=number)) for number in range(1, 13)]


def _helping(incident: Incident) -> Triage:
    keys = tuple(WIDE.services)
    like = SimilarIncident(incident, 0.999, (LONG, LONG), LONG, Fix("one", LONG))
    return Triage(
        similar=(
            like,
            replace(like, incident=replace(incident, number=3), fix=None),
            replace(like, incident=replace(incident, number=2)),
        ),
        affected=keys,
        affected_guessed=True,
        radius=tuple(Reached_(key, 1 + n % 3, keys[0]) for n, key in enumerate(keys)),
        causes=tuple(Cause(key, (LONG,), (1,)) for key in keys),
        contacts=CONTACTS,
        links=LINKS,
        playbooks=(Playbook("one", HOSTILE, "x", ()),),
    )


def _views(incident: Incident, policy: Policy) -> Iterator[tuple[str, dict[str, Any]]]:
    source = {"channel": "C1", "ts": "1.2", "text": RAW * 40, "author": BEN, "link": "https://x.io"}
    yield "declare", declare_modal(policy)
    yield (
        "declare filled",
        declare_modal(policy, title=LONG, severity="level-1", description=LONG, origin=FormOrigin("C1", source)),
    )
    yield "update", update_modal(incident, policy)
    yield "update and page", update_modal(incident, policy, page=True)
    rules = StatusPageRules(components=tuple(Component(f"c{n}", f"{n} {HOSTILE}") for n in range(60)))
    states = {f"c{n}": ComponentState.MAJOR_OUTAGE for n in range(60)}
    leaks = [Finding(Leak.HOST, LONG[:100])] * 10
    offer = PageOffer(rules, None, PublicStatus.IDENTIFIED, states, LONG[:100], LONG[:3000], leaks)
    yield "also tell", tell_all_modal(incident, (), NOW, LONG[:200], offer)
    yield "severity", severity_modal(incident, policy)
    yield "roles", roles_modal(incident, policy)
    yield "resolve", resolve_modal(incident, policy)
    yield "reopen", reopen_modal(incident)
    yield "false alarm", false_alarm_modal(incident)
    yield "note", note_modal(incident)
    yield "hand over", handover_modal(incident, policy, ADA)
    known = replace(incident, regions=(LONG[:900],) * 9, facts={"users": 12.5, "revenue": 1e12, "sla_breach": True})
    yield "impact", impact_modal(known, policy)
    many = [_worst(n) for n in range(200)]
    yield "add to timeline", add_to_timeline_modal(many, source)
    said = [RecordedEntry(1, n, Entry(NOW, "message", "U1", LONG, f"{n}.0"), False, "", "") for n in range(1, 200)]
    yield "redact", redact_modal(incident, said)
    yield "redact one", redact_modal(incident, said[:1])
    view = resolve_modal(incident, policy)
    yield "refusal", refusal_modal(view, replies.refusal(LONG, LONG))


@needs_reference
@pytest.mark.parametrize("name", ENDS)
def test_slack_takes_every_message(name: str) -> None:
    policy = FIVE if name == "plain" else WIDE
    for what, message in _messages(ENDS[name], policy):
        assert message.text, what
        assert refused_blocks(message.blocks) == [], what


@needs_reference
@pytest.mark.parametrize("name", ENDS)
def test_slack_takes_every_form(name: str) -> None:
    policy = FIVE if name == "plain" else WIDE
    for what, view in _views(ENDS[name], policy):
        assert refused_view(view) == [], what
        assert len(view.get("private_metadata", "")) <= 3000, what


@pytest.mark.parametrize("name", ENDS)
def test_no_message_notifies_anybody_that_nobody_mentioned(name: str) -> None:
    policy = FIVE if name == "plain" else WIDE
    for what, message in _messages(ENDS[name], policy):
        for text in [message.text, *_mrkdwn(message.blocks)]:
            assert SPECIAL.findall(DATE.sub("", text)) == [], what
            assert "<!" not in DATE.sub("", text), what
            assert set(re.findall(r"<@(\w+)", text)) <= PEOPLE, what
            assert set(re.findall(r"<#(\w+)", text)) <= {"C0INC", "C0OPS"}, what
        assert "<!channel" not in json.dumps(message.blocks), what


def _mrkdwn(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield value["text"]
        for inner in value.values():
            yield from _mrkdwn(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _mrkdwn(inner)


def test_lists_that_are_too_long_say_how_much_is_left_out_and_how_to_see_it() -> None:
    many = [replace(new_incident(), number=n) for n in range(200)]
    rows = [why.Reminder("update", None, minutes(n), None, DeadlineState.WAITING, "x" * 300) for n in range(200)]
    notes = [recorded_entry(entry(minutes(n), "note", ADA, "x" * 300), n) for n in range(200)]
    for message in (
        incident_lists.listing(incident_lists.IncidentList(many, len(many)), FIVE, NOW),
        menu.which_incident(many, "ack"),
        incident_lists.roles(ENDS["open"], WIDE),
        why.why(new_incident(), FIVE, rows, NOW),
        timeline.timeline(new_incident(), notes),
    ):
        said = "\n".join(_mrkdwn(message.blocks))
        assert re.search(r"and \d+ more\. \w+", said), message.text


def test_a_message_too_long_for_a_form_keeps_its_source() -> None:
    source = {"channel": "C1", "ts": "1.2", "text": "שלום" * 2000, "author": BEN, "link": "https://x.io"}
    view = add_to_timeline_modal([new_incident()], source)
    kept = json.loads(view["private_metadata"])["source"]
    assert {**kept, "text": ""} == {**source, "text": ""}
    assert len(kept["text"]) > 400
