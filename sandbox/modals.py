"""Keeps the modals and home tabs of people in the sandbox, and applies the bot's calls and answers to them.

As in Slack, a trigger lets the bot open a view, a person's modals form a stack, and a hash names a version.
"""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sandbox.blocks import view_of
from sandbox.errors import SlackError
from sandbox.forms import initial_values
from sandbox.journal import Journal
from sandbox.model import Json, View
from sandbox.settings import Settings
from sandbox.state import State, new_id

PUSH_DEPTH = 3
MAX_TRIGGERS = 5000  # remembered
TROUBLE = "We had some trouble connecting. Try again?"


@dataclass
class Trigger:
    """A `trigger_id`, with which the app may open one view within three seconds of a person's action."""

    id: str
    user: str
    at: float
    view_id: str | None = None
    used: bool = False


class Modals:
    """All views of all users."""

    def __init__(self, state: State, settings: Settings, journal: Journal, bot_id: str) -> None:
        self.state = state
        self.settings = settings
        self.journal = journal
        self.bot_id = bot_id
        self.triggers: dict[str, Trigger] = {}

    def trigger(self, user: str, view_id: str | None = None) -> str:
        """Issue a trigger_id for an action of this user, in a view if `view_id` is given."""
        now = self.state.clock.now()
        trigger = Trigger(f"{int(now * 1000)}.{uuid4().int % 10**10}.{uuid4().hex}", user, now, view_id)
        self.triggers[trigger.id] = trigger
        if len(self.triggers) > MAX_TRIGGERS:
            self.triggers.pop(next(iter(self.triggers)))
        return trigger.id

    def _redeemable(self, trigger_id: str | None) -> Trigger:
        """Return a valid trigger. Raises Slack's error for an unknown, used or expired one."""
        trigger = self.triggers.get(trigger_id or "")
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self.state.clock.now() - trigger.at > self.settings.trigger_life_s:
            raise SlackError("expired_trigger_id")
        return trigger

    def stack(self, user: str) -> list[View]:
        """Return a user's open modals, the visible one last."""
        return [self.state.views[view_id] for view_id in self.state.stacks.get(user, [])]

    def open(self, trigger_id: str | None, value: Any) -> View:
        """Open a modal (`views.open`) and close any other of the user. Raises `SlackError`."""
        body = view_of(value, "modal")
        trigger = self._redeemable(trigger_id)
        self._require_free_external_id(body, None)
        trigger.used = True
        for view in self.stack(trigger.user):
            self._close(view)
        view = self._new(trigger.user, body)
        self.state.stacks[trigger.user] = [view.id]
        self._changed("view_opened", view)
        return view

    def push(self, trigger_id: str | None, value: Any) -> View:
        """Open a view on top of the trigger's modal (`views.push`). Raises `SlackError`."""
        body = view_of(value, "modal")
        trigger = self._redeemable(trigger_id)
        if trigger.view_id is None or trigger.view_id not in self.state.stacks.get(trigger.user, []):
            raise SlackError("not_found")
        view = self._push_view(trigger.user, body)
        trigger.used = True
        return view

    def _push_view(self, user: str, body: Json) -> View:
        stack = self.state.stacks.setdefault(user, [])
        if len(stack) >= PUSH_DEPTH:
            raise SlackError("push_limit_reached")
        self._require_free_external_id(body, None)
        view = self._new(user, body)
        if stack:
            view.previous_id, view.root_id = stack[-1], self.state.views[stack[-1]].root_id
        stack.append(view.id)
        self._changed("view_opened", view)
        return view

    def update(self, view: View, value: Any, expected_hash: str | None = None) -> View:
        """Replace a view (`views.update`, or a `response_action: update`). Raises `SlackError`."""
        body = view_of(value, view.kind)
        if expected_hash is not None and expected_hash != view.hash:
            raise SlackError("hash_conflict")
        self._require_free_external_id(body, view)
        view.body = body
        view.values = initial_values(body["blocks"], view.values)
        view.hash = self._hash()
        view.errors, view.trouble = {}, None
        self._changed("view_updated", view)
        return view

    def publish(self, user: str, value: Any, expected_hash: str | None = None) -> View:
        """Set a user's home tab (`views.publish`). Raises `SlackError`."""
        body = view_of(value, "home", self.state.refused_blocks)
        view = self.state.homes.get(user)
        if view is not None and expected_hash is not None and expected_hash != view.hash:
            raise SlackError("hash_conflict")
        if view is None:
            view = self._new(user, body)
            view.kind = "home"
            self.state.homes[user] = view
        self._require_free_external_id(body, view)
        view.body, view.hash = body, self._hash()
        view.values = initial_values(body["blocks"], view.values)
        self._changed("home_published", view)
        return view

    def find(self, view_id: str | None, external_id: str | None) -> View:
        """Return an open view by its ID or external ID. Raises `SlackError`."""
        if view_id:
            view = self.state.views.get(view_id)
        else:
            candidates = (
                v for v in self.state.views.values() if external_id and v.body.get("external_id") == external_id
            )
            view = next((v for v in candidates if v.is_open), None)
        if view is None or not view.is_open:
            raise SlackError("not_found")
        return view

    def _require_free_external_id(self, body: Json, own: View | None) -> None:
        external = body.get("external_id")
        if not external:
            return
        if any(v is not own and v.is_open and v.body.get("external_id") == external for v in self.state.views.values()):
            raise SlackError("duplicate_external_id")

    def _new(self, user: str, body: Json) -> View:
        view = View(new_id("V"), user, self._hash(), body)
        view.root_id = view.id
        view.values = initial_values(body["blocks"])
        self.state.views[view.id] = view
        return view

    def _hash(self) -> str:
        return f"{int(self.state.clock.now())}.{uuid4().hex[:8]}"

    def close(self, user: str, *, everything: bool = False) -> list[View]:
        """Close the visible view, or with `everything` all of them; returns the closed views, top first."""
        stack = self.state.stacks.get(user, [])
        closed = [self.state.views[stack.pop()] for _ in range(len(stack) if everything else min(1, len(stack)))]
        for view in closed:
            self._close(view)
        return closed

    def _close(self, view: View) -> None:
        view.is_open = False
        self._changed("view_closed", view)

    def _changed(self, kind: str, view: View) -> None:
        self.state.touch("view", view.id)
        self.journal.change(kind, {"view": view.id, "user": view.user, "callback_id": view.callback_id})

    def answer(self, view: View, body: Any) -> None:
        """Apply the app's answer to a submission. An invalid answer keeps the modal open with an error above it."""
        view.errors, view.trouble = {}, None
        if body is None or body == "":
            self.close(view.user)
            return
        action = body.get("response_action") if isinstance(body, dict) else None
        try:
            self._apply(view, action, body)
        except SlackError as refused:
            view.trouble = f"{TROUBLE} ({refused.error}: {refused.extra})"
        self._changed("view_answered", view)

    def _apply(self, view: View, action: Any, body: Any) -> None:
        if action == "errors":
            self._show_errors(view, body.get("errors"))
        elif action == "update":
            self.update(view, body.get("view"))
        elif action == "push":
            self._push_view(view.user, view_of(body.get("view"), "modal"))
        elif action == "clear":
            self.close(view.user, everything=True)
        elif body == {}:
            self.close(view.user)
        else:
            raise SlackError("invalid_response_action", answer=str(body)[:200])

    def _show_errors(self, view: View, errors: Any) -> None:
        inputs = {block["block_id"] for block in view.body["blocks"] if block["type"] == "input"}
        if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
            raise SlackError("invalid_errors", blocks=sorted(inputs))
        view.errors = {str(block): str(text) for block, text in errors.items()}

    def failed(self, view: View) -> None:
        """Show that a submission did not reach the app."""
        view.trouble = TROUBLE
        self._changed("view_answered", view)

    def payload(self, view: View) -> Json:
        """Return Slack's view object, for payloads and API answers."""
        body = view.body
        return {
            "id": view.id,
            "team_id": self.settings.team_id,
            "type": view.kind,
            "blocks": body["blocks"],
            "private_metadata": body.get("private_metadata", ""),
            "callback_id": body.get("callback_id", ""),
            "state": {"values": view.values},
            "hash": view.hash,
            "title": body.get("title"),
            "clear_on_close": body.get("clear_on_close", False),
            "notify_on_close": body.get("notify_on_close", False),
            "close": body.get("close"),
            "submit": body.get("submit"),
            "previous_view_id": view.previous_id,
            "root_view_id": view.root_id,
            "app_id": self.settings.app_id,
            "external_id": body.get("external_id", ""),
            "app_installed_team_id": self.settings.team_id,
            "bot_id": self.bot_id,
        }
