"""The reference matches the code, and the site links every document."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from bot import policy
from bot.cli import reference
from bot.cli.commands import BY_NAME
from bot.domain.actions.ticket import TrackerKind
from bot.domain.review.export import WikiKind
from bot.integrations.alerts.registry import SOURCES
from bot.metrics import Metrics
from bot.operations.table import OPERATIONS
from bot.settings import Settings
from bot.slack.commands.verbs import VERBS

DOCS = reference.ROOT / "docs"
SITE = (reference.ROOT / "mkdocs.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_page_of_the_reference_is_up_to_date(name: str) -> None:
    made = reference.PAGES[name](reference.ROOT)
    stored = (reference.FOLDER / name).read_text(encoding="utf-8")
    assert stored == made, "run `make reference`, and commit what changed"


def test_the_reference_names_everything_there_is() -> None:
    text = {name: (reference.FOLDER / name).read_text(encoding="utf-8") for name in reference.PAGES}
    assert all(f"\n## {verb.name}\n" in text["verbs.md"] for verb in VERBS)
    assert all(f"\n## tocsin {name}\n" in text["commands.md"] for name in BY_NAME)
    assert all(f"`{name.upper()}`" in text["settings.md"] for name in Settings.model_fields)
    assert all(f"\n### {operation.name}\n" in text["api.md"] for operation in OPERATIONS)
    exposed = set(re.findall(r"^# TYPE (tocsin_\w+) ", Metrics().text().decode(), re.MULTILINE))
    shown = set(re.findall(r"^\| `(\w+)`", text["metrics.md"], re.MULTILINE))
    assert {name for name in exposed if not name.endswith("_created")} <= shown


def test_every_setting_of_the_reference_says_what_it_means() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` .*\| ([^|]+) \|$", (reference.FOLDER / "settings.md").read_text(), re.MULTILINE)
    assert {name for name, meaning in rows if meaning == "–"} == set()


def test_the_site_leads_to_every_document_once() -> None:
    """What `mkdocs.yml` does not list must be where the site's hook adds it: a guide, or a decision."""
    named = re.findall(r"^ +- .*: ([\w/-]+\.md)$", SITE, re.MULTILINE)
    assert len(named) == len(set(named))
    documents = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    assert set(named) <= documents
    assert {str(Path(name).parent) for name in documents - set(named)} <= {".", "decisions"}


def test_each_integration_is_found_by_its_name_in_the_navigation() -> None:
    names = {*SOURCES, *(kind.value for kind in TrackerKind), *(kind.value for kind in WikiKind)} - {
        "events",
        "webhook",
    }
    assert {f"integrations/{name}.md" for name in names} <= set(re.findall(r": (integrations/[\w-]+\.md)$", SITE, re.M))
    overview = (DOCS / "integrations" / "index.md").read_text(encoding="utf-8")
    assert all(f"({name}.md)" in overview for name in names)


def test_the_site_fetches_nothing_from_elsewhere() -> None:
    settings = yaml.safe_load(SITE)
    assert settings["strict"] is True
    assert settings["theme"]["font"] is False
    assert settings["extra"]["polyfills"] == ["assets/iframe-worker.js"]


def test_the_policy_of_the_tutorial_is_a_policy(tmp_path: Path) -> None:
    block = re.search(r"```yaml\n(.*?)```", (DOCS / "tutorial" / "your-workspace.md").read_text(), re.DOTALL)
    assert block is not None
    path = tmp_path / "policy.yml"
    path.write_text(block[1], encoding="utf-8")
    assert list(policy.read(path).policy.schedules) == ["primary"]
