"""What is told of no incident: home tabs, user groups, and the policy file."""

from __future__ import annotations

from typing import Any

from bot.domain.routing.notice import Notice, NoticeKind, Priority
from bot.domain.routing.payloads import SettledPayload, UsergroupPayload, UserPayload


def home(user: str) -> Notice:
    """Publish somebody's home tab; what is asked for again meanwhile becomes one."""
    return Notice(
        f"home:{user}", NoticeKind.HOME, None, UserPayload(user).to_json(), priority=Priority.FETCH, resend=True
    )


def user_group(group: str) -> Notice:
    """Have a Slack user group be whoever is on call; several changes become one."""
    return Notice(f"usergroup:{group}", NoticeKind.USERGROUP, None, UsergroupPayload(group).to_json(), resend=True)


def policy_refused(number: int, said: dict[str, Any]) -> Notice:
    """To the announcement channel: the policy file cannot be used. `number` counts such files."""
    return Notice(f"policy:{number}", NoticeKind.POLICY_REFUSED, None, said)


def policy_mended(number: int) -> Notice:
    """The message before, edited, since the file is in order again."""
    of = f"policy:{number}"
    return Notice(
        f"mended:{of}",
        NoticeKind.POLICY_MENDED,
        None,
        SettledPayload(of).to_json(),
        depends_on=of,
        priority=Priority.EDIT,
    )
