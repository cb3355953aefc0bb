"""The notices that follow from a declaration and from each kind of change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain import incident as verbs
from bot.domain.incident import Change, Incident, StatusUpdate
from bot.domain.incident.status import Status
from bot.domain.policy.policy import Contact, Policy
from bot.domain.routing import on_declared, without_settled
from bot.domain.routing.notice import Notice, NoticeKind, OnDependencyFailure, Priority
from tests.domain.incidents import new_incident, notices_of
from tests.domain.policies import MINUTE, NOON, POLICY

LATER = NOON + MINUTE
BRIEFED = replace(
    POLICY,
    severities=(replace(POLICY.severities[0], notify_executives=True), *POLICY.severities[1:]),
    contacts={"cto": Contact("cto", name="Carla", slack="UCTO"), "unreachable": Contact("unreachable")},
    executives=("cto", "unreachable"),
)


def of_kind(notices: list[Notice], kind: NoticeKind) -> list[Notice]:
    return [notice for notice in notices if notice.kind is kind]


def payloads(notices: list[Notice], kind: NoticeKind) -> list[dict[str, Any]]:
    return [notice.payload for notice in of_kind(notices, kind)]


def nudged(**fields: Any) -> Incident:
    """An incident whose latest reminder has buttons."""
    return replace(new_incident(), live_nudge="nudge:update:1:1:0:0", **fields)


def test_a_declaration_is_made_visible_by_independent_steps() -> None:
    notices = on_declared(new_incident(), POLICY)
    assert [(notice.kind, notice.depends_on) for notice in notices] == [
        (NoticeKind.CHANNEL, None),
        (NoticeKind.CARD, "channel:1"),
        (NoticeKind.PIN, "card:1"),
        (NoticeKind.TOPIC, "channel:1"),
        (NoticeKind.PURPOSE, "channel:1"),
        (NoticeKind.INVITE, "channel:1"),
        (NoticeKind.BACKFILL, "channel:1"),
        (NoticeKind.TRIAGE, "card:1"),
        (NoticeKind.ANNOUNCE, "channel:1"),
    ]
    assert len({notice.dedup_key for notice in notices}) == len(notices)


@pytest.mark.parametrize(("days", "reads"), [(3, 0), (4, 1)])
def test_the_channel_of_an_incident_is_read_when_it_is_reopened_after_reading_had_ended(days: int, reads: int) -> None:
    ended = verbs.resolve(replace(new_incident(), channel_id="C1"), "UA", NOON).incident
    change = verbs.reopen(ended, "UA", POLICY, NOON + timedelta(days=days), "it is back")
    assert len(of_kind(notices_of(ended, change), NoticeKind.BACKFILL)) == reads


def test_without_a_channel_the_card_goes_to_the_reporter_and_the_announcement_goes_out() -> None:
    failing = {notice.kind: notice.on_dependency_failure for notice in on_declared(new_incident(), POLICY)}
    assert failing[NoticeKind.CARD] is failing[NoticeKind.TRIAGE] is OnDependencyFailure.DIRECT
    assert failing[NoticeKind.ANNOUNCE] is OnDependencyFailure.SEND
    assert failing[NoticeKind.PIN] is failing[NoticeKind.INVITE] is OnDependencyFailure.FAIL


@pytest.mark.parametrize(
    ("incident", "policy"),
    [(replace(new_incident(), private=True), POLICY), (new_incident(), replace(POLICY, announce=None))],
    ids=["a private incident", "no announcement channel"],
)
def test_nothing_is_announced(incident: Incident, policy: Policy) -> None:
    assert not of_kind(on_declared(incident, policy), NoticeKind.ANNOUNCE)
    resolved = notices_of(incident, verbs.resolve(incident, "U1", LATER), policy)
    assert not {notice.kind for notice in resolved} & {NoticeKind.THREAD, NoticeKind.ANNOUNCE_EDIT}


def test_executives_with_an_address_are_briefed_where_the_severity_asks_for_it() -> None:
    briefing = {"person": "UCTO", "called": "Carla", "why": ""}
    assert payloads(on_declared(new_incident(), BRIEFED), NoticeKind.BRIEFING) == [briefing]
    assert payloads(on_declared(new_incident("bad"), BRIEFED), NoticeKind.BRIEFING) == []
    assert payloads(on_declared(replace(new_incident(), drill=True), BRIEFED), NoticeKind.BRIEFING) == []


def test_a_raised_severity_briefs_executives_and_a_lowered_one_does_not() -> None:
    bad = new_incident("bad")
    raised = verbs.change_severity(bad, "fatal", "U1", BRIEFED, LATER)
    assert len(of_kind(notices_of(bad, raised, BRIEFED), NoticeKind.BRIEFING)) == 1
    lowered = verbs.change_severity(new_incident(), "bad", "U1", BRIEFED, LATER)
    assert not of_kind(notices_of(new_incident(), lowered, BRIEFED), NoticeKind.BRIEFING)


def test_news_of_one_change_is_one_message_in_the_channel_and_one_under_the_announcement() -> None:
    before = new_incident()
    change = verbs.resolve(before, "U1", LATER)
    notices = notices_of(before, change)
    (news,), (thread,) = of_kind(notices, NoticeKind.NEWS), of_kind(notices, NoticeKind.THREAD)
    assert news.dedup_key == f"news:1:{news.payload['seqs'][0]}"
    assert (news.depends_on, news.on_dependency_failure) == ("channel:1", OnDependencyFailure.DIRECT)
    assert thread.depends_on == "announce:1"


def test_an_acknowledgement_is_news_in_the_channel_but_not_under_the_announcement() -> None:
    notices = notices_of(new_incident(), verbs.acknowledge(new_incident(), "U1", LATER))
    assert of_kind(notices, NoticeKind.NEWS)
    assert not of_kind(notices, NoticeKind.THREAD)


def test_an_acknowledgement_that_another_action_implies_is_no_news_of_its_own() -> None:
    implied = verbs.acknowledge(new_incident(), "U1", LATER, implied_by="status")
    assert not of_kind(notices_of(new_incident(), implied), NoticeKind.NEWS)


def test_an_update_is_posted_in_the_channel_under_its_number_and_under_the_announcement() -> None:
    before = new_incident()
    notices = notices_of(before, verbs.post_update(before, StatusUpdate("Half of the carts load"), "U1", POLICY, LATER))
    (update,) = of_kind(notices, NoticeKind.UPDATE)
    assert update.dedup_key == "update:1:1"
    assert of_kind(notices, NoticeKind.THREAD)


def test_a_new_role_holder_is_invited_and_told_their_duties() -> None:
    notices = notices_of(new_incident(), verbs.assign(new_incident(), "scribe", "USCRIBE", "U1", POLICY, LATER))
    assert payloads(notices, NoticeKind.INVITE) == [{"user": "USCRIBE", "asked_by": "U1"}]
    assert payloads(notices, NoticeKind.DUTIES) == [{"role": "scribe", "user": "USCRIBE"}]


def test_a_cleared_role_invites_nobody() -> None:
    held = verbs.assign(new_incident(), "scribe", "USCRIBE", "U1", POLICY, LATER).incident
    cleared = notices_of(held, verbs.clear_role(held, "scribe", "U1", POLICY, LATER))
    assert not {notice.kind for notice in cleared} & {NoticeKind.INVITE, NoticeKind.DUTIES}


@pytest.mark.parametrize(
    ("change", "edited"),
    [
        (lambda incident: replace(incident, title="Payments are down"), {"topic:1", "triage_edit:1"}),
        (lambda incident: replace(incident, roles={"commander": "U1"}), {"topic:1"}),
        (lambda incident: replace(incident, roles={"scribe": "U1"}), set()),
        (lambda incident: replace(incident, status=Status.MITIGATING), set()),
        (lambda incident: replace(incident, services=("carts",)), {"triage_edit:1"}),
    ],
    ids=["title", "commander", "another role", "status", "services"],
)
def test_topic_and_triage_are_edited_only_when_what_they_show_changes(
    change: Callable[[Incident], Incident], edited: set[str]
) -> None:
    notices = notices_of(new_incident(), Change(change(new_incident())))
    assert {notice.dedup_key for notice in notices} - {"card_edit:1", "announce_edit:1"} == edited
    assert "card_edit:1" in {notice.dedup_key for notice in notices}


def test_a_change_that_shows_nowhere_sends_nothing() -> None:
    assert notices_of(new_incident(), Change(new_incident())) == []


def test_triage_of_an_incident_that_has_ended_is_not_edited() -> None:
    ended = verbs.cancel(new_incident(), "U1", LATER, "false alarm").incident
    assert not of_kind(notices_of(ended, Change(replace(ended, services=("carts",)))), NoticeKind.TRIAGE_EDIT)


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        (lambda before: verbs.post_update(before, StatusUpdate("Fixed"), "U1", POLICY, LATER).incident,
         "Done: update #1 was posted."),
        (lambda before: verbs.resolve(before, "U1", LATER).incident, "The incident is resolved."),
        (lambda before: verbs.snooze(before, 10 * MINUTE, "U1", LATER).incident, "snoozed"),
        (lambda before: verbs.promise(before, 10 * MINUTE, "U1", LATER).incident, "promised"),
        (lambda before: replace(before, roles={"commander": "U1", "scribe": "U2"}),
         "Done: every required role is held."),
        (lambda before: replace(before, live_nudge="nudge:another"), "superseded"),
    ],
    ids=["updated", "resolved", "snoozed", "promised", "roles held", "superseded"],
)  # fmt: skip
def test_a_reminder_is_edited_to_say_how_it_was_settled(change: Callable[[Incident], Incident], outcome: str) -> None:
    before = nudged(roles={"commander": "U1", "scribe": "U2"}) if outcome.startswith("Done: update") else nudged()
    after = change(before)
    (edit,) = of_kind(notices_of(before, Change(after)), NoticeKind.NUDGE_EDIT)
    assert (edit.depends_on, edit.payload["outcome"]) == (before.live_nudge, outcome)
    assert edit.priority is Priority.BUTTONS


def test_a_reminder_of_an_update_and_of_roles_asks_for_the_roles_once_the_update_is_posted() -> None:
    before = replace(nudged(), roles={"commander": "U1"})
    after = verbs.post_update(before, StatusUpdate("Fixed"), "U1", POLICY, LATER)
    (edit,) = of_kind(notices_of(before, after), NoticeKind.NUDGE_EDIT)
    assert (edit.depends_on, edit.payload["outcome"], edit.payload["left"]) == (before.live_nudge, None, ["scribe"])
    assert without_settled(before, after.incident, POLICY).get("live_nudge", "kept") == "kept"


def test_a_reminder_stays_while_a_required_role_is_empty_or_an_update_is_owed() -> None:
    half = Change(replace(nudged(), roles={"commander": "U1"}))
    assert not of_kind(notices_of(nudged(), half), NoticeKind.NUDGE_EDIT)
    owed = nudged(unanswered=1)
    filled = Change(replace(owed, roles={"commander": "U1", "scribe": "U2"}))
    assert not of_kind(notices_of(owed, filled), NoticeKind.NUDGE_EDIT)


def test_a_message_that_was_settled_is_settled_once() -> None:
    before = replace(nudged(), live_pages=("page:1",), live_alerts=())
    after = verbs.resolve(before, "U1", LATER).incident
    cleared = replace(after, **without_settled(before, after, POLICY))
    assert (cleared.live_nudge, cleared.live_pages) == (None, ())
    again = notices_of(cleared, verbs.close(cleared, "U1", LATER))
    assert not {notice.kind for notice in again} & {NoticeKind.NUDGE_EDIT, NoticeKind.PAGE_EDIT}


PAGES = ("page:1:a:1:channel", "page:1:a:1:dm:U1", "page:1:b:1:channel", "page:1:b:1:dm:U1", "page:1:b:1:dm:U2")


def test_a_settled_page_says_who_answered_and_how_the_incident_ended() -> None:
    before = replace(nudged(), live_pages=PAGES)
    for change, by, ended in (
        (verbs.acknowledge(before, "U9", LATER), "U9", None),
        (verbs.resolve(before, "U9", LATER), "U9", "resolved"),
        (verbs.cancel(before, "U9", LATER, "false alarm"), None, "cancelled"),
    ):
        edits = of_kind(notices_of(before, change), NoticeKind.PAGE_EDIT)
        assert [(edit.payload["of"], edit.payload["by"], edit.payload["ended"]) for edit in edits] == [
            (key, by, ended) for key in PAGES
        ]


def test_a_person_paged_after_the_acknowledgement_settles_their_own_page() -> None:
    acknowledged = replace(verbs.acknowledge(nudged(), "U9", LATER).incident, live_pages=PAGES)
    change = verbs.acknowledge(acknowledged, "U1", LATER)
    edits = of_kind(notices_of(acknowledged, change), NoticeKind.PAGE_EDIT)
    settled = ("page:1:a:1:channel", "page:1:a:1:dm:U1", "page:1:b:1:dm:U1")
    assert [(edit.payload["of"], edit.payload["by"]) for edit in edits] == [(key, "U1") for key in settled]
    assert without_settled(acknowledged, change.incident, POLICY) == {
        "live_pages": ("page:1:b:1:channel", "page:1:b:1:dm:U2")
    }


def test_messages_that_a_change_does_not_settle_are_kept() -> None:
    before = replace(nudged(), live_pages=("page:1",))
    assert without_settled(before, replace(before, title="Payments are down"), POLICY) == {}
