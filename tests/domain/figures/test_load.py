"""The load of a person counts by their own clock, and only they and who leads them may know it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.domain.figures.load import RecentPages, led_by, load_of_person, loads_of, recent_pages
from bot.domain.policy.policy import Contact
from bot.domain.policy.schedules import Team
from tests.factories import FIVE

FRIDAY = datetime(2026, 3, 27, 21, 30, tzinfo=UTC)  # 22:30 in Berlin, 14:30 in Los Angeles
SATURDAY = datetime(2026, 3, 28, 2, 10, tzinfo=UTC)  # the same night in Berlin, Friday evening in Los Angeles
PAGES = [(FRIDAY, ["U1", "U2"]), (SATURDAY, ["U1"]), (SATURDAY.replace(minute=40), ["U1"])]


def test_nights_weekends_and_hours_go_by_the_persons_own_clock() -> None:
    berlin = load_of_person(PAGES, "U1", ZoneInfo("Europe/Berlin"))
    assert berlin.text == "3 pages, 1 night, 1 weekend day, 2 interrupted hours"
    angeles = load_of_person(PAGES, "U1", ZoneInfo("America/Los_Angeles"))
    assert (angeles.pages, angeles.nights, angeles.weekend_days) == (3, 0, 0)
    assert load_of_person(PAGES, "U3", UTC).text == "not paged"


def test_a_lead_sees_the_members_of_their_teams_and_nobody_else() -> None:
    policy = replace(
        FIVE,
        contacts={"anna": Contact("anna", slack="UANNA")},
        teams={
            "sre": Team("sre", members=("anna", "UBEN", "ULEAD"), lead="ULEAD"),
            "web": Team("web", members=("UBEN", "UCARL"), lead="anna"),
            "none": Team("none", members=("UDAN",)),
        },
    )
    assert led_by("ULEAD", policy) == ["UANNA", "UBEN"]
    assert led_by("UANNA", policy) == ["UBEN", "UCARL"]
    assert led_by("UDAN", policy) == []
    pages = [(FRIDAY, ["UBEN"]), (SATURDAY, ["UDAN", "ULEAD"])]
    assert [(load.person, load.pages) for load in loads_of("ULEAD", pages, policy, UTC)] == [
        ("ULEAD", 1),
        ("UANNA", 0),
        ("UBEN", 1),
    ]


def test_the_pages_of_the_last_days_are_counted_for_one_person_alone() -> None:
    now = SATURDAY + timedelta(days=7)
    assert recent_pages(PAGES, "U1", now, complete=True) == RecentPages(2, 3)
    assert recent_pages(PAGES, "U1", now, complete=True).text == (
        "You were paged twice in the last 7 days, 3 times in the last 30."
    )
    assert recent_pages(PAGES, "U2", now, complete=False).text == (
        "You were not paged in the last 7 days, and at least once in the last 30."
    )
    assert recent_pages(PAGES, "U3", now, complete=True).text == "You were not paged in the last 30 days."
