"""Reads the documents: their fenced blocks, and the commands in them."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCED = re.compile(r"^(?P<indent> *)(?:\d+\. )?```(?P<language>\w*)\n(?P<text>.*?)^ *```$", re.DOTALL | re.MULTILINE)
HAND_WRITTEN = sorted(
    path
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "sandbox").rglob("*.md"))
    if path.parent.name != "reference" and path.name != "CHANGELOG.md"
)


@dataclass(frozen=True)
class Block:
    """A fenced block: its document's path from the root, its line there, its language and its text."""

    document: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def blocks(document: str | Path, language: str | None = None) -> list[Block]:
    """The fenced blocks of a document, or those of one language."""
    path = ROOT / document
    text = path.read_text(encoding="utf-8")
    found = [
        Block(
            path.relative_to(ROOT).as_posix(),
            text.count("\n", 0, match.start()) + 1,
            match["language"],
            textwrap.dedent(match["text"]),
        )
        for match in _FENCED.finditer(text)
    ]
    return [block for block in found if language in (None, block.language)]


def block(document: str, beginning: str) -> Block:
    """The one block of a document that begins like this."""
    (found,) = [each for each in blocks(document) if each.text.startswith(beginning)]
    return found


def commands_in(text: str) -> list[str]:
    """The commands of a `console` or `sh` block, without prompts, comments and what is printed."""
    joined = text.replace("\\\n", " ")
    prompted = "\n$ " in f"\n{joined}"
    lines = [line for line in joined.splitlines() if line.startswith("$ ") or not prompted]
    bare = [re.sub(r"\s+#.*", "", line.removeprefix("$ ")).strip() for line in lines]
    return [line for line in bare if line and not line.startswith("#")]
