"""Merging: the incidents that can be merged, and the result for both; relations and tags."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain import incident as verbs
from bot.domain.deadlines import plan
from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.incident.merge import absorb, check_merge, merge
from bot.domain.incident.relations import TagChange, parse_tags, relate, tag
from bot.domain.incident.status import Status
from tests.domain.incidents import new_incident
from tests.domain.policies import MINUTE, NOON, POLICY


def numbered_incident(number: int, **changes: object) -> Incident:
    return replace(new_incident(), number=number, channel_id=f"C000000{number}", **changes)  # type: ignore[arg-type]


def test_a_merged_incident_has_no_deadline_left_and_keeps_its_record() -> None:
    incident = replace(numbered_incident(1), roles={"commander": "UA"})
    assert plan(incident, POLICY)
    after = merge(incident, numbered_incident(2), "UA", NOON + MINUTE).incident
    assert plan(after, POLICY) == ()
    assert (after.status, after.merged_into, after.ended_at) == (Status.MERGED, 2, NOON + MINUTE)
    assert after.roles == {"commander": "UA"}


def test_who_leads_both_sides_stays_and_empty_roles_are_filled() -> None:
    incident = replace(numbered_incident(1), roles={"commander": "UA", "scribe": "UB"})
    target = replace(numbered_incident(2), roles={"commander": "UC"})
    keys = [role.key for role in POLICY.roles]
    after = absorb(target, incident, "UA", POLICY, NOON, None)
    assert after.incident.roles == {"commander": "UC", **({"scribe": "UB"} if "scribe" in keys else {})}
    assert after.incident.responders == target.responders
    assert after.incident.merged == (1,)


def test_a_private_target_gives_no_role_to_who_is_outside() -> None:
    incident = numbered_incident(1, private=True, roles={"commander": "UA"})
    target = numbered_incident(2, private=True)
    assert absorb(target, incident, "UB", POLICY, NOON, {"UB"}).incident.roles == {}
    assert absorb(target, incident, "UB", POLICY, NOON, {"UA", "UB"}).incident.roles == {"commander": "UA"}


def test_a_private_incident_is_named_by_its_id_alone() -> None:
    incident, target = (
        numbered_incident(1, private=True, title="Leak"),
        numbered_incident(2, private=True, title="Theft"),
    )
    (ended,) = merge(incident, target, "UA", NOON).entries
    (joined,) = absorb(target, incident, "UA", POLICY, NOON, frozenset()).entries
    assert "Theft" not in str(ended)
    assert "C0000002" not in str(ended)
    assert "Leak" not in str(joined)
    assert "C0000001" not in str(joined)


@pytest.mark.parametrize(
    ("incident", "target", "words"),
    [
        (numbered_incident(1), numbered_incident(1), "is this incident"),
        (numbered_incident(1, status=Status.MERGED, merged_into=3), numbered_incident(2), "into INC-3 already"),
        (numbered_incident(1, status=Status.CANCELLED), numbered_incident(2), "false alarm"),
        (numbered_incident(1), numbered_incident(2, status=Status.CANCELLED), "false alarm"),
        (numbered_incident(1), numbered_incident(2, status=Status.MERGED, merged_into=3), "Merge into that one"),
        (numbered_incident(1), numbered_incident(2, status=Status.RESOLVED), "still runs"),
        (numbered_incident(1), numbered_incident(2, drill=True), "drill"),
        (numbered_incident(1, private=True), numbered_incident(2), "INC-1 is private"),
        (numbered_incident(1), numbered_incident(2, private=True), "INC-2 is private"),
    ],
)
def test_what_cannot_be_merged_is_refused(incident: Incident, target: Incident, words: str) -> None:
    with pytest.raises(Refused, match=words):
        check_merge(incident, target)


def test_two_resolved_incidents_can_be_merged() -> None:
    done = {"status": Status.RESOLVED, "ended_at": NOON}
    after = merge(numbered_incident(1, **done), numbered_incident(2, **done), "UA", NOON + MINUTE).incident
    assert after.ended_at == NOON


def test_reopening_takes_a_merge_back() -> None:
    after = merge(numbered_incident(1), numbered_incident(2), "UA", NOON).incident
    again = verbs.reopen(after, "UA", POLICY, NOON, "Not the same")
    assert again.incident.merged_into is None
    assert again.incident.open


def test_incidents_are_related_once_and_a_private_one_is_not_shown_in_a_public_one() -> None:
    change = relate(numbered_incident(1), numbered_incident(2, title="Theft"), "UA", NOON)
    assert change.incident.related == (2,)
    assert relate(change.incident, numbered_incident(2), "UA", NOON).entries == ()
    with pytest.raises(Refused, match="INC-2 is private"):
        relate(numbered_incident(1), numbered_incident(2, private=True), "UA", NOON)
    (entry,) = relate(
        numbered_incident(1, private=True), numbered_incident(2, private=True, title="Theft"), "UA", NOON
    ).entries
    assert entry.text == "related to INC-2"


@pytest.mark.parametrize(
    ("typed", "after"),
    [
        ("Checkout, #Database", ("old", "checkout", "database")),
        ("-old new", ("new",)),
        ("old", ("old",)),
        ("none", ()),
        ("–old", ()),
    ],
)
def test_tags_are_lower_case_and_a_dash_takes_one_away(typed: str, after: tuple[str, ...]) -> None:
    assert tag(numbered_incident(1, tags=("old",)), parse_tags(typed), "UA", NOON).incident.tags == after


@pytest.mark.parametrize("change", [TagChange(), TagChange(("x" * 41,)), TagChange(tuple(f"t{n}" for n in range(21)))])
def test_tags_that_cannot_be_are_refused(change: TagChange) -> None:
    with pytest.raises(Refused):
        tag(numbered_incident(1), change, "UA", NOON)
