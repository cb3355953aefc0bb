"""Reading presets, files merged into them, and documents that were kept."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from bot import policy
from bot.domain.policy.policy import Rung
from bot.domain.values.target import Target


def write(folder: Path, text: str) -> Path:
    path = folder / "policy.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_default_preset_holds() -> None:
    assert policy.load(None) == policy.preset("sev1-5")


def test_a_short_file_overrides_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "severities: {sev1: {respond_within: 5s, update_every: 10s,"
        ' ladder: [{after: 0m, notify: ["user:U0123"], by: [slack]}]}}',
    )
    mine, shipped = policy.load(path).severity("sev1"), policy.preset("sev1-5").severity("sev1")
    assert (mine.respond_within, mine.update_every) == (timedelta(seconds=5), timedelta(seconds=10))
    assert mine.ladder == (Rung(timedelta(0), (Target.parse("user:U0123"),), ("slack",)),)
    assert (mine.name, mine.escalate_after, mine.roles) == (shipped.name, shipped.escalate_after, shipped.roles)


def test_a_kept_document_gives_the_same_policy_and_digest_again(tmp_path: Path) -> None:
    loaded = policy.read(write(tmp_path, "severities: {sev6: {name: Nothing}}"))
    kept = json.loads(json.dumps(loaded.document, sort_keys=True))
    again = policy.from_document(kept)
    assert again.digest == loaded.policy.digest
    assert again.severities == loaded.policy.severities
    assert again.roles == loaded.policy.roles


def test_unknown_settings_of_a_kept_document_are_ignored() -> None:
    document = {**policy.read(None).document, "weather": "fine"}
    assert policy.from_document(document).severities == policy.preset("sev1-5").severities


def test_a_kept_document_with_a_pattern_no_longer_supported_is_read() -> None:
    """Else its incident could not be opened. Nothing runs by a kept policy."""
    rule = {"executable": "/usr/bin/kubectl", "arguments": ["get", "(?!kube-).*"]}
    document = {**policy.read(None).document, "automation": {"runners": {"process": {"allow": [rule]}}}}
    assert policy.from_document(document).severities == policy.preset("sev1-5").severities


@pytest.mark.parametrize("name", ["sev1-5"])
def test_a_preset_can_be_shown_as_json(name: str) -> None:
    shown = json.loads(json.dumps(policy.as_json(policy.preset(name))))
    assert list(shown["severities"]) == [severity.key for severity in policy.preset(name).severities]


def test_names_are_put_on_one_line(tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    path.write_text(
        'contacts: {anna: {name: "Anna\\r\\n\\e[31mMaier", slack: U0ANNA0000}}\nservices: {web: {name: "The\\nWeb"}}\n'
    )
    loaded = policy.load(path)
    assert loaded.contacts["anna"].name == "Anna [31mMaier"
    assert loaded.services["web"].name == "The Web"
