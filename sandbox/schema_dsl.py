"""Block Kit's grammar in small pieces: each piece checks a value and reports what Slack would object to."""

import re
from collections.abc import Callable
from typing import Any

from sandbox.model import Json

Report = Callable[[str, str], None]
Check = Callable[[Any, str, Report], None]
Rule = Callable[[Json, str, Report], None]

ID = 255


def string(longest: int = 0, *, shortest: int = 1, pattern: str = "", among: tuple[str, ...] = ()) -> Check:
    """A string of some length, pattern or list."""
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
    """True or false."""
    if not isinstance(value, bool):
        report(at, "must be a boolean")


def number(lowest: int | None = None, highest: int | None = None) -> Check:
    """A whole number within bounds."""

    def check(value: Any, at: str, report: Report) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            report(at, "must be an integer")
        elif lowest is not None and value < lowest:
            report(at, f"must be greater than {lowest - 1}")
        elif highest is not None and value > highest:
            report(at, f"must be less than {highest + 1}")

    return check


def anything(value: Any, at: str, report: Report) -> None:
    """Not looked into."""


def items(inner: Check, most: int = 0, *, fewest: int = 0) -> Check:
    """A list."""

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
    """An object with these fields and no others; `rule` sees it when its fields are in order."""
    known = required | (optional or {})

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, dict):
            report(at, "must provide an object")
            return
        for name in required:
            if value.get(name) is None:
                report(at, f"missing required field: {name}")
        for name, inner in value.items():
            if name not in known:
                report(at, f"invalid additional property: {name}")
            elif inner is not None:
                known[name](inner, f"{at}/{name}", report)
        if rule is not None:
            rule(value, at, report)

    return check


def by_type(kinds: dict[str, Check]) -> Check:
    """An object whose `type` says which grammar holds."""

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
    """A record that carries its `type`."""
    return record({"type": string(among=(kind,))} | required, optional, rule)


def text(longest: int, *, plain: bool = False) -> Check:
    """A text object."""
    kinds = {"plain_text": typed("plain_text", {"text": string(longest)}, {"emoji": boolean})}
    if not plain:
        kinds["mrkdwn"] = typed("mrkdwn", {"text": string(longest)}, {"verbatim": boolean})
    return by_type(kinds)


def plain(longest: int) -> Check:
    """A plain_text object."""
    return text(longest, plain=True)


def url(value: Any, at: str, report: Report) -> None:
    """A web address of at most 3000 characters."""
    if not isinstance(value, str):
        report(at, "must be a string")
    elif len(value) > 3000:
        report(at, "must be less than 3001 characters")
    elif not re.match(r"(https?://[^\s/]|mailto:|slack://|tel:)", value):
        report(at, "must be a valid URL")
