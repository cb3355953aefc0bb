"""A reminder after long silence pages the next rung, and says truly whether somebody is paged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain import incident as verbs
from bot.domain.deadlines import Deadline, plan
from bot.domain.incident import Incident
from bot.domain.lapsed.reminder import page_silence
from bot.domain.lapsed.reminder_reason import Activity, Nudge, decide_nudge
from bot.domain.routing.notice import NoticeKind
from tests.domain.incidents import declared
from tests.domain.policies import MINUTE, NOON, POLICY, paging

AT = NOON + 30 * MINUTE


def silent(severity: str) -> tuple[Incident, Deadline, Nudge]:
    incident = replace(declared(severity), unanswered=2, update_due_at=AT)
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
