"""The verbs and declarations of the command, with their arguments."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.incident.status import Status
from bot.domain.policy.policy import Policy, Severity
from bot.domain.policy.schedules import Schedule
from bot.domain.values.time_expressions import NOW, TimeExpression, TimeWindow
from bot.slack.commands.parse import parse
from bot.slack.commands.request import MENU, BadRequest, DeclareRequest, Request
from bot.slack.commands.verbs import BY_NAME
from tests.factories import FIVE, FOUR, MANY, ONE, POLICIES, SPELLED

MAYA, TOM = "<@U0MAYA|maya>", "<@U0TOM>"
LEVELS = replace(FIVE, severities=tuple(Severity(f"level_{number}", "") for number in range(1, 5)))


TOMORROW, SIX, TEN = TimeExpression(at=time(18), days_ahead=1), TimeExpression(at=time(18)), TimeExpression(at=time(22))
TWO, TWELVE = timedelta(hours=2), timedelta(hours=12)


@pytest.mark.parametrize(
    ("text", "schedule", "window"),
    [
        ("cover", None, None),
        ("cover primary", "primary", None),
        ("cover primary for 2h", "primary", TimeWindow(NOW, TWO)),
        ("cover Primary 2 hours", "primary", TimeWindow(NOW, TWO)),
        ("cover primary from tomorrow 18:00 for 12h", "primary", TimeWindow(TOMORROW, TWELVE)),
        ("cover primary for 12h from tomorrow at 6pm", "primary", TimeWindow(TOMORROW, TWELVE)),
        ("cover primary starting tomorrow 18:00 for 12h", "primary", TimeWindow(TOMORROW, TWELVE)),
        ("cover primary tomorrow 18:00 for 12h", "primary", TimeWindow(TOMORROW, TWELVE)),
        ("cover primary from 18:00 to 22:00", "primary", TimeWindow(SIX, None, TEN)),
        ("cover primary 18:00–22:00", "primary", TimeWindow(SIX, None, TEN)),
        ("cover primary from 6pm - 10pm", "primary", TimeWindow(SIX, None, TEN)),
        ("cover primary until 22:00", "primary", TimeWindow(NOW, None, TEN)),
        ("cover primary in 2h for 12h", "primary", TimeWindow(TimeExpression(after=TWO), TWELVE)),
    ],
)
def test_a_cover_can_be_worded_in_many_ways(text: str, schedule: str | None, window: TimeWindow | None) -> None:
    policy = replace(FIVE, schedules={"primary": Schedule("primary", "UTC", ())})
    assert parse(text, policy) == Request("cover", schedule=schedule, window=window)


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("", Request(MENU)),
        ("  ", Request(MENU)),
        ("--in INC-42", Request(MENU, 42)),
        ("ack", Request("ack")),
        ("drill INC-42", Request("drill", other=42, speed=10)),
        ("drill inc-42 at 60x", Request("drill", other=42, speed=60)),
        ("drill INC-42 at 10X", Request("drill", other=42, speed=10)),
        ("drill INC-42 is the worst ever", Request("drill", severity="sev1", text="INC-42 is the worst ever")),
        ("ACK", Request("ack")),
        ("acknowledge", Request("ack")),
        ("ack --in INC-42", Request("ack", 42)),
        ("ack --in 42", Request("ack", 42)),
        ("ack —in inc-42", Request("ack", 42)),
        ("--in=42 ack", Request("ack", 42)),
        ("ack INC-42", Request("ack", 42)),
        ("update", Request("update")),
        ("update a &lt; b\nand more", Request("update", text="a < b\nand more")),
        ("update --in 42 it is fine", Request("update", 42, text="it is fine")),
        ("update plug-in the cable - in production", Request("update", text="plug-in the cable - in production")),
        ("resolve done—in production", Request("resolve", text="done—in production")),
        ("status identified", Request("status", status=Status.IDENTIFIED)),
        ("status inv looking at it", Request("status", status=Status.INVESTIGATING, text="looking at it")),
        ("status Resolved: done", Request("status", status=Status.RESOLVED, text="done")),
        ("severity sev1 all are hit", Request("severity", severity="sev1", text="all are hit")),
        ("sev SEV-2 - milder", Request("severity", severity="sev2", text="milder")),
        ("severity critical", Request("severity", severity="sev1")),
        ("severity 3", Request("severity", severity="sev3")),
        ("severity S3 one customer", Request("severity", severity="sev3", text="one customer")),
        ("list s2 S3", Request("list", scope="open", severities=("sev2", "sev3"))),
        (f"role commander {MAYA}", Request("role", role="commander", users=("U0MAYA",))),
        (f"role incident commander {MAYA}", Request("role", role="commander", users=("U0MAYA",))),
        (f"role “Incident commander” {MAYA}", Request("role", role="commander", users=("U0MAYA",))),
        (f'handover "technical lead" {MAYA}', Request("handover", role="technical_lead", users=("U0MAYA",))),
        (f"role Incident-Commander: {MAYA}", Request("role", role="commander", users=("U0MAYA",))),
        (f"role {MAYA} scribe", Request("role", role="scribe", users=("U0MAYA",))),
        (f"role ic to {MAYA}", Request("role", role="commander", users=("U0MAYA",))),
        (f"role comms {MAYA}", Request("role", role="communications_lead", users=("U0MAYA",))),
        ("role tech none", Request("role", role="technical_lead", clear=True)),
        ("role technical lead nobody", Request("role", role="technical_lead", clear=True)),
        ("role scribe me", Request("role", role="scribe", users=("U0ASKER",))),
        ("roles", Request("roles")),
        (f"lead {MAYA}", Request("lead", users=("U0MAYA",))),
        ("lead me", Request("lead", users=("U0ASKER",))),
        ("join", Request("join")),
        (f"invite {MAYA}, {TOM} and {MAYA}", Request("invite", users=("U0MAYA", "U0TOM"))),
        ("escalate", Request("escalate")),
        ("escalate we need help", Request("escalate", text="we need help")),
        (f"note {MAYA} rolled back", Request("note", text="<@U0MAYA> rolled back")),
        ("timeline", Request("timeline", scope="key")),
        ("timeline ALL", Request("timeline", scope="all")),
        ("why", Request("why")),
        ("“why”", Request("why")),
        ("/incident why", Request("why")),
        ("show INC 42", Request("show", 42)),
        ('"note" the “pool” is full', Request("note", text="the “pool” is full")),
        ("snooze 30m", Request("snooze", span=timedelta(minutes=30))),
        ("snooze for 1h 30m", Request("snooze", span=timedelta(minutes=90))),
        ("snooze off", Request("snooze", clear=True)),
        ("snooze Stop", Request("snooze", clear=True)),
        ("next in 2 hours", Request("next", span=timedelta(hours=2))),
        ("resolve", Request("resolve")),
        ("resolve rolled back", Request("resolve", text="rolled back")),
        ("close", Request("close")),
        ("cancel false alarm", Request("cancel", text="false alarm")),
        ("reopen it is back --in 7", Request("reopen", 7, text="it is back")),
        ("list", Request("list", scope="open")),
        ("list all", Request("list", scope="all")),
        ("list sev1, Major", Request("list", scope="open", severities=("sev1", "sev2"))),
        ("list sev1 all sev1", Request("list", scope="all", severities=("sev1",))),
        ("show INC-42", Request("show", 42)),
        ("show 42", Request("show", 42)),
        ("show", Request("show")),
        ("help", Request("help")),
        ("help sev", Request("help", text="severity")),
        ("help All", Request("help", text="all")),
    ],
)
def test_a_verb_and_its_arguments(text: str, request_: Request) -> None:
    assert parse(text, FIVE, asker="U0ASKER") == request_


@pytest.mark.parametrize(
    ("text", "policy", "declaration"),
    [
        ("declare", FIVE, DeclareRequest()),
        ("new", FIVE, DeclareRequest()),
        ("open Checkout is down", FIVE, DeclareRequest("Checkout is down")),
        ("declare sev2 Checkout is down", FIVE, DeclareRequest("Checkout is down", "sev2")),
        ("declare sev2", FIVE, DeclareRequest("", "sev2")),
        ("declare --private sev3 A leak", FIVE, DeclareRequest("A leak", "sev3", private=True)),
        ("sev3 A leak —PRIVATE", FIVE, DeclareRequest("A leak", "sev3", private=True)),
        ("--private sev3 A leak", FIVE, DeclareRequest("A leak", "sev3", private=True)),
        ("declare sev3 A --private leak", FIVE, DeclareRequest("A leak", "sev3", private=True)),
        ("declare --private A leak", FIVE, DeclareRequest("A leak", private=True)),
        ("declare sev3 A private leak", FIVE, DeclareRequest("A private leak", "sev3")),
        ("sev1 Payments down", FIVE, DeclareRequest("Payments down", "sev1")),
        ("“sev1” “Payments” down", FIVE, DeclareRequest("“Payments” down", "sev1")),
        ("SEV1: Payments down", FIVE, DeclareRequest("Payments down", "sev1")),
        ("sev-1 Payments down", FIVE, DeclareRequest("Payments down", "sev1")),
        ("critical Payments down", FIVE, DeclareRequest("Payments down", "sev1")),
        ("p0 Payments down", FOUR, DeclareRequest("Payments down", "p0")),
        ("Outage in Berlin", FOUR, DeclareRequest("in Berlin", "p0")),
        ("level 1 Payments down", SPELLED, DeclareRequest("Payments down", "level-1")),
        ("very bad Payments down", SPELLED, DeclareRequest("Payments down", "level-1")),
        ("declare rather bad", SPELLED, DeclareRequest("", "level-2")),
        ("s8 slow", MANY, DeclareRequest("slow", "s8")),
        ("incident it burns", ONE, DeclareRequest("it burns", "incident")),
        ("S2 Payments down", FIVE, DeclareRequest("Payments down", "sev2")),
        ("declare s2: Payments down", FIVE, DeclareRequest("Payments down", "sev2")),
        ("declare S3 is down", FIVE, DeclareRequest("S3 is down")),
        ("s3 is down", FIVE, DeclareRequest("s3 is down")),
        ("s3 slow", MANY, DeclareRequest("slow", "s3")),
        ("L2 Payments down", LEVELS, DeclareRequest("Payments down", "level_2")),
        ("declare l2 Payments down", LEVELS, DeclareRequest("Payments down", "level_2")),
        ("prio1 Payments down", FOUR, DeclareRequest("Payments down", "p1")),
        ("sev9 Payments down", FIVE, DeclareRequest("sev9 Payments down")),
        ("p0 Payments down", FIVE, DeclareRequest("p0 Payments down")),
        (f"sev1 {MAYA} cut\nthe cable <!here>", FIVE, DeclareRequest("@maya cut the cable @here", "sev1")),
        ("declare sev2 plug --in 4 cables", FIVE, DeclareRequest("plug --in 4 cables", "sev2")),
        ("declare " + "x" * 4000, FIVE, DeclareRequest("x" * 4000)),
    ],
)
def test_a_declaration_is_never_refused(text: str, policy: Policy, declaration: DeclareRequest) -> None:
    assert parse(text, policy) == declaration
    assert declaration.is_complete is bool(declaration.title and declaration.severity)


WORDS = st.one_of(
    st.sampled_from([*BY_NAME, "sev1", "critical", "p0", "none", "me", "all", "INC-42", "42", "--in", "—in", "--in=7"]),
    st.sampled_from([MAYA, TOM, "@maya", "<!channel>", "&lt;@U1&gt;", "<http://x|y>", "30m", "9" * 5000 + "bd", "bd"]),
    st.text(max_size=8),
)


@settings(max_examples=500, deadline=None)
@given(st.lists(WORDS, max_size=6), st.sampled_from(POLICIES), st.sampled_from([" ", "\n", "  "]))
def test_whatever_is_typed_is_read_or_answered(words: list[str], policy: Policy, between: str) -> None:
    parsed = parse(between.join(words), policy, asker="U0ASKER")
    if isinstance(parsed, BadRequest):
        assert parsed.message
        assert parsed.example.startswith("/incident ")
    elif isinstance(parsed, Request):
        assert parsed.verb == MENU or parsed.verb in BY_NAME
        assert parsed.severity is None or policy.has_severity(parsed.severity)


@given(st.text(max_size=400), st.sampled_from(POLICIES))
def test_declare_followed_by_anything_declares(title: str, policy: Policy) -> None:
    assert isinstance(parse(f"declare {title}", policy), DeclareRequest)
    assert isinstance(parse(f"{policy.severities[0].key} {title}", policy), DeclareRequest)


@pytest.mark.parametrize(
    "verb", ["update", "status", "severity", "role", "handover", "note", "snooze", "resolve", "cancel", "reopen"]
)
def test_a_verb_with_a_form_needs_no_words(verb: str) -> None:
    assert parse(verb, FIVE) == Request(verb)
    assert parse(f"{verb} --in INC-7", FIVE) == Request(verb, 7)
