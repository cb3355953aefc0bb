"""Builds the wikis (clients of Confluence and Notion) that the settings configure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import aiohttp

from bot.domain.review.export import WikiKind
from bot.integrations.wikis.confluence import Confluence
from bot.integrations.wikis.notion import Notion
from bot.integrations.wikis.protocol import Wiki
from bot.secret_settings import secret_of
from bot.settings import Settings

# The settings that each wiki needs. The attribute of `Settings` has the same name in lower case.
NEEDS: dict[WikiKind, tuple[str, ...]] = {
    WikiKind.CONFLUENCE: ("CONFLUENCE_URL", "CONFLUENCE_EMAIL", "CONFLUENCE_API_TOKEN", "CONFLUENCE_SPACE"),
    WikiKind.NOTION: ("NOTION_TOKEN", "NOTION_PARENT"),
}


def _confluence(settings: Settings, session: aiohttp.ClientSession) -> Wiki:
    token = secret_of(settings.confluence_api_token)
    return Confluence(
        session, settings.confluence_url or "", settings.confluence_email or "", token,
        settings.confluence_space or "", settings.confluence_parent,
    )  # fmt: skip


def _notion(settings: Settings, session: aiohttp.ClientSession) -> Wiki:
    return Notion(session, settings.notion_api_url, secret_of(settings.notion_token), settings.notion_parent or "")


BUILDERS: dict[WikiKind, Callable[[Settings, aiohttp.ClientSession], Wiki]] = {
    WikiKind.CONFLUENCE: _confluence,
    WikiKind.NOTION: _notion,
}


def configured_wikis(settings: Settings) -> tuple[WikiKind, ...]:
    """The wikis that are completely set up."""
    return tuple(
        kind for kind, names in NEEDS.items() if all(getattr(settings, name.lower()) is not None for name in names)
    )


def build(settings: Settings, session: aiohttp.ClientSession) -> Mapping[WikiKind, Wiki]:
    """The wikis that are set up."""
    return {kind: BUILDERS[kind](settings, session) for kind in configured_wikis(settings)}
