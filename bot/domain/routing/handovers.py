"""Builds the notices about handing a role over: the offer, its reminder, its outcome, and the offer after a shift."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.incident import Handover, Incident, RoleShift, handover
from bot.domain.oncall import shift_change
from bot.domain.routing import keys
from bot.domain.routing.channel import in_channel, invitation
from bot.domain.routing.notice import Notice, NoticeKind, OnDependencyFailure, Priority
from bot.domain.routing.payloads import RoleSettledPayload, ShiftOfferPayload
from bot.domain.timeline.entry import RecordedEntry


def handover_offered(incident: Incident, offer: Handover) -> list[Notice]:
    """Invite the person to the channel and send them the request with its buttons.

    In a private incident the request waits until the invitation has gone out.
    """
    n = incident.number
    invited = invitation(n, offer.to)
    dedup_key = _handover_key(incident, offer)
    needs = invited.dedup_key if incident.private else None
    payload = {**handover.to_payload(offer), "person": offer.to}
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


def handover_nudge(incident: Incident, offer: Handover, deadline: str) -> Notice:
    """The reminder of an unanswered offer, in the channel."""
    payload = handover.to_payload(offer)
    dedup_key = f"{_handover_key(incident, offer)}:again"
    return in_channel(dedup_key, NoticeKind.HANDOVER_NUDGE, incident.number, payload, Priority.NUDGE, deadline)


def _handover_key(incident: Incident, offer: Handover) -> str:
    return f"handover:{incident.number}:{offer.episode}:{offer.number}"


def handovers_settled(before: Incident, after: Incident, recorded: Sequence[RecordedEntry]) -> list[Notice]:
    """Edits of the offers that a change has answered or ended."""
    data = [record.entry.data for record in recorded if record.entry.kind == "handover"]
    unanswered = {(handed["role"], handed["to"]) for handed in data if handed.get("state") == "unanswered"}
    open_numbers = {offer.number for offer in handover.open_offers(after)}
    return [
        Notice(
            f"settle:{_handover_key(before, offer)}",
            NoticeKind.HANDOVER_EDIT,
            after.number,
            RoleSettledPayload(
                _handover_key(before, offer),
                "it was not answered in time"
                if (offer.role, offer.to) in unanswered
                else handover.outcome(offer.number, before, after),
                offer.role,
            ).to_json(),
            depends_on=_handover_key(before, offer),
            priority=Priority.BUTTONS,
        )
        for offer in handover.open_offers(before)
        if offer.number not in open_numbers
    ]


def shift_offer(incident: Incident, shift: RoleShift, to: str, called: str, deadline: str) -> Notice:
    """Offer the person whose shift is over to hand the role to `to`, or to stay on. `called` is the name of `to`."""
    payload = ShiftOfferPayload(shift.user, shift.role, shift.schedule, to, called).to_json()
    dedup_key = _shift_offer_key(incident, shift)
    return Notice(
        dedup_key, NoticeKind.SHIFT_OFFER, incident.number, payload, priority=Priority.NUDGE, deadline=deadline
    )


def _shift_key(incident: Incident, shift: RoleShift) -> str:
    return keys.build(incident.number, keys.shift_subject(incident, shift))


def _shift_offer_key(incident: Incident, shift: RoleShift) -> str:
    return f"offer:{_shift_key(incident, shift)}"


def shift_offers_settled(before: Incident, after: Incident) -> list[Notice]:
    """Edits of the shift offers that a change has answered or ended."""
    open_keys = {_shift_key(after, shift) for shift in shift_change.open_offers(after)}
    return [
        Notice(
            f"settle:{_shift_offer_key(before, shift)}",
            NoticeKind.SHIFT_OFFER_EDIT,
            after.number,
            RoleSettledPayload(
                _shift_offer_key(before, shift), shift_change.outcome(shift, after), shift.role
            ).to_json(),
            depends_on=_shift_offer_key(before, shift),
            priority=Priority.BUTTONS,
        )
        for shift in shift_change.open_offers(before)
        if _shift_key(before, shift) not in open_keys
    ]
