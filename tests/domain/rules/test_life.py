"""The life of a rule: inactive, pending, firing, resolved, unknown."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.policy.alerting_rules import AlertingRule
from bot.domain.rules.conditions import Reading, Readings
from bot.domain.rules.life import RuleState, State, advance, clear_failures, differs, end, mark_told, record_failure
from tests.domain.rules.making import NOW, rule

HOLDS = Readings({(): Reading(True, 7.0, "q is 7")})
QUIET = Readings({(): Reading(False, 1.0, "q is 1")})
MINUTE = timedelta(minutes=1)


def run(tried: AlertingRule, text: str, state: RuleState | None = None, now: datetime = NOW) -> list[State]:
    """The state after each evaluation, a minute apart: `x` the conditions hold, `.` they do not, `?` it failed."""
    return [each.state for each in states(tried, text, state, now)]


def states(tried: AlertingRule, text: str, state: RuleState | None = None, now: datetime = NOW) -> list[RuleState]:
    current, found = state or RuleState("rule"), []
    for sign in text:
        if sign == "?":
            current = record_failure(current, "no answer", now)
        else:
            current = advance(current, tried, HOLDS if sign == "x" else QUIET, now)
        found.append(current)
        current = mark_told(current, current)
        now += MINUTE
    return found


P, F, I, U = State.PENDING, State.FIRING, State.INACTIVE, State.UNKNOWN  # noqa: E741
TWO = rule(hold=2 * MINUTE, keep_firing=2 * MINUTE)


def test_a_rule_fires_once_its_conditions_have_held_for_long_enough() -> None:
    assert run(TWO, ".xxxx") == [I, P, P, F, F]


def test_a_rule_that_need_not_hold_fires_at_once() -> None:
    assert run(rule(), "x") == [F]


def test_a_pending_rule_whose_conditions_end_begins_anew() -> None:
    assert run(TWO, "xx.xxx") == [P, P, I, P, P, F]


def test_a_rule_resolves_when_its_conditions_have_not_held_for_long_enough() -> None:
    assert run(TWO, "xxx...") == [P, P, F, F, I, I]
    assert run(TWO, "xxx.x..") == [P, P, F, F, F, F, I]


def test_a_rule_that_does_not_resolve_by_itself_goes_on_firing() -> None:
    assert run(rule(keep_firing=MINUTE, auto_resolve=False), "x......") == [F] * 7


def test_a_rule_is_unknown_from_the_third_failure_in_a_row_on() -> None:
    assert run(TWO, "??.???.") == [I, I, I, I, I, U, I]


def test_a_failure_neither_ends_what_fires_nor_forgets_what_is_pending() -> None:
    assert run(TWO, "x??xx") == [P, P, P, F, F]
    assert run(TWO, "xxx????x") == [P, P, F, F, F, U, U, F]


def test_each_change_is_told_once() -> None:
    found = states(TWO, "xxxx...x")
    assert [[bool(each.resolved_at) for each in state.untold] for state in found] == [
        [], [], [False], [], [], [True], [], [],
    ]  # fmt: skip


def test_what_was_not_told_is_told_later() -> None:
    state = advance(RuleState("rule"), rule(), HOLDS, NOW)
    later = advance(state, rule(), HOLDS, NOW + MINUTE)
    assert [each.fired_at for each in later.untold] == [NOW]
    assert mark_told(later, state).untold == ()


def test_what_resolves_while_its_firing_is_told_is_told_as_well() -> None:
    firing = advance(RuleState("rule"), rule(keep_firing=MINUTE), HOLDS, NOW)
    over = advance(firing, rule(keep_firing=MINUTE), QUIET, NOW + MINUTE)
    assert len(mark_told(over, firing).untold) == 1


def test_being_unknown_and_its_end_are_told_once() -> None:
    found = states(TWO, "????.?")
    assert [state.unknown_untold for state in found] == [False, False, True, False, True, False]
    assert found[4].unknown_since == NOW + 2 * MINUTE
    assert found[4].unknown_until == NOW + 4 * MINUTE
    assert found[5].unknown_since is None


def test_a_rule_is_quiet_about_a_reason_that_has_an_alert_of_its_own() -> None:
    state = RuleState("rule")
    for _ in range(3):
        state = record_failure(state, "unreachable", NOW, quiet=True)
    assert (state.state, state.unknown_untold) == (U, False)
    again = clear_failures(state, NOW)
    assert (again.state, again.unknown_untold) == (I, False)
    assert record_failure(state, "bad query", NOW).unknown_untold


def test_a_rule_that_is_evaluated_no_more_resolves() -> None:
    state = states(TWO, "xxx")[-1]
    over = end(mark_told(state, state), NOW + 9 * MINUTE)
    assert [(instance.resolved_at, instance.told) for instance in over.instances] == [(NOW + 9 * MINUTE, False)]
    assert over.state is I
    assert end(states(TWO, "x")[-1], NOW).instances == ()


def test_only_a_new_value_need_not_be_committed_at_once() -> None:
    pending = states(TWO, "x")[-1]
    assert differs(RuleState("rule"), pending)
    assert not differs(pending, advance(pending, TWO, Readings({(): Reading(True, 8.0, "q is 8")}), NOW + MINUTE))
    assert differs(pending, advance(pending, TWO, HOLDS, NOW + 2 * MINUTE))
