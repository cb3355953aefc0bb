"""The agenda of a review: each point is posted once when it begins, and a missed point is left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain.deadlines import plan
from bot.domain.incident import Incident, review_agenda
from bot.domain.incident.review_agenda import AGENDAS
from bot.domain.incident.state import ReviewAgenda
from bot.domain.incident.status import Status
from bot.domain.policy.policy import Policy
from bot.domain.review import lifecycle
from bot.policy import preset
from tests.domain.incidents import new_incident
from tests.domain.policies import MINUTE, NOON, POLICY

AT = NOON + timedelta(hours=3)


def scheduled_incident(policy: Policy = POLICY) -> Incident:
    ended = replace(new_incident(), status=Status.RESOLVED, resolved_at=NOON, ended_at=NOON)
    opened = lifecycle.open_review(ended, "UA", POLICY, NOON).incident
    return lifecycle.schedule(opened, AT, None, "UA", policy, NOON).incident


def due(incident: Incident) -> list[str]:
    return [each.dedup_key for each in plan(incident, POLICY) if each.dedup_key.startswith("agenda:")]


def test_each_point_is_a_deadline_in_its_turn_and_then_the_end() -> None:
    incident = scheduled_incident()
    seen = []
    while point := review_agenda.next_point(incident):
        seen.append((point.title, point.begins_at - AT))
        assert due(incident) == [f"agenda:1:1:1:{point.number}"]
        incident = review_agenda.mark_announced(incident, point.begins_at)
    assert seen[0] == ("Timeline", timedelta())
    assert seen[1] == ("Root cause", 10 * MINUTE)
    assert seen[-1] == ("", 80 * MINUTE)
    assert len(seen) == len(AGENDAS[ReviewAgenda.LONG]) + 1
    assert due(incident) == []


def test_of_points_that_passed_while_the_bot_was_away_only_the_current_one_is_told() -> None:
    incident, now = scheduled_incident(), AT + 40 * MINUTE
    point = review_agenda.current_point(incident, now)
    assert point is not None
    assert point.title == "What went well"
    following = review_agenda.next_point(review_agenda.mark_announced(incident, now))
    assert following is not None
    assert following.title == "What to improve"


def test_long_after_the_end_nothing_is_told() -> None:
    incident, now = scheduled_incident(), AT + timedelta(days=1)
    assert review_agenda.current_point(incident, now) is None
    assert due(review_agenda.mark_announced(incident, now)) == []


def test_another_time_begins_the_agenda_anew() -> None:
    incident = review_agenda.mark_announced(scheduled_incident(), AT + 40 * MINUTE)
    again = lifecycle.schedule(incident, AT + timedelta(days=1), None, "UA", POLICY, NOON).incident
    point = review_agenda.next_point(again)
    assert point is not None
    assert point.number == 1
    assert due(again) == ["agenda:1:1:2:1"]


def test_a_completed_review_has_no_agenda() -> None:
    assert due(lifecycle.complete(scheduled_incident(), "UA", NOON).incident) == []


def test_the_policy_chooses_a_meeting_of_forty_minutes() -> None:
    review = scheduled_incident(replace(POLICY, review_agenda="short")).review
    assert review is not None
    listed = review_agenda.points(review)
    assert [(each.title, (each.ends_at - each.begins_at) / MINUTE) for each in listed[:-1]] == [
        ("Timeline", 5), ("Root cause", 10), ("Impact", 5), ("What prevents it", 15), ("Action items", 5),
    ]  # fmt: skip
    assert listed[-1].begins_at - AT == review_agenda.length(review) == 40 * MINUTE


def test_a_policy_that_changes_later_leaves_a_scheduled_meeting_as_it_is() -> None:
    incident = scheduled_incident()
    again = lifecycle.schedule(incident, AT, None, "UA", replace(POLICY, review_agenda="long"), NOON)
    assert again.entries == ()
    assert incident.review is not None
    assert review_agenda.length(incident.review) == 80 * MINUTE


def test_the_preset_of_004_has_its_five_points() -> None:
    assert preset("level-1-4").review_agenda == "short"
    assert preset("p0-p4").review_agenda == "long"


def test_a_point_that_waited_until_its_time_was_over_is_not_told_and_the_end_is_told_for_an_hour() -> None:
    incident = scheduled_incident()
    assert not review_agenda.is_over(incident, 1, AT + 9 * MINUTE)
    assert review_agenda.is_over(incident, 1, AT + 11 * MINUTE)
    assert not review_agenda.is_over(incident, 8, AT + 100 * MINUTE)
    assert review_agenda.is_over(incident, 8, AT + 141 * MINUTE)
