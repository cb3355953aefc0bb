"""Says what becomes of each object of the source: moved, changed or not moved, why, and what to do by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.domain.values.one_line import escape_controls, one_line

_SHOWN = 40  # rows of one kind that need nobody, in the terminal
_LONGEST = 300  # characters of a name or a reason


class State(StrEnum):
    """What becomes of an object."""

    MOVED = "moved"  # it means the same here
    CHANGED = "changed"  # it is here, and something about it is different
    NOT_MOVED = "not_moved"  # it is not here


_WORDS = {State.MOVED: "moved", State.CHANGED: "changed", State.NOT_MOVED: "NOT MOVED"}
_ORDER = (State.NOT_MOVED, State.CHANGED, State.MOVED)


@dataclass(frozen=True, slots=True)
class Row:
    """One object of the source."""

    kind: str  # `user`, `schedule`, `rotation` …
    id: str
    name: str
    state: State
    why: str = ""
    do: str = ""

    def as_json(self) -> dict[str, Any]:
        """The row as other programs read it."""
        return {
            "kind": self.kind, "id": self.id, "name": self.name, "state": str(self.state), "why": self.why,
            "do": self.do,
        }  # fmt: skip


@dataclass(slots=True)
class Report:
    """The rows of an import, each object of the source once."""

    rows: list[Row] = field(default_factory=list)
    _seen: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Add the row of an object. Raises `ValueError` if the object has one already."""
        if (row.kind, row.id) in self._seen:
            raise ValueError(f"{row.kind} {row.id} is in the report twice")
        self._seen[row.kind, row.id] = len(self.rows)
        self.rows.append(row)

    def extend(self, rows: Iterable[Row]) -> None:
        """Add several rows."""
        for row in rows:
            self.add(row)

    def counts(self) -> Counter[State]:
        """How many objects there are in each state."""
        return Counter(row.state for row in self.rows)


def in_terminal(report: Report, source: str) -> list[str]:
    """The lines of the report: totals by kind, then every object that somebody has to look at."""
    lines = [_summary(report, source)]
    kinds = Counter((row.kind, row.state) for row in report.rows)
    for kind in dict.fromkeys(row.kind for row in report.rows):
        parts = [f"{kinds[kind, state]} {_WORDS[state]}" for state in reversed(_ORDER) if kinds[kind, state]]
        lines.append(f"  {_words(kind):<20} {', '.join(parts)}")
    for state in (State.NOT_MOVED, State.CHANGED):
        rows = [row for row in report.rows if row.state is state]
        if rows:
            lines += ["", f"{_WORDS[state].capitalize()}:"]
            lines += [line for row in rows for line in _lines(row)]
    notes = [row for row in report.rows if row.state is State.MOVED and row.do]
    if notes:
        lines += ["", "Moved, and something is left to do:"]
        lines += [line for row in notes[:_SHOWN] for line in _lines(row)]
        if len(notes) > _SHOWN:
            lines.append(f"  … and {len(notes) - _SHOWN} more; --markdown and --json list all.")
    return lines


def in_markdown(report: Report, source: str) -> list[str]:
    """The report as a Markdown document, what needs attention first. Names cannot break its tables."""
    lines = [f"# Moving in from {source}", "", _summary(report, source), ""]
    for state in _ORDER:
        rows = [row for row in report.rows if row.state is state]
        if not rows:
            continue
        lines += [
            f"## {_WORDS[state].capitalize()}",
            "",
            "| kind | name | id | why | what to do |",
            "|---|---|---|---|---|",
        ]
        lines += [
            f"| {_words(row.kind)} | {_cell(row.name)} | {_cell(row.id)} | {_cell(row.why)} | {_cell(row.do)} |"
            for row in rows
        ]
        lines.append("")
    return lines


def _summary(report: Report, source: str) -> str:
    counts = report.counts()
    parts = ", ".join(f"{counts[state]} {_WORDS[state].lower()}" for state in reversed(_ORDER))
    return f"{source}: {len(report.rows)} objects, {parts}."


def _lines(row: Row) -> list[str]:
    name = f" {_short(row.name)}" if row.name else ""
    lines = [f"  {_words(row.kind)}{name} ({_short(row.id)})" + (f": {_short(row.why)}" if row.why else "")]
    if row.do:
        lines.append(f"      → {_short(row.do)}")
    return lines


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _short(text: str) -> str:
    text = escape_controls(one_line(text))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _cell(text: str) -> str:
    text = _short(text)
    for special in ("\\", "|", "`", "<", "[", "*"):
        text = text.replace(special, f"\\{special}")
    return text
