"""One person is one Slack ID under any name in a policy, a schedule or a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.domain.oncall.schedule import Override
from bot.domain.paging import calls
from bot.domain.paging.context import PagingContext, paging_context
from bot.domain.paging.directory import Directory
from bot.domain.paging.people import person_by_address, replace_mentions
from bot.domain.paging.recipients import recipients_of
from bot.domain.policy.policy import Contact
from bot.domain.policy.schedules import Layer, Schedule
from bot.domain.values.target import Target
from tests.domain.incidents import new_incident
from tests.domain.policies import MINUTE, NOON, POLICY

CONTACTS = {
    "anna": Contact("anna", "Anna", slack="Anna@x.org", phone="+491"),
    "anna_by_id": Contact("anna_by_id", "Anna", slack="UANNA00001"),
    "ben": Contact("ben", "Ben", slack="UBEN000001", email="ben@x.org"),
}
SCHEDULES = {
    "primary": Schedule("primary", "UTC", (Layer("daily", "00:00", date(2026, 1, 1), ("anna@x.org",)),)),
    "second": Schedule("second", "UTC", (Layer("daily", "00:00", date(2026, 1, 1), ("ben",)),)),
}
KNOWN = replace(POLICY, contacts=CONTACTS, schedules=SCHEDULES)
ANNA = Directory({"anna@x.org": "UANNA00001"})


def context(directory: Directory, overrides: Sequence[Override] = (), methods: Sequence[str] = ()) -> PagingContext:
    return paging_context(KNOWN, overrides, directory, methods, NOON)


def people(directory: Directory, *targets: str, overrides: Sequence[Override] = ()) -> tuple[str, ...]:
    paging = context(directory, overrides)
    return recipients_of([Target.parse(target) for target in targets], new_incident(), paging).people


@pytest.mark.parametrize("target", ["contact:anna", "user:anna@x.org", "schedule:primary", "contact:anna_by_id"])
def test_a_person_named_by_address_and_by_slack_id_is_paged_once(target: str) -> None:
    assert people(ANNA, target, "user:UANNA00001") == ("UANNA00001",)
    paging = context(ANNA)
    recipients = recipients_of([Target.parse(target), Target.parse("contact:anna_by_id")], new_incident(), paging)
    assert [call.method for call in calls.plan_pages(recipients, ("slack",), paging).attempts] == ["slack"]


def test_an_address_of_a_contact_with_a_slack_id_needs_no_look_up() -> None:
    assert people(Directory(), "user:ben@x.org", "contact:ben") == ("UBEN000001",)


def test_an_address_that_was_never_looked_up_stays_an_address() -> None:
    assert people(Directory(), "contact:anna") == ("Anna@x.org",)


def test_a_person_found_by_their_slack_id_has_the_telephone_of_their_contact() -> None:
    known = ANNA.with_users(KNOWN)
    assert person_by_address("UANNA00001", known).phone == "+491"
    assert replace_mentions("<@UANNA00001> escalated", known) == "Anna escalated"


def cover(member: str) -> Override:
    return Override("primary", member, NOON - MINUTE, NOON + timedelta(hours=1))


def test_a_cover_of_a_person_who_cannot_be_reached_gives_way_to_the_rotation() -> None:
    gone = replace(ANNA, unreachable={"UGONE00001": "their account is deactivated"})
    assert people(ANNA, "schedule:primary", overrides=[cover("UGONE00001")]) == ("UGONE00001",)
    assert people(gone, "schedule:primary", overrides=[cover("UGONE00001")]) == ("UANNA00001",)
    assert people(ANNA, "schedule:primary", overrides=[cover("A name in PagerDuty")]) == ("UANNA00001",)


def test_a_cover_whom_another_method_reaches_holds() -> None:
    gone = Directory(unreachable={"anna@x.org": "nobody has that address"})
    paging = context(gone, [cover("anna")], ["sms"])
    assert paging.on_call("primary", NOON) == ("anna",)
