"""Calls: which person is called by which method."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.incident import Incident, Ladder, VendorAlert
from bot.domain.paging import calls, people
from bot.domain.paging.context import PagingContext
from bot.domain.paging.directory import Directory
from bot.domain.paging.recipients import Recipients
from bot.domain.policy.policy import Contact, Policy

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ALL = frozenset({"pagerduty", "email", "sms", "webhook"})
POLICY = Policy(
    name="p", severities=(), roles=(),
    contacts={
        "anna": Contact("anna", "Anna", slack="UANNA", email="anna@x.org", phone="+491", pagerduty="key-of-anna"),
        "ben": Contact("ben", "Ben", slack="ben@x.org", email="ben@x.org"),
        "hotline": Contact("hotline", "The hotline", phone="+492"),
    },
)  # fmt: skip
INCIDENT = Incident(7, "Down", "sev1", "UMAYA", NOON, NOON, Ladder(NOON))


def context(configured: Collection[str] = ALL, directory: Directory | None = None) -> PagingContext:
    return PagingContext(POLICY, lambda name, at: (), configured, NOON, directory or Directory())


def planned_pages(
    recipients: Recipients, by: tuple[str, ...], configured: frozenset[str] = ALL
) -> list[tuple[str, str]]:
    return [(c.person.key, c.method) for c in calls.plan_pages(recipients, by, context(configured)).attempts]


def test_each_person_by_each_method_in_order() -> None:
    recipients = Recipients(people=("UANNA", "ben@x.org"), contacts=("anna", "ben"))
    assert planned_pages(recipients, ("slack", "email")) == [
        ("anna", "slack"), ("anna", "email"), ("ben", "slack"), ("ben", "email"),
    ]  # fmt: skip


def test_nobody_is_called_twice_under_two_names() -> None:
    assert planned_pages(Recipients(people=("UANNA",)), ("slack", "sms")) == [("anna", "slack"), ("anna", "sms")]
    assert planned_pages(Recipients(people=("UANNA",), contacts=("anna",)), ("sms",)) == [("anna", "sms")]


def test_a_responder_is_called_by_no_method() -> None:
    """The ladder leaves their Slack address out of `people`, and not their key out of `contacts`."""
    assert planned_pages(Recipients(people=("ben@x.org",), contacts=("anna", "ben")), ("email",)) == [("ben", "email")]


def test_a_contact_without_slack_is_called_by_telephone() -> None:
    assert planned_pages(Recipients(contacts=("hotline",)), ("slack", "sms")) == [("hotline", "sms")]


def test_a_person_whom_no_method_of_the_rung_reaches_is_called_by_another() -> None:
    assert planned_pages(Recipients(people=("ben@x.org",), contacts=("ben",)), ("sms",)) == [("ben", "email")]
    assert planned_pages(Recipients(people=("USTRANGER",)), ("sms", "email")) == [("USTRANGER", "slack")]
    assert planned_pages(Recipients(contacts=("hotline",)), ("slack",), frozenset()) == []


def test_a_person_whose_slack_account_is_gone_is_called_by_another_method() -> None:
    gone = Directory(unreachable={"UANNA": "their account is deactivated", "ben@x.org": "nobody has that address"})
    recipients = Recipients(people=("UANNA", "ben@x.org"), contacts=("anna", "ben"))
    reached, plan = calls.reach(recipients, ("slack", "sms"), context({"sms"}, gone))
    assert [(call.person.key, call.method) for call in plan.attempts] == [("anna", "sms")]
    assert reached.people == ()
    assert plan.gaps == (
        "Anna: their account is deactivated", "Ben: nobody has that address", "Ben has no phone for SMS",
    )  # fmt: skip


def test_methods_that_reach_nobody_are_named() -> None:
    plan = calls.plan_pages(
        Recipients(people=("ben@x.org",), contacts=("ben",)), ("sms", "pagerduty"), context({"sms"})
    )
    assert plan.gaps == ("Ben has no phone for SMS", "PagerDuty is not set up")


@pytest.mark.parametrize(
    ("by", "used", "configured", "following"),
    [
        (("slack", "sms", "email"), ("sms",), ALL, "slack"),
        (("sms", "email"), ("sms",), ALL, "email"),
        (("sms",), ("sms",), ALL, "email"),
        (("sms",), ("sms", "email"), ALL, "slack"),
        (("sms",), ("sms", "email", "slack"), ALL, None),
        (("sms", "webhook"), ("sms", "email"), ALL, "webhook"),
        (("sms",), ("sms",), frozenset({"sms"}), "slack"),
    ],
)
def test_the_next_method_is_the_rungs_own_then_any_other(
    by: tuple[str, ...], used: tuple[str, ...], configured: frozenset[str], following: str | None
) -> None:
    anna = people.person_by_address("anna", POLICY)
    assert people.next_method(anna, by, used, configured) == following


def test_a_dedup_key_is_one_for_each_incident_episode_severity_and_database() -> None:
    different = [
        INCIDENT,
        replace(INCIDENT, number=8),
        replace(INCIDENT, episode=2),
        replace(INCIDENT, declared_at=NOON + timedelta(microseconds=1)),
    ]
    keys = [calls.dedup_key(incident, severity) for incident in different for severity in ("sev1", "sev2")]
    assert len(set(keys)) == 8
    assert [calls.incident_number_in(key) for key in keys] == [7, 7, 8, 8, 7, 7, 7, 7]
    assert calls.dedup_key(replace(INCIDENT, title="Else", status=INCIDENT.status), "sev1") == keys[0]


@pytest.mark.parametrize(
    "key", ["", "INC-7", "tocsin-INC-7", "tocsin-INC-07-0123456789abcdef", "xtocsin-INC-7-" + "0" * 16]
)
def test_other_keys_name_no_incident(key: str) -> None:
    assert calls.incident_number_in(key) is None


def test_alerts_are_one_for_each_method_severity_and_own_service() -> None:
    anna, ben = (people.person_by_address(key, POLICY) for key in ("anna", "ben"))
    plan = calls.PagePlan(tuple(calls.PageAttempt(p, m) for p in (anna, ben) for m in ("pagerduty", "webhook", "sms")))
    dedup_keys = {call: f"{call.person.key}:{call.method}" for call in plan.attempts}
    assert calls.opened_alerts(INCIDENT, plan, dedup_keys) == (
        VendorAlert("pagerduty", "sev1", "anna", ("anna:pagerduty",)),
        VendorAlert("webhook", "sev1", None, ("anna:webhook", "ben:webhook")),
        VendorAlert("pagerduty", "sev1", None, ("ben:pagerduty",)),
    )


def test_mentions_become_names_and_strangers_somebody() -> None:
    assert people.replace_mentions("<@UANNA> asked <@USTRANGER>", POLICY) == "Anna asked somebody"


def test_a_routing_key_is_not_in_a_repr() -> None:
    assert "key-of-anna" not in repr(POLICY)
    assert "key-of-anna" not in repr(people.person_by_address("anna", POLICY))
