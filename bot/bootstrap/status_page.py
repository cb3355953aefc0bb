"""Wires the status page: the cache that it is served from, its static copy, and its own listener."""

from __future__ import annotations

from bot.bootstrap.base import Base
from bot.web.statuspage.cache import StatusPageCache
from bot.web.statuspage.listener import StatusServer, status_server
from bot.web.statuspage.mirror import Mirror


def status_page_services(base: Base) -> tuple[StatusPageCache, StatusServer | None]:
    """The cache of the page, and the listener that serves it alone, if there is one."""
    settings = base.settings
    mirror = None if settings.tocsin_status_mirror is None else Mirror(settings.tocsin_status_mirror)
    cache = StatusPageCache(base.context, mirror)
    return cache, status_server(settings.tocsin_status_listen, base.context, cache, base.metrics)
