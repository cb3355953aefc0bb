"""Imitates Slack's `usergroups.*` methods, about groups of users with a handle such as `@oncall`."""

from sandbox.errors import SlackError
from sandbox.methods.registry import Call, method
from sandbox.model import Json, Usergroup
from sandbox.slack_objects import usergroup_object
from sandbox.state import new_id

COUNTED = {"include_count": "b", "team_id": "s"}
DESCRIBED = COUNTED | {"name": "s", "handle": "s", "description": "s", "channels": "l"}
LONGEST_HANDLE = 21


def _group(call: Call, *, include_disabled: bool = True) -> Usergroup:
    group = call.ws.state.usergroups.get(call.args["usergroup"])
    if group is None or (group.disabled and not include_disabled):
        raise SlackError("no_such_subteam")
    return group


def _shape(call: Call, group: Usergroup, *, users: bool) -> Json:
    return usergroup_object(group, call.ws.settings.team_id, with_users=users)


def _changed(call: Call, group: Usergroup) -> Json:
    group.updated, group.updated_by = int(call.ws.clock.now()), call.bot.id
    call.ws.state.touch("usergroup", group.id)
    return {"usergroup": _shape(call, group, users=True)}


def _require_free_names(call: Call, own: Usergroup | None) -> None:
    """Raise `SlackError` for a name or handle that is taken or not allowed."""
    other_groups = [group for group in call.ws.state.usergroups.values() if group is not own]
    handle = call.get("handle")
    if handle is not None:
        if not handle or len(handle) > LONGEST_HANDLE or handle != handle.lower() or " " in handle:
            raise SlackError("bad_handle")
        if handle in ("channel", "here", "everyone"):
            raise SlackError("forbidden_handle")
        people = {user.name for user in call.ws.state.users.values()}
        channels = {channel.name for channel in call.ws.state.channels.values()}
        if handle in people | channels | {group.handle for group in other_groups}:
            raise SlackError("handle_already_exists")
    if any(group.name == call.get("name") for group in other_groups):
        raise SlackError("name_already_exists")


@method(
    "usergroups.list",
    COUNTED | {"include_disabled": "b", "include_users": "b"},
    tier="t2",
    scopes=("usergroups:read",),
    json_input=False,
)
def list_groups(call: Call) -> Json:
    """All user groups; disabled ones and members on request."""
    groups = [
        group for group in call.ws.state.usergroups.values() if call.get("include_disabled") or not group.disabled
    ]
    return {"usergroups": [_shape(call, group, users=call.get("include_users", False)) for group in groups]}


@method(
    "usergroups.users.list",
    {"usergroup": "s", "include_disabled": "b", "team_id": "s"},
    ("usergroup",),
    tier="t2",
    scopes=("usergroups:read",),
    json_input=False,
)
def list_users(call: Call) -> Json:
    """The IDs of a group's members."""
    return {"users": list(_group(call, include_disabled=call.get("include_disabled", False)).users)}


@method(
    "usergroups.users.update",
    COUNTED | {"usergroup": "s", "users": "l"},
    ("usergroup", "users"),
    tier="t2",
    scopes=("usergroups:write",),
)
def update_users(call: Call) -> Json:
    """Replace the members of a group. An empty list is refused; such a group is disabled instead."""
    group = _group(call)
    users = list(dict.fromkeys(call.args["users"]))
    if not users:
        raise SlackError("no_users_provided")
    members = [call.ws.state.users.get(user) if isinstance(user, str) else None for user in users]
    if any(user is None or user.deleted or user.is_bot for user in members):
        raise SlackError("invalid_users")
    if any(user is not None and user.is_stranger for user in members):
        raise SlackError("failed_for_some_users")
    group.users = users
    return _changed(call, group)


@method("usergroups.enable", COUNTED | {"usergroup": "s"}, ("usergroup",), tier="t2", scopes=("usergroups:write",))
def enable(call: Call) -> Json:
    """Enable a group. Its members stay as they were."""
    group = _group(call)
    group.disabled = False
    return _changed(call, group)


@method("usergroups.disable", COUNTED | {"usergroup": "s"}, ("usergroup",), tier="t2", scopes=("usergroups:write",))
def disable(call: Call) -> Json:
    """Disable a group. Its members are kept for when it is enabled again."""
    group = _group(call)
    group.disabled = True
    return _changed(call, group)


@method("usergroups.update", DESCRIBED | {"usergroup": "s"}, ("usergroup",), tier="t2", scopes=("usergroups:write",))
def update(call: Call) -> Json:
    """Change a group's name, handle, description or default channels."""
    group = _group(call)
    _require_free_names(call, group)
    for name in ("name", "handle", "description", "channels"):
        if name in call.args:
            setattr(group, name, call.args[name])
    return _changed(call, group)


@method("usergroups.create", DESCRIBED, ("name",), tier="t2", scopes=("usergroups:write",))
def create(call: Call) -> Json:
    """Create an empty group. Without a handle, it is made from the name."""
    if not call.args["name"].strip():
        raise SlackError("missing_subteam_name")
    _require_free_names(call, None)
    handle = call.get("handle") or call.args["name"].lower().replace(" ", "-")[:LONGEST_HANDLE]
    group = Usergroup(new_id("S"), handle, call.args["name"], [], call.bot.id, int(call.ws.clock.now()))
    group.description = call.get("description", "")
    group.channels = call.get("channels", [])
    call.ws.state.usergroups[group.id] = group
    call.ws.state.touch("usergroup", group.id)
    return {"usergroup": _shape(call, group, users=False)}
