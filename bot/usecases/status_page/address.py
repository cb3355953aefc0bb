"""Builds the addresses of the status page, for links in mails and feeds."""

from __future__ import annotations

import hmac

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.statuspage.subscriber import Purpose, token
from bot.usecases.context import Context
from storage import key_value

PREFIX = "/status"


def page_url(context: Context) -> str:
    """The public address of the page, without a slash at the end; only a path if no address is set."""
    return context.policy.status_page.url or f"{(context.url or '').rstrip('/')}{PREFIX}"


def can_mail(context: Context) -> bool:
    """Whether people can subscribe by e-mail: a mail server and a public address for links are set."""
    is_offered = "email" in context.policy.status_page.subscribe
    return is_offered and "email" in context.methods and page_url(context).startswith(("https://", "http://"))


def access_token(secret: str, visibility: str) -> str | None:
    """The access key in the address of a page that is not public; None for a public one."""
    if visibility == "public":
        return None
    return hmac.new(secret.encode(), f"access:{visibility}".encode(), "sha256").hexdigest()[:32]


def can_post(context: Context) -> bool:
    """Whether programs can subscribe by webhook: the policy offers it, and links have a public address."""
    is_offered = "webhook" in context.policy.status_page.subscribe
    return is_offered and page_url(context).startswith(("https://", "http://"))


def publication_link(context: Context, secret: str, publication: str) -> str:
    """The address of a publication for a subscriber. On a page for customers it has the access key."""
    key = access_token(secret, "customers") if context.policy.status_page.visibility == "customers" else None
    return f"{page_url(context)}/incidents/{publication}" + (f"?access={key}" if key else "")


async def signing_secret(conn: AsyncConnection) -> str:
    """The secret that signs links. Raises `LookupError` before the page was first served."""
    secret = await key_value.STATUS_PAGE_SECRET.get(conn)
    if secret is None:
        raise LookupError("the status page was never served")
    return secret


def link(context: Context, secret: str, purpose: Purpose, subscriber: str) -> str:
    """A signed link for a subscriber."""
    return f"{page_url(context)}/{purpose}/{token(secret, purpose, subscriber)}"
