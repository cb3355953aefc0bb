"""Custom fields: which are asked, which are missing, and how answers are recorded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.errors import Refused
from bot.domain.incident import Answer, custom_fields
from bot.domain.policy.policy import CustomField
from tests.domain.incidents import new_incident
from tests.domain.policies import NOON, POLICY

CUSTOMER = CustomField("customer", "Customer", required=True, severities=("fatal",))
TICKETS = CustomField("tickets", "Tickets", kind="number")
OWNER = CustomField("owner", "Owner", kind="user")
ASKING = replace(POLICY, fields=(CUSTOMER, TICKETS, OWNER))


def test_a_field_is_asked_at_its_severities_and_while_none_is_chosen() -> None:
    assert custom_fields.fields_for(ASKING, "fatal") == (CUSTOMER, TICKETS, OWNER)
    assert custom_fields.fields_for(ASKING, "bad") == (TICKETS, OWNER)
    assert custom_fields.fields_for(ASKING, None) == (CUSTOMER, TICKETS, OWNER)


def test_a_required_field_is_missing_until_it_is_answered() -> None:
    assert custom_fields.missing_required(new_incident(), ASKING) == (CUSTOMER,)
    answered = custom_fields.answer(new_incident(), {"customer": "Acme"}, "UA", ASKING, NOON).incident
    assert custom_fields.missing_required(answered, ASKING) == ()
    assert custom_fields.missing_required(new_incident("bad"), ASKING) == ()


def test_answers_that_changed_are_recorded_and_none_takes_one_back() -> None:
    first = custom_fields.answer(new_incident(), {"customer": "Acme", "owner": "UO", "other": "x"}, "UA", ASKING, NOON)
    assert first.entries[0].text == "Customer: Acme; Owner: <@UO>"
    assert first.incident.custom == {"customer": "Acme", "owner": "UO"}
    again = custom_fields.answer(first.incident, {"customer": "Acme"}, "UA", ASKING, NOON)
    assert again.entries == ()
    removed = custom_fields.answer(first.incident, {"owner": None}, "UA", ASKING, NOON)
    assert (removed.entries[0].text, removed.incident.custom) == ("Owner: no answer", {"customer": "Acme"})


def test_a_policy_without_fields_refuses_answers() -> None:
    with pytest.raises(Refused, match="no `fields`"):
        custom_fields.answer(new_incident(), {"customer": "Acme"}, "UA", POLICY, NOON)


@pytest.mark.parametrize(
    ("value", "field", "text"),
    [
        (None, CUSTOMER, "no answer"),
        (True, CUSTOMER, "yes"),
        (False, CUSTOMER, "no"),
        (3.0, TICKETS, "3"),
        ("UO", OWNER, "<@UO>"),
        ("Acme", CUSTOMER, "Acme"),
    ],
)
def test_an_answer_reads_by_its_kind(value: Answer | None, field: CustomField, text: str) -> None:
    assert custom_fields.answer_text(value, field) == text
