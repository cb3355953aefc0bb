"""Structured logs: one line an event, the incident's ID in it, secrets left out."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, Literal, cast

import structlog

_SHORTEST_SECRET = 6


def configure(form: Literal["console", "json"] | None, level: str, secrets: Iterable[str] = ()) -> None:
    """Everything, the libraries' logs too, goes to standard error in one form."""
    form = form or ("console" if sys.stderr.isatty() else "json")
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    masked = Mask(secrets)
    renderer: Any = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)  # no values of variables
        if form == "console"
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    steps: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if form == "json":
        steps.append(structlog.processors.format_exc_info)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[*steps, masked.event, renderer, cast("Any", masked.line)]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("slack_bolt").setLevel(logging.ERROR)  # it warns that our own `authorize` outranks the token
    for noisy in ("slack_sdk", "apscheduler", "aiohttp.access", "alembic", "aiosqlite", "asyncio"):
        logging.getLogger(noisy).setLevel(max(logging.getLevelName(level), logging.WARNING))


class Mask:
    """Replaces secrets wherever they turn up in a line. Newlines in a user's text cannot forge a line of their own."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]

    def event(self, logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for key, value in event.items():
            if isinstance(value, str) and key != "exception":
                event[key] = value.replace("\r", "\\r").replace("\n", "\\n").replace("\x1b", "\\x1b")
        return event

    def line(self, logger: Any, name: str, line: str) -> str:
        for secret in self._secrets:
            line = line.replace(secret, "•••")
        return line
