"""Stores everything the bot keeps, on SQLite, or on PostgreSQL for several replicas; it knows nothing of Slack."""

import sys
import types


class _Unused(types.ModuleType):
    """Stands in for a module of sessions. Whatever is imported from it is None."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


# `sqlalchemy.ext.asyncio` imports the ORM for its sessions. We use neither: without them a process is 6 MB smaller.
if "sqlalchemy.ext.asyncio" not in sys.modules:
    for _name in ("sqlalchemy.ext.asyncio.session", "sqlalchemy.ext.asyncio.scoping"):
        sys.modules[_name] = _Unused(_name)
