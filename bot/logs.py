"""Sets up structured logs: one line for each event, with the incident's ID and with secrets masked."""

from __future__ import annotations

import base64
import json
import logging
import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any, Literal, cast
from urllib.parse import quote, quote_plus

import structlog

from bot.domain.values.one_line import escape_controls

_SHORTEST_SECRET = 6
_active: Mask | None = None  # of the handler in use
SAMPLED_S = 10.0


def configure(form: Literal["console", "json"] | None, level: str, secrets: Iterable[str] = ()) -> None:
    """Log to standard error, the libraries' records included. `form` None: `console` on a terminal, else `json`."""
    global _active  # noqa: PLW0603 - logging itself is the process's
    form = form or ("console" if sys.stderr.isatty() else "json")
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    masked = _active = Mask(secrets)
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
    logging.getLogger("slack_bolt.AsyncApp").addFilter(_is_no_false_alarm)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # it warns of each run skipped because one is under way
    for noisy in ("slack_sdk", "aiohttp.access", "alembic", "aiosqlite", "asyncio"):
        logging.getLogger(noisy).setLevel(max(logging.getLevelName(level), logging.WARNING))


def _is_no_false_alarm(record: logging.LogRecord) -> bool:
    """Leave out that Bolt ignores SLACK_BOT_TOKEN: our own `authorize` hands the token out."""
    return "`authorize` has been used" not in record.getMessage()


class Sampler:
    """Lets one line of a kind through every `SAMPLED_S` seconds. Use a fixed set of kinds: each is remembered."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._logged_at: dict[str, float] = {}
        self._unlogged: Counter[str] = Counter()

    def take(self, kind: str) -> int | None:
        """The number of lines of this kind left out since the last one; None if this one is left out, too."""
        now = self._clock()
        if now - self._logged_at.get(kind, -math.inf) < SAMPLED_S:
            self._unlogged[kind] += 1
            return None
        self._logged_at[kind] = now
        return self._unlogged.pop(kind, 0)


def mask_also(secrets: Iterable[str]) -> None:
    """Mask these secrets as well from now on."""
    if _active is not None:
        _active.add(secrets)


class Mask:
    """Replaces secrets in log records, in every encoding that a record may contain.

    A user's text can neither forge a record of its own nor control the terminal that shows it.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets: list[str] = []
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Mask these secrets as well."""
        long_secrets = {secret for secret in secrets if len(secret) >= _SHORTEST_SECRET}
        plain_forms = {form for secret in long_secrets for form in _forms(secret)}
        forms = {quoted for form in plain_forms for quoted in _quoted_forms(form) if len(quoted) >= _SHORTEST_SECRET}
        self._secrets = sorted(forms.union(self._secrets), key=len, reverse=True)

    def event(self, logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Structlog processor: the event with secrets masked and control characters escaped in every value."""
        for key, value in event.items():
            event[key] = self._value(value, keep="\n" if key in _TRACES else "")
        return event

    def line(self, logger: Any, name: str, line: str) -> str:
        """The rendered record with secrets masked. Tracebacks are indented, so that no line looks like a record."""
        first, *following_lines = self._mask_text(line).split("\n")
        return "\n".join([first, *(f"    {escape_controls(following_line)}" for following_line in following_lines)])

    def _value(self, value: Any, keep: str = "") -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, dict):
            return {self._value(key): self._value(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(inner) for inner in value]
        return escape_controls(self._mask_text(value if isinstance(value, str) else repr(value)), keep)

    def _mask_text(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "•••")
        return text


_TRACES = frozenset({"exception", "stack"})


def _forms(secret: str) -> set[str]:
    """The secret as it is, and as it looks in JSON, in a URL, in a Python repr and in base64."""
    encoded = base64.b64encode(secret.encode()).decode()
    return {
        secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1],
        quote(secret), quote(secret, safe=""), quote_plus(secret), encoded, encoded.rstrip("="),
    }  # fmt: skip


def _quoted_forms(text: str) -> set[str]:
    """The text quoted once more, as an error's message is in a repr, and JSON inside JSON."""
    return {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], repr(text)[1:-1]}
