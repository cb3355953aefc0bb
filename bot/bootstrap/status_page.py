"""Builds the status page: the cache from which it is served, its static copy, and its own listener."""

from __future__ import annotations

from collections.abc import Callable

from bot.bootstrap.base import Base
from bot.integrations.statuspage import Statuspage
from bot.secret_settings import secret_of
from bot.web.console.visitor import Console
from bot.web.page_sign_in import PageSignIn
from bot.web.statuspage.cache import StatusPageCache
from bot.web.statuspage.gate import Gate
from bot.web.statuspage.listener import StatusServer, status_server
from bot.web.statuspage.mirror import Mirror


def status_page_services(base: Base, console: Console) -> tuple[StatusPageCache, StatusServer | None]:
    """The cache of the page, and the listener that serves it alone, if there is one."""
    settings = base.settings
    mirror = None if settings.tocsin_status_mirror is None else Mirror(settings.tocsin_status_mirror)
    cache = StatusPageCache(base.context, mirror)
    return cache, _listener(base, cache, console)


def _listener(base: Base, cache: StatusPageCache, console: Console) -> StatusServer | None:
    """The listener of the page alone. With an address of the console, members can sign in there and come back."""
    settings, context = base.settings, base.context
    sign_in = PageSignIn(console)
    gate = Gate(cache, sign_in.is_member, sign_in.address) if context.url else Gate(cache)
    return status_server(
        settings.tocsin_status_listen, context, gate, sign_in.page_routes(), base.metrics, settings.tocsin_proxies or ""
    )


def statuspage_client(base: Base) -> Callable[[], Statuspage | None]:
    """The client of Atlassian Statuspage by the live settings; None if they name no page."""
    clients: dict[tuple[str, str, str], Statuspage] = {}

    def client() -> Statuspage | None:
        settings = base.live.current
        key, page = secret_of(settings.statuspage_api_key), settings.statuspage_page_id
        if not key or not page:
            return None
        name = (settings.statuspage_api_url, page, key)
        if name not in clients:
            clients.clear()
            clients[name] = Statuspage(base.session, *name)
        return clients[name]

    return client
