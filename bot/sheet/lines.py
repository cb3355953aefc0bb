"""The emergency sheet as headings, tables and lines, from which HTML, PDF and text are rendered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Part:
    """A heading with a table below it, or with lines."""

    heading: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    lines: tuple[str, ...] = ()
    parts: tuple[Part, ...] = field(default=())


TITLE = "Emergency sheet"


def validity(sheet: dict[str, Any]) -> str:
    """When the sheet was made, and for how long it holds."""
    return f"Made {_instant_text(sheet['made_at'], 'UTC')} UTC. Who is on call for {sheet['days']} days from then."


def parts(sheet: dict[str, Any]) -> list[Part]:
    """Everything on the sheet, in the order in which it is needed."""
    return [
        Part("Who is on call", parts=tuple(_schedule(schedule) for schedule in sheet["on_call"])),
        Part(
            "Telephone numbers",
            ("Name", "Telephone", "E-mail"),
            tuple((contact["name"], contact["phone"] or "–", contact["email"] or "–") for contact in sheet["contacts"]),
        ),
        *(
            [Part("Without a telephone number", lines=tuple(sheet["without_number"]))]
            if sheet["without_number"]
            else []
        ),
        Part("Whom to call when nobody answers", parts=tuple(_ladder(ladder) for ladder in sheet["ladders"])),
        Part(
            "Vendors",
            ("Name", "Telephone", "Support"),
            tuple((vendor["name"], vendor["phone"] or "–", vendor["url"] or "–") for vendor in sheet["vendors"]),
        ),
        Part("Bridge and links", lines=tuple(_links(sheet))),
        Part("Playbooks", parts=tuple(_playbook(playbook) for playbook in sheet["playbooks"])),
    ]


def as_text(sheet: dict[str, Any]) -> str:
    """The sheet for a terminal."""
    return "\n".join([TITLE, validity(sheet), *_text(parts(sheet), 0)])


def _text(sheet_parts: Sequence[Part], depth: int) -> list[str]:
    lines: list[str] = []
    for part in sheet_parts:
        lines += ["", f"{'  ' * depth}{part.heading}"]
        lines += [f"{'  ' * depth}  {'   '.join(row)}" for row in part.rows]
        lines += [f"{'  ' * depth}  {line}" for line in part.lines]
        lines += _text(part.parts, depth + 1)
        if not (part.rows or part.lines or part.parts):
            lines.append(f"{'  ' * depth}  nothing")
    return lines


def _schedule(schedule: dict[str, Any]) -> Part:
    zone = schedule["timezone"]
    shifts = [
        (
            _instant_text(shift["starts_at"], zone),
            _instant_text(shift["ends_at"], zone),
            shift["name"],
            shift["phone"] or "–",
        )
        for shift in schedule["shifts"]
    ]
    gaps = tuple(
        f"Nobody from {_instant_text(gap['starts_at'], zone)} to {_instant_text(gap['ends_at'], zone)}"
        for gap in schedule["gaps"]
    )
    return Part(f"{schedule['schedule']} ({zone})", ("From", "To", "Who", "Telephone"), tuple(shifts), gaps)


def _ladder(ladder: dict[str, Any]) -> Part:
    rows = tuple((f"after {r['after']}", ", ".join(r["whom"]), ", ".join(r["by"])) for r in ladder["rungs"])
    return Part(f"{ladder['severity']} · {ladder['name']}", ("When", "Whom", "By"), rows)


def _links(sheet: dict[str, Any]) -> list[str]:
    links = {"Bridge": sheet["bridge"], **sheet["status_page"], **sheet["links"]}
    return [f"{name}: {url}{_placeholder(url)}" for name, url in links.items() if url]


def _placeholder(url: str) -> str:
    return " ({id} is that of the incident, such as INC-42)" if "{id}" in url else ""


def _playbook(playbook: dict[str, Any]) -> Part:
    lines = [f"Symptoms: {'; '.join(playbook['symptoms'])}"] if playbook["symptoms"] else []
    for number, step in enumerate(playbook["steps"], 1):
        lines.append(f"{number}. {step['title']}")
        lines += [f"    $ {command}" for command in step["commands"]]
    return Part(playbook["name"], lines=tuple(lines))


def _instant_text(instant: str, zone: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(ZoneInfo(zone)):%a %d %b %Y %H:%M}"
