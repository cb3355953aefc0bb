"""The things in a workspace: people, channels, messages, files, views. Plain records; `api` gives Slack's shape."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]


@dataclass
class User:
    """A person or a bot user."""

    id: str
    name: str
    real_name: str
    team_id: str
    email: str = ""
    tz: str = "UTC"
    title: str = ""
    display_name: str = ""
    is_admin: bool = False
    is_bot: bool = False
    bot_id: str | None = None
    app_id: str | None = None
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    deleted: bool = False
    updated: int = 0

    def api(self, *, with_email: bool = True) -> Json:
        """The user object of `users.info` and of user events."""
        moment = datetime.fromtimestamp(self.updated or 1_700_000_000, UTC).astimezone(ZoneInfo(self.tz))
        offset = moment.utcoffset()
        first, _, last = self.real_name.partition(" ")
        profile: Json = {
            "title": self.title,
            "phone": "",
            "skype": "",
            "real_name": self.real_name,
            "real_name_normalized": self.real_name,
            "display_name": self.display_name or self.name,
            "display_name_normalized": self.display_name or self.name,
            "fields": None,
            "status_text": "",
            "status_text_canonical": "",
            "status_emoji": "",
            "status_emoji_display_info": [],
            "status_expiration": 0,
            "avatar_hash": self.id.lower(),
            "first_name": first,
            "last_name": last,
            "team": self.team_id,
        }
        for size in (24, 32, 48, 72, 192, 512):
            profile[f"image_{size}"] = f"https://avatars.sandbox.invalid/{self.id}-{size}.png"
        if with_email and self.email and not self.is_bot:
            profile["email"] = self.email
        shape: Json = {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.name,
            "deleted": self.deleted,
            "color": "9f69e7",
            "real_name": self.real_name,
            "tz": self.tz,
            "tz_label": moment.tzname() or self.tz,
            "tz_offset": int(offset.total_seconds()) if offset else 0,
            "profile": profile,
            "is_admin": self.is_admin,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": self.is_restricted,
            "is_ultra_restricted": self.is_ultra_restricted,
            "is_bot": self.is_bot,
            "is_app_user": False,
            "updated": self.updated,
            "is_email_confirmed": not self.is_bot,
            "who_can_share_contact_card": "EVERYONE",
        }
        if self.is_stranger:
            shape["is_stranger"] = True
        if self.is_bot and self.bot_id:
            profile |= {"bot_id": self.bot_id, "api_app_id": self.app_id or ""}
        return shape


@dataclass
class Channel:
    """A conversation of any kind; `members` keeps the order of joining."""

    id: str
    name: str
    creator: str
    created: int
    is_private: bool = False
    is_im: bool = False
    is_mpim: bool = False
    is_general: bool = False
    is_ext_shared: bool = False
    is_archived: bool = False
    members: list[str] = field(default_factory=list)
    topic: Json = field(default_factory=lambda: {"value": "", "creator": "", "last_set": 0})
    purpose: Json = field(default_factory=lambda: {"value": "", "creator": "", "last_set": 0})
    previous_names: list[str] = field(default_factory=list)
    pins: list[Json] = field(default_factory=list)
    bookmarks: list[Json] = field(default_factory=list)
    canvas: str | None = None
    updated: int = 0
    last_read: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Slack's `channel_type` in events: channel, group, im or mpim."""
        if self.is_im:
            return "im"
        if self.is_mpim:
            return "mpim"
        return "group" if self.is_private else "channel"

    @property
    def is_public(self) -> bool:
        """Whether anybody in the workspace may look inside."""
        return self.kind == "channel"

    @property
    def letter(self) -> str:
        """The `channel_type` of membership events: C, G or D."""
        return "D" if self.is_im else "G" if self.is_mpim else "C"

    def api(self, viewer: str, team_id: str, *, num_members: bool = False) -> Json:
        """The conversation object as `viewer` gets it."""
        if self.is_im:
            other = next((member for member in self.members if member != viewer), viewer)
            return {
                "id": self.id,
                "created": self.created,
                "is_archived": self.is_archived,
                "is_im": True,
                "is_org_shared": False,
                "context_team_id": team_id,
                "updated": self.updated * 1000,
                "user": other,
                "is_user_deleted": False,
                "priority": 0,
                "is_open": True,
            }
        shape: Json = {
            "id": self.id,
            "name": self.name,
            "is_channel": not self.is_mpim,
            "is_group": False,
            "is_im": False,
            "is_mpim": self.is_mpim,
            "is_private": self.is_private or self.is_mpim,
            "created": self.created,
            "is_archived": self.is_archived,
            "is_general": self.is_general,
            "unlinked": 0,
            "name_normalized": self.name,
            "is_shared": self.is_ext_shared,
            "is_org_shared": False,
            "is_pending_ext_shared": False,
            "pending_shared": [],
            "context_team_id": team_id,
            "updated": self.updated * 1000,
            "parent_conversation": None,
            "creator": self.creator,
            "is_ext_shared": self.is_ext_shared,
            "shared_team_ids": [team_id],
            "pending_connected_team_ids": [],
            "is_member": viewer in self.members,
            "topic": dict(self.topic),
            "purpose": dict(self.purpose),
            "previous_names": list(self.previous_names),
        }
        if viewer in self.members:
            shape["last_read"] = self.last_read.get(viewer, "0000000000.000000")
        if num_members:
            shape["num_members"] = len(self.members)
        return shape


