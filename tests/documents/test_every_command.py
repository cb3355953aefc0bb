"""Every command and example in a document was executed by a test, and every command named in a line exists.

`EXECUTED_BY` names, for each document and language, the test or the step of CI that executes its blocks. A block in no
such place fails here.
"""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from bot.cli.main import main
from bot.slack.commands.verbs import VERBS
from tests.documents.reading import HAND_WRITTEN, ROOT, Block, blocks

HERE = "tests/documents/"
EXECUTED_BY = {
    ("CONTRIBUTING.md", "sh"): ".ci/run",
    ("README.md", "sh"): ".ci/wheel",
    ("README.md", "yaml"): "tests/test_documents.py",
    ("docs/add-a-runner.md", "python"): "tests/playbooks/test_add_a_runner.py",
    ("docs/add-an-integration.md", "python"): "tests/integrations/test_add_one.py",
    ("docs/alerts.md", "json"): "tests/alerts/test_documents.py",
    ("docs/alerts.md", "text"): "tests/alerts/test_documents.py",
    ("docs/api.md", "console"): HERE + "test_curl.py",
    ("docs/cli.md", "console"): HERE + "test_consoles.py",
    ("docs/integrations/confluence.md", "sh"): HERE + "test_consoles.py",
    ("docs/integrations/datadog.md", "text"): "tests/alerts/test_documents.py",
    ("docs/integrations/notion.md", "sh"): HERE + "test_consoles.py",
    ("docs/integrations/scripts.md", "sh"): HERE + "test_curl.py",
    ("docs/integrations/webhooks.md", "json"): "tests/integrations/test_documents.py",
    ("docs/integrations/webhooks.md", "python"): "tests/integrations/test_documents.py",
    ("docs/mcp.md", "json"): HERE + "test_examples.py",
    ("docs/moving/calendar.md", "sh"): HERE + "test_moving.py",
    ("docs/moving/dispatch.md", "sh"): HERE + "test_moving.py",
    ("docs/moving/grafana-oncall.md", "sh"): HERE + "test_moving.py",
    ("docs/moving/opsgenie.md", "sh"): HERE + "test_moving.py",
    ("docs/moving/pagerduty.md", "sh"): HERE + "test_moving.py",
    ("docs/operator.md", "ini"): "tests/test_systemd_unit.py",
    ("docs/operator.md", "sh"): HERE + "test_examples.py",
    ("docs/playbooks.md", "console"): HERE + "test_consoles.py",
    ("docs/playbooks.md", "yaml"): "tests/playbooks/test_documentation.py",
    ("docs/policy.md", "yaml"): "tests/policy/test_documents.py",
    ("docs/record.md", "sh"): "tests/scenarios/test_record_documents.py",
    ("docs/releasing.md", "sh"): ".ci/package",
    ("docs/replay.md", "sh"): HERE + "test_consoles.py",
    ("docs/run/backup.md", "sh"): "tests/scenarios/test_record_documents.py",
    ("docs/run/postgresql.md", "sh"): "tests/scenarios/test_record_documents.py",
    ("docs/run/monitoring.md", "sh"): HERE + "test_examples.py",
    ("docs/run/reverse-proxy.md", "nginx"): HERE + "test_examples.py",
    ("docs/rules.md", "yaml"): "tests/rules/test_documents.py",
    ("docs/status-page.md", "nginx"): HERE + "test_examples.py",
    ("docs/torture.md", "sh"): HERE + "test_examples.py",
    ("docs/tutorial/first-incident.md", "sh"): ".ci/run",
    ("docs/tutorial/first-incident.md", "text"): HERE + "test_tutorial.py",
    ("docs/tutorial/your-workspace.md", "sh"): ".ci/wheel",
    ("docs/tutorial/your-workspace.md", "yaml"): "tests/test_reference.py",
    ("sandbox/README.md", "python"): HERE + "test_examples.py",
}
DRAWINGS = {("docs/architecture.md", "text")}  # nothing in them is typed
YAML = HERE + "test_examples.py"  # executes every other one
INLINE = re.compile(r"`(?:\.venv/bin/)?tocsin ([a-z][^`]*)`")
BLOCKS = [each for path in HAND_WRITTEN for each in blocks(path)]


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_every_block_of_a_document_is_executed_by_a_test(block: Block) -> None:
    assert block.language, "say which language it is"
    key = (block.document, block.language)
    test = EXECUTED_BY.get(key) or (YAML if block.language == "yaml" or key in DRAWINGS else None)
    assert test is not None, "write a test that executes it, and name it in EXECUTED_BY"
    assert (ROOT / test).is_file(), test


def test_what_the_list_names_is_in_the_documents() -> None:
    assert set(EXECUTED_BY) | DRAWINGS <= {(each.document, each.language) for each in BLOCKS}


@pytest.mark.parametrize("test", sorted({each for each in EXECUTED_BY.values() if each.startswith(HERE)}))
def test_a_test_that_executes_blocks_names_their_document(test: str) -> None:
    source = (ROOT / test).read_text(encoding="utf-8")
    assert [document for (document, _), by in EXECUTED_BY.items() if by == test and document not in source] == []


@pytest.mark.parametrize("path", HAND_WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_that_a_line_names_exists_with_its_options(path: Path) -> None:
    wrong = {words: problem for words in INLINE.findall(prose(path)) if (problem := problem_of(words))}
    assert wrong == {}


def prose(path: Path) -> str:
    """The document without its blocks, in which a line break counts as a space."""
    text = re.sub(r"^ *```.*?^ *```$", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text)


def problem_of(words: str) -> str:
    """What is wrong with a command line as a document writes it: `tocsin list [open\\|all] [--json]`."""
    command: click.Command = main
    rest = words.replace("\\|", "|").split()
    while isinstance(command, click.Group) and rest and re.fullmatch(r"[a-z|-]+", rest[0]):
        group, context = command, click.Context(command)
        commands = {name: group.get_command(context, name) for name in rest[0].split("|")}
        unknown = [name for name, known in commands.items() if known is None]
        if unknown:
            return "" if group.invoke_without_command and group is not main else f"there is no {unknown[0]}"
        command = next(each for each in commands.values() if each is not None)
        rest = rest[1:]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    named = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", " ".join(rest)))
    return ", ".join(sorted(named - known - {"--help"}))


@pytest.mark.parametrize("words", ["nothing", "list --nothing", "token nothing", "alerts send --nothing FILE"])
def test_a_command_that_does_not_exist_is_found(words: str) -> None:
    assert problem_of(words)


@pytest.mark.parametrize("path", HAND_WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_verb_that_a_document_names_exists(path: Path) -> None:
    named = re.findall(r"/incident ([a-z]{3,})\b", path.read_text(encoding="utf-8"))
    verbs = {name for verb in VERBS for name in (verb.name, *verb.aliases)}
    assert set(named) - verbs - {"sev"} == set()


@pytest.mark.parametrize("path", HAND_WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_target_of_make_that_a_document_names_exists(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    text = path.read_text(encoding="utf-8")
    named = {
        *re.findall(r"`(?:[A-Z_]+=\S+ )?make ([a-z-]+)", text),
        *re.findall(r"^make ([a-z-]+)", text, re.MULTILINE),
    }
    assert named - targets == set()
