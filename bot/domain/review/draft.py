"""Drafts a review from the record alone.

Every sentence cites the entries that support it. What the record lacks becomes a question to a named person.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

from bot.domain.actions.item import ActionKind, due_text
from bot.domain.communications.stages import STATUS_PAGE
from bot.domain.errors import Refused
from bot.domain.figures.spans import Spans, spans
from bot.domain.incident import empty_roles
from bot.domain.incident.impact import CUSTOMERS_TOLD, describe
from bot.domain.incident.status import Status
from bot.domain.review import appendices, chronology, participants, response
from bot.domain.review.document import SILENT, MergedEntry, Page, Section, Sentence
from bot.domain.review.record import ANSWER, Record, author_text, entry_text
from bot.domain.timeline.entry import BOT, RecordedEntry
from bot.domain.values import durations
from bot.domain.values.slack_ids import user_mention

SILENCE = timedelta(minutes=30)  # a longer one in an open incident is asked about
MOST_SILENCES, MOST_NOTES = 3, 10
IMPACT_QUESTIONS = {
    "users": "What share of users was affected, and how many people is that?",
    "error_rate": "How many requests failed?",
    "revenue": "What revenue was lost, and how was that counted?",
    "sla_breach": "Was an SLA breached, and are credits owed?",
    "public_relations": "Did it become public: press, social media, customers who asked?",
}


AS_A_WHOLE = frozenset({"timeline"})  # sections that draw on merged incidents themselves


def draft(record: Record) -> tuple[Section, ...]:
    """All sections of the review, in their order."""
    return tuple(_section(key, write, record) for key, write in WRITERS.items())


def figures(record: Record) -> Spans:
    """The spans of the incident, computed as those of a period are."""
    return spans(record.incident)


def _section(key: str, write: Callable[[Record, Page], None], record: Record) -> Section:
    page = Page(key, record.answered_questions)
    write(record, page)
    page.sentences += answers(record, key)
    for merged in record.merged if key not in AS_A_WHOLE else ():
        _say_merged(merged, key, write, page)
    return page.section()


def _say_merged(merged: Record, key: str, write: Callable[[Record, Page], None], page: Page) -> None:
    """Add what the record of a merged incident says for a section, with its ID; its questions are left out."""
    merged_page = Page(key, merged.answered_questions)
    write(merged, merged_page)
    own = {recorded.seq for recorded in merged.of("merged")}  # the review's incident says so itself
    for sentence in (*merged_page.sentences, *answers(merged, key)):
        cites = [MergedEntry(merged.incident.number, cite) for cite in sentence.cites if isinstance(cite, int)]
        if cites and not own.issuperset(sentence.cites):
            name = merged.incident.id
            page.say(sentence.text if sentence.text.startswith(name) else f"{name}: {sentence.text}", *cites)


def answers(record: Record, key: str, since: datetime | None = None) -> list[Sentence]:
    """The answers of participants for a section; with `since`, only those after that instant."""
    sentences = []
    for answer in record.of(ANSWER):
        if answer.entry.data.get("section") == key and (since is None or answer.entry.at > since):
            author = "A participant" if answer.entry.data.get("anonymous") else author_text(answer.entry)
            sentences.append(Sentence(f"{author}: {' '.join(answer.current_text.split())}", (answer.seq,)))
    return sentences


def _metadata(record: Record, page: Page) -> None:
    incident, declared = record.incident, record.declared
    if declared:
        title = str(declared.entry.data.get("title") or incident.title)
        level = declared.entry.data.get("severity", incident.severity)
        at = record.clock(declared.entry.at)
        page.say(
            f"{incident.id} “{title}” was declared by {author_text(declared.entry)} on {at} as {level}.", declared.seq
        )
    for change in record.of("severity"):
        data = change.entry.data
        sentence = f"{author_text(change.entry)} changed the severity from {data.get('before')} to {data.get('after')}"
        page.say(f"{sentence} on {record.clock(change.entry.at)}.", change.seq)
    for role, holder in incident.roles.items():
        grants = [grant for grant in record.of("role") if grant.entry.data.get("role") == role]
        if grants and grants[-1].entry.data.get("user") == holder:
            page.say(f"{user_mention(holder)} was {grants[-1].entry.data.get('title', role)}.", grants[-1].seq)
    for relation in record.of("merged", "related"):
        text = entry_text(relation).rstrip(".")
        page.say(f"{author_text(relation.entry)} on {record.clock(relation.entry.at)}: {text}.", relation.seq)
    resolved = record.last("resolved")
    if resolved and incident.resolved_at:
        page.say(f"It was resolved by {author_text(resolved.entry)} on {record.clock(incident.resolved_at)}.",
                 resolved.seq, _latest_correction(record, "resolved_at"))  # fmt: skip


def _summary(record: Record, page: Page) -> None:
    incident, resolved = record.incident, record.last("resolved")
    if resolved and incident.resolved_at and record.declared:
        took = durations.approximate(max(timedelta(), incident.resolved_at - incident.detected_at))
        cites = (record.declared.seq, resolved.seq, *_corrections(record, "detected_at", "resolved_at"))
        page.say(f"{incident.id} lasted {took} from detection to resolution.", *cites)
    if record.declared and incident.description and incident.description in record.declared.entry.text:
        author = author_text(record.declared.entry)
        page.say(f"{author} first described it: {entry_text(record.declared)}", record.declared.seq)
    if resolved and resolved.entry.text:
        page.say(f"What fixed it, in the words of {author_text(resolved.entry)}: {entry_text(resolved)}", resolved.seq)
    elif last := record.last("update"):
        page.say(f"The last status update said: {entry_text(last)}", last.seq)
    if not (resolved and resolved.entry.text):
        page.ask("fixed", record.leader("technical_lead"), "What fixed it?")
    page.ask("summary", record.leader(), "What happened, in two sentences that a customer would understand?")


def _impact(record: Record, page: Page) -> None:
    incident = record.incident
    reports = record.of("impact")
    latest = reports[-1].seq if reports else None
    if incident.services:
        source = _saying(reports, "services:") or (record.declared.seq if record.declared else None)
        page.say(f"Affected services: {', '.join(incident.services)}.", source)
    if incident.regions:
        page.say(f"Affected regions: {', '.join(incident.regions)}.", _saying(reports, "regions:") or latest)
    for name, fact in incident.facts.items():
        latest_report = next(
            (report for report in reversed(reports) if report.entry.data.get("facts", {}).get(name) == fact), None
        )
        shown_by = latest_report or (_first_public(record) if name == CUSTOMERS_TOLD else None) or record.declared
        for phrase in describe({name: fact}):
            page.say(f"Impact: {phrase}.", _seq(shown_by))
    span = figures(record).customer_impact_s
    resolved = record.last("resolved")
    reached = incident.facts or incident.impact_ended_at is not None  # somebody said that customers noticed
    if span is not None and resolved and reached:
        took = durations.approximate(timedelta(seconds=span))
        corrections = _corrections(record, "started_at", "impact_ended_at", "detected_at", "resolved_at")
        page.say(f"Customers were affected for {took}.", resolved.seq, *corrections)
    for name, question in IMPACT_QUESTIONS.items():
        if name not in incident.facts:
            page.ask(f"impact_{name}", record.leader("communications_lead"), question)


def _first_public(record: Record) -> RecordedEntry | None:
    """The first message to customers, by the status page or another audience that is public."""
    public = {STATUS_PAGE.key, *(key for key, audience in record.policy.audiences.items() if audience.public)}
    return next(
        (
            recorded
            for recorded in record.of("sent", "communication")
            if recorded.entry.data.get("audience") in public and recorded.entry.data.get("state", "sent") == "sent"
        ),
        None,
    )


def _detection(record: Record, page: Page) -> None:
    incident, declared = record.incident, record.declared
    alerts = [alert for alert in record.of("alert") if alert.entry.data.get("event") == "fired"]
    early = [alert for alert in alerts if declared and alert.entry.at <= declared.entry.at + timedelta(minutes=1)]
    if early:
        page.say(f"An alert noticed it: {entry_text(early[0])}", early[0].seq)
    elif declared and declared.entry.actor != BOT:
        page.say(f"{author_text(declared.entry)} noticed it and declared it.", declared.seq)
        text = "No alert fired before a person noticed it. Which alert should have, and why did it not?"
        page.ask("alert", record.leader("technical_lead"), text)
    if incident.started_at:
        took = durations.approximate(max(timedelta(), incident.detected_at - incident.started_at))
        correction = _latest_correction(record, "started_at")
        page.say(f"It started on {record.clock(incident.started_at)} and was detected {took} later.", correction)
    else:
        page.ask("started", record.leader("technical_lead"), "When did it start? `/incident times` records it.")
    for merged in record.merged:
        earlier = incident.detected_at - merged.incident.detected_at
        if earlier > timedelta() and merged.declared:
            at, took = record.clock(merged.incident.detected_at), durations.approximate(earlier)
            page.say(f"{merged.incident.id} was detected {took} before it, on {at}.", record.cite(merged.declared))
    response.triage_and_cause(record, page)


def _causes(record: Record, page: Page) -> None:
    causes = [resolution for resolution in record.of("resolved") if resolution.entry.data.get("root_cause")]
    if causes:
        cause = " ".join(str(causes[-1].entry.data["root_cause"]).split())
        page.say(f"Root cause, in the words of {author_text(causes[-1].entry)}: {cause}", causes[-1].seq)
    else:
        page.ask("cause", record.leader("technical_lead"), "What caused it?")
    for change in record.of("status"):
        if change.entry.data.get("after") == Status.IDENTIFIED and (finding := entry_text(change).partition(": ")[2]):
            page.say(f"{author_text(change.entry)} said when the cause was found: {finding}", change.seq)
    for note in record.of("note")[:MOST_NOTES]:
        page.say(f"{author_text(note.entry)} noted: {entry_text(note)}", note.seq)
    page.ask(
        "factors", record.leader("technical_lead"), "What else had to be true for this to happen? Name two or more."
    )
    page.ask(
        "earlier", record.leader("technical_lead"), "Why was it not caught earlier: tests, review, rollout, alerts?"
    )


def _improve(record: Record, page: Page) -> None:
    response.fell_short(record, page)
    if empty := _never_filled(record):
        roles = " and ".join(filter(None, [", ".join(empty[:-1]), empty[-1]]))
        severity = record.incident.severity
        text = f"Nobody held {roles}, which {severity} needs. Would it have helped, and why was that?"
        page.ask("roles", record.leader(), text)
    for before, after in _silences(record)[:MOST_SILENCES]:
        text = f"What happened between {record.clock(before)} and {record.clock(after)}? The record is silent."
        page.ask(f"{SILENT}{int(before.timestamp())}", record.leader(), text)
    participants.found_hard(record, page)


def _actions(record: Record, page: Page) -> None:
    entries: dict[str, int] = {}
    for recorded in record.of("action"):
        for name in (recorded.entry.data.get("action"), *(recorded.entry.data.get("actions") or ())):
            entries[str(name)] = recorded.seq
    for item in record.actions:
        owner = user_mention(item.owner) if item.owner else "nobody yet"
        state = "" if item.live else f", {item.status}"
        text = f"{item.id} {item.title} ({owner}, {due_text(item.due)}, {item.priority}{state})"
        page.say(text, entries.get(item.id))
        if item.live and (item.owner is None or item.due is None):
            missing = " and ".join(
                [*(["who does it"] if not item.owner else []), *(["by when"] if not item.due else [])]
            )
            page.ask(f"action_{item.number}", record.leader(), f"{item.id} {item.title}: {missing}?")
    if not record.actions:
        page.ask("actions", record.leader(), "What is to be done so that it does not happen again, by whom and when?")


def _lessons(record: Record, page: Page) -> None:
    page.ask("lessons", record.leader(), "What did this teach that another team should know?")


def _prevention(record: Record, page: Page) -> None:
    created = {recorded.entry.data.get("action"): recorded.seq for recorded in record.of("action")}
    preventing = [item for item in record.actions if item.kind is ActionKind.PREVENT]
    for item in preventing:
        page.say(f"{item.id} is to prevent the next one: {item.title} ({due_text(item.due)}).", created.get(item.id))
    if not preventing:
        page.ask("prevention", record.leader("technical_lead"), "Which action item would have prevented this?")


def _communication(record: Record, page: Page) -> None:
    for message in record.of("update", "sent"):
        page.say(
            f"{_message_name(message)} by {author_text(message.entry)}"
            f" on {record.clock(message.entry.at)}: {entry_text(message)}",
            message.seq,
        )
    if not record.of("update"):
        page.ask("told", record.leader("communications_lead"), "Who was told what, and when? No update is recorded.")


def _message_name(message: RecordedEntry) -> str:
    """An update by its number, or a message; messages to audiences have numbers of their own, which nobody sees."""
    data = message.entry.data
    if message.entry.kind == "update":
        return f"Update #{data['number']}" if "number" in data else "Update"
    return f"Message to {data['audience']}" if data.get("audience") else "Message"


def _never_filled(record: Record) -> list[str]:
    """Titles of the roles that the severity needs and that nobody held at the end."""
    try:
        return [record.policy.role(role).title for role in empty_roles(record.incident, record.policy)]
    except Refused:
        return []


def _silences(record: Record) -> list[tuple[datetime, datetime]]:
    """Long spans without any entry between the declaration and the resolution, the longest first."""
    incident = record.incident
    until = incident.resolved_at or incident.ended_at
    if until is None:
        return []
    times = sorted(
        recorded.entry.at for recorded in record.all_entries if incident.declared_at <= recorded.entry.at <= until
    )
    gaps = [(before, after) for before, after in pairwise(times) if after - before > SILENCE]
    return sorted(gaps, key=lambda gap: gap[0] - gap[1])


def _seq(record: RecordedEntry | None) -> int | None:
    return None if record is None else record.seq


def _saying(entries: list[RecordedEntry], prefix: str) -> int | None:
    return next((recorded.seq for recorded in reversed(entries) if prefix in recorded.entry.text), None)


def _latest_correction(record: Record, name: str) -> int | None:
    """The entry of the latest correction of this time."""
    return next(
        (correction.seq for correction in reversed(record.of("times")) if correction.entry.data.get("field") == name),
        None,
    )


def _corrections(record: Record, *names: str) -> list[int | None]:
    return [_latest_correction(record, name) for name in names]


WRITERS: dict[str, Callable[[Record, Page], None]] = {
    "metadata": _metadata,
    "summary": _summary,
    "impact": _impact,
    "timeline": chronology.draft_timeline,
    "detection": _detection,
    "response": response.who_responded,
    "causes": _causes,
    "well": response.went_well,
    "improve": _improve,
    "actions": _actions,
    "lessons": _lessons,
    "prevention": _prevention,
    "communication": _communication,
    "appendices": appendices.appended,
}
