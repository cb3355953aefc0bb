"""Parameters and commands: the values that a blank accepts, and the resulting commands."""

from __future__ import annotations

import pytest

from bot.domain.errors import Refused
from bot.domain.playbook.definition import EXAMPLES, TYPES, Command, Parameter, Phase, Playbook, Step, uses_shell

NASTY = [
    "a b", "a;b", "$(id)", "`id`", "a|b", "a&b", "a>b", "a'b", 'a"b', "a\\b", "a\nb", "-rf", "--help", "", "..", "../x",
    "a{b}", "*", "?", "~root/..", "ä", "\u202ex", "x" * 600, "a#b", "!x", "$HOME", "(x)", "[x]",
]  # fmt: skip


@pytest.mark.parametrize("value", NASTY)
@pytest.mark.parametrize("sort", TYPES)
def test_no_parameter_type_accepts_shell_or_sql_syntax(sort: str, value: str) -> None:
    assert Parameter("one", type=sort).problem_with(value) is not None


@pytest.mark.parametrize("value", NASTY)
def test_a_loose_pattern_does_not_permit_shell_syntax(value: str) -> None:
    assert Parameter("one", pattern=r"(?s).*").problem_with(value) is not None


@pytest.mark.parametrize("sort", TYPES)
def test_every_parameter_type_accepts_its_example(sort: str) -> None:
    assert Parameter("one", type=sort).problem_with(EXAMPLES[sort]) is None


def test_a_refusal_says_what_was_expected() -> None:
    assert Parameter("pid", type="number").problem_with("12x") == "pid must be a number such as 3, not “12x”."
    assert Parameter("weight", type="number", pattern="[1-9]?[0-9]|100").problem_with("101") == (
        "weight must match [1-9]?[0-9]|100, and “101” does not."
    )
    assert Parameter("zone", options=("a", "b")).problem_with("c") == "zone must be one of a, b, not “c”."


def test_a_value_is_never_more_than_one_argument() -> None:
    command = Command('curl -d \'{"model":"{model}"}\' http://{host}/x')
    assert command.argv({"model": "a b c", "host": "h"}) == ("curl", "-d", '{"model":"a b c"}', "http://h/x")


def test_braces_of_shells_and_templates_are_no_placeholders() -> None:
    command = Command("curl -w '%{http_code}' --expand-header 'x: {{KEY}} {{key}}' ${home} {host}")
    assert command.placeholders == ("host",)


def test_a_filled_in_value_is_not_expanded_again() -> None:
    assert Command("echo {one} {two}").filled_in({"one": "{two}", "two": "x"}) == "echo {two} x"


@pytest.mark.parametrize(
    ("text", "shell"),
    [
        ("kubectl get pods", False), ("a | b", True), ("a > b", True), ("a && b", True), ("a $X", True),
        ('a "$X"', True), ("a '$X'", False), ("a `b`", True), ('a "`b`"', True), ("a '|'", False), ('a "b | c"', False),
        ("a \\| b", False), ("a *.txt", True), ("a ; b", True), ("a '\n'", False), ("a\nb", True),
        ("a 'x'\"'\"'y'", False),
    ],
)  # fmt: skip
def test_commands_that_need_a_shell_are_recognized(text: str, shell: bool) -> None:
    assert uses_shell(text) is shell


def test_a_shell_command_or_a_missing_value_makes_no_argv() -> None:
    with pytest.raises(Refused, match="needs a shell"):
        Command("a | b").argv({})
    with pytest.raises(Refused, match="pod must be filled in first"):
        Command("kubectl logs {pod}").argv({})


def playbook() -> Playbook:
    step = Step("1.1", "See", commands=(Command("a {pod} {namespace}"),))
    parameters = (Parameter("pod"), Parameter("namespace", default="production"))
    return Playbook("a", "A", "x", (Phase("P", (step,)),), ranks=(1, 2), keys=("P-3",), parameters=parameters)


def test_defaults_are_filled_in_and_missing_parameters_named() -> None:
    one = playbook()
    assert one.filled_values() == {"namespace": "production"}
    assert [parameter.name for parameter in one.missing_parameters(one.steps[0], one.filled_values())] == ["pod"]
    assert one.missing_parameters(one.steps[0], one.filled_values({"pod": "x-1"})) == ()


@pytest.mark.parametrize(("given", "said"), [({"pdo": "x"}, "has no parameter “pdo”"), ({"pod": "a b"}, "pod must be")])
def test_a_wrong_value_is_refused(given: dict[str, str], said: str) -> None:
    with pytest.raises(Refused, match=said):
        playbook().filled_values(given)


def test_severities_are_counted_from_the_worst_or_named() -> None:
    assert playbook().severities(["sev1", "sev2", "sev3"]) == ("sev1", "sev2")
    assert playbook().severities(["p1", "p2", "p3", "p4"]) == ("p1", "p2", "p3")
    assert Playbook("a", "A", "x", ()).severities(["one", "two"]) == ("one", "two")
