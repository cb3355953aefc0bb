"""Merging a file into its preset."""

from __future__ import annotations

from typing import Any

import pytest

from bot import policy
from bot.policy.merge import file_values, merge, remove_deleted
from bot.policy.yaml_source import parse_yaml


@pytest.mark.parametrize(
    ("base", "file", "merged"),
    [
        ({"nudges": {"a": 3, "b": "5m"}}, {"nudges": {"a": 5}}, {"nudges": {"a": 5, "b": "5m"}}),
        ({"executives": ["a", "b"]}, {"executives": ["c"]}, {"executives": ["c"]}),
        ({"contacts": {"a": {"name": "A"}}}, {"contacts": {"a": None, "b": {}}}, {"contacts": {"b": {}}}),
        ({"announce": "#a"}, {"announce": None}, {"announce": None}),
        ({"roles": {"a": {"b": "c", "d": 1}}}, {"roles": {"a": {"b": None}}}, {"roles": {"a": {"b": None, "d": 1}}}),
    ],
    ids=["settings key by key", "lists replaced", "null removes an entry", "null as a value", "null within an entry"],
)  # fmt: skip
def test_a_file_is_merged_into_its_preset(base: dict[str, Any], file: dict[str, Any], merged: dict[str, Any]) -> None:
    assert merge(base, file) == merged


def test_an_empty_heading_says_nothing() -> None:
    source = parse_yaml("contacts:\nroles:\n  scribe:\nannounce:\n", "policy.yml")
    assert file_values(source) == {"roles": {"scribe": {}}, "announce": None}


def test_an_entry_that_is_taken_out_leaves_the_lists_of_the_preset() -> None:
    source = parse_yaml("severities:\n  sev3: null\n", "policy.yml")
    document = merge(policy.read(None).document, file_values(source))
    cleaned = remove_deleted(document, source)
    assert "sev3" not in cleaned["severities"]
    assert all("sev3" not in role.get("required_for", []) for role in cleaned["roles"].values())
    assert all(rule["severity"] != "sev3" for rule in cleaned["classification"].values())


def test_a_severity_for_which_a_ticket_is_enough_pages_nobody_unless_it_has_a_ladder_of_its_own() -> None:
    base = {
        "severities": {"sev4": {"ladder": [{"after": "0m"}]}, "sev5": {"ladder": [{"after": "0m"}], "ticket": True}}
    }
    file = {"severities": {"sev4": {"ticket": True}, "sev6": {"ticket": True, "ladder": [{"after": "5m"}]}}}
    merged = merge(base, file)["severities"]
    assert merged["sev4"] == {"ladder": [], "ticket": True}
    assert merged["sev5"]["ladder"] == [{"after": "0m"}]  # as the preset says
    assert merged["sev6"]["ladder"] == [{"after": "5m"}]
    assert base["severities"]["sev4"] == {"ladder": [{"after": "0m"}]}
