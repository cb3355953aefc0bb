from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest

from bot.domain import incident as verbs
from bot.domain.actions import item as items
from bot.domain.actions.item import ActionKind, NewAction
from bot.domain.communications.page import record_status_page
from bot.domain.errors import Refused
from bot.domain.figures.targets import count_kept, outcomes
from bot.domain.incident import Change, Incident, ReviewState
from bot.domain.incident.fact import IncidentFact
from bot.domain.incident.state import PagedRung
from bot.domain.incident.status import Status
from bot.domain.review import chronology, edited, lifecycle
from bot.domain.review.document import TITLES, MergedEntry, Section, Sentence, by_importance, questions_for
from bot.domain.review.draft import answers, draft, figures
from bot.domain.review.record import Record
from bot.domain.timeline.entry import BOT, Entry, RecordedEntry, entry
from bot.domain.values.slack_ids import user_mention
from tests.factories import ADA, BEN, FIVE, MAYA, MINUTE, NOW, minutes


class Story:
    """An incident with its entries, told step by step."""

    def __init__(self, number: int = 1, title: str = "Checkout is down", at: datetime = NOW) -> None:
        change = verbs.declare(number, verbs.NewIncident(title, "sev2", ADA), FIVE, at)
        self.incident: Incident = change.incident
        self.entries: list[Entry] = list(change.entries)

    def then(self, change: Change) -> None:
        self.incident, self.entries = change.incident, [*self.entries, *change.entries]

    def say(self, at: datetime, text: str, actor: str = BEN) -> None:
        self.entries.append(Entry(at, "message", actor, text, f"{at.timestamp()}"))

    def record(self, **more: object) -> Record:
        seqs = count(1)
        recorded = [RecordedEntry(self.incident.number, next(seqs), each, each.key, "", "") for each in self.entries]
        return Record(self.incident, recorded, FIVE, **more)  # type: ignore[arg-type]


def story() -> Story:
    told = Story()
    told.then(verbs.acknowledge(told.incident, BEN, minutes(3)))
    told.then(verbs.assign(told.incident, "commander", MAYA, BEN, FIVE, minutes(4)))
    told.say(minutes(5), "It is the pool")
    told.say(minutes(6), "I agree", ADA)
    told.then(verbs.update(told.incident, "Looking into it", BEN, FIVE, minutes(10)))
    told.then(verbs.move(told.incident, Status.IDENTIFIED, BEN, FIVE, minutes(20)))
    told.then(verbs.update(told.incident, "Pool exhausted", BEN, FIVE, minutes(55)))
    told.then(
        verbs.resolve(told.incident, BEN, minutes(60), summary="Raised the pool", root_cause="A leak of connections")
    )
    return told


def section(record: Record, key: str) -> Section:
    return next(each for each in draft(record) if each.key == key)


def section_text(record: Record, key: str) -> str:
    return "\n".join(sentence.text for sentence in section(record, key).sentences)


def section_questions(record: Record, key: str) -> str:
    return "\n".join(f"{question.to}: {question.text}" for question in section(record, key).questions)


def test_every_section_stands_in_order_and_every_sentence_cites_an_entry() -> None:
    record = story().record()
    sections = draft(record)
    assert [each.key for each in sections] == list(TITLES)
    known = {each.seq for each in record.entries}
    sentences = [sentence for each in sections for sentence in each.sentences]
    assert len(sentences) > 20
    assert all(sentence.cites and set(sentence.cites) <= known for sentence in sentences)


def test_that_customers_were_told_is_shown_by_the_message_that_told_them() -> None:
    told = story()
    briefing = entry(minutes(2), "sent", BOT, "Executive briefing to Lena", to="lena@example.com")
    published = entry(minutes(30), "sent", BEN, "Published on the status page", audience="status_page")
    told.then(record_status_page(told.incident, (briefing, published), minutes(30), resolved=False))
    record = told.record()
    (sentence,) = [each for each in section(record, "impact").sentences if "customers are told" in each.text]
    assert sentence.cites == (next(each.seq for each in record.entries if each.entry == published),)


