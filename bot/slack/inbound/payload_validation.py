"""Checks the field types of Slack's payloads, which Bolt does not check, and which workspace they come from."""

from __future__ import annotations

from typing import Any

from bot.slack.inbound.event_parser import BotIdentity

ID = (str, dict)  # `"user": "U1"` in events, `"user": {"id": "U1"}` in presses
# A type, an object's fields, or a list with the shape of its items. `null` counts as absent.
Shape = Any
MESSAGE: Shape = {"thread_ts": str, "user": ID, "channel": ID, "team": ID, "bot_profile": {"team_id": str}}
EVENT: Shape = {
    **MESSAGE,
    "type": str,
    "subtype": str,
    "enterprise": ID,
    "message": MESSAGE,
    "previous_message": MESSAGE,
    "item": MESSAGE,
    "assistant_thread": MESSAGE,
}
BODY: Shape = {
    "type": str,
    "command": str,
    "callback_id": str,
    "trigger_id": str,
    "response_url": str,
    "enterprise": ID,
    "enterprise_id": str,
    "team": ID,
    "team_id": str,
    "user": ID,
    "user_id": str,
    "channel": ID,
    "channel_id": str,
    "authorizations": [{"enterprise": ID, "team": ID, "user": ID}],
    "event": EVENT,
    "container": {"channel_id": str, "thread_ts": str},
    "message": MESSAGE,
    "actions": [{"action_id": str, "block_id": str, "value": str, "type": str}],
    "view": {
        "id": str,
        "type": str,
        "callback_id": str,
        "private_metadata": str,
        "team_id": str,
        "app_installed_team_id": str,
        "title": {"text": str},
        "state": {"values": dict},
    },
    "response_urls": [{"response_url": str}],
    "function_data": dict,
}


NEVER_NULL = ("event", "actions", "response_urls")
BY_A_PERSON = frozenset({"block_actions", "view_submission", "view_closed", "shortcut", "message_action"})


def is_well_formed(body: Any) -> bool:
    """Whether the fields that are read have the types in Slack's reference. Other fields may be anything."""
    if not isinstance(body, dict) or not _fits(body, BODY):
        return False
    if any(name in body and body[name] is None for name in NEVER_NULL) or body.get("actions") == []:
        return False
    kind = body.get("type")
    if kind == "event_callback" or "event" in body:
        return _has(body.get("event"), "type")
    if kind in ("view_submission", "view_closed") and not _has(body.get("view"), "id", "type"):
        return False
    if kind == "message_action" and not _has(body.get("message"), "ts"):
        return False
    if "command" in body:
        return _has(body, "command", "user_id")
    return kind not in BY_A_PERSON or _has(body.get("user"), "id")


def is_from(body: dict[str, Any], bot: BotIdentity) -> bool:
    """Whether a well-formed payload comes from this bot's app in this bot's workspace, or in its Enterprise Grid.

    In a shared channel a person of another organisation acts through our installation: the payload names our workspace,
    for a form under `app_installed_team_id`.
    """
    app = body.get("api_app_id")
    if bot.app_id and isinstance(app, str) and app and app != bot.app_id:
        return False
    teams = {
        (body.get("view") or {}).get("app_installed_team_id") or body.get("team_id") or _id_of(body.get("team")),
        *(
            _id_of(authorization.get("team_id") or authorization.get("team"))
            for authorization in body.get("authorizations") or ()
        ),
    } - {None, ""}
    if not teams or not bot.team_id or bot.team_id in teams:
        return True
    enterprise = body.get("enterprise_id") or _id_of(body.get("enterprise"))
    return bool(bot.enterprise_id) and enterprise == bot.enterprise_id


def _id_of(value: Any) -> Any:
    return value.get("id") if isinstance(value, dict) else value


def _has(value: Any, *names: str) -> bool:
    """Whether `value` is an object with a text under each of the names."""
    return isinstance(value, dict) and all(isinstance(value.get(name), str) for name in names)


def _fits(value: Any, shape: Shape) -> bool:
    if value is None:
        return True
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return False
        for name in shape.keys() & value.keys():
            expected, field = shape[name], value[name]
            if not (isinstance(field, str) if expected is str and field is not None else _fits(field, expected)):
                return False
        return True
    if isinstance(shape, list):
        return isinstance(value, list) and all(item is not None and _fits(item, shape[0]) for item in value)
    return isinstance(value, shape)
