"""What cannot be read is answered with an example that works, and so does each verb's own."""

from __future__ import annotations

import pytest

from bot.domain.policy.policy import Policy
from bot.slack.commands.parse import parse
from bot.slack.commands.request import BadRequest, DeclareRequest, Request
from bot.slack.commands.verb import Grammar, Verb, example
from bot.slack.commands.verbs import BY_NAME, VERBS
from tests.factories import FIVE, POLICIES

MAYA, TOM = "<@U0MAYA|maya>", "<@U0TOM>"


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        (
            "false alarm",
            "I don't know “false”. Did you mean cancel?",
            "/incident cancel False alarm, the probe was misconfigured",
        ),
        (
            "decalre sev1 x",
            "I don't know “decalre”. Did you mean declare or escalate?",
            "/incident declare sev3 Checkout is down",
        ),
        ("statsu", "I don't know “statsu”. Did you mean status?", "/incident status identified Bad deploy at 02:47"),
        ("qqq", "I don't know “qqq”. Most used: declare, ack, update, resolve.", "/incident help"),
        (
            "payments are down",
            "I don't know “payments”. To open an incident, put declare before it. `/incident help` shows the rest.",
            "/incident declare payments are down",
        ),
        (
            "status fixed",
            "There is no status “fixed”. Did you mean resolved?",
            "/incident status identified Bad deploy at 02:47",
        ),
        (
            "status m",
            "There is no status “m”. Did you mean mitigating or monitoring?",
            "/incident status identified Bad deploy at 02:47",
        ),
        (
            "severity purple",
            "There is no severity “purple”. Use one of: sev1, sev2, sev3, sev4, sev5.",
            "/incident severity sev1 All customers are affected",
        ),
        (
            f"role cook {MAYA}",
            "There is no role “cook”. Use one of: commander, technical_lead, communications_lead, scribe, "
            "engineering_manager.",
            "/incident role commander @maya",
        ),
        (
            f"role comm {MAYA}",
            "“comm” could be Incident commander or Communications lead. Write a little more of it.",
            "/incident role commander @maya",
        ),
        (
            "role scribe",
            "Who is to be Scribe? Name one person after it, or “none” to clear it.",
            "/incident role commander @maya",
        ),
        (
            f"role scribe {MAYA} {TOM}",
            "A role goes to one person. Name just one.",
            "/incident role commander @maya",
        ),
        ("invite", "Say who: type @ and pick the person from the list.", "/incident invite @maya @tom"),
        (f"lead {MAYA} {TOM}", "One person at a time. Name just one.", "/incident lead @maya"),
        (
            "snooze banana",
            "I don't understand the duration “banana”. Write 10s, 15m, 2h or 1d.",
            "/incident snooze 30m",
        ),
        ("next", "For how long? Write 15m, 2h or 1d.", "/incident next 1h"),
        ("search", "Write the words after “search”.", "/incident search connection pool exhausted"),
        ("next 0m", "The duration must be longer than zero.", "/incident next 1h"),
        ("timeline some", "Add “all” for everything, or nothing for the key entries.", "/incident timeline"),
        ("show me", "“me” is not an incident ID. They look like INC-42.", "/incident show INC-1"),
        ("ack --in foo", "After --in I need an incident ID, such as --in INC-42.", "/incident ack"),
        ("help rol", "There is no verb “rol”. Try help with role or roles.", "/incident help role"),
        (
            "list purple",
            "I can't list “purple”. Use open, all, or a severity: sev1, sev2, sev3, sev4, sev5.",
            "/incident list all",
        ),
    ],
)
def test_unreadable_arguments_are_answered_with_an_example_that_works(text: str, message: str, line: str) -> None:
    assert parse(text, FIVE) == BadRequest(message, line)


def test_an_example_keeps_the_incident_that_was_named() -> None:
    assert parse("snooze x --in 7", FIVE) == BadRequest(
        "I don't understand the duration “x”. Write 10s, 15m, 2h or 1d.", "/incident snooze 30m --in INC-7"
    )


def test_the_command_may_have_another_name() -> None:
    bad = parse("snooze x", FIVE, command="/tocsin")
    assert isinstance(bad, BadRequest)
    assert bad.example == "/tocsin snooze 30m"


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_every_example_works_under_every_policy(verb: Verb, policy: Policy) -> None:
    if ("{role}" in verb.example and not policy.roles) or ("{schedule}" in verb.example and not policy.schedules):
        pytest.skip("the policy has none of what the verb is about")
    line = example(verb, policy, "/incident").removeprefix("/incident ")
    parsed = parse(line.replace("@maya", MAYA).replace("@tom", TOM), policy)
    if verb.grammar is Grammar.DECLARATION:
        assert isinstance(parsed, DeclareRequest)
        assert parsed.is_complete
    else:
        assert isinstance(parsed, Request)
        assert parsed.verb == verb.name


def test_no_two_verbs_share_a_name() -> None:
    assert len(BY_NAME) == sum(1 + len(verb.aliases) for verb in VERBS)


def test_every_usage_begins_with_its_verb() -> None:
    for verb in VERBS:
        assert verb.usages[0].split()[0] == verb.name
        assert verb.example.split()[0] == verb.name


@pytest.mark.parametrize("text", ["please hurry", "hey you", "can anybody help", "would it work"])
def test_polite_words_without_a_verb_stay_as_they_are(text: str) -> None:
    parsed = parse(text, FIVE)
    assert isinstance(parsed, BadRequest)
    assert f"I don't know “{text.split(maxsplit=1)[0]}”" in parsed.message
