"""Who is asked to take a role over, and who is asked to hand it on when a turn is over."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.incident import Handover, Incident, RoleShift, handover
from bot.domain.oncall import shift_change
from bot.domain.routing import keys
from bot.domain.routing.channel import in_channel, invitation
from bot.domain.routing.notice import Notice, NoticeKind, OnDependencyFailure, Priority
from bot.domain.routing.payloads import RoleSettledPayload, ShiftOfferPayload
from bot.domain.timeline.entry import RecordedEntry


def handover_asked(incident: Incident, asked: Handover) -> list[Notice]:
    """The brief with its buttons, to whoever is asked; they are invited, and of a private incident told once inside."""
    n = incident.number
    invited = invitation(n, asked.to)
    dedup_key = _handover(incident, asked)
    needs = invited.dedup_key if incident.private else None
    payload = {**handover.to_payload(asked), "person": asked.to}
    brief = Notice(
        dedup_key,
        NoticeKind.HANDOVER,
        n,
        payload,
        depends_on=needs,
        on_dependency_failure=OnDependencyFailure.SEND,
        priority=Priority.NUDGE,
    )
    return [invited, brief]


def handover_nudge(incident: Incident, asked: Handover, deadline: str) -> Notice:
    payload = handover.to_payload(asked)
    dedup_key = f"{_handover(incident, asked)}:again"
    return in_channel(dedup_key, NoticeKind.HANDOVER_NUDGE, incident.number, payload, Priority.NUDGE, deadline)


def _handover(incident: Incident, asked: Handover) -> str:
    return f"handover:{incident.number}:{asked.episode}:{asked.number}"


def handovers_settled(before: Incident, after: Incident, recorded: Sequence[RecordedEntry]) -> list[Notice]:
    data = [record.entry.data for record in recorded if record.entry.kind == "handover"]
    unanswered = {(said["role"], said["to"]) for said in data if said.get("state") == "unanswered"}
    left = {asked.number for asked in handover.open_offers(after)}
    return [
        Notice(
            f"settle:{_handover(before, asked)}",
            NoticeKind.HANDOVER_EDIT,
            after.number,
            RoleSettledPayload(
                _handover(before, asked),
                "it was not answered in time"
                if (asked.role, asked.to) in unanswered
                else handover.outcome(asked.number, before, after),
                asked.role,
            ).to_json(),
            depends_on=_handover(before, asked),
            priority=Priority.EDIT,
        )
        for asked in handover.open_offers(before)
        if asked.number not in left
    ]


def shift_offer(incident: Incident, turn: RoleShift, to: str, called: str, deadline: str) -> Notice:
    """To whoever's turn is over: hand the role over to `to`, or stay on."""
    payload = ShiftOfferPayload(turn.user, turn.role, turn.schedule, to, called).to_json()
    dedup_key = _shift_offer(incident, turn)
    return Notice(
        dedup_key, NoticeKind.SHIFT_OFFER, incident.number, payload, priority=Priority.NUDGE, deadline=deadline
    )


def _shift_key(incident: Incident, turn: RoleShift) -> str:
    return keys.build(incident.number, keys.shift_subject(incident, turn))


def _shift_offer(incident: Incident, turn: RoleShift) -> str:
    return f"offer:{_shift_key(incident, turn)}"


def shift_offers_settled(before: Incident, after: Incident) -> list[Notice]:
    left = {_shift_key(after, turn) for turn in shift_change.open_offers(after)}
    return [
        Notice(
            f"settle:{_shift_offer(before, turn)}",
            NoticeKind.SHIFT_OFFER_EDIT,
            after.number,
            RoleSettledPayload(_shift_offer(before, turn), shift_change.outcome(turn, after), turn.role).to_json(),
            depends_on=_shift_offer(before, turn),
            priority=Priority.EDIT,
        )
        for turn in shift_change.open_offers(before)
        if _shift_key(before, turn) not in left
    ]
