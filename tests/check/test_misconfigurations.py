"""Every misconfiguration in docs/run/troubleshooting.md is found, and described in the words of the document."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.check.misconfigurations import CASES
from tests.check.scene import Scene

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "run" / "troubleshooting.md"
ROW = re.compile(r"^\| (?P<what>[^|]+) \| (?P<mark>[✗⚠]) (?P<says>[^|]+) \|$", re.MULTILINE)


def rows() -> dict[str, tuple[str, str]]:
    """By the misconfiguration: the mark and the sentence that the document gives."""
    section = DOCUMENT.read_text().partition("## What `tocsin check` finds")[2].partition("\n## ")[0]
    return {row["what"]: (row["mark"], row["says"]) for row in ROW.finditer(section)}


def test_the_document_and_the_cases_are_the_same() -> None:
    assert set(rows()) == set(CASES)
    assert len(rows()) >= 46


@pytest.mark.parametrize("what", CASES)
async def test_a_misconfiguration_is_found_and_described(well: Scene, what: str) -> None:
    mark, says = rows()[what]
    pattern = re.compile(f"{mark} (?:[a-z]+: )?" + ".+".join(re.escape(part) for part in says.split("…")))
    lines = await CASES[what](well)
    assert any(pattern.search(line) for line in lines), "\n".join(lines)
    assert "pa@ss" not in str(lines)
    assert "ss@db" not in str(lines)
