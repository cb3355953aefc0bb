"""Says where the status page is, for links in mails and feeds."""

from __future__ import annotations

import hmac

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.statuspage.subscriber import Purpose, token
from bot.usecases.context import Context
from storage import key_value

PREFIX = "/status"


def page_url(context: Context) -> str:
    """The public address of the page, without a slash at the end; only a path where none is set."""
    return context.policy.status_page.url or f"{(context.url or '').rstrip('/')}{PREFIX}"


def can_mail(context: Context) -> bool:
    """Whether people can subscribe by e-mail: a mail server and a public address for links are set."""
    wanted = "email" in context.policy.status_page.subscribe
    return wanted and "email" in context.methods and page_url(context).startswith(("https://", "http://"))


def access_token(secret: str, visibility: str) -> str | None:
    """What the address of a page that is not public must carry; None for a public one."""
    if visibility == "public":
        return None
    return hmac.new(secret.encode(), f"access:{visibility}".encode(), "sha256").hexdigest()[:32]


def can_post(context: Context) -> bool:
    """Whether programs can subscribe by webhook: the policy offers it, and links have a public address."""
    wanted = "webhook" in context.policy.status_page.subscribe
    return wanted and page_url(context).startswith(("https://", "http://"))


def publication_link(context: Context, secret: str, publication: str) -> str:
    """Where a subscriber reads a publication. The link to a page for customers lets its reader in."""
    key = access_token(secret, "customers") if context.policy.status_page.visibility == "customers" else None
    return f"{page_url(context)}/incidents/{publication}" + (f"?access={key}" if key else "")


async def signing_secret(conn: AsyncConnection) -> str:
    """What links are signed with. Raises `LookupError` before the page was first served."""
    secret = await key_value.STATUS_PAGE_SECRET.get(conn)
    if secret is None:
        raise LookupError("the status page was never served")
    return secret


def link(context: Context, secret: str, purpose: Purpose, subscriber: str) -> str:
    """A signed link of a subscriber's."""
    return f"{page_url(context)}/{purpose}/{token(secret, purpose, subscriber)}"
