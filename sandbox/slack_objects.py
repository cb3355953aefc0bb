"""Builds Slack's JSON of users, conversations, files and user groups for the sandbox."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sandbox.model import Channel, File, Json, User, Usergroup


def user_object(user: User, *, with_email: bool = True) -> Json:
    """Return the user object of `users.info` and of user events."""
    moment = datetime.fromtimestamp(user.updated or 1_700_000_000, UTC).astimezone(ZoneInfo(user.tz))
    offset = moment.utcoffset()
    profile = _profile(user, with_email=with_email)
    shape: Json = {
        "id": user.id,
        "team_id": user.team_id,
        "name": user.name,
        "deleted": user.deleted,
        "color": "9f69e7",
        "real_name": user.real_name,
        "tz": user.tz,
        "tz_label": moment.tzname() or user.tz,
        "tz_offset": int(offset.total_seconds()) if offset else 0,
        "profile": profile,
        "is_admin": user.is_admin,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": user.is_restricted,
        "is_ultra_restricted": user.is_ultra_restricted,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": user.updated,
        "is_email_confirmed": not user.is_bot,
        "who_can_share_contact_card": "EVERYONE",
    }
    if user.is_stranger:
        shape["is_stranger"] = True
    if user.is_bot and user.bot_id:
        profile |= {"bot_id": user.bot_id, "api_app_id": user.app_id or ""}
    return shape


def _profile(user: User, *, with_email: bool) -> Json:
    first, _, last = user.real_name.partition(" ")
    profile: Json = {
        "title": user.title,
        "phone": "",
        "skype": "",
        "real_name": user.real_name,
        "real_name_normalized": user.real_name,
        "display_name": user.display_name or user.name,
        "display_name_normalized": user.display_name or user.name,
        "fields": None,
        "status_text": "",
        "status_text_canonical": "",
        "status_emoji": "",
        "status_emoji_display_info": [],
        "status_expiration": 0,
        "avatar_hash": user.id.lower(),
        "first_name": first,
        "last_name": last,
        "team": user.team_id,
    }
    for size in (24, 32, 48, 72, 192, 512):
        profile[f"image_{size}"] = f"https://avatars.sandbox.invalid/{user.id}-{size}.png"
    if with_email and user.email and not user.is_bot:
        profile["email"] = user.email
    return profile


def channel_object(channel: Channel, viewer: str, team_id: str, *, num_members: bool = False) -> Json:
    """Return the conversation object as `viewer` (a user ID) gets it."""
    if channel.is_im:
        return _direct_message_object(channel, viewer, team_id)
    shape: Json = {
        "id": channel.id,
        "name": channel.name,
        "is_channel": not channel.is_mpim,
        "is_group": False,
        "is_im": False,
        "is_mpim": channel.is_mpim,
        "is_private": channel.is_private or channel.is_mpim,
        "created": channel.created,
        "is_archived": channel.is_archived,
        "is_general": channel.is_general,
        "unlinked": 0,
        "name_normalized": channel.name,
        "is_shared": channel.is_ext_shared,
        "is_org_shared": False,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "context_team_id": team_id,
        "updated": channel.updated * 1000,
        "parent_conversation": None,
        "creator": channel.creator,
        "is_ext_shared": channel.is_ext_shared,
        "shared_team_ids": [team_id],
        "pending_connected_team_ids": [],
        "is_member": viewer in channel.members,
        "topic": dict(channel.topic),
        "purpose": dict(channel.purpose),
        "previous_names": list(channel.previous_names),
    }
    if viewer in channel.members:
        shape["last_read"] = channel.last_read.get(viewer, "0000000000.000000")
    if num_members:
        shape["num_members"] = len(channel.members)
    return shape


def _direct_message_object(channel: Channel, viewer: str, team_id: str) -> Json:
    partner = next((member for member in channel.members if member != viewer), viewer)
    return {
        "id": channel.id,
        "created": channel.created,
        "is_archived": channel.is_archived,
        "is_im": True,
        "is_org_shared": False,
        "context_team_id": team_id,
        "updated": channel.updated * 1000,
        "user": partner,
        "is_user_deleted": False,
        "priority": 0,
        "is_open": True,
    }


def file_object(file: File, base_url: str, team_id: str) -> Json:
    """Return the file object of messages and `files.info`."""
    return {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title,
        "mimetype": file.mimetype,
        "filetype": file.filetype,
        "pretty_type": file.filetype.upper(),
        "user": file.user,
        "user_team": team_id,
        "editable": False,
        "size": file.size,
        "mode": file.kind,
        "is_external": False,
        "external_type": "",
        "is_public": True,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": f"{base_url}/files/{file.id}/{file.name}",
        "url_private_download": f"{base_url}/files/{file.id}/download/{file.name}",
        "media_display_type": "unknown",
        "permalink": f"{base_url}/files/{file.user}/{file.id}/{file.name}",
        "permalink_public": f"{base_url}/files/public/{file.id}",
        "is_starred": False,
        "has_rich_preview": False,
        "file_access": "visible",
        "channels": list(file.channels),
        "groups": [],
        "ims": [],
    }


def usergroup_object(group: Usergroup, team_id: str, *, with_users: bool) -> Json:
    """Return the user group object, with or without the IDs of its members."""
    shape: Json = {
        "id": group.id,
        "team_id": team_id,
        "is_usergroup": True,
        "name": group.name,
        "description": group.description,
        "handle": group.handle,
        "is_external": False,
        "date_create": group.created,
        "date_update": group.updated or group.created,
        "date_delete": (group.updated or 1) if group.disabled else 0,
        "auto_type": None,
        "created_by": group.created_by,
        "updated_by": group.updated_by or group.created_by,
        "deleted_by": (group.updated_by or None) if group.disabled else None,
        "prefs": {"channels": list(group.channels), "groups": []},
        "user_count": str(len(group.users)),
    }
    if with_users:
        shape["users"] = list(group.users)
    return shape
