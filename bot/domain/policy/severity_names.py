"""Finds the severity that people and monitoring systems mean: by its key, its name, or a short form such as `L2`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from bot.domain.policy.policy import Policy, fold_name

_NUMBERED = re.compile(r"([a-z]+)(\d+)")
# The other words for a numbered level, beside the first letter.
_WORDS = {
    "level": ("lvl", "lev"), "severity": ("sev",), "sev": ("severity",), "p": ("prio", "priority"),
    "priority": ("prio",), "prio": ("priority",),
}  # fmt: skip


def severity_named(name: str, policy: Policy) -> str | None:
    """The key of the severity with this key, name or short form, whatever the case, spaces, `-` and `_`."""
    return severity_names(policy).get(fold_name(name))


def severity_keyed(name: str, policy: Policy) -> str | None:
    """The key of the severity with this key or a short form of it; its name does not count."""
    return _names(tuple((level.key, level.key) for level in policy.severities)).get(fold_name(name))


def severity_names(policy: Policy) -> dict[str, str]:
    """The key of each severity by its names, folded. Keys come before names, and both before short forms.

    `sev2` is also `s2` and `severity2`, `level-2` is `l2` and `lvl2`, `p2` is `prio2` and `priority2`. A short form
    of two severities is none.
    """
    return _names(tuple((level.key, level.name) for level in policy.severities))


@lru_cache(maxsize=64)
def _names(levels: Sequence[tuple[str, str]]) -> dict[str, str]:
    named = {fold_name(name): key for key, name in reversed(levels) if fold_name(name)}
    written = named | {fold_name(key): key for key, _ in levels}
    short: dict[str, set[str]] = {}
    for name, key in written.items():
        for form in _short_forms(name):
            short.setdefault(form, set()).add(key)
    return {form: next(iter(keys)) for form, keys in short.items() if len(keys) == 1} | written


def _short_forms(name: str) -> list[str]:
    match = _NUMBERED.fullmatch(name)
    if match is None:
        return []
    word, number = match.groups()
    return [f"{short}{number}" for short in (word[0], *_WORDS.get(word, ()))]
