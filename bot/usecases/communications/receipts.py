"""Records that a message has reached a group of recipients, once all notices of the group are settled."""

from __future__ import annotations

from dataclasses import replace

from bot.domain import routing
from bot.domain.communications import tell
from bot.domain.communications.communication import GROUP_NAMES, Communication, Group
from bot.domain.incident import Change
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.payloads import CommunicationPayload
from bot.domain.timeline.entry import entry
from bot.usecases.unit_of_work import UnitOfWork
from storage import communications
from storage.outbox import settled
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice

KINDS = frozenset({NoticeKind.COMMS_SLACK, NoticeKind.COMMS_MAIL, NoticeKind.COMMS_WEBHOOK})


async def record_settled(work: UnitOfWork, row: ClaimedNotice) -> None:
    """Write the receipt of the row's group, and edit the message about it, if the row was the last of its group.

    Nothing is written if nobody in the group was reached, since each failure has an entry of its own.
    """
    communication = await communications.get(
        work.conn, work.incident.number, read_payload(row, CommunicationPayload).number
    )
    group = None if communication is None else _group_of(communication, row)
    if communication is None or group is None:
        return
    keys = routing.communication_keys(communication, group)
    states = await settled.states(work.conn, keys)
    if any(state not in settled.OVER for state in states.values()):
        return
    notices = [routing.receipt_edit(communication)]
    arrived = sum(state == "sent" for state in states.values())
    if not arrived:
        await work.commit(Change(work.incident), notices)
        return
    text = tell.receipt(communication, GROUP_NAMES[group], arrived, len(keys))
    addresses = [recipient.address for recipient in communication.recipients if recipient.group is group]
    record = entry(
        work.now, "sent", communication.author, text, number=communication.number, audience=communication.audience,
        group=str(group), recipients=addresses,
    )  # fmt: skip
    once = replace(record, dedup_key=f"sent:{communication.number}:{group}")
    await work.commit(Change(work.incident, (once,)), notices)


def _group_of(communication: Communication, row: ClaimedNotice) -> Group | None:
    for recipient in communication.recipients:
        if routing.communication_key(communication, recipient) == row.dedup_key:
            return recipient.group
    return None
