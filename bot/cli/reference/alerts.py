"""The page of the example alerts about Tocsin itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bot.cli.reference.markdown import block, code, document

INTRODUCTION = (
    "Alerts about Tocsin itself, for Prometheus: [alerts.rules.yml](../alerts.rules.yml). Each has a unit test in "
    "[alerts.tests.yml](../alerts.tests.yml)."
)


def page(root: Path) -> str:
    """The page as Markdown."""
    document_of_rules = yaml.safe_load((root / "docs" / "alerts.rules.yml").read_text(encoding="utf-8"))
    rules = [rule for group in document_of_rules["groups"] for rule in group["rules"] if "alert" in rule]
    return document("Alerts about Tocsin", INTRODUCTION, [_section(rule) for rule in rules])


def _section(rule: dict[str, Any]) -> str:
    texts = rule["annotations"]
    hold = f", for {rule['for']}" if "for" in rule else ""
    return "\n\n".join(
        [
            f"## {rule['alert']}",
            f"Severity {code(rule['labels']['severity'])}{hold}. {' '.join(texts['description'].split())}",
            block("promql", str(rule["expr"])),
        ]
    )
