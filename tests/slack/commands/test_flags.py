"""`--in` and `--private`: understood however they are typed, else refused, never left among the words."""

from __future__ import annotations

import pytest

from bot.slack.commands.flags import MISSING_ID, TWO_INCIDENTS
from bot.slack.commands.parse import parse
from bot.slack.commands.request import MENU, BadRequest, DeclareRequest, Request
from bot.slack.commands.verb import Grammar
from bot.slack.commands.verbs import BY_NAME, VERBS
from tests.factories import FIVE

FREE_WORDS = [verb.name for verb in VERBS if verb.grammar in (Grammar.WORDS, Grammar.TEXT) and verb.needs_incident]
UNDERSTOOD = [
    "--in INC-1",
    "—in INC-1",
    "–in INC-1",
    "-in INC-1",
    "―in INC-1",
    "−in INC-1",
    "--IN inc-1",
    "--incident INC-1",
    "--in: INC-1",
    "--in=1",
    "--in #1",
    "--in INC 1",
    "--in inc_1",
    "--in1",
    "--inINC-1",
    "`--in INC-1`",
    '"--in INC-1"',
    "“--in INC-1”",
    "'--in' INC-1",
    "--in “INC-1”",
    "(--in INC-1)",
    "[--in INC-1]",
    "--in (INC-1)",
    "--in &lt;INC-1&gt;",
    "*--in INC-1*",
    "_--in INC-1_",
    "\u200b--in INC-1",
    "--in inc-1-checkout-is-down",
    "--in #inc-1-checkout-is-down",
    "--in drill-inc-1-checkout-is-down",
]
REFUSED = [
    "--in",
    "--in foo",
    "--in 5m",
    "--in 1.5",
    "--in the end",
    "-in foo",
    "--in=",
    "--in INC-",
    "--in INC-1234567890",
    "--in general",
    "--inc-1",
    "--INC-1",
    "—INC-1",
    "-- in INC-1",
    "— in inc-1",
    "--in <@U0MAYA>",
]


@pytest.mark.parametrize("verb", FREE_WORDS)
@pytest.mark.parametrize("flag", UNDERSTOOD)
def test_whatever_looks_like_in_names_the_incident_in_every_verb_of_free_words(verb: str, flag: str) -> None:
    for text, words in [
        (f"{verb} rolled back {flag}", "rolled back"),
        (f"{verb} {flag} rolled back", "rolled back"),
        (f"{flag} {verb} rolled back", "rolled back"),
        (f"{verb} rolled {flag} back", "rolled back"),
        (f"{verb} rolled {flag}, back", "rolled, back"),
        (f"{verb} rolled back {flag}.", "rolled back."),
        (f"{verb} rolled\n{flag}\nback", "rolled\nback"),
    ]:
        parsed = parse(text, FIVE)
        assert isinstance(parsed, Request), text
        assert (parsed.verb, parsed.incident, parsed.text) == (BY_NAME[verb].name, 1, words), text


@pytest.mark.parametrize("verb", FREE_WORDS)
@pytest.mark.parametrize("flag", REFUSED)
def test_what_looks_like_in_and_names_no_incident_is_refused_never_ignored(verb: str, flag: str) -> None:
    for text in (f"{verb} rolled back {flag}", f"{verb} {flag} rolled back", f"{verb} rolled {flag} back"):
        parsed = parse(text, FIVE)
        assert isinstance(parsed, BadRequest), text
        assert "--in INC-42" in parsed.message, text
        assert isinstance(parse(parsed.example.removeprefix("/incident "), FIVE), Request), parsed.example


@pytest.mark.parametrize("text", ["resolve ok--in INC-1", "resolve done—in INC-1 too", "resolve ok--in 1"])
def test_a_dash_that_may_be_a_flag_or_punctuation_is_asked_about(text: str) -> None:
    parsed = parse(text, FIVE)
    assert isinstance(parsed, BadRequest)
    assert parsed.message.startswith("Is “")


@pytest.mark.parametrize(
    "words",
    [
        "log-in INC-1 fails",
        "built-in 5",
        "the same fault as in INC-1",
        "rolled back - in production",
        "rolled back — in production",
        "rolled back—in production",
        "rolled back--in production",
        "-INC-1 was the same",
        "http://x.example/a--in/b",
        "--inside the cluster",
    ],
)
def test_words_that_only_contain_a_dash_and_in_stay_words(words: str) -> None:
    assert parse(f"resolve {words}", FIVE) == Request("resolve", text=words)


@pytest.mark.parametrize(
    ("flag", "channel"),
    [
        ("--in <#C0ABC1|checkout-is-down>", "C0ABC1"),
        ("--in <#C0ABC1|inc-7-checkout>", "C0ABC1"),
        ("--in <#C0ABC1>", "C0ABC1"),
        ("--in <#C0ABC1|>", "C0ABC1"),
        ("—in: (<#C0ABC1|general>)", "C0ABC1"),
        ("--in <https://acme.slack.com/archives/C0ABC1/p1700000000000100>", "C0ABC1"),
    ],
)
def test_a_channel_mentioned_after_in_names_its_incident_by_its_id(flag: str, channel: str) -> None:
    for text in (f"resolve ok {flag}", f"{flag} resolve ok", f"resolve {flag} ok"):
        assert parse(text, FIVE) == Request("resolve", in_channel=channel, text="ok")


def test_two_incidents_are_never_chosen_between() -> None:
    for text in ("note x --in INC-1 --in INC-2", "show INC-1 --in INC-2", "ack INC-1 --in 2"):
        parsed = parse(text, FIVE)
        assert isinstance(parsed, BadRequest)
        assert parsed.message == TWO_INCIDENTS
    assert parse("note x --in INC-1 --in 1", FIVE) == Request("note", 1, text="x")
    assert parse("show INC-1 --in INC-1", FIVE) == Request("show", 1)


ABOUT_NONE = [
    verb
    for verb in VERBS
    if not verb.needs_incident and not verb.takes_incident and verb.grammar is not Grammar.DECLARATION
]


@pytest.mark.parametrize("verb", ABOUT_NONE)
def test_a_verb_about_no_single_incident_refuses_in(verb: object) -> None:
    name = getattr(verb, "name", "")
    parsed = parse(f"{name} words --in INC-1", FIVE)
    assert isinstance(parsed, BadRequest)
    assert parsed.message == f"“{name}” works without an incident. Leave --in out."


def test_in_before_any_verb_is_refused_too() -> None:
    assert parse("--in foo ack", FIVE) == BadRequest(MISSING_ID, "/incident list")
    assert parse("--in INC-4", FIVE) == Request(MENU, 4)


@pytest.mark.parametrize(
    "flag",
    [
        "--private", "—private", "–private", "-private", "―PRIVATE", "`--private`", "(--private)", "“--private”",
        "--private,", "--private:", "-- private",
    ],
)  # fmt: skip
def test_private_is_never_overlooked_however_it_is_typed(flag: str) -> None:
    """Overlooking it would announce the incident to everyone."""
    for text in (f"declare {flag} sev2 A leak", f"declare sev2 A leak {flag}", f"{flag} sev2 A leak"):
        assert parse(text, FIVE) == DeclareRequest("A leak", "sev2", private=True), text
    assert parse(f"sev9 A leak {flag}", FIVE) == DeclareRequest("sev9 A leak", private=True)
