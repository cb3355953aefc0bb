"""Builds the trackers (clients of GitHub, Jira, Linear) that the settings configure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import aiohttp

from bot.domain.actions.ticket import TrackerKind
from bot.integrations.trackers.github import GitHub
from bot.integrations.trackers.jira import Jira
from bot.integrations.trackers.linear import Linear
from bot.integrations.trackers.protocol import Tracker
from bot.secret_settings import secret_of
from bot.settings import Settings

# The settings that each tracker needs. The attribute of `Settings` has the same name in lower case.
NEEDS: dict[TrackerKind, tuple[str, ...]] = {
    TrackerKind.GITHUB: ("GITHUB_TOKEN", "GITHUB_REPOSITORY"),
    TrackerKind.JIRA: ("JIRA_URL", "JIRA_API_TOKEN", "JIRA_PROJECT"),
    TrackerKind.LINEAR: ("LINEAR_API_KEY", "LINEAR_TEAM"),
}


def _github(settings: Settings, session: aiohttp.ClientSession) -> Tracker:
    token = secret_of(settings.github_token)
    return GitHub(session, settings.github_api_url, token, settings.github_repository or "")


def _jira(settings: Settings, session: aiohttp.ClientSession) -> Tracker:
    token = secret_of(settings.jira_api_token)
    return Jira(session, settings.jira_url or "", token, settings.jira_email, settings.jira_project or "")


def _linear(settings: Settings, session: aiohttp.ClientSession) -> Tracker:
    key = secret_of(settings.linear_api_key)
    return Linear(session, settings.linear_api_url, key, settings.linear_team or "")


BUILDERS: dict[TrackerKind, Callable[[Settings, aiohttp.ClientSession], Tracker]] = {
    TrackerKind.GITHUB: _github,
    TrackerKind.JIRA: _jira,
    TrackerKind.LINEAR: _linear,
}


def configured_trackers(settings: Settings) -> tuple[TrackerKind, ...]:
    """The trackers that are completely set up, in the order in which they are preferred."""
    return tuple(
        kind for kind, names in NEEDS.items() if all(getattr(settings, name.lower()) is not None for name in names)
    )


def ticket_tracker(settings: Settings) -> TrackerKind | None:
    """The tracker that gets the tickets; None without one."""
    return next(iter(configured_trackers(settings)), None)


def build(settings: Settings, session: aiohttp.ClientSession) -> Mapping[TrackerKind, Tracker]:
    """The trackers that are set up."""
    return {kind: BUILDERS[kind](settings, session) for kind in configured_trackers(settings)}
