"""Nothing of the documents' playbooks is lost: every command, step and figure has its place in the library."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.domain.playbook.definition import Command, Playbook, Step
from bot.domain.values.durations import exact
from playbooks import loader

GROUPS: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("seed_commands.yml").read_text(encoding="utf-8"))
LIBRARY = loader.shipped_library()
COMMANDS = [(group, said) for group in GROUPS for said in group.get("commands", [])]
STEPS = [(group, asks, words) for group in GROUPS for asks, words in group.get("steps", {}).items()]


def place(group: dict[str, Any]) -> str:
    return f"{group['document']} {group['section']}"


def bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


def carrying(playbook: Playbook, text: str, given: dict[str, str]) -> Iterator[tuple[Step, Command]]:
    """The commands of a playbook that hold `text`, white space apart."""
    values = playbook.filled_values(given)
    for step in playbook.steps:
        for command in (*step.commands, *step.rollback):
            if bare(text).rstrip(";").lower() in bare(command.filled_in(values)).lower():
                yield step, command


def said_by(one: Playbook) -> str:
    """All the words of a playbook."""
    parts = [one.name, one.description, *one.symptoms, *one.prerequisites, *one.escalation_criteria]
    parts += [*one.communication, *one.post_resolution, *one.related, *one.sources]
    parts.append(f"severities {', '.join(map(str, one.ranks))};")
    parts.append(f"expected {exact(one.expected_duration)}" if one.expected_duration else "")
    for phase in one.phases:
        parts += [phase.title, phase.within]
    for step in one.steps:
        parts += [step.title, step.description, step.when, step.verification, step.note, step.rollback_text]
        parts += [step.dangerous, f"timeout {exact(step.timeout)}"]
        if step.automation and step.automation.confidence:
            parts.append(f"confidence {step.automation.confidence}")
    return "\n".join(parts)


@pytest.mark.parametrize(("group", "said"), COMMANDS, ids=lambda one: str(one)[:60])
def test_every_command_of_the_documents_ships_or_is_explained(
    group: dict[str, Any], said: str | dict[str, str]
) -> None:
    playbook = LIBRARY.get(group["playbook"])
    text = said if isinstance(said, str) else said["becomes"]
    found = list(carrying(playbook, text, group.get("with", {})))
    assert found, f"{place(group)}: {playbook.id} lacks {text}"
    if isinstance(said, dict):
        told = [step.key for step, command in found if command.note or step.note or playbook.notes]
        told += [step.key for step, command in found if is_milder(said["says"], text)]
        assert told, f"{place(group)}: {playbook.id} does not say why {said['says']} became {text}"


def is_milder(before: str, after: str) -> bool:
    """Whether only curl's time limit and way of failing, kubectl's -it or time limit, or jq at the end differ."""
    plain = re.compile(r" -(?:I|v|fsS|f|s|fsSL)\b| --max-time \d+| -it\b| \| jq(?: '\.status')?| --timeout=\d+s")
    return bare(plain.sub("", before)) == bare(plain.sub("", after))


@pytest.mark.parametrize(("group", "asks", "words"), STEPS, ids=lambda one: str(one)[:60])
def test_every_step_and_figure_of_the_documents_ships(group: dict[str, Any], asks: str, words: str) -> None:
    playbook = LIBRARY.get(group["playbook"])
    assert words.lower() in said_by(playbook).lower(), f"{place(group)}, {asks}: {playbook.id} lacks “{words}”"


def test_the_list_states_its_number() -> None:
    """So that nobody shortens it unseen."""
    assert (len(COMMANDS), len(STEPS)) == (161, 342)
