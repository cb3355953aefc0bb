"""Tells which reports about a person's joins and leaves are of the same move.

Slack reports each move twice, as a member event and as a message, in any order and with two timestamps. A delivery that
is repeated, and the history, have the timestamp of the first: so two reports of the same source are two moves.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.timeline.entry import Entry

TWIN_WINDOW = timedelta(seconds=5)  # the two reports of one move are closer together than this
NEARBY = 6 * TWIN_WINDOW  # reports further away change nothing about which two belong together


@dataclass(frozen=True, slots=True)
class MembershipReport:
    """Slack's report of a join or leave: the entry for it, and whether it came as a message."""

    entry: Entry
    by_message: bool


def unrecorded_moves(
    report: MembershipReport, known_reports: Sequence[MembershipReport], recorded: Collection[str]
) -> list[Entry]:
    """The entries that are missing now that `report` has come in; `recorded` are the dedup keys of those there are.

    `known_reports` are the person's other reports of about that time. A later report may show that an earlier one
    belongs to another move, so an entry can be that of another report. There are never more entries than moves.
    """
    alike = [report, *(known_report for known_report in known_reports if known_report.entry.kind == report.entry.kind)]
    moves = [move for move in _moves(alike) if _is_near(move, report.entry.at)]
    entries = [{twin.entry.dedup_key for twin in move} & set(recorded) for move in moves]
    unknown = [move for move, keys in zip(moves, entries, strict=True) if not keys]
    missing = [report.entry if report in move else move[0].entry for move in unknown]
    doubled = sum(len(keys) == 2 for keys in entries)  # both reports are entries, since they seemed to be two moves
    return missing[doubled:]


def recorded_without_report(entry: Entry, recorded: Sequence[Entry], reported: Collection[str]) -> bool:
    """Whether an entry of which no report is kept stands for this join or leave.

    Such entries were written by an earlier version, or by a comparison with who is in the channel. `recorded` are all
    joins and leaves of the person, `reported` the dedup keys of the reports. Two with the opposite between are two.
    """
    for earlier in recorded:
        first, last = sorted((earlier.at, entry.at))
        if earlier.dedup_key in reported or earlier.kind != entry.kind or last - first > TWIN_WINDOW:
            continue
        if not any(between.kind != entry.kind and first < between.at < last for between in recorded):
            return True
    return False


def _is_near(move: Sequence[MembershipReport], at: datetime) -> bool:
    """Whether all that may be of the same move is among the reports that are compared."""
    return all(abs(report.entry.at - at) <= NEARBY - TWIN_WINDOW for report in move)


def _moves(reports: Sequence[MembershipReport]) -> list[list[MembershipReport]]:
    """The moves of one kind: each one report, or one of either source.

    Aligns the two sources in the order of time, with as many pairs as possible and these as close together as possible.
    """
    ordered = sorted(reports, key=lambda report: report.entry.at)
    events = [report for report in ordered if not report.by_message]
    messages = [report for report in ordered if report.by_message]
    best = _alignments(events, messages)
    moves: list[list[MembershipReport]] = []
    i, j = len(events), len(messages)
    while i or j:
        match best[i][j].last:
            case "pair":
                i, j = i - 1, j - 1
                moves.append(sorted((events[i], messages[j]), key=lambda report: report.entry.at))
            case "event":
                i -= 1
                moves.append([events[i]])
            case _:
                j -= 1
                moves.append([messages[j]])
    return moves[::-1]


@dataclass(frozen=True, slots=True, order=True)
class _Alignment:
    """The best alignment of the first events and messages."""

    single: int  # reports without a twin
    apart: timedelta  # of all pairs together
    last: str  # "pair", "event" or "message": how it ends


def _alignments(events: Sequence[MembershipReport], messages: Sequence[MembershipReport]) -> list[list[_Alignment]]:
    best = [[_Alignment(j, timedelta(0), "message") for j in range(len(messages) + 1)]]
    for i, event in enumerate(events, 1):
        row = [_Alignment(i, timedelta(0), "event")]
        for j, message in enumerate(messages, 1):
            without_event, without_message, without_both = best[i - 1][j], row[j - 1], best[i - 1][j - 1]
            choices = [
                _Alignment(without_event.single + 1, without_event.apart, "event"),
                _Alignment(without_message.single + 1, without_message.apart, "message"),
            ]
            apart = abs(event.entry.at - message.entry.at)
            if apart <= TWIN_WINDOW:
                choices.append(_Alignment(without_both.single, without_both.apart + apart, "pair"))
            row.append(min(choices))
        best.append(row)
    return best