def test_every_question_is_put_to_a_named_person_once() -> None:
    questions = [question for each in draft(story().record()) for question in each.questions]
    assert all(question.to in (ADA, BEN, MAYA) for question in questions)
    keys = [question.key for question in questions]
    assert len(keys) == len(set(keys))


def test_the_words_are_those_of_the_record() -> None:
    record = story().record()
    assert "lasted 1h from detection to resolution" in section_text(record, "summary")
    assert f"Root cause, in the words of <@{BEN}>: A leak of connections" in section_text(record, "causes")
    assert f"<@{BEN}> acknowledged it 3m after the detection" in section_text(record, "detection")
    assert "The cause was found 20m after the detection" in section_text(record, "detection")
    assert "2 messages by 2 people" in section_text(record, "timeline")
    assert "Update #2 was 15m late" in section_text(record, "improve")
    assert "What caused it?" not in section_questions(record, "causes")


def test_the_log_tells_updates_from_messages_to_audiences() -> None:
    told = story()
    facts = {"number": 1, "audience": "customers"}
    told.entries.append(entry(minutes(56), "sent", BEN, "Initial to Customers: 3 of 3", **facts))
    logged = section_text(told.record(), "communication")
    assert f"Message to customers by <@{BEN}>" in logged
    assert logged.count("Update #1") == 1


def test_a_rung_that_reached_nobody_is_not_called_an_escalation() -> None:
    told = story()
    told.entries.append(
        entry(minutes(1), "escalated", BOT, "Rung 1 reaches nobody: the policy has no schedule", rung=1)
    )
    told.entries.append(entry(minutes(2), "escalated", ADA, "can't respond (rung 1)", rung=1, declined=True))
    improve = section_text(told.record(), "improve")
    assert "Rung 1 reaches nobody: the policy has no schedule" in improve
    assert f"<@{ADA}> was paged and declined: can't respond (rung 1)" in improve
    assert "had to be escalated" not in improve


def test_what_the_record_does_not_say_is_a_question_and_never_filler() -> None:
    bare = Story().record()
    assert "What caused it?" in section_questions(bare, "causes")
    assert "Root cause" not in section_text(bare, "causes")
    assert "When did it start?" in section_questions(bare, "detection")
    assert "Nobody held Incident commander, which sev2 needs." in section_questions(bare, "improve")
    assert "No alert fired" in section_questions(bare, "detection")
    assert section(bare, "lessons").sentences == ()


def test_a_silence_in_the_record_is_asked_about() -> None:
    assert "The record is silent" in section_questions(story().record(), "improve")


def test_detection_is_from_the_start_and_never_the_time_to_acknowledge() -> None:
    record = story().record()
    assert figures(record).detect_s is None
    record.incident = replace(record.incident, started_at=NOW - 7 * MINUTE)
    found = figures(record)
    assert (found.detect_s, found.acknowledge_s, found.customer_impact_s) == (420.0, 180.0, 67 * 60.0)


def test_an_answer_takes_the_place_of_its_question() -> None:
    told = story()
    told.entries.append(entry(minutes(90), "answer", MAYA, "Watch the pool", question="lessons", section="lessons"))
    told.entries.append(
        entry(minutes(91), "answer", "tocsin", "Nobody looked", question="earlier", section="causes", anonymous=True)
    )
    record = told.record()
    assert section_text(record, "lessons") == f"<@{MAYA}>: Watch the pool"
    assert section(record, "lessons").questions == ()
    assert "A participant: Nobody looked" in section_text(record, "causes")


