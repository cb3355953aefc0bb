"""Builds the notices of a communication: one for each recipient, and the receipt in the incident's channel."""

from __future__ import annotations

from bot.domain.communications.communication import Communication, Group, Recipient
from bot.domain.routing.channel import in_channel
from bot.domain.routing.notice import Notice, NoticeKind, Priority
from bot.domain.routing.payloads import CommunicationPayload, CommunicationTestPayload, PublicationPayload


def communication_key(communication: Communication, recipient: Recipient) -> str:
    """Dedup key of the message to one recipient."""
    return f"comms:{communication.incident}:{communication.number}:{recipient.group}:{recipient.address.lower()}"


def communication_keys(communication: Communication, group: Group) -> list[str]:
    """The dedup keys of the messages to one group of recipients."""
    return [
        communication_key(communication, recipient)
        for recipient in communication.recipients
        if recipient.group is group
    ]


def communication_notices(communication: Communication) -> list[Notice]:
    """A message to each recipient, and the receipt in the incident's channel."""
    return [*[_to(communication, recipient) for recipient in communication.recipients], receipt_posted(communication)]


def _to(communication: Communication, recipient: Recipient) -> Notice:
    direct = recipient.group is Group.DIRECT
    payload = CommunicationPayload(
        communication.number,
        "" if direct else recipient.address,
        recipient.address if direct else None,
        recipient.name,
    )
    key, number, values = communication_key(communication, recipient), communication.incident, payload.to_json()
    match recipient.group:
        case Group.EMAIL:
            return Notice(key, NoticeKind.COMMS_MAIL, number, values)
        case Group.WEBHOOK:
            return Notice(key, NoticeKind.COMMS_WEBHOOK, number, values)
        case _:
            return Notice(key, NoticeKind.COMMS_SLACK, number, values)


def receipt_key(incident: int, number: int) -> str:
    """Dedup key of the receipt in the incident's channel."""
    return f"comms_receipt:{incident}:{number}"


def receipt_posted(communication: Communication) -> Notice:
    """The receipt: who was told what, by whom."""
    payload = CommunicationPayload(communication.number).to_json()
    key = receipt_key(communication.incident, communication.number)
    return in_channel(key, NoticeKind.COMMS_RECEIPT, communication.incident, payload)


def receipt_edit(communication: Communication) -> Notice:
    """Edit the receipt; several edits collapse into the newest."""
    key = receipt_key(communication.incident, communication.number)
    return Notice(
        f"comms_receipt_edit:{communication.incident}:{communication.number}",
        NoticeKind.COMMS_RECEIPT_EDIT,
        communication.incident,
        CommunicationPayload(communication.number).to_json(),
        depends_on=key,
        priority=Priority.EDIT,
        resend=True,
    )


def publication_receipt(incident: int, payload: PublicationPayload) -> Notice:
    """A publication on the status page, and its author."""
    key = f"status_receipt:{incident}:{payload.publication}:{payload.update}"
    return in_channel(key, NoticeKind.STATUS_RECEIPT, incident, payload.to_json())


def communication_test(incident: int, delivery: str, payload: CommunicationTestPayload) -> Notice:
    """A message to an audience, sent to its author alone."""
    key = f"comms_test:{incident}:{delivery}"
    return Notice(key, NoticeKind.COMMS_TEST, incident, payload.to_json(), priority=Priority.ANSWER)
