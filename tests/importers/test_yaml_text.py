"""The importers write YAML that parses to the intended values."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.importers.merge_text import Addition, merge
from bot.importers.yaml_text import CommentedItem, flow
from bot.policy.yaml_source import parse_yaml

TEXTS = st.text(max_size=40)
VALUES: st.SearchStrategy[Any] = st.recursive(
    TEXTS | st.booleans() | st.integers(0, 10**6), lambda inner: st.lists(inner, max_size=3), max_leaves=8
)
FILES = st.sampled_from(
    [
        "",
        "preset: sev1-5\n",
        "contacts:\n  ä: {slack: a@b.co}\n\n# the end\n",
        "contacts: {a: {slack: a@b.co}} # ours\n",
        "contacts:\nschedules: {}\n",
        "alerts:\n  routes:\n    - {do: record} # last\n",
    ]
)


@settings(deadline=None)
@given(
    FILES,
    st.dictionaries(st.from_regex(r"[a-z][a-z0-9-]{0,8}z", fullmatch=True), VALUES, min_size=1, max_size=3),
    TEXTS,
)
def test_whatever_names_say_the_file_holds_what_was_added_and_what_was_there(
    text: str, entries: dict[str, Any], note: str
) -> None:
    result = merge(text, [Addition(("contacts",), key, value, note) for key, value in entries.items()])
    source = parse_yaml(result, "policy.yml")
    assert source.problems == []
    before = parse_yaml(text, "policy.yml").values
    assert source.values["contacts"] == {**(before.get("contacts") or {}), **entries}
    assert {key: value for key, value in source.values.items() if key != "contacts"} == {
        key: value for key, value in before.items() if key != "contacts"
    }
    rest = iter(result.splitlines())
    kept = [line for line in text.splitlines() if not line.startswith("contacts: {")]
    assert all(line in rest for line in kept)


def test_a_long_list_of_shifts_has_a_line_for_each() -> None:
    shifts = [
        {"member": "anna", "begins": f"2026-01-{day:02}T00:00:00Z", "ends": "2026-02-01T00:00:00Z"}
        for day in range(1, 20)
    ]
    layers = [CommentedItem({"name": "x", "shifts": shifts}, "rotation 1")]
    text = merge("", [Addition(("schedules",), "primary", {"timezone": "UTC", "layers": layers}, "schedule 1")])
    assert yaml.safe_load(text)["schedules"]["primary"]["layers"][0]["shifts"][0]["member"] == "anna"
    assert max(len(line) for line in text.splitlines()) < 120


@pytest.mark.parametrize("name", ["a\n", "1m\n", "True\n", "ops@example.com\n"])
def test_a_name_that_ends_its_line_is_quoted(name: str) -> None:
    assert "\n" not in flow({name: [name]})
    assert yaml.safe_load(flow({name: [name]})) == {name: [name]}
