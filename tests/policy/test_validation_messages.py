"""The messages for wrong policies, and that a wrong policy causes only a message."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import policy
from bot.policy.yaml_source import parse_yaml
from tests.policy.wrong_policies import WRONG
from tests.policy.wrong_schedules import WRONG_SCHEDULES
from tests.policy.wrong_teams import WRONG_TEAMS

EXAMPLE = Path(__file__).parents[2] / "docs" / "policy.example.yml"


def error_of(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(folder)
    Path("policy.yml").write_text(text, encoding="utf-8")
    with pytest.raises(policy.PolicyError) as refused:
        policy.read(Path("policy.yml"))
    return str(refused.value)


CASES = [*WRONG, *WRONG_SCHEDULES, *WRONG_TEAMS]


@pytest.mark.parametrize(("text", "message"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_wrong_policy_is_answered_with_how_to_fix_it(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert error_of(text, tmp_path, monkeypatch) == message


def test_the_message_for_a_missing_file_says_what_to_write() -> None:
    with pytest.raises(policy.PolicyError) as refused:
        policy.load(Path("nowhere.yml"))
    assert str(refused.value) == (
        "nowhere.yml: There is no such file. Write one that begins with `preset: sev1-5`, or unset TOCSIN_POLICY."
    )


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    path.write_bytes("name: Zürich".encode("latin-1"))
    with pytest.raises(policy.PolicyError, match=r"The file is not UTF-8 \(byte 7\)\. Save it as UTF-8\."):
        policy.load(path)


def test_every_problem_of_a_file_is_reported_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    message = error_of("announce: incidents\nnudges: {busy: 0}\ntimezone: Mars\n", tmp_path, monkeypatch)
    assert [line.split(":")[1] for line in message.splitlines()] == ["1", "2", "3"]


@pytest.mark.parametrize("text", ["!!int x", "!!float x", "{: }", "? [a]\n: b", "\x00", "%", "- - -", "&a [*a]", "~"])
def test_malformed_values_are_rejected_with_a_message(text: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    path.write_text(f"name: {text}\nannounce: 5\n", encoding="utf-8")
    with pytest.raises(policy.PolicyError):
        policy.load(path)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*path, key)
        yield from places(item, (*path, key))


def test_an_odd_value_anywhere_is_a_policy_or_a_located_problem(tmp_path: Path) -> None:
    example = parse_yaml(EXAMPLE.read_text(encoding="utf-8"), "example").values
    odd: list[Any] = [None, 5, 1.5, True, "x", "", [], {}, [1], ["x"], [None], {"a": 1}, {"a": None}, [[]]]
    path, messages = tmp_path / "policy.yml", list[str]()
    for number, place in enumerate(places(example)):
        changed = copy.deepcopy(example)
        inner = changed
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = odd[number % len(odd)]
        path.write_text(json.dumps(changed), encoding="utf-8")  # JSON is YAML
        try:
            policy.as_json(policy.load(path))
        except policy.PolicyError as error:
            messages += str(error).splitlines()
    assert len(messages) > 100
    assert [line for line in messages if not line.startswith(f"{path}:")] == []
