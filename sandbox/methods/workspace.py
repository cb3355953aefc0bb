"""Imitates Slack's `api.*`, `auth.*`, `team.*`, `bots.*`, `users.*` and `emoji.*` methods."""

from sandbox.errors import SlackError
from sandbox.methods.registry import Call, cursor_metadata, method, paginate
from sandbox.model import Json, User
from sandbox.slack_objects import user_object


@method("api.test", {"error": "s", "foo": "s"}, tier="t4", token="")
def api_test(call: Call) -> Json:
    """Return the arguments, or fail with the error that was asked for."""
    if error := call.get("error"):
        raise SlackError(error, args=call.args)
    return {"args": call.args}


@method("auth.test", tier="t5")
def auth_test(call: Call) -> Json:
    """The bot to which the token belongs, with its workspace and URL."""
    settings = call.ws.settings
    return {
        "url": f"https://{settings.team_domain}.slack.com/",
        "team": settings.team_name,
        "user": call.bot.name,
        "team_id": settings.team_id,
        "user_id": call.bot.id,
        "bot_id": call.bot.bot_id,
        "is_enterprise_install": False,
    }


@method("auth.revoke", {"test": "b"}, json_input=False)
def auth_revoke(call: Call) -> Json:
    """Revoke the token, unless `test` is set."""
    if not call.get("test"):
        call.ws.revoke()
    return {"revoked": not call.get("test", False)}


@method("apps.connections.open", token="xapp")  # noqa: S106 - the kind of token
def connections_open(call: Call) -> Json:
    """A WebSocket address for Socket Mode, valid for one connection."""
    return {"url": call.ws.sockets.ticket()}


@method("team.info", {"team": "s", "domain": "s"}, scopes=("team:read",))
def team_info(call: Call) -> Json:
    """The workspace."""
    settings = call.ws.settings
    team = {"id": settings.team_id, "name": settings.team_name, "domain": settings.team_domain, "email_domain": ""}
    url = f"https://{settings.team_domain}.slack.com/"
    return {"team": team | {"url": url, "icon": {"image_default": True}, "avatar_base_url": ""}}


@method("bots.info", {"bot": "s", "team_id": "s"}, scopes=("users:read",), json_input=False)
def bots_info(call: Call) -> Json:
    """A bot by its bot ID; without one, the calling bot."""
    bot_id = call.get("bot") or call.bot.bot_id
    bot = next((user for user in call.ws.state.users.values() if user.bot_id == bot_id), None)
    if bot is None:
        raise SlackError("bot_not_found")
    shape = {"id": bot.bot_id, "deleted": bot.deleted, "name": bot.real_name, "updated": bot.updated}
    return {"bot": shape | {"app_id": bot.app_id or "", "user_id": bot.id, "icons": {}}}


def _shape(call: Call, user: User) -> Json:
    """Return a user object; `is_stranger` is set for users of other workspaces who share no channel with the app."""
    scopes = call.ws.manifest.scopes
    shape = user_object(user, with_email=scopes is None or "users:read.email" in scopes)
    rooms = call.ws.state.channels.values()
    if user.is_stranger and any({user.id, call.bot.id} <= set(room.members) and not room.is_im for room in rooms):
        del shape["is_stranger"]
    return shape


@method(
    "users.info", {"user": "s", "include_locale": "b"}, ("user",), tier="t4", scopes=("users:read",), json_input=False
)
def users_info(call: Call) -> Json:
    """One user."""
    shape = _shape(call, call.user())
    return {"user": shape | {"locale": "en-US"} if call.get("include_locale") else shape}


@method(
    "users.list",
    {"cursor": "s", "limit": "i", "include_locale": "b", "team_id": "s"},
    tier="t2",
    scopes=("users:read",),
    json_input=False,
)
def users_list(call: Call) -> Json:
    """A page of the workspace's users; without `limit`, all of them."""
    users = [user for user in call.ws.state.users.values() if not user.is_stranger]
    part, cursor = paginate(users, call, default=len(users) or 1)
    return {"members": [_shape(call, u) for u in part], "cache_ts": int(call.ws.clock.now()), **cursor_metadata(cursor)}


@method("users.lookupByEmail", {"email": "s"}, ("email",), scopes=("users:read.email",), json_input=False)
def lookup_by_email(call: Call) -> Json:
    """The active user with this e-mail address, in any case of letters."""
    email = call.args["email"].lower()
    for user in call.ws.state.users.values():
        if user.email.lower() == email and email and not user.deleted and not user.is_stranger:
            return {"user": user_object(user)}
    raise SlackError("users_not_found")


@method(
    "users.profile.get",
    {"user": "s", "include_labels": "b"},
    tier="t4",
    scopes=("users.profile:read",),
    json_input=False,
)
def profile(call: Call) -> Json:
    """A user's profile; without `user`, the bot's."""
    user = call.user() if call.get("user") else call.bot
    return {"profile": _shape(call, user)["profile"]}


@method("users.getPresence", {"user": "s"}, scopes=("users:read",), json_input=False)
def presence(call: Call) -> Json:
    """A user's presence, which is always `active` here."""
    if call.get("user"):
        call.user()
    return {"presence": "active"}


@method("emoji.list", {"include_categories": "b"}, tier="t2", scopes=("emoji:read",), json_input=False)
def emoji(call: Call) -> Json:
    """The custom emoji: none."""
    return {"emoji": {}, "cache_ts": str(int(call.ws.clock.now()))}