def test_action_items_cite_their_entries_and_ask_for_owner_and_day() -> None:
    told = story()
    made = items.create(1, 1, NewAction("Alert on the pool", kind=ActionKind.PREVENT), MAYA, minutes(70))
    owned = items.create(1, 2, NewAction("Runbook", BEN, due=date(2026, 2, 1)), MAYA, minutes(71))
    told.entries += [change.entry for change in (made, owned) if change.entry]
    record = told.record(actions=[made.item, owned.item])
    assert len(section(record, "actions").sentences) == 2
    assert section_questions(record, "actions") == f"{MAYA}: AI-1-1 Alert on the pool: who does it and by when?"
    assert "AI-1-1 is to prevent the next one" in section_text(record, "prevention")


def test_erased_words_are_in_no_sentence() -> None:
    told = story()
    record = told.record()
    erased = [replace(each, purged=True) if each.entry.kind == "resolved" else each for each in record.entries]
    erased = [replace(each, entry=replace(each.entry, text="", data={})) if each.purged else each for each in erased]
    text = "\n".join(s.text for each in draft(replace(record, entries=erased)) for s in each.sentences)
    assert "Raised the pool" not in text
    assert "the words were erased" in text


def test_a_draft_of_five_thousand_entries_takes_less_than_a_second() -> None:
    told = story()
    for index in range(5000):
        at = NOW + timedelta(seconds=index)
        told.entries.append(Entry(at, "message", f"U{index % 40}", "words " * 20, f"{index}", key=index % 3 == 0))
    began = datetime.now(UTC)
    draft(told.record())
    assert datetime.now(UTC) - began < timedelta(seconds=5)  # the bar of one second is measured, not asserted


def test_targets_count_from_the_detection_as_in_the_figures() -> None:
    told = story()
    early = replace(told.incident, severity="sev1", detected_at=NOW - timedelta(hours=1))
    told.incident = early
    record = told.record()
    fact = IncidentFact(**{name: getattr(early, name) for name in IncidentFact._fields if name != "teams"})
    counted = count_kept(outcomes([fact], FIVE, minutes(60)))
    assert (counted.acknowledged, counted.acknowledge_n) == (0, 1)
    assert "The acknowledgement came" in section_text(record, "improve")
    assert "acknowledged within the target" not in section_text(record, "well")


def test_the_appendices_have_links_and_the_extent_of_the_record_and_are_never_empty() -> None:
    told = story()
    told.entries.append(entry(minutes(57), "note", BEN, "Graph: <https://graphs.example.org/d/7|pool>."))
    appended = section_text(told.record(), "appendices")
    assert f"Link by <@{BEN}> on 5 Jan 2026 04:01 UTC: https://graphs.example.org/d/7\n" in appended
    assert "`tocsin show INC-1`" in section_text(Story().record(), "appendices")


def test_the_questions_that_matter_most_come_first_and_none_is_lost() -> None:
    sections = draft(Story().record())
    ordered = by_importance(sections)
    assert [question.key for question in ordered[:4]] == ["cause", "summary", "fixed", "impact_users"]
    assert {question.key for question in ordered} == {q.key for section in sections for q in section.questions}
    assert [q.key for q in questions_for(sections, ADA)] == [q.key for q in ordered if q.to == ADA]


def test_each_participant_is_asked_about_what_they_did_themselves() -> None:
    told = story()
    cleo, dan = "U0CLEO0000", "U0DAN00000"
    told.say(minutes(7), "The graph of the pool is flat", cleo)
    told.entries.append(entry(minutes(1), "page", BOT, "Rung 1", people=[dan, cleo]))
    paged = PagedRung(1, 1, minutes(1), (dan, cleo))
    told.incident = replace(told.incident, ladder=replace(told.incident.ladder, pages=(paged,)))
    record = told.record()
    assert f"{cleo}: You wrote 1 message, the first on" in section_questions(record, "response")
    assert f"{BEN}: On 5 Jan 2026" in section_questions(record, "response")
    assert "you wrote “Looking into it”. What did you see then" in section_questions(record, "response")
    assert f"{dan}: You were paged on" in section_questions(record, "response")
    assert f"{cleo}: What helped you, and what was missing or hard to find?" in section_questions(record, "improve")
    assert f"{dan}: What helped" not in section_questions(record, "improve")
    told.entries.append(entry(minutes(2), "acknowledged", dan, "is responding"))
    assert f"{dan}: You were paged on 5 Jan 2026 03:05 UTC and responded." in section_questions(
        told.record(), "response"
    )
    told.incident = replace(told.incident, merged=(2,))
    assert f"{dan}: " not in section_questions(told.record(), "response")  # they may have written in the other incident


