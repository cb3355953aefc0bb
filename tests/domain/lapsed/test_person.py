"""A person's own methods follow one another until somebody answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain import incident as verbs
from bot.domain.deadlines import Deadline, plan
from bot.domain.incident import Incident
from bot.domain.lapsed import person, rung
from bot.domain.paging.context import paging_context
from bot.domain.paging.directory import Directory
from bot.domain.policy.policy import Contact, PersonalMethod, Policy, Rung, Severity
from bot.domain.routing.keys import PersonSubject, RungSubject
from bot.domain.values.target import Target
from tests.domain.policies import NOON

MINUTE = timedelta(minutes=1)
STEPS = tuple(
    PersonalMethod(method, after * MINUTE, severities)
    for method, after, severities in [("slack", 0, ()), ("sms", 2, ()), ("phone", 5, ("sev1",))]
)
ANNA = Contact("anna", "Anna", slack="U0ANNA", phone="+4915112345678", methods=STEPS)
BEN = Contact("ben", "Ben", slack="U0BEN", phone="+4915112345679")
LADDER = (Rung(timedelta(), (Target.parse("contact:anna"), Target.parse("contact:ben")), ("slack", "pagerduty")),)
POLICY = Policy(
    "p",
    (Severity("sev1", "Critical", ladder=LADDER), Severity("sev2", "Major", ladder=LADDER)),
    (),
    contacts={"anna": ANNA, "ben": BEN},
)
ALL = ("pagerduty", "sms", "phone")


def context(now: datetime, methods: Sequence[str] = ALL):  # type: ignore[no-untyped-def]
    return paging_context(POLICY, (), Directory(), methods, now)


def paged_incident(severity: str = "sev1", methods: Sequence[str] = ALL) -> tuple[Incident, list[str]]:
    """An incident whose rung was paged, and the notices of it by person and method."""
    incident = verbs.declare(1, verbs.NewIncident("Checkout is down", severity, "UM"), POLICY, NOON).incident
    deadline = next(each for each in plan(incident, POLICY) if isinstance(each.subject, RungSubject))
    outcome = rung.decide(incident, deadline, (), context(NOON, methods))
    pages = [f"{n.payload['contact']} {n.payload['method']}" for n in outcome.notices if n.payload.get("contact")]
    return outcome.incident, pages


def following(incident: Incident) -> list[Deadline]:
    return [each for each in plan(incident, POLICY) if isinstance(each.subject, PersonSubject)]


def test_the_first_of_their_own_methods_is_used_at_once_and_the_rung_keeps_pagerduty() -> None:
    assert paged_incident()[1] == ["anna slack", "anna pagerduty", "ben slack", "ben pagerduty"]


def test_the_others_are_deadlines_that_quote_the_person() -> None:
    deadlines = following(paged_incident()[0])
    assert [(deadline.due_at - NOON, deadline.reason) for deadline in deadlines] == [
        (2 * MINUTE, "Anna: paged by SMS too, unless somebody answers"),
        (5 * MINUTE, "Anna: paged by telephone too, unless somebody answers"),
    ]
    assert [deadline.kind for deadline in deadlines] == ["acknowledge", "acknowledge"]


def test_a_method_for_some_severities_is_quiet_at_the_others() -> None:
    assert [each.due_at - NOON for each in following(paged_incident("sev2")[0])] == [2 * MINUTE]


def test_a_lapsed_method_pages_the_person_by_it_as_part_of_the_same_page() -> None:
    incident, _ = paged_incident()
    sms = following(incident)[0]
    outcome = person.decide(incident, sms, context(NOON + 2 * MINUTE))
    (notice,) = outcome.notices
    assert (notice.dedup_key, notice.payload["method"]) == ("page:1:1:sev1:1:1:sms:anna", "sms")
    assert [each.reason for each in outcome.ledger] == ["paged: Anna by SMS, 2m without an answer"]
    (entry,) = outcome.change.entries
    assert entry.text == "Rung 1: <@U0ANNA> (by SMS: 2m without an answer)"


def test_an_acknowledgement_ends_them() -> None:
    incident = verbs.acknowledge(paged_incident()[0], "U0BEN", NOON + MINUTE).incident
    assert following(incident) == []


def test_a_person_who_responds_is_not_paged_again() -> None:
    incident, _ = paged_incident()
    deadline = following(incident)[0]
    responding = replace(incident, responders=("U0ANNA",))
    outcome = person.decide(responding, deadline, context(NOON + 2 * MINUTE))
    assert (outcome.notices, outcome.ledger[0].reason) == ((), "2m without an answer: Anna is responding already")


def test_a_method_that_is_not_set_up_is_skipped_with_its_reason() -> None:
    incident, _ = paged_incident()
    outcome = person.decide(incident, following(incident)[0], context(NOON + 2 * MINUTE, ("pagerduty",)))
    assert (outcome.notices, outcome.ledger[0].reason) == ((), "2m without an answer: SMS does not reach Anna")
