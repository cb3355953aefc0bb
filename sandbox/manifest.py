"""Reads the app's manifest, which decides what the sandbox permits and delivers: scopes, events, commands."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

# An event needs one of these scopes (from Slack's event reference); events that are not listed need none.
EVENT_SCOPES: dict[str, tuple[str, ...]] = {
    "message.channels": ("channels:history",),
    "message.groups": ("groups:history",),
    "message.im": ("im:history",),
    "message.mpim": ("mpim:history",),
    "app_mention": ("app_mentions:read",),
    "link_shared": ("links:read",),
    "channel_archive": ("channels:read",),
    "channel_created": ("channels:read",),
    "channel_deleted": ("channels:read",),
    "channel_left": ("channels:read",),
    "channel_rename": ("channels:read",),
    "channel_unarchive": ("channels:read",),
    "group_archive": ("groups:read",),
    "group_deleted": ("groups:read",),
    "group_left": ("groups:read",),
    "group_rename": ("groups:read",),
    "group_unarchive": ("groups:read",),
    "file_shared": ("files:read",),
    "member_joined_channel": ("channels:read", "groups:read"),
    "member_left_channel": ("channels:read", "groups:read"),
    "pin_added": ("pins:read",),
    "pin_removed": ("pins:read",),
    "reaction_added": ("reactions:read",),
    "reaction_removed": ("reactions:read",),
    "team_join": ("users:read",),
    "user_change": ("users:read",),
}


@dataclass(frozen=True)
class Command:
    """A slash command."""

    name: str
    should_escape: bool
    description: str = ""
    usage_hint: str = ""


@dataclass(frozen=True)
class Shortcut:
    """A shortcut; `kind` is `global` or `message`."""

    name: str
    callback_id: str
    kind: str


@dataclass(frozen=True)
class Manifest:
    """The parts of a manifest that decide what Slack allows and delivers. `None` (no manifest) allows everything."""

    name: str = "Tocsin"
    bot_name: str = "tocsin"
    scopes: frozenset[str] | None = None
    events: frozenset[str] | None = None
    commands: tuple[Command, ...] | None = None
    shortcuts: tuple[Shortcut, ...] | None = None
    interactivity: bool = True
    home_tab: bool = True
    unfurl_domains: frozenset[str] = frozenset()

    def command(self, name: str) -> Command | None:
        """Return a command, or `None` if the manifest lacks it. Without a manifest every command exists, escaped."""
        if not self.grants("commands"):
            return None
        if self.commands is None:
            return Command(name, should_escape=True)
        return next((command for command in self.commands if command.name == name), None)

    def shortcut(self, name: str, kind: str) -> Shortcut | None:
        """Return a shortcut by name or callback_id, or `None`. Without a manifest every shortcut exists."""
        if not self.grants("commands"):
            return None
        if self.shortcuts is None:
            return Shortcut(name, name, kind)
        return next((s for s in self.shortcuts if s.kind == kind and name in (s.name, s.callback_id)), None)

    def subscribes(self, event: str) -> bool:
        """Whether the app subscribes to this event (`message.channels`, `app_mention` …) and has a scope for it."""
        if self.events is not None and event not in self.events:
            return False
        needed = EVENT_SCOPES.get(event)
        return needed is None or self.grants(*needed)

    def grants(self, *scopes: str) -> bool:
        """Whether one of these scopes is granted."""
        return self.scopes is None or not self.scopes.isdisjoint(scopes)


def read_manifest(source: Path | dict[str, Any] | None) -> Manifest:
    """Read a manifest from a YAML or JSON file or from a dict. `None` gives the permissive manifest."""
    if source is None:
        return Manifest()
    data = source if isinstance(source, dict) else yaml.safe_load(Path(source).read_text())
    features = data.get("features") or {}
    settings = data.get("settings") or {}
    bot = features.get("bot_user") or {}
    home = features.get("app_home") or {}
    name = data["display_information"]["name"]
    scopes = ((data.get("oauth_config") or {}).get("scopes") or {}).get("bot") or []
    return Manifest(
        name=name,
        bot_name=(bot.get("display_name") or name).lower().replace(" ", "-"),
        scopes=frozenset(scopes),
        events=frozenset((settings.get("event_subscriptions") or {}).get("bot_events") or []),
        commands=tuple(_command(entry) for entry in features.get("slash_commands") or []),
        shortcuts=tuple(
            Shortcut(entry["name"], entry["callback_id"], entry["type"]) for entry in features.get("shortcuts") or []
        ),
        interactivity=bool((settings.get("interactivity") or {}).get("is_enabled")),
        home_tab=bool(home.get("home_tab_enabled", True)),
        unfurl_domains=frozenset(features.get("unfurl_domains") or []),
    )


def _command(entry: dict[str, Any]) -> Command:
    return Command(
        entry["command"],
        bool(entry.get("should_escape")),
        entry.get("description") or "",
        entry.get("usage_hint") or "",
    )