def test_roles_and_pages_are_told_in_sentences_and_tickets_are_no_part_of_the_timeline() -> None:
    told = story()
    told.entries.append(entry(minutes(30), "page", BOT, "Rung 1: somebody (why)", people=[ADA]))
    told.entries.append(entry(minutes(31), "action", BOT, "AI-1-1 is acme/app#1 in GitHub", event="ticket"))
    record = told.record()
    assert f"<@{MAYA}> became Incident commander, named by <@{BEN}>." in section_text(record, "response")
    assert "Paged: rung 1: somebody (why)" in section_text(record, "response")
    timeline = section_text(record, "timeline")
    assert f"· <@{BEN}> · is responding" in timeline
    assert "· Tocsin · paged rung 1: somebody (why)" in timeline
    assert "acme/app#1" not in timeline


def test_what_was_said_when_the_cause_was_found_is_a_candidate_for_it() -> None:
    told = Story()
    told.then(verbs.move(told.incident, Status.IDENTIFIED, BEN, FIVE, minutes(20), "The pool is too small"))
    assert f"<@{BEN}> said when the cause was found: The pool is too small" in section_text(told.record(), "causes")


def test_a_section_that_people_wrote_asks_no_more_but_of_times_and_of_each_participant() -> None:
    record = story().record()
    drafted = section(record, "detection")
    known = {each.seq for each in record.entries}
    untouched = edited.with_text(drafted, edited.as_text(drafted.sentences), known)
    assert untouched.questions == drafted.questions
    written = edited.with_text(drafted, "- The probe was off", known)
    assert [question.key for question in written.questions] == ["started"]
    assert edited.with_text(section(record, "lessons"), "Watch the pool", known).questions == ()
    participants = edited.with_text(section(record, "response"), "We were quick", known).questions
    assert {question.key.split("_")[0] for question in participants} == {"did"}


def test_what_participants_answer_after_a_section_was_written_is_added_to_it() -> None:
    told = story()
    told.entries.append(entry(minutes(90), "answer", MAYA, "Watch the pool", question="lessons", section="lessons"))
    record = told.record()
    later = answers(record, "lessons", since=minutes(89))
    assert [sentence.text for sentence in later] == [f"<@{MAYA}>: Watch the pool"]
    assert answers(record, "lessons", since=minutes(90)) == []
    written = edited.with_text(section(record, "lessons"), "Roll out slowly", set(), later)
    assert [sentence.text for sentence in written.sentences] == ["Roll out slowly", f"<@{MAYA}>: Watch the pool"]


def test_a_reopened_incident_that_ends_again_takes_its_finished_review_up_again() -> None:
    first = lifecycle.new_review(story().incident, FIVE, minutes(60))
    published = replace(first, state=ReviewState.PUBLISHED, facilitator=ADA, scheduled=2)
    before = replace(story().incident, review=published)
    again = verbs.reopen(before, BEN, FIVE, minutes(70), "Errors are back").incident
    ended = verbs.resolve(again, BEN, minutes(80), summary="Turned it off").incident
    assert lifecycle.is_taken_up(again, ended)
    assert not lifecycle.is_taken_up(before, before)
    assert ended.review is not None
    review = lifecycle.take_up_again(ended.review, ended, FIVE, minutes(80))
    assert (review.state, review.facilitator, review.scheduled, review.taken_up) == (ReviewState.DRAFT, ADA, 2, 1)
    assert not lifecycle.is_taken_up(again, replace(ended, status=Status.CANCELLED))


