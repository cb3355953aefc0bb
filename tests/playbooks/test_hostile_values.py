"""Hostile values of parameters, and commands that need a shell: none reaches a runner."""

from __future__ import annotations

import json

import pytest

from bot.domain.errors import Refused
from bot.domain.playbook.definition import Command, Parameter
from playbooks import loader

VALUES = [
    "api; touch /tmp/owned", "api && reboot", "api | sh", "$(reboot)", "`reboot`", "${HOME}", "api\nreboot", "api\r",
    "api\x00", "api reboot", "'api", '"api', "-rf", "--kubeconfig=/tmp/evil", "..", "../../etc/passwd", "a/../../b",
    "~root", "*", "[a-z]", "{a,b}", "!!", "#", "\\x41", "аpi", "ａｐｉ", "api\u200b", "api\u202e", "api\u00a0", "", " ",
    "a" * 10_000, "api>out", "api<in", "api&", "(api)", "%s%n", "api\t", "\x1b[2J", "api\u2028",
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=[ascii(value)[:24] for value in VALUES])
def test_a_value_with_special_characters_is_refused(value: str) -> None:
    for kind in ("name", "resource", "number", "quantity", "host", "duration", "revision"):
        assert Parameter("service", type=kind).problem_with(value) is not None


def test_a_value_is_one_argument_and_no_option() -> None:
    command = Command("tool get {service} -n {namespace}")
    argv = command.argv({"service": "a b; -c", "namespace": "{service}"})
    assert argv == ("tool", "get", "a b; -c", "-n", "{service}")


@pytest.mark.parametrize(
    "run",
    ["tool a; reboot", "tool a | sh", "tool $(reboot)", "tool `reboot`", "tool a > /etc/passwd", "tool $HOME", "tool *",
     "tool a && reboot", "tool a &", "tool <(x)", 'tool "$HOME"', 'tool "`x`"', "tool a\nreboot", "(tool a)", "tool ~"],
)  # fmt: skip
def test_a_command_that_needs_a_shell_is_never_run(run: str) -> None:
    with pytest.raises(Refused, match="needs a shell"):
        Command(run).argv({})
    text = f"""
id: evil
name: Evil
category: availability
phases: [{{title: P, steps: [{{title: S, commands: [{json.dumps(run)}], automation: {{runner: process}}}}]}}]
"""
    with pytest.raises(loader.PlaybookError):
        loader.from_text(text)


def test_a_parameter_cannot_name_the_program() -> None:
    with pytest.raises(loader.PlaybookError, match="the program itself must be written out"):
        loader.from_text(
            "id: evil\nname: Evil\ncategory: availability\nparameters: {p: {default: sh}}\n"
            "phases: [{title: P, steps: [{title: S, commands: ['{p} -c x'], automation: {runner: process}}]}]\n"
        )
