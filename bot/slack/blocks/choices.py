"""Builds selects of the policy's lists. Slack searches a long list while the person types.

Slack takes 100 options, or 100 groups of them, and a form of some 250 KB.
https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from bot.domain.oncall.layer_path import layer_paths
from bot.domain.policy.policy import Policy, fold_name
from bot.slack.blocks import elements
from bot.slack.blocks.card import category_name
from bot.slack.blocks.elements import Block
from bot.slack.text import plain

SEARCHED_FROM = 500  # options: from this number on, Slack asks the app for the options that match

# The options of a list in the policy, by the name of the input.
LISTS: Mapping[str, Callable[[Policy], list[Block]]] = {
    "services": lambda policy: _options({key: service.name or key for key, service in policy.services.items()}),
    "category": lambda policy: _options({key: category_name(key, policy) for key in policy.categories}),
    "schedule": lambda policy: _options({key: key for key in policy.schedules}),
    "cover": lambda policy: _options({place: place.replace("/", " · ") for place in layer_paths(policy.schedules)}),
    "role": lambda policy: _options({role.key: plain(role.title) for role in policy.roles}),
}


def select(name: str, policy: Policy, chosen: str | None = None) -> Block:
    """A select of the list `name`, which is not empty."""
    options = LISTS[name](policy)
    if len(options) < SEARCHED_FROM:
        return elements.select(options, chosen)
    initial = next((option for option in options if option["value"] == chosen), None)
    return _searchable_select("external_select", {"initial_option": initial} if initial else {})


def multi_select(name: str, policy: Policy, chosen: Collection[str] = ()) -> Block | None:
    """A select of several of the list `name`; None if the policy has nothing in it."""
    options = LISTS[name](policy)
    initial = [option for option in options if option["value"] in chosen]
    more = {"initial_options": initial} if initial else {}
    if len(options) < SEARCHED_FROM:
        element: Block = {"type": "multi_static_select", **elements.option_groups(options), **more}
        return {**element, "placeholder": elements.plain_text("Choose any", elements.PLACEHOLDER)} if options else None
    return _searchable_select("multi_external_select", more)


def matching(name: str, typed: str, policy: Policy) -> list[Block]:
    """The options of the list `name` whose text or key contains `typed`, at most as many as Slack takes."""
    words = fold_name(typed)
    options = LISTS[name](policy)
    matches = [option for option in options if words in fold_name(f"{option['text']['text']} {option['value']}")]
    return matches[: elements.OPTIONS]


def _searchable_select(kind: str, more: dict[str, Any]) -> Block:
    placeholder = elements.plain_text("Type to search", elements.PLACEHOLDER)
    return {"type": kind, "placeholder": placeholder, "min_query_length": 0, **more}


def _options(labels: Mapping[str, str]) -> list[Block]:
    usable = elements.usable(labels)
    return _distinct_options([elements.option(labels[key], key) for key in usable])


def _distinct_options(options: Sequence[Block]) -> list[Block]:
    """The options; those with the same text get their value as description."""
    counts = Counter(option["text"]["text"] for option in options)
    return [_with_key(option) if counts[option["text"]["text"]] > 1 else option for option in options]


def _with_key(option: Block) -> Block:
    return {**option, "description": elements.plain_text(option["value"], elements.OPTION_TEXT)}
