"""Report of an import: whether each object is moved, changed or not moved, why, and what to do by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.domain.values.one_line import escape_controls, one_line

_SHOWN = 40  # rows of one part, in the terminal
NOTHING = "Nothing to do"  # how the advice for an object begins that needs nobody
_PAGING = frozenset(
    {
        "user", "team", "schedule", "rotation", "layer", "override", "escalation", "escalation_rule",
        "escalation_policy", "escalation_chain", "service", "routing_rule", "route",
    }
)  # fmt: skip
_SENDING = frozenset({"integration", "heartbeat"})
_LONGEST = 300  # characters of a name or a reason


class State(StrEnum):
    """The result of an object's import."""

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
        """The row as JSON."""
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
        """The number of objects in each state."""
        return Counter(row.state for row in self.rows)


def in_terminal(report: Report, source: str) -> list[str]:
    """The lines of the report. Changes of who is paged come first; objects that need no work are only counted."""
    lines = [_summary(report, source)]
    unmoved = [row for row in report.rows if row.state is not State.MOVED and not _has_to_do(row)]
    for title, rows in (
        ("Somebody else is paged here, or nobody, until you do this", [row for row in _open(report) if _pages(row)]),
        ("At the systems that send alerts", [row for row in _open(report) if row.kind in _SENDING]),
        ("What else to do by hand", [row for row in _open(report) if not _pages(row) and row.kind not in _SENDING]),
    ):
        if rows:
            lines += ["", f"{title} ({len(rows)}):"]
            lines += [line for row in rows[:_SHOWN] for line in _lines(row)]
            if len(rows) > _SHOWN:
                lines.append(f"  … and {len(rows) - _SHOWN} more; --markdown and --json list all.")
    if unmoved:
        kinds = Counter(_kind_name(row.kind) for row in unmoved)
        counts = ", ".join(f"{count} × {kind}" for kind, count in kinds.items())
        lines += ["", f"Not moved or changed, and nothing to do ({len(unmoved)}): {counts}. --markdown says why."]
    return [*lines, "", "By kind:", *_by_kind(report)]


def _open(report: Report) -> list[Row]:
    """The objects that need work by hand, those that are not moved first."""
    return sorted((row for row in report.rows if _has_to_do(row)), key=lambda row: _ORDER.index(row.state))


def _has_to_do(row: Row) -> bool:
    return bool(row.do) and not row.do.startswith(NOTHING)


def _pages(row: Row) -> bool:
    return row.kind in _PAGING and row.state is not State.MOVED


def _by_kind(report: Report) -> list[str]:
    kinds = Counter((row.kind, row.state) for row in report.rows)
    lines = []
    for kind in dict.fromkeys(row.kind for row in report.rows):
        parts = [f"{kinds[kind, state]} {_WORDS[state]}" for state in reversed(_ORDER) if kinds[kind, state]]
        lines.append(f"  {_kind_name(kind):<20} {', '.join(parts)}")
    return lines


def in_markdown(report: Report, source: str) -> list[str]:
    """The report as a Markdown document, open work first. Names are escaped, so that they cannot break its tables."""
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
            f"| {_kind_name(row.kind)} | {_cell(row.name)} | {_cell(row.id)} | {_cell(row.why)} | {_cell(row.do)} |"
            for row in rows
        ]
        lines.append("")
    return lines


def _summary(report: Report, source: str) -> str:
    counts = report.counts()
    parts = ", ".join(f"{counts[state]} {_WORDS[state].lower()}" for state in reversed(_ORDER))
    return f"{source}: {len(report.rows)} object{'' if len(report.rows) == 1 else 's'}, {parts}."


def _lines(row: Row) -> list[str]:
    name = f" {_short(row.name)}" if row.name else ""
    lines = [f"  {_kind_name(row.kind)}{name} ({_short(row.id)})" + (f": {_short(row.why)}" if row.why else "")]
    if row.do:
        lines.append(f"      → {_short(row.do)}")
    return lines


def _kind_name(kind: str) -> str:
    return kind.replace("_", " ")


def _short(text: str) -> str:
    text = escape_controls(one_line(text))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _cell(text: str) -> str:
    text = _short(text)
    for special in ("\\", "|", "`", "<", "[", "*"):
        text = text.replace(special, f"\\{special}")
    return text
