"""The agenda of a review: each point is told when it begins, once, and what was missed is left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain.deadlines import plan
from bot.domain.incident import Incident, review_agenda
from bot.domain.incident.review_agenda import AGENDA, LENGTH
from bot.domain.incident.status import Status
from bot.domain.review import lifecycle
from tests.domain.incidents import declared
from tests.domain.policies import MINUTE, NOON, POLICY

AT = NOON + timedelta(hours=3)


def scheduled() -> Incident:
    ended = replace(declared(), status=Status.RESOLVED, resolved_at=NOON, ended_at=NOON)
    opened = lifecycle.open_review(ended, "UA", POLICY, NOON).incident
    return lifecycle.schedule(opened, AT, None, "UA", NOON).incident


def due(incident: Incident) -> list[str]:
    return [each.dedup_key for each in plan(incident, POLICY) if each.dedup_key.startswith("agenda:")]


def test_each_point_is_a_deadline_in_its_turn_and_then_the_end() -> None:
    incident = scheduled()
    seen = []
    while point := review_agenda.next_point(incident):
        seen.append((point.title, point.begins_at - AT))
        assert due(incident) == [f"agenda:1:1:1:{point.number}"]
        incident = review_agenda.told(incident, point.begins_at)
    assert seen[0] == ("Timeline", timedelta())
    assert seen[1] == ("Root cause", 10 * MINUTE)
    assert seen[-1] == ("", LENGTH)
    assert len(seen) == len(AGENDA) + 1
    assert due(incident) == []


def test_of_points_that_passed_while_the_bot_was_away_only_the_current_one_is_told() -> None:
    incident, now = scheduled(), AT + 40 * MINUTE
    point = review_agenda.current_point(incident, now)
    assert point is not None
    assert point.title == "What went well"
    following = review_agenda.next_point(review_agenda.told(incident, now))
    assert following is not None
    assert following.title == "What to improve"


def test_long_after_the_end_nothing_is_told() -> None:
    incident, now = scheduled(), AT + timedelta(days=1)
    assert review_agenda.current_point(incident, now) is None
    assert due(review_agenda.told(incident, now)) == []


def test_another_time_begins_the_agenda_anew() -> None:
    incident = review_agenda.told(scheduled(), AT + 40 * MINUTE)
    again = lifecycle.schedule(incident, AT + timedelta(days=1), None, "UA", NOON).incident
    point = review_agenda.next_point(again)
    assert point is not None
    assert point.number == 1
    assert due(again) == ["agenda:1:1:2:1"]


def test_a_completed_review_has_no_agenda() -> None:
    assert due(lifecycle.complete(scheduled(), "UA", NOON).incident) == []
