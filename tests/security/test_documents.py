"""docs/security.md promises nothing that no test shows."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(test_\w+\.py)::(test_\w+)`")


def test_every_test_that_the_threat_model_names_exists() -> None:
    named = NAMED.findall((ROOT / "docs/security.md").read_text())
    assert len(named) > 40
    sources = {path.name: path.read_text() for path in (ROOT / "tests").rglob("test_*.py")}
    for folder in ("security", "scenarios", "integrations"):
        sources |= {path.name: path.read_text() for path in (ROOT / "tests" / folder).glob("test_*.py")}
    missing = [f"{file}::{name}" for file, name in named if f"def {name}(" not in sources.get(file, "")]
    assert missing == []


def test_every_test_of_security_is_named_by_the_threat_model() -> None:
    said = (ROOT / "docs/security.md").read_text()
    for path in (ROOT / "tests/security").glob("test_*.py"):
        assert path.name in said, f"{path.name}: say in docs/security.md what it shows"


def test_every_pin_has_its_hash() -> None:
    pins = {line.lower().replace("_", "-") for line in (ROOT / "constraints.txt").read_text().split()}
    locked = (ROOT / "constraints.sha256").read_text().splitlines()[1:]
    hashed = {line.split(" --hash=sha256:")[0].lower().replace("_", "-") for line in locked}
    assert pins == hashed, "run `make lock`"
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}$", line) for line in locked)
