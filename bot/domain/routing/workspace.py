"""Builds the notices that belong to no incident: home tabs, user groups, weekly mail, problems with the policy."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.domain.routing.notice import Notice, NoticeKind, Priority
from bot.domain.routing.payloads import (
    RelievedPayload,
    SettledPayload,
    ShadowReportPayload,
    SheetMailPayload,
    UnfurlPayload,
    UsergroupPayload,
    UserPayload,
    WeeklyDigestPayload,
)


def home(user: str) -> Notice:
    """Publish a person's home tab; several requests collapse into one."""
    return Notice(
        f"home:{user}", NoticeKind.HOME, None, UserPayload(user).to_json(), priority=Priority.FETCH, resend=True
    )


def user_group(group: str) -> Notice:
    """Set the members of a Slack user group to the people on call; several changes collapse into one."""
    return Notice(f"usergroup:{group}", NoticeKind.USERGROUP, None, UsergroupPayload(group).to_json(), resend=True)


def relieved(key: str, payload: RelievedPayload) -> Notice:
    """Tell a person directly that somebody covers their shift, or that the cover has ended. `key` names the cover."""
    dedup_key = f"relieved:{key}:{payload.person}{':ended' if payload.ended else ''}"
    return Notice(dedup_key, NoticeKind.RELIEVED, None, payload.to_json(), priority=Priority.NEWS)


def weekly_digest(until: datetime, channel: str) -> Notice:
    """Post the digest of the week that ends then, once."""
    payload = WeeklyDigestPayload(until, channel).to_json()
    return Notice(f"weekly_digest:{until.isoformat()}", NoticeKind.WEEKLY_DIGEST, None, payload, priority=Priority.NEWS)


def sheet_mail(due_at: datetime, address: str) -> Notice:
    """Mail the emergency sheet that was due then to one address, once."""
    payload = SheetMailPayload(due_at, address).to_json()
    key = f"sheet:{due_at.isoformat()}:{address.lower()}"
    return Notice(key, NoticeKind.SHEET_MAIL, None, payload, priority=Priority.NEWS)


def shadow_report(payload: ShadowReportPayload) -> Notice:
    """Post the report of a day in shadow mode, once."""
    key = f"shadow_report:{payload.since.isoformat()}:{payload.day}"
    return Notice(key, NoticeKind.SHADOW_REPORT, None, payload.to_json(), priority=Priority.NEWS)


def policy_refused(number: int, problem: dict[str, Any]) -> Notice:
    """Tell the announcement channel that the policy file cannot be used. `number` counts such files."""
    return Notice(f"policy:{number}", NoticeKind.POLICY_REFUSED, None, problem)


def policy_valid(number: int) -> Notice:
    """Edit the earlier message, because the policy file is valid again."""
    of = f"policy:{number}"
    return Notice(
        f"mended:{of}",
        NoticeKind.POLICY_VALID,
        None,
        SettledPayload(of).to_json(),
        depends_on=of,
        priority=Priority.EDIT,
    )


def unfurl(event: str, payload: UnfurlPayload) -> Notice:
    """Show what a link to an incident leads to, once for each event of Slack's that tells of the link."""
    return Notice(
        f"unfurl:{event}:{payload.incident}", NoticeKind.UNFURL, None, payload.to_json(), priority=Priority.NEWS
    )  # fmt: skip