@dataclass
class Message:
    """A message in a channel or thread; `extra` holds what only its subtype has."""

    channel: str
    ts: str
    user: str
    text: str
    subtype: str | None = None
    blocks: list[Json] | None = None
    attachments: list[Json] | None = None
    thread_ts: str | None = None
    broadcast: bool = False
    bot_id: str | None = None
    app_id: str | None = None
    username: str | None = None
    icons: Json | None = None
    metadata: Json | None = None
    edited: Json | None = None
    files: list[str] = field(default_factory=list)
    reactions: list[Json] = field(default_factory=list)
    client_msg_id: str | None = None
    extra: Json = field(default_factory=dict)
    edits: int = 0

    @property
    def is_reply(self) -> bool:
        """Whether it lives in a thread under another message."""
        return self.thread_ts is not None and self.thread_ts != self.ts


@dataclass
class Ephemeral:
    """A message only one person sees. Slack keeps none of it; the workspace remembers it for tests and the page."""

    id: str
    channel: str
    viewer: str
    ts: str
    text: str
    blocks: list[Json] | None = None
    attachments: list[Json] | None = None
    thread_ts: str | None = None
    from_slack: bool = False
    deleted: bool = False
    username: str | None = None


@dataclass
class View:
    """A modal or a home tab; `values` is what the person has entered so far."""

    id: str
    user: str
    hash: str
    body: Json
    kind: str = "modal"
    root_id: str = ""
    previous_id: str | None = None
    values: dict[str, dict[str, Json]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    trouble: str | None = None
    is_open: bool = True

    @property
    def title(self) -> str:
        """The words at the top of the modal."""
        return str((self.body.get("title") or {}).get("text", ""))

    @property
    def callback_id(self) -> str:
        """The app's name for it."""
        return str(self.body.get("callback_id") or "")


@dataclass
class File:
    """A file somebody shared; the bytes are kept apart."""

    id: str
    name: str
    title: str
    user: str
    size: int
    created: int
    mimetype: str = "application/octet-stream"
    filetype: str = "binary"
    channels: list[str] = field(default_factory=list)
    complete: bool = True
    deleted: bool = False
    kind: str = "hosted"

    def api(self, base_url: str) -> Json:
        """The file object of messages and `files.info`."""
        return {
            "id": self.id,
            "created": self.created,
            "timestamp": self.created,
            "name": self.name,
            "title": self.title,
            "mimetype": self.mimetype,
            "filetype": self.filetype,
            "pretty_type": self.filetype.upper(),
            "user": self.user,
            "user_team": "",
            "editable": False,
            "size": self.size,
            "mode": self.kind,
            "is_external": False,
            "external_type": "",
            "is_public": True,
            "public_url_shared": False,
            "display_as_bot": False,
            "username": "",
            "url_private": f"{base_url}/files/{self.id}/{self.name}",
            "url_private_download": f"{base_url}/files/{self.id}/download/{self.name}",
            "media_display_type": "unknown",
            "permalink": f"{base_url}/files/{self.user}/{self.id}/{self.name}",
            "permalink_public": f"{base_url}/files/public/{self.id}",
            "is_starred": False,
            "has_rich_preview": False,
            "file_access": "visible",
            "channels": list(self.channels),
            "groups": [],
            "ims": [],
        }


@dataclass
class Usergroup:
    """A user group (`@oncall`)."""

    id: str
    handle: str
    name: str
    users: list[str]
    created_by: str
    created: int
    description: str = ""
    channels: list[str] = field(default_factory=list)
    disabled: bool = False
    updated: int = 0
    updated_by: str = ""

    def api(self, team_id: str, *, with_users: bool) -> Json:
        """The usergroup object."""
        shape: Json = {
            "id": self.id,
            "team_id": team_id,
            "is_usergroup": True,
            "name": self.name,
            "description": self.description,
            "handle": self.handle,
            "is_external": False,
            "date_create": self.created,
            "date_update": self.updated or self.created,
            "date_delete": (self.updated or 1) if self.disabled else 0,
            "auto_type": None,
            "created_by": self.created_by,
            "updated_by": self.updated_by or self.created_by,
            "deleted_by": (self.updated_by or None) if self.disabled else None,
            "prefs": {"channels": list(self.channels), "groups": []},
            "user_count": str(len(self.users)),
        }
        if with_users:
            shape["users"] = list(self.users)
        return shape
