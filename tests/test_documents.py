"""The documents are true: commands, settings, paths, links and citations in them exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from bot import policy
from bot.check.slack import SCOPES
from bot.cli.reference.setting_meanings import MEANINGS
from bot.domain.values.target import Target
from bot.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "sandbox").rglob("*.md")])
SOURCES = sorted(
    path for folder in ("bot", "storage", "playbooks", "sandbox", "tests") for path in (ROOT / folder).rglob("*.py")
)


def test_the_reference_explains_every_setting_and_no_other() -> None:
    explained = [name for meanings in MEANINGS.values() for names in meanings for name in names]
    assert sorted(explained) == sorted(name.upper() for name in Settings.model_fields)


def test_the_policy_in_the_readme_is_a_policy(tmp_path: Path) -> None:
    block = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert block is not None
    path = tmp_path / "policy.yml"
    path.write_text(block[1])
    read = policy.read(path)
    assert read.policy.severity("sev1").ladder[1].notify == (Target.parse("contact:priya"),)


def test_the_scopes_of_the_manifest_are_those_that_check_asks_for() -> None:
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text())
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == set(SCOPES)


def anchors(document: str) -> set[str]:
    """The anchors that GitHub gives the headings of a document."""
    prose = re.sub(r"^```.*?^```", "", document, flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_resolve_with_their_anchors(path: Path) -> None:
    text = path.read_text()
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", text):
        document = path.parent / target if target else path
        assert document.exists(), f"{path.name} → {target}"
        if anchor:
            assert anchor in anchors(document.read_text()), f"{path.name} → {target}#{anchor}"
    for name in re.findall(r"`(docs/[\w./-]+)`", text):
        assert (ROOT / name).exists(), f"{path.name} → {name}"


def paths_in_tables(document: str) -> list[tuple[str, str]]:
    """Each path in backticks in a table, with the first path of its row."""
    paths = []
    for row in re.findall(r"^\| (.+) \|$", document, re.MULTILINE):
        cells = [cell for cell in re.findall(r"`([a-z]\w*(?:[/.][\w.-]*)+)`", row) if re.search(r"/|\.py$", cell)]
        paths += [(cells[0], cell) for cell in cells]
    return paths


@pytest.mark.parametrize("name", ["architecture.md", "glossary.md"])
def test_every_path_in_the_tables_of_architecture_and_glossary_exists(name: str) -> None:
    paths = paths_in_tables((ROOT / "docs" / name).read_text())
    assert len(paths) >= 30
    missing = [path for row, path in paths if not ((ROOT / path).exists() or (ROOT / row / path).exists())]
    assert missing == []


def test_every_module_on_the_paths_through_the_code_exists() -> None:
    section = ARCHITECTURE.split("## Paths through the code", 1)[1].split("\n## ", 1)[0]
    paths = re.findall(r"`(\w+/[\w/.]+)`", section)
    assert len(paths) >= 15
    assert [path for path in paths if not ((ROOT / path).exists() or (ROOT / "bot" / path).exists())] == []


def test_the_architecture_names_every_layer_in_its_order() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    section = ARCHITECTURE.split("## Who may import whom", 1)[1].split("\n## ", 1)[0]
    items = {item.partition(":")[0]: re.findall(r"`(\w+)`", item) for item in re.split(r"^\d\. ", section, flags=re.M)}
    names = {"In the bot": "the bot", "In the domain": "the domain", "In Slack's part": "Slack"}
    for title, name in names.items():
        (contract,) = [contract for contract in contracts if contract["name"] == f"The layers of {name}"]
        layers = [layer for row in contract["layers"] for layer in row.split(" | ") if layer != "__main__"]
        assert items[title] == layers


def unwrapped(source: str) -> str:
    """The source in one line, so that a citation is found where a docstring or comment breaks it."""
    return re.sub(r"\s*\n\s*(?:#:?\s*)?", " ", source)


def wrong_citations(source: str) -> list[str]:
    """The one form is `docs/architecture.md, decision N` (or `decisions N and M`)."""
    wrong = []
    for before, numbers in re.findall(r"(.{0,24})\b[Dd]ecisions? (\d+(?:(?:,| and) \d+)*)", source):
        if not before.endswith("docs/architecture.md, "):
            wrong.append(f"{before}decision {numbers}: name the document")
        for number in re.findall(r"\d+", numbers):
            if f"### Decision {number}: " not in ARCHITECTURE:
                wrong.append(f"there is no decision {number}")
    if re.search(r"\barchitecture, ", source):
        wrong.append("name the document, and a heading or a decision in it")
    for name in re.findall(r"(?<![\w/.])docs/[\w/-]+(?:\.\w+)+", source):
        if not (ROOT / name).exists():
            wrong.append(f"{name} does not exist")
    return wrong


def test_citations_in_the_code_name_a_document_and_a_decision_that_exist() -> None:
    wrong = {str(path.relative_to(ROOT)): wrong_citations(unwrapped(path.read_text())) for path in SOURCES}
    assert {path: citations for path, citations in wrong.items() if citations} == {}


@pytest.mark.parametrize(
    "text",
    [
        "see Decision " + "99",
        "(architecture" + ", figures)",
        "docs/architecture.md, decision " + "99",
        "docs/no" + "thing.md",
    ],
)
def test_wrong_citations_are_found(text: str) -> None:
    assert wrong_citations(text)
