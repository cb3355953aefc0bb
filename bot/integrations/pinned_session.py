"""Opens a session to one host at its checked addresses, so that the name cannot resolve to others meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
from yarl import URL

from bot.domain.errors import DeliveryError, Refused
from bot.integrations import http
from playbooks.runners.http import PinnedResolver, resolve_checked


@asynccontextmanager
async def pinned_session(url: str, networks: Sequence[str]) -> AsyncIterator[aiohttp.ClientSession]:
    """A session for requests to this address only. Raises `DeliveryError` if it leads outside the public internet.

    `networks` are those outside the public internet that it may lead to.
    """
    address = URL(url)
    host = address.raw_host or ""
    try:
        addresses = await resolve_checked(host, address.port or 0, networks)
    except Refused as refused:
        raise DeliveryError(refused.message.rstrip(".")) from None
    connector = aiohttp.TCPConnector(
        resolver=PinnedResolver(host, tuple(addresses)), use_dns_cache=False, force_close=True, limit=1
    )
    timeout = aiohttp.ClientTimeout(total=http.TIMEOUT_S, connect=http.CONNECT_S)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, timeout=timeout
    ) as session:
        yield session
