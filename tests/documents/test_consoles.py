"""The commands of docs/cli.md, docs/playbooks.md, docs/replay.md and those of the wikis are executed unchanged."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.main import main
from tests.documents.reading import blocks, commands_in

POLICY = """
preset: sev1-5
contacts: {maya: {name: Maya Chen, slack: U0MAYA0000}, tom: {name: Tom Weber, slack: U0TOM00000}}
schedules: {primary: {timezone: Europe/Berlin, rotation: weekly, start: 2026-01-05, members: [maya, tom]}}
audiences: {customers: {name: Customers, public: true, by: [email], emails: [status-list@example.com]}}
"""


@pytest.fixture
def folder(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a policy, whose database is empty."""
    (tmp_path / "policy.yml").write_text(POLICY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("TOCSIN_POLICY", "TOCSIN_URL", "TOCSIN_TOKEN", "TOCSIN_PLAYBOOKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("SMTP_URL", "smtp://127.0.0.1:9")
    monkeypatch.setenv("MAIL_FROM", "incidents@example.com")
    return tmp_path


def tocsin(command: str) -> str:
    words = shlex.split(command)
    assert words[0] == "tocsin"
    done = CliRunner().invoke(main, words[1:])
    assert done.exit_code == 0, f"{command}\n{done.output}{done.exception!r}"
    return done.output


def test_the_verbs_of_the_command_line_work_in_the_order_of_the_document(folder: Path) -> None:
    for number in range(1, 7):
        tocsin(f"tocsin declare sev3 Something is slow, part {number}")
    printed = {}
    for block in blocks("docs/cli.md", "console"):
        for command in commands_in(block.text):
            printed[command] = tocsin(command)
    assert "INC-7" in next(iter(printed.values()))
    assert "Rolled back deploy 4512" in printed["tocsin show INC-7"]


def test_the_commands_of_playbooks_work(folder: Path) -> None:
    own = folder / "my-playbooks"
    own.mkdir()
    (own / "queue-stuck.yml").write_text(blocks("docs/playbooks.md", "yaml")[0].text, encoding="utf-8")
    commands = [command for block in blocks("docs/playbooks.md", "console") for command in commands_in(block.text)]
    assert len(commands) >= 9
    printed = {command: tocsin(command) for command in commands}
    assert "api-7f9c" in printed["tocsin playbooks show memory-leak --set pod=api-7f9c"]


def test_a_policy_is_replayed_as_the_document_says(folder: Path) -> None:
    (folder / "new.yml").write_text(POLICY.replace("weekly", "daily"), encoding="utf-8")
    tocsin("tocsin declare sev2 Checkout is down")
    commands = [command for block in blocks("docs/replay.md", "sh") for command in commands_in(block.text)]
    assert len(commands) == 3
    printed = [tocsin(command.replace("INC-42", "INC-1")) for command in commands]
    assert '"would_send"' in printed[1]


def test_the_command_that_exports_a_review_is_understood_and_refused_before_there_is_a_review(folder: Path) -> None:
    """With a review and a wiki, `tests/integrations/test_wikis.py` exports it."""
    tocsin("tocsin declare sev2 Checkout is down")
    for document in ("docs/integrations/confluence.md", "docs/integrations/notion.md"):
        (command,) = [command for block in blocks(document, "sh") for command in commands_in(block.text)]
        done = CliRunner().invoke(main, shlex.split(command)[1:])
        assert (done.exit_code, done.output) == (1, "The review of INC-1 is not open yet.\n")
