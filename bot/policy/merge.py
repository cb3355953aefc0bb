"""Merges a policy file into its preset (a policy that ships with the bot).

It also removes what the file takes out of the preset, by `key: null`.
"""

from __future__ import annotations

import copy
from typing import Any

from bot.policy import models
from bot.policy.yaml_source import Source

# Headings that may be left with everything below them commented out.
_HEADINGS = (*models.COLLECTIONS, "order", "role_order", "nudges", "timeline", "executives", "status_page")
_ENTRIES = tuple(name for name in models.COLLECTIONS if name not in ("bookmarks", "links"))
# Lists of a preset whose names are entries that a file may take out: collection, setting, collection named.
_LISTS_OF_NAMES = (
    ("severities", "roles", "roles"),
    ("severities", "audiences", "audiences"),
    ("roles", "required_for", "severities"),
    ("triggers", "severities", "severities"),
)


def file_values(source: Source) -> dict[str, Any]:
    """The file's values without empty headings (`null` would remove the preset's entry)."""
    values = copy.deepcopy(source.values)
    for path in source.empty:
        if len(path) == 1 and path[0] in _HEADINGS:
            del values[path[0]]
        elif len(path) == 2 and path[0] in _ENTRIES:
            values[path[0]][path[1]] = {}
    return values


def merge(base: dict[str, Any], file: dict[str, Any]) -> dict[str, Any]:
    """The preset's values with the file's: settings are merged key by key, lists and plain values are replaced.

    In a collection, `key: null` removes the preset's entry. A severity whose file says that a ticket is enough keeps
    no ladder of the preset: its pages would wake somebody for it.
    """
    document = dict(base)
    for key, value in file.items():
        if key in models.COLLECTIONS and isinstance(value, dict):
            merged = _merge_settings(base.get(key, {}), value)
            document[key] = {name: entry for name, entry in merged.items() if entry is not None}
            if key == "severities":
                _ticket_instead_of_pages(value, document[key])
        elif isinstance(value, dict) and isinstance(base.get(key), dict):
            document[key] = _merge_settings(base[key], value)
        else:
            document[key] = value
    return document


def _ticket_instead_of_pages(file: dict[str, Any], severities: dict[str, Any]) -> None:
    for name, entry in file.items():
        if isinstance(entry, dict) and entry.get("ticket") is True and "ladder" not in entry:
            severities[name]["ladder"] = []


def _merge_settings(base: dict[str, Any], file: dict[str, Any]) -> dict[str, Any]:
    settings = dict(base)
    for key, value in file.items():
        is_nested = isinstance(value, dict) and isinstance(base.get(key), dict)
        settings[key] = _merge_settings(base[key], value) if is_nested else value
    return settings


def remove_deleted(document: dict[str, Any], source: Source) -> dict[str, Any]:
    """Remove the entries that the file took out from the preset's lists. The file's own lists are checked elsewhere.

    Changes and returns `document`.
    """
    for collection, setting, collection_named in _LISTS_OF_NAMES:
        for key, entry in list(document.get(collection, {}).items()):
            deleted = {
                name
                for name in source.values.get(collection_named) or {}
                if name not in document.get(collection_named, {})
            }
            names = entry.get(setting, [])
            if source.contains((collection, key, setting)) or not deleted & set(names):
                continue
            entry[setting] = [name for name in names if name not in deleted]
            if collection == "triggers" and not entry[setting]:
                del document[collection][key]  # an empty list would mean every severity
    return _remove_orphaned_rules(document, source)


def _remove_orphaned_rules(document: dict[str, Any], source: Source) -> dict[str, Any]:
    """A preset's rule is deleted with the severity it suggests, and loses a category that was taken out."""
    for key, rule in list(document.get("classification", {}).items()):
        path = ("classification", key)
        if _is_deleted(rule, "severity", "severities", document, source) and not source.contains((*path, "severity")):
            del document["classification"][key]
        elif _is_deleted(rule, "category", "categories", document, source) and not source.contains((*path, "category")):
            rule["category"] = None
    return document


def _is_deleted(rule: dict[str, Any], setting: str, collection: str, document: dict[str, Any], source: Source) -> bool:
    name = rule.get(setting)
    return name in (source.values.get(collection) or {}) and name not in document.get(collection, {})
