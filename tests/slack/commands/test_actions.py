from __future__ import annotations

import pytest

from bot.domain.actions.item import Priority
from bot.domain.values.dates import DayExpression, Unit
from bot.slack.commands.parse import parse
from bot.slack.commands.request import BadRequest, Request
from tests.factories import FIVE

MAYA = "<@U0MAYA|maya>"
FRIDAY = DayExpression(Unit.WEEKDAY, 4)


@pytest.mark.parametrize(
    ("line", "text", "users", "priority", "day"),
    [
        (f"action Alert on pool usage {MAYA} by friday P1", "Alert on pool usage", ("U0MAYA",), Priority.P1, FRIDAY),
        (f"action {MAYA} Alert on pool usage P0 by Fri", "Alert on pool usage", ("U0MAYA",), Priority.P0, FRIDAY),
        ("action Alert on pool usage, by friday", "Alert on pool usage", (), None, FRIDAY),
        ("action Alert on pool usage (p2)", "Alert on pool usage", (), Priority.P2, None),
        ("action Replace polling by webhooks", "Replace polling by webhooks", (), None, None),
        (
            f"action Replace polling by webhooks by 4 Dec {MAYA}", "Replace polling by webhooks", ("U0MAYA",), None,
            DayExpression(month=12, day=4),
        ),
        ("action Raise the p99 alert @me", "Raise the p99 alert", ("U0ADA",), None, None),
        ("action Check the P1-only rule", "Check the P1-only rule", (), None, None),
    ],
)  # fmt: skip
def test_an_action_item_is_parsed_in_any_order(
    line: str, text: str, users: tuple[str, ...], priority: Priority | None, day: DayExpression | None
) -> None:
    parsed = parse(line, FIVE, asker="U0ADA")
    assert isinstance(parsed, Request)
    assert (parsed.text, parsed.users, parsed.priority, parsed.day) == (text, users, priority, day)


def test_a_date_that_is_not_in_the_calendar_is_refused_and_never_part_of_the_title() -> None:
    parsed = parse(f"action Alert on pool usage {MAYA} by 2026-13-40", FIVE)
    assert isinstance(parsed, BadRequest)
    assert "2026-13-40 is no day of the calendar. Write it as 2026-12-04" in parsed.message
    kept = parse("action Support dates such as 2026-13-40", FIVE)
    assert isinstance(kept, Request)


def test_a_typed_name_is_looked_up() -> None:
    parsed = parse("action Alert on pool usage @maya by friday", FIVE)
    assert isinstance(parsed, Request)
    assert (parsed.text, parsed.names) == ("Alert on pool usage", ("maya",))


@pytest.mark.parametrize("line", [f"action Look {MAYA} <@U0TOM>", f"action {MAYA} by friday", "actions nonsense"])
def test_what_is_no_action_item_is_refused_with_an_example(line: str) -> None:
    assert isinstance(parse(line, FIVE), BadRequest)


@pytest.mark.parametrize(
    ("line", "scope", "incident"),
    [("actions", "", None), ("actions mine", "mine", None), ("actions --in INC-7", "", 7), ("actions INC-7", "", 7)],
)
def test_a_list_is_of_an_incident_or_of_a_scope(line: str, scope: str, incident: int | None) -> None:
    parsed = parse(line, FIVE)
    assert isinstance(parsed, Request)
    assert (parsed.scope, parsed.incident) == (scope, incident)
