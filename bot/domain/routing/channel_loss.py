"""Builds the notices about a channel that cannot be used, can be used again, or was opened late."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.domain.incident import ChannelLoss, Incident
from bot.domain.incident.channel import stand_in
from bot.domain.routing.channel import backfill, card_edit, channel_key
from bot.domain.routing.notice import Notice, NoticeKind, Priority
from bot.domain.routing.payloads import ChannelLookPayload, ChannelLostPayload, MovedPayload, SettledPayload
from bot.domain.timeline.entry import BOT, RecordedEntry
from bot.domain.values.slack_ids import is_user_id

# Messages with buttons or with the state of the incident: they must not stay behind in a direct message.
_LEFT_BEHIND = frozenset(
    {
        NoticeKind.CARD, NoticeKind.TRIAGE, NoticeKind.NUDGE, NoticeKind.PAGE_CHANNEL, NoticeKind.RUN,
        NoticeKind.APPROVAL, NoticeKind.JOB_QUESTION,
    }
)  # fmt: skip


def back_key(number: int) -> str:
    """The dedup key that notices depend on if only a usable channel can take them. No notice has this key."""
    return f"channel_back:{number}"


def channel_look(number: int, by: str = "", loss: str = "") -> Notice:
    """Ask Slack whether the channel can be used, and join it if possible. `by` and `loss` are from an event."""
    return Notice(
        f"channel_look:{number}",
        NoticeKind.CHANNEL_LOOK,
        number,
        ChannelLookPayload(by, loss).to_json(),
        depends_on=channel_key(number),
        priority=Priority.CHANNEL,
        resend=True,
    )


def channel_changes(before: Incident, after: Incident, recorded: Sequence[RecordedEntry]) -> list[Notice]:
    """Tell commander and reporter once of a lost channel; bring the channel up to date when it is usable again."""
    if _has_lost_channel(after) and not (_has_lost_channel(before) and before.channel_lost == after.channel_lost):
        return _loss_notices(after, recorded)
    if before.channel_lost and not after.channel_lost:
        return [card_edit(after.number), backfill(after.number)]
    return []


def _has_lost_channel(incident: Incident) -> bool:
    """Whether an open incident has lost its channel. An ended incident no longer needs one."""
    return incident.open and incident.channel_lost not in (None, ChannelLoss.REFUSED)


def _loss_notices(incident: Incident, recorded: Sequence[RecordedEntry]) -> list[Notice]:
    by = next((r.entry.actor for r in recorded if r.entry.kind == "channel_lost" and r.entry.actor != BOT), "")
    occasion = recorded[0].seq if recorded else 0
    people = dict.fromkeys(
        candidate for candidate in (stand_in(incident), incident.declared_by) if candidate and is_user_id(candidate)
    )
    return [
        Notice(
            f"channel_lost:{incident.number}:{occasion}:{person}",
            NoticeKind.CHANNEL_LOST,
            incident.number,
            ChannelLostPayload(person, by).to_json(),
            priority=Priority.NUDGE,
        )
        for person in people
        if person not in (None, BOT, by) and person not in incident.removed  # who did it knows
    ]


def page_refresh(number: int, page_key: str) -> Notice:
    """Edit a page that was sent while the channel was being opened, which exists by now or was refused."""
    return Notice(
        f"refresh:{page_key}",
        NoticeKind.PAGE_REFRESH,
        number,
        SettledPayload(page_key).to_json(),
        depends_on=page_key,
        priority=Priority.EDIT,
        resend=True,
    )


def moved(number: int, posted: Iterable[tuple[str, str, Mapping[str, Any]]]) -> list[Notice]:
    """Edit direct messages whose content is posted in the channel now.

    Each is given by the dedup key, kind and receipt of its notice.
    """
    return [
        Notice(
            f"moved:{dedup_key}:{receipt['ts']}",
            NoticeKind.MOVED,
            number,
            MovedPayload(receipt["channel"], receipt["ts"], receipt["key"]).to_json(),
            depends_on=dedup_key,
            priority=Priority.EDIT,
        )
        for dedup_key, kind, receipt in posted
        if kind in _LEFT_BEHIND and "ts" in receipt
    ]
