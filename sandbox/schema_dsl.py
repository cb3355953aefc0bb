"""Defines the checks with which the sandbox validates Slack's Block Kit, as a small schema language.

A check reports errors in Slack's words. Slack's messages and JSON pointers are part of what the bot logs and tests
assert, so a general JSON Schema validator, with messages of its own, does not do.
"""

import re
from collections.abc import Callable
from math import isfinite
from typing import Any

from sandbox.model import Json

Report = Callable[[str, str], None]
Check = Callable[[Any, str, Report], None]
Rule = Callable[[Json, str, Report], None]

ID = 255
URL = 3000


def string(longest: int = 0, *, shortest: int = 1, pattern: str = "", among: tuple[str, ...] = ()) -> Check:
    """A check for a string, with limits on its length, a pattern, or a list of permitted values."""
    compiled = re.compile(pattern) if pattern else None

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, str):
            report(at, "must be a string")
        elif len(value) < shortest:
            report(at, f"must be more than {shortest - 1} characters")
        elif longest and len(value) > longest:
            report(at, f"must be less than {longest + 1} characters")
        elif among and value not in among:
            report(at, f"must be one of: {', '.join(among)}")
        elif compiled and not compiled.fullmatch(value):
            report(at, "failed to match the required pattern")

    return check


def boolean(value: Any, at: str, report: Report) -> None:
    """Check for a boolean."""
    if not isinstance(value, bool):
        report(at, "must be a boolean")


def number(lowest: int | None = None, highest: int | None = None) -> Check:
    """A check for a whole number within bounds."""

    def check(value: Any, at: str, report: Report) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            report(at, "must be an integer")
        elif lowest is not None and value < lowest:
            report(at, f"must be greater than {lowest - 1}")
        elif highest is not None and value > highest:
            report(at, f"must be less than {highest + 1}")

    return check


def quantity(*, above: float | None = None) -> Check:
    """A check for a finite number, whole or not, above a bound."""

    def check(value: Any, at: str, report: Report) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            report(at, "must be a number")
        elif above is not None and value <= above:
            report(at, f"must be greater than {above}")

    return check


def anything(value: Any, at: str, report: Report) -> None:
    """Accept any value."""


def items(inner: Check, most: int = 0, *, fewest: int = 0) -> Check:
    """A check for a list whose elements all pass `inner`."""

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, list):
            report(at, "must be an array")
            return
        if len(value) < fewest:
            report(at, f"no fewer than {fewest} items allowed")
        if most and len(value) > most:
            report(at, f"no more than {most} items allowed")
        for index, element in enumerate(value):
            inner(element, f"{at}/{index}", report)

    return check


def record(required: dict[str, Check], optional: dict[str, Check] | None = None, rule: Rule | None = None) -> Check:
    """A check for an object with these fields and no others; `rule` then checks the whole object."""
    checks = required | (optional or {})

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, dict):
            report(at, "must provide an object")
            return
        for name in required:
            if value.get(name) is None:
                report(at, f"missing required field: {name}")
        for name, inner in value.items():
            if name not in checks:
                report(at, f"invalid additional property: {name}")
            elif inner is not None:
                checks[name](inner, f"{at}/{name}", report)
        if rule is not None:
            rule(value, at, report)

    return check


def by_type(kinds: dict[str, Check]) -> Check:
    """A check for an object whose `type` selects its check."""

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, dict):
            report(at, "must provide an object")
            return
        kind = value.get("type")
        if kind is None:
            report(at, "missing required field: type")
        elif not isinstance(kind, str) or kind not in kinds:
            report(f"{at}/type", f"unsupported type: {kind}")
        else:
            kinds[kind](value, at, report)

    return check


def typed(
    kind: str, required: dict[str, Check], optional: dict[str, Check] | None = None, rule: Rule | None = None
) -> Check:
    """A check for an object with a fixed `type` and these fields."""
    return record({"type": string(among=(kind,))} | required, optional, rule)


def text(longest: int, *, plain: bool = False) -> Check:
    """A check for a text object: mrkdwn or plain_text, or with `plain` only plain_text."""
    kinds = {"plain_text": typed("plain_text", {"text": string(longest)}, {"emoji": boolean})}
    if not plain:
        kinds["mrkdwn"] = typed("mrkdwn", {"text": string(longest)}, {"verbatim": boolean})
    return by_type(kinds)


def plain(longest: int) -> Check:
    """A check for a plain_text object."""
    return text(longest, plain=True)


def url(value: Any, at: str, report: Report) -> None:
    """Check for a URL of at most 3000 characters."""
    if not isinstance(value, str):
        report(at, "must be a string")
    elif len(value) > URL:
        report(at, f"must be less than {URL + 1} characters")
    elif not re.match(r"(https?://[^\s/]|mailto:|slack://|tel:)", value):
        report(at, "must be a valid URL")
