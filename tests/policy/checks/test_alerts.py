"""Warnings about routes of alerts that never match, or do less than they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import policy

HEAD = """
preset: sev1-5
announce: "#incidents"
services: {checkout: {name: The Checkout}, database: {}}
alerts:
"""


def warned(tmp_path: Path, alerts: str) -> list[str]:
    path = tmp_path / "policy.yml"
    path.write_text(HEAD + alerts)
    return [str(warning) for warning in policy.read(path).warnings if "alerts." in str(warning)]


@pytest.mark.parametrize(
    ("routes", "words"),
    [
        ('  routes: [{match: {env: "/qa|dev/"}, do: drop}, {match: {env: dev}, do: ask}]', "never matches"),
        ('  routes: [{match: {env: "/qa|dev/"}, do: drop}, {match: {env: "/dev/"}, do: ask}]', "never matches"),
        ('  routes: [{match: {e: "/qa|dev/"}, do: drop}, {match: {e: "/dev|qa/", a: b}, do: ask}]', "never matches"),
        ('  routes: [{match: {alertname: "/.*/"}, do: drop}, {match: {env: dev}, do: ask}]', "never matches"),
        ("  routes: [{match: {source: alertmanger}, do: ask}, {do: record}]", "Did you mean alertmanager"),
        ('  routes: [{match: {source: "/prom.*/"}, do: ask}, {do: record}]', "no source of alerts"),
        ("  routes: [{match: {service: chekout}, do: ask}, {do: record}]", "no service “chekout”. Did you mean"),
        ("  inhibit: [{source: {service: cache}, target: {a: b}}]", "there is no service “cache”"),
        ('  routes: [{do: declare, escalate: [{after: 1m, notify: ["channel:#ops"]}]}]', "pages nobody"),
        ("  routes: [{do: record, at_least: 3}]", "do nothing beside `do: record`"),
    ],
)  # fmt: skip
def test_what_can_never_match_or_does_nothing_is_warned_of(tmp_path: Path, routes: str, words: str) -> None:
    assert any(words in each for each in warned(tmp_path, routes)), warned(tmp_path, routes)


@pytest.mark.parametrize(
    "routes",
    [
        '  routes: [{match: {env: dev}, do: record}, {match: {env: "/staging|dev/"}, do: ask}, {do: ask}]',
        "  routes: [{match: {service: The Checkout}, do: ask}, {match: {service: checkout, a: b}, do: ask}, {do: ask}]",
        '  routes: [{match: {env: "/qa|dev/"}, do: record}, {match: {env: "/dev|test/"}, do: ask}, {do: ask}]',
        '  routes: [{match: {env: "/.+/"}, do: record}, {match: {source: "/rules|probes/"}, do: ask}, {do: ask}]',
        '  routes: [{match: {env: "/d.*/"}, do: record, continue: true}, {match: {env: dev}, do: ask}, {do: ask}]',
    ],
)
def test_routes_that_match_are_not_warned_of(tmp_path: Path, routes: str) -> None:
    assert warned(tmp_path, routes) == []
