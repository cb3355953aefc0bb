"""Hostile texts of people and programs are parsed in bounded time."""

from __future__ import annotations

import time

import pytest

from bot.domain.incident import metric_input
from bot.domain.values.masking import Masker
from bot.policy import preset
from bot.policy.models.automation import AllowedHost
from bot.slack.commands.parse import parse

PRINTED = 256 * 1024  # what a command or an answer may hold
TYPED = 3000
LONG = (
    40_000  # the longest message, which may mention the bot: https://docs.slack.dev/reference/methods/chat.postMessage
)
WITHIN_S = 30.0  # on a busy machine; each took minutes or hours when its pattern was written carelessly


@pytest.mark.parametrize(
    "again",
    [
        "a",
        "-",
        "a.",
        "eyJ-",
        "password",
        "password   ",
        "auth",
        "secret_token-",
        " --auth",
        "--password ",
        "a://a:",
        "\n",
    ],
)
def test_output_of_any_shape_is_redacted_in_linear_time(again: str) -> None:
    began = time.process_time()
    Masker(["hunter22"]).mask(again * (PRINTED // len(again)))
    Masker(["hunter22", (again * 6000)[:6000]]).mask_truncated(again * (PRINTED // len(again)))
    assert time.process_time() - began < WITHIN_S


@pytest.mark.parametrize(
    "typed", ["a" + " " * TYPED + "x", "a " * (TYPED // 2), "a" * TYPED, "a\n" + " \n" * 1500 + "!"]
)
def test_figures_of_any_length_are_parsed_in_linear_time(typed: str) -> None:
    began = time.process_time()
    metric_input.parse(typed, preset("sev1-5"))
    assert time.process_time() - began < WITHIN_S


@pytest.mark.parametrize(
    "typed",
    ["ack " + "-" * LONG, "ack " + "(" * LONG, "*" * LONG, "role " + "a " * (LONG // 2), "cover " + "a " * (LONG // 2)],
)
def test_commands_of_any_length_are_parsed_in_linear_time(typed: str) -> None:
    policy = preset("sev1-5")
    began = time.process_time()
    parse(typed, policy, asker="U0MAYA0000")
    assert time.process_time() - began < WITHIN_S / 5


def test_host_names_of_any_length_are_parsed_in_linear_time() -> None:
    began = time.process_time()
    with pytest.raises(ValueError, match="host"):
        AllowedHost.model_validate({"host": "a" * 200 + "!"})
    assert time.process_time() - began < WITHIN_S


def test_an_endless_figure_is_invalid() -> None:
    policy = preset("severity-1-4")
    name = metric_input.metric_names(policy)[0]
    said = metric_input.parse(f"{name} {'9' * 400}", policy)
    assert said.facts == {}
    assert said.unknown
