"""Imitates Slack's `views.*` methods, which open and update modals and publish home tabs."""

from sandbox.errors import SlackError, invalid_arguments
from sandbox.methods.registry import Call, method
from sandbox.model import Json

OPENED = {"view": "j", "trigger_id": "s", "interactivity_pointer": "s"}


def _trigger(call: Call) -> str | None:
    trigger: str | None = call.get("trigger_id") or call.get("interactivity_pointer")
    return trigger


@method("views.open", OPENED, ("view",), tier="t4")
def open_view(call: Call) -> Json:
    """Open a modal. The trigger is valid for three seconds and once."""
    if _trigger(call) is None:
        raise invalid_arguments("missing required field: trigger_id")
    modals = call.ws.modals
    return {"view": modals.payload(modals.open(_trigger(call), call.args["view"]))}


@method("views.push", OPENED, ("view",), tier="t4")
def push_view(call: Call) -> Json:
    """Push a modal on top of the one that is open."""
    if _trigger(call) is None:
        raise invalid_arguments("missing required field: trigger_id")
    modals = call.ws.modals
    return {"view": modals.payload(modals.push(_trigger(call), call.args["view"]))}


@method("views.update", {"view": "j", "view_id": "s", "external_id": "s", "hash": "s"}, ("view",), tier="t4")
def update_view(call: Call) -> Json:
    """Replace an open modal, by ID or external ID. With `hash`, only the version it names."""
    if not call.get("view_id") and not call.get("external_id"):
        raise invalid_arguments("missing required field: view_id")
    modals = call.ws.modals
    view = modals.find(call.get("view_id"), call.get("external_id"))
    return {"view": modals.payload(modals.update(view, call.args["view"], call.get("hash")))}


PUBLISHED = {"user_id": "s", "view": "j", "hash": "s", "interactivity_pointer": "s"}


@method("views.publish", PUBLISHED, ("user_id", "view"), tier="t4")
def publish_view(call: Call) -> Json:
    """Publish a user's home tab. With `hash`, only over the version it names."""
    user = call.user("user_id")
    if not call.ws.manifest.home_tab:
        raise SlackError("not_enabled")
    modals = call.ws.modals
    return {"view": modals.payload(modals.publish(user.id, call.args["view"], call.get("hash")))}
