"""A reminder after long silence pages the next rung, and says truly whether somebody is paged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain import incident as verbs
from bot.domain.deadlines import Deadline, plan, withdrawal_reason
from bot.domain.incident import AudienceMessage, Incident
from bot.domain.lapsed.reminder import page_silence, remind
from bot.domain.lapsed.reminder_reason import Activity, Nudge, decide_nudge
from bot.domain.policy.policy import Audience
from bot.domain.routing.notice import NoticeKind
from bot.domain.values.target import Target
from tests.domain.incidents import new_incident
from tests.domain.policies import MINUTE, NOON, POLICY, paging

AT = NOON + 30 * MINUTE


def silent(severity: str) -> tuple[Incident, Deadline, Nudge]:
    incident = replace(new_incident(severity), unanswered=2, update_due_at=AT)
    (deadline,) = [each for each in plan(incident, POLICY) if each.kind == "update"]
    return incident, deadline, decide_nudge(incident, POLICY, "update", AT, Activity(), AT)


def test_silence_pages_the_next_rung_and_the_reminder_says_so() -> None:
    outcome = page_silence(*silent("fatal"), [], paging(AT))
    (nudge,) = [notice for notice in outcome.notices if notice.kind is NoticeKind.NUDGE]
    assert (nudge.payload["page"], nudge.payload["nobody_left"]) == (True, False)
    assert [page.people for page in outcome.incident.ladder.pages] == [("UPRIMARY",)]


@pytest.mark.parametrize("spent", [(1, 2, 3), None])
def test_a_reminder_that_pages_nobody_does_not_promise_to(spent: tuple[int, ...] | None) -> None:
    """Every rung was paged, or the severity has no rungs."""
    policy = POLICY if spent else replace(POLICY, severities=(replace(POLICY.severities[0], ladder=()),))
    incident, deadline, nudge = silent("fatal")
    incident = replace(incident, ladder=replace(incident.ladder, spent={"fatal": spent or ()}))
    outcome = page_silence(incident, deadline, nudge, [], paging(AT, policy))
    assert [notice.kind for notice in outcome.notices] == [NoticeKind.NUDGE]
    payload = outcome.notices[0].payload
    assert (payload["page"], payload["nobody_left"]) == (False, True)
    assert payload["reason"] == "two whole cadences of silence, and nobody is left to page"
    assert [decision.reason for decision in outcome.ledger] == [payload["reason"]]
    assert outcome.incident.ladder.silence_paged


def test_silence_pages_nobody_who_is_there_already() -> None:
    incident, deadline, nudge = silent("fatal")
    there = verbs.acknowledge(incident, "UPRIMARY", NOON).incident
    outcome = page_silence(there, deadline, nudge, [], paging(AT))
    assert [page.people for page in outcome.incident.ladder.pages] == [("USECOND",)]


def test_the_ledger_names_the_audiences_that_were_not_told() -> None:
    policy = replace(POLICY, audiences={"board": Audience("board", "The board", notify=(Target.parse("user:UBOARD"),))})
    level = replace(policy.severities[0], extra={"audiences": ["board"]}, roles=())
    policy = replace(policy, severities=(level, *policy.severities[1:]))
    incident = replace(new_incident("fatal"), update_due_at=None)
    (deadline,) = [each for each in plan(incident, policy) if each.kind == "communication"]
    assert deadline.reason == "fatal asks that The board be told by then"
    nudge = decide_nudge(incident, policy, "comms", deadline.due_at, Activity(), deadline.due_at)
    outcome = remind(incident, deadline, nudge, [], deadline.due_at)
    assert [decision.reason for decision in outcome.ledger] == ["not told within the cadence: The board"]
    message = AudienceMessage(deadline.due_at, "update", 1, 0, "detected", "fatal", 1)
    told = replace(incident, communications=1, told={"board": message})
    assert withdrawal_reason(deadline.dedup_key, incident, told) == "told: board"
    owed = replace(incident, update_due_at=deadline.due_at)
    both = decide_nudge(owed, policy, "update", deadline.due_at, Activity(), deadline.due_at)
    (update,) = [each for each in plan(owed, policy) if each.kind == "update"]
    covered = remind(owed, update, both, [deadline], deadline.due_at).ledger[1]
    assert covered.reason == "listed in the reminder about an update: The board"
