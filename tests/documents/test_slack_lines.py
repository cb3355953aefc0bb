"""The bot understands every line of `/incident` that a document shows, except those with placeholders."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot import policy
from bot.slack.commands.parse import parse
from bot.slack.commands.request import BadRequest
from tests.documents.reading import HAND_WRITTEN, ROOT

LINE = re.compile(r"`/incident ([^`]+)`")
PLACEHOLDER = re.compile(r"[<\[{…]|\.\.\.")
POLICY = """
preset: sev1-5
schedules: {primary: {members: [U0MAYA0000]}, support: {layers: [{name: night, members: [U0MAYA0000]}]}}
"""


def lines(path: Path) -> list[str]:
    """What follows `/incident` in the document's lines, with people as Slack sends them."""
    text = re.sub(r"(?<!\n)\n(?!\n)", " ", path.read_text(encoding="utf-8"))
    shown = [line for line in LINE.findall(text) if " " in line and not PLACEHOLDER.search(line)]
    return [re.sub(r"@([a-z]+)", "<@U0MAYA0000|maya>", line) for line in shown]


@pytest.mark.parametrize("path", HAND_WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_line_that_a_document_shows_is_understood(path: Path, tmp_path: Path) -> None:
    (tmp_path / "policy.yml").write_text(POLICY, encoding="utf-8")
    in_force = policy.load(tmp_path / "policy.yml")
    answers = {line: parse(line, in_force, asker="U0MAYA0000") for line in lines(path)}
    assert {line: answer.message for line, answer in answers.items() if isinstance(answer, BadRequest)} == {}


def test_the_how_to_guides_show_lines() -> None:
    assert sum(len(lines(path)) for path in HAND_WRITTEN if path.parent.name == "how-to") >= 40
