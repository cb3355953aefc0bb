"""The notices of a page: in the channel, to each person by each method, and their results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.domain import incident as verbs
from bot.domain.incident import Change, Incident, VendorAlert
from bot.domain.paging import calls
from bot.domain.paging.context import PagingContext
from bot.domain.paging.ladder import PagingOutcome, page_next_rung
from bot.domain.policy.policy import Contact, Rung, Until
from bot.domain.routing import pages, would_have_paged
from bot.domain.routing.notice import Notice, NoticeKind, OnDependencyFailure, Priority
from bot.domain.routing.pages import live_page_keys
from bot.domain.timeline.entry import BOT
from bot.domain.values.target import Target
from tests.domain.incidents import new_incident, notices_of
from tests.domain.policies import MINUTE, NOON, POLICY, nobody_on_call

LATER = NOON + MINUTE
ANNA = Contact("anna", name="Anna", slack="UANNA", email="anna@example.org", phone="+4915112345678", pagerduty="R1")
RUNG = Rung(
    0 * MINUTE, (Target.parse("contact:anna"), Target.parse("channel:#bosses")), by=("slack", "sms", "pagerduty"),
    until=Until.MITIGATED,
)  # fmt: skip
PAGED = replace(POLICY, severities=(replace(POLICY.severities[0], ladder=(RUNG,)),), contacts={"anna": ANNA})
ALERT = VendorAlert("pagerduty", "fatal", None, ("page:1:0:fatal:1:1:pagerduty:anna",))


def first_rung(incident: Incident) -> PagingOutcome:
    """The first rung of the ladder, by Slack, SMS and PagerDuty."""
    context = PagingContext(PAGED, nobody_on_call, frozenset({"sms", "pagerduty"}), NOON)
    return page_next_rung(incident, context, "declared")


def page_notices(incident: Incident, deadlines: tuple[str, ...] = ("rung:1",)) -> list[Notice]:
    outcome = first_rung(incident)
    return pages(incident, outcome, "declared", "rung", deadlines, RUNG, outcome.plan)


def by_kind(notices: list[Notice]) -> dict[NoticeKind, list[Notice]]:
    found: dict[NoticeKind, list[Notice]] = {}
    for notice in notices:
        found.setdefault(notice.kind, []).append(notice)
    return found


def test_a_rung_pages_in_the_channel_in_other_channels_and_each_person_by_each_method() -> None:
    found = by_kind(page_notices(new_incident()))
    assert {kind: len(notices) for kind, notices in found.items()} == {
        NoticeKind.PAGE_CHANNEL: 1, NoticeKind.PAGE_DIRECT: 1, NoticeKind.PAGE_VENDOR: 2, NoticeKind.INVITE: 1,
        NoticeKind.PAGE_ELSEWHERE: 1,
    }  # fmt: skip
    assert {page.payload["method"] for page in found[NoticeKind.PAGE_VENDOR]} == {"sms", "pagerduty"}
    assert found[NoticeKind.PAGE_ELSEWHERE][0].payload["channel"] == "#bosses"


def test_a_page_to_a_person_waits_for_nothing_and_goes_first() -> None:
    found = by_kind(page_notices(new_incident()))
    for page in (*found[NoticeKind.PAGE_DIRECT], *found[NoticeKind.PAGE_VENDOR], *found[NoticeKind.PAGE_ELSEWHERE]):
        assert (page.depends_on, page.priority) == (None, Priority.PAGE)
    (in_channel,) = found[NoticeKind.PAGE_CHANNEL]
    assert in_channel.depends_on == "card:1"


def test_every_page_of_a_rung_has_its_own_key_and_another_page_has_others() -> None:
    first = {notice.dedup_key for notice in page_notices(new_incident()) if notice.kind is not NoticeKind.INVITE}
    assert len(first) == 5
    outcome = first_rung(new_incident())
    repeated = pages(new_incident(), replace(outcome, times=2), "again", "rung", (), RUNG, outcome.plan)
    assert first.isdisjoint(notice.dedup_key for notice in repeated)


def test_pages_that_tell_who_was_reached_settle_the_deadline_and_the_channel_does_not() -> None:
    found = by_kind(page_notices(new_incident()))
    assert found[NoticeKind.PAGE_CHANNEL][0].payload["deadlines"] == []
    assert found[NoticeKind.PAGE_DIRECT][0].payload["deadlines"] == ["rung:1"]


def test_where_nobody_is_reached_the_message_in_the_channel_settles_the_deadline() -> None:
    policy = replace(PAGED, severities=(replace(PAGED.severities[0], ladder=()),))
    outcome = page_next_rung(new_incident(), PagingContext(policy, nobody_on_call, frozenset(), NOON), "declared")
    (page,) = pages(new_incident(), outcome, "declared", "rung", ("rung:1",), None, outcome.plan)
    assert (page.kind, page.payload["deadlines"], page.payload["pages"]) == (NoticeKind.PAGE_CHANNEL, ["rung:1"], False)


def test_a_page_is_dropped_when_what_its_rung_waits_for_has_happened() -> None:
    (direct,) = by_kind(page_notices(new_incident()))[NoticeKind.PAGE_DIRECT]
    assert direct.payload["unless"] == "mitigated"


def test_a_drill_lists_whom_it_would_page_and_how() -> None:
    drill = replace(new_incident(), drill=True)
    outcome = first_rung(drill)
    notice = would_have_paged(drill, outcome, "declared", "rung", outcome.plan)
    assert notice.kind is NoticeKind.PAGE_DRILL
    assert notice.payload["people"] == {"UANNA": ["Slack", "SMS", "PagerDuty"]}
    assert notice.payload["channels"] == ["#bosses"]
    assert notice.payload["called"] == "Rung 1 of the fatal ladder"


def test_only_messages_with_buttons_are_live() -> None:
    keys = live_page_keys(page_notices(new_incident()))
    assert sorted(key.rsplit(":", 2)[1] for key in keys) == ["1", "dm", "to"]


@pytest.mark.parametrize(
    "answer",
    [
        lambda incident: verbs.acknowledge(incident, "UANNA", LATER),
        lambda incident: verbs.resolve(incident, "UANNA", LATER),
        lambda incident: verbs.cancel(incident, "UANNA", LATER, "false alarm"),
    ],
    ids=["acknowledged", "resolved", "cancelled"],
)
def test_an_answered_page_loses_its_buttons(answer: Callable[[Incident], Change]) -> None:
    before = replace(new_incident(), live_pages=("page:a", "page:b"))
    edits = by_kind(notices_of(before, answer(before)))[NoticeKind.PAGE_EDIT]
    assert [(edit.dedup_key, edit.depends_on) for edit in edits] == [
        ("settle:page:a", "page:a"), ("settle:page:b", "page:b"),
    ]  # fmt: skip


def test_a_page_stays_live_through_a_second_acknowledgement_and_every_other_change() -> None:
    first = verbs.acknowledge(new_incident(), "UFIRST", LATER).incident
    live = replace(first, live_pages=("page:a",))
    for change in (verbs.acknowledge(live, "UANNA", LATER), Change(replace(live, title="Payments are down"))):
        assert NoticeKind.PAGE_EDIT not in by_kind(notices_of(live, change))


@pytest.mark.parametrize(("ends", "action"), [(False, "acknowledge"), (True, "resolve")])
def test_a_vendors_alert_follows_the_incident(ends: bool, action: str) -> None:
    before = replace(new_incident(), live_alerts=(ALERT,))
    change = verbs.resolve(before, "UANNA", LATER) if ends else verbs.acknowledge(before, "UANNA", LATER)
    (follow_up,) = by_kind(notices_of(before, change))[NoticeKind.PAGE_VENDOR]
    assert (follow_up.payload["action"], follow_up.depends_on) == (action, ALERT.triggers[-1])
    assert follow_up.on_dependency_failure is OnDependencyFailure.SEND  # an earlier page may have opened it


def test_an_acknowledgement_at_the_vendor_is_not_sent_back_to_it() -> None:
    before = replace(new_incident(), live_alerts=(ALERT,))
    change = verbs.acknowledge(before, "UANNA", LATER)
    (entry,) = change.entries
    via = {"via": "pagerduty", "alert": calls.dedup_key(before, "fatal")}
    reported = Change(change.incident, (replace(entry, data={**entry.data, **via}),))
    assert NoticeKind.PAGE_VENDOR not in by_kind(notices_of(before, reported))
    other = Change(change.incident, (replace(entry, data={**entry.data, **via, "alert": "another"}),))
    assert NoticeKind.PAGE_VENDOR in by_kind(notices_of(before, other))


def test_a_second_episode_has_alerts_of_its_own() -> None:
    before = replace(new_incident(), live_alerts=(ALERT,))
    keys = []
    for incident in (before, replace(before, episode=2)):
        (follow_up,) = by_kind(notices_of(incident, verbs.resolve(incident, BOT, LATER)))[NoticeKind.PAGE_VENDOR]
        keys.append(follow_up.dedup_key)
    assert len(set(keys)) == 2