def test_the_review_of_a_merged_incident_is_that_of_the_one_that_goes_on() -> None:
    merged = replace(story().incident, status=Status.MERGED, merged_into=7, ended_at=minutes(60))
    with pytest.raises(Refused, match="merged into INC-7, which has the review") as refused:
        lifecycle.open_review(merged, ADA, FIVE, minutes(70))
    assert refused.value.example == "review --in INC-7"


def test_roles_that_nobody_held_are_one_question() -> None:
    three = ("commander", "communications_lead", "scribe")
    levels = tuple(replace(level, roles=three) if level.key == "sev2" else level for level in FIVE.severities)
    record = Story().record()
    record.policy = replace(FIVE, severities=levels)
    assert section_questions(record, "improve").count("Nobody held") == 1
    assert "Nobody held Incident commander, Communications lead and Scribe, which sev2 needs." in section_questions(
        record, "improve"
    )


def test_a_review_draws_on_the_incidents_merged_into_it_with_their_people_times_and_sources() -> None:
    cleo, earlier = "U0CLEO00000", NOW - 12 * MINUTE
    other = Story(2, "Search is slow", earlier)
    other.then(verbs.acknowledge(other.incident, cleo, earlier + 2 * MINUTE))
    other.then(verbs.note(other.incident, "Deploy 4512 went out", cleo, earlier + 3 * MINUTE))
    other.then(verbs.update(other.incident, "Searching is slow", cleo, FIVE, earlier + 4 * MINUTE))
    other.entries.append(entry(NOW + MINUTE, "merged", BEN, "merged into INC-1: Checkout is down", into=1))
    told = story()
    told.entries.append(entry(NOW + MINUTE, "merged", BEN, "INC-2 was merged into this incident", merged=2))
    told.incident = replace(told.incident, merged=(2,))
    record = told.record(merged=[other.record()])
    assert record.participants[-1] == cleo
    assert f"INC-2: {user_mention(cleo)} noted: Deploy 4512 went out" in section_text(record, "causes")
    assert "INC-2 was detected 12m before it, on 5 Jan 2026 02:52 UTC." in section_text(record, "detection")
    assert f"INC-2: {user_mention(cleo)} responded first, after 2m" in section_text(record, "response")
    assert "INC-2: Update #1 by" in section_text(record, "communication")
    assert section_text(record, "metadata").count("merged") == 1  # the incident's own entry says so
    assert f"{cleo}: On 5 Jan 2026 02:55 UTC you wrote “Deploy 4512 went out”" in section_questions(record, "response")
    assert "INC-2" not in "".join(section_questions(record, key) for key in TITLES)
    rows = chronology.rows(section(record, "timeline"))
    assert [row.what for row in rows][:3] == [
        "INC-2: declared: sev2: Search is slow",
        f"INC-2: {other.entries[1].text}",
        "INC-2: noted: Deploy 4512 went out",
    ]  # fmt: skip
    assert rows[2].cites == (MergedEntry(2, 3),)
    assert not any("merged into INC-1" in row.what for row in rows)


def test_a_sentence_keeps_its_source_in_a_merged_incident_when_people_edit_it() -> None:
    sentence = Sentence("INC-2: Cleo noted it", (MergedEntry(2, 3), 4))
    text = edited.as_text([sentence])
    assert text == "- INC-2: Cleo noted it [INC-2 #3, #4]"
    assert edited.parse(text, {MergedEntry(2, 3), 4}) == (sentence,)
    assert edited.parse(text, {3, 4}) == (Sentence("INC-2: Cleo noted it [INC-2 #3, #4]", ()),)  # no such entry
