"""Sends what people do in the sandbox (commands, presses, forms, shortcuts) to the bot, and applies its answers."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.blocks import attachments_of, blocks_of
from sandbox.delivery import Delivery
from sandbox.errors import SlackError
from sandbox.forms import VALUE_FIELD, Field, client_errors
from sandbox.modals import Modals
from sandbox.model import Channel, Ephemeral, Json, Message, User, View
from sandbox.mrkdwn import clean, command_text
from sandbox.posting import Posting
from sandbox.response_urls import ResponseUrls
from sandbox.slack_messages import SlackMessages
from sandbox.state import new_id
from sandbox.transport import TIMEOUT, Answer


@dataclass
class Reply:
    """The reply that a person sees after an interaction. `error` is Slack's error name if it failed."""

    ok: bool
    text: str = ""
    blocks: list[Json] | None = None
    error: str | None = None
    message: Message | Ephemeral | None = None
    view: View | None = None
    errors: dict[str, str] = field(default_factory=dict)
    answer: Any = None


def error_name(answer: Answer) -> str:
    """Return Slack's error name for an app that did not answer, or answered badly."""
    return "operation_timeout" if answer.error == TIMEOUT else "dispatch_failed"


class Interactions:
    """Sends interactions to the app and applies its answers."""

    def __init__(
        self,
        delivery: Delivery,
        slack_messages: SlackMessages,
        posting: Posting,
        modals: Modals,
        response_urls: ResponseUrls,
    ) -> None:
        self.delivery = delivery
        self.slack_messages = slack_messages
        self.posting = posting
        self.modals = modals
        self.response_urls = response_urls
        self.state = delivery.state
        self.settings = delivery.settings
        self.manifest = delivery.manifest

    async def command(self, user: User, channel: Channel, line: str) -> Reply:
        """Type a slash command."""
        name, _, arguments = line.strip().partition(" ")
        command = self.manifest.command(name)
        if command is None:
            return self._from_slack(user, channel, f"{name} is not a valid command.", "invalid_command")
        if user.id not in channel.members:
            return Reply(False, error="not_in_channel")
        if not self.delivery.app_started.is_set():
            starting = f"{self.manifest.name} is starting. What you typed waits until it is connected."
            self.posting.ephemeral(channel.id, user.id, starting, from_slack=True)
            await self.delivery.app_started.wait()
        response_url = self.response_urls.issue(user.id, channel.id)
        trigger = self.modals.trigger(user.id)
        payload = {
            "token": self.settings.verification_token,
            "team_id": self.settings.team_id,
            "team_domain": self.settings.team_domain,
            "channel_id": channel.id,
            "channel_name": self._channel_name(channel),
            "user_id": user.id,
            "user_name": user.name,
            "command": name,
            "text": command_text(self.state, arguments.strip(), should_escape=command.should_escape),
            "api_app_id": self.settings.app_id,
            "is_enterprise_install": "false",
            "response_url": response_url,
            "trigger_id": trigger,
        }
        answer = await self.delivery.ask("slash_commands", payload, trigger)
        if not answer.ok:
            error = error_name(answer)
            return self._from_slack(user, channel, f'{name} failed with the error "{error}"', error)
        return self._show_answer(user, channel, answer.body)

    @staticmethod
    def _channel_name(channel: Channel) -> str:
        if channel.is_im:
            return "directmessage"
        return "privategroup" if channel.is_private and not channel.is_mpim else channel.name

    def _from_slack(self, user: User, channel: Channel, text: str, error: str) -> Reply:
        message = self.posting.ephemeral(channel.id, user.id, text, from_slack=True)
        return Reply(False, text, error=error, message=message)

    def _show_answer(self, user: User, channel: Channel, body: Any) -> Reply:
        """Show the content of a command's acknowledgement: nothing, text, or a message."""
        if body in (None, "", {}):
            return Reply(True, answer=body)
        content = {"text": body} if isinstance(body, str) else body
        try:
            message = self.show(user.id, channel.id, content)
        except SlackError as refused:
            return self._from_slack(user, channel, f"the app's answer was refused: {refused.error}", refused.error)
        return Reply(True, message.text, message.blocks, message=message, answer=body)

    def show(self, user: str, channel: str, content: Json) -> Message | Ephemeral:
        """Post an answer in the channel, for all members or (the default) for this user only. Raises `SlackError`."""
        text = clean(str(content.get("text") or ""))
        blocks = blocks_of(content.get("blocks"), refused=self.state.refused_blocks)
        attachments = attachments_of(content.get("attachments"), refused=self.state.refused_blocks)
        if not text and not blocks and not attachments:
            raise SlackError("no_text")
        thread = content.get("thread_ts")
        if content.get("response_type") == "in_channel":
            bot = self.state.users[self.delivery.bot]
            return self.posting.post(
                self.state.channels[channel],
                bot.id,
                text,
                blocks=blocks,
                attachments=attachments,
                thread_ts=thread,
                bot_id=bot.bot_id,
                app_id=bot.app_id,
            )
        return self.posting.ephemeral(channel, user, text, blocks=blocks, attachments=attachments, thread_ts=thread)

    def _envelope(self, kind: str, user: User, trigger: str | None) -> Json:
        payload: Json = {
            "type": kind,
            "team": {"id": self.settings.team_id, "domain": self.settings.team_domain},
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id},
            "api_app_id": self.settings.app_id,
            "token": self.settings.verification_token,
            "enterprise": None,
            "is_enterprise_install": False,
        }
        return payload if trigger is None else payload | {"trigger_id": trigger}

    def action(self, pressed: Field, value: Json | None) -> Json:
        """Return one entry of the payload's `actions`."""
        element = pressed.element
        action: Json = {
            "action_id": pressed.action_id,
            "block_id": pressed.block_id,
            "type": element["type"],
            "action_ts": self.state.ts(),
        }
        for name in ("text", "value", "placeholder", "style", "confirm"):
            if name in element:
                action[name] = element[name]
        if value is not None:
            action |= value
        return action

    async def press_message(
        self, user: User, shown: Message | Ephemeral, pressed: Field, value: Json | None, values: Json
    ) -> Reply:
        """Press or choose in an element of a message. `values` are those of all its elements."""
        await self.delivery.app_started.wait()
        channel = self.state.channels[shown.channel]
        trigger = self.modals.trigger(user.id)
        ephemeral = isinstance(shown, Ephemeral)
        container: Json = {
            "type": "message",
            "message_ts": shown.ts,
            "channel_id": channel.id,
            "is_ephemeral": ephemeral,
        }
        if shown.thread_ts:
            container["thread_ts"] = shown.thread_ts
        payload = self._envelope("block_actions", user, trigger) | {
            "container": container,
            "channel": {"id": channel.id, "name": self._channel_name(channel)},
            "state": {"values": values},
            "response_url": self.response_urls.issue(user.id, channel.id, shown),
            "actions": [self.action(pressed, value)],
        }
        if not isinstance(shown, Ephemeral):
            payload["message"] = self.slack_messages.message(shown, metadata=True)
        return await self._ask(payload, trigger)

    async def press_view(self, user: User, view: View, pressed: Field, value: Json | None) -> Reply:
        """Press or choose in an element of a modal or a home tab."""
        await self.delivery.app_started.wait()
        trigger = self.modals.trigger(user.id, view.id)
        payload = self._envelope("block_actions", user, trigger) | {
            "container": {"type": "view", "view_id": view.id},
            "view": self.modals.payload(view),
            "actions": [self.action(pressed, value)],
        }
        return await self._ask(payload, trigger)

    async def _ask(self, payload: Json, trigger: str) -> Reply:
        if not self.manifest.interactivity:
            return Reply(False, error="interactivity_disabled")
        answer = await self.delivery.ask("interactive", payload, trigger)
        if not answer.ok:
            return Reply(False, error=error_name(answer), answer=answer.body)
        return Reply(True, answer=answer.body)

    async def submit(self, user: User, view: View) -> Reply:
        """Press the modal's submit button."""
        await self.delivery.app_started.wait()
        if view.body.get("submit") is None:
            return Reply(False, error="no_submit_button", view=view)
        view.errors, view.trouble = client_errors(view), None
        if view.errors:
            return Reply(False, error="client_validation", view=view, errors=dict(view.errors))
        trigger = self.modals.trigger(user.id, view.id)
        payload = self._envelope("view_submission", user, trigger) | {
            "view": self.modals.payload(view),
            "response_urls": self._response_urls(user, view),
        }
        answer = await self.delivery.ask("interactive", payload, trigger)
        if not answer.ok:
            self.modals.failed(view)
            return Reply(False, error=error_name(answer), view=view, text=view.trouble or "")
        self.modals.answer(view, answer.body)
        top = self.modals.stack(user.id)
        problem = "bad_answer" if view.trouble else "errors" if view.errors else None
        return Reply(
            problem is None,
            view.trouble or "",
            error=problem,
            view=top[-1] if top else None,
            errors=dict(view.errors),
            answer=answer.body,
        )

    def _response_urls(self, user: User, view: View) -> list[Json]:
        urls = []
        for block in view.body["blocks"]:
            element = block.get("element") or {}
            if not element.get("response_url_enabled"):
                continue
            chosen = view.values[block["block_id"]][element["action_id"]][VALUE_FIELD[element["type"]]]
            if chosen in self.state.channels:
                source = {"block_id": block["block_id"], "action_id": element["action_id"], "channel_id": chosen}
                urls.append(source | {"response_url": self.response_urls.issue(user.id, chosen)})
        return urls

    async def close(self, user: User, view: View) -> Reply:
        """Press the modal's cancel button."""
        everything = bool(view.body.get("clear_on_close"))
        for closed in self.modals.close(user.id, everything=everything):
            if closed.body.get("notify_on_close"):
                payload = self._envelope("view_closed", user, None)
                payload |= {"view": self.modals.payload(closed), "is_cleared": everything}
                await self.delivery.ask("interactive", payload, closed.id)
        top = self.modals.stack(user.id)
        return Reply(True, view=top[-1] if top else None)

    async def shortcut(self, user: User, name: str) -> Reply:
        """Use a global shortcut."""
        shortcut = self.manifest.shortcut(name, "global")
        if shortcut is None:
            return Reply(False, error="no_such_shortcut")
        await self.delivery.app_started.wait()
        trigger = self.modals.trigger(user.id)
        payload = self._envelope("shortcut", user, trigger)
        return await self._ask(payload | {"callback_id": shortcut.callback_id, "action_ts": self.state.ts()}, trigger)

    async def message_shortcut(self, user: User, name: str, message: Message) -> Reply:
        """Use a shortcut of a message's menu."""
        shortcut = self.manifest.shortcut(name, "message")
        if shortcut is None:
            return Reply(False, error="no_such_shortcut")
        await self.delivery.app_started.wait()
        channel = self.state.channels[message.channel]
        trigger = self.modals.trigger(user.id)
        payload = self._envelope("message_action", user, trigger) | {
            "callback_id": shortcut.callback_id,
            "action_ts": self.state.ts(),
            "message_ts": message.ts,
            "channel": {"id": channel.id, "name": self._channel_name(channel)},
            "message": self.slack_messages.message(message, metadata=True),
            "response_url": self.response_urls.issue(user.id, channel.id),
        }
        return await self._ask(payload, trigger)

    async def suggest(self, user: User, view: View, pressed: Field, query: str) -> list[Json]:
        """Return the options that the app offers for a query in an external select; empty if it does not answer."""
        payload = self._envelope("block_suggestion", user, None) | {
            "action_id": pressed.action_id,
            "block_id": pressed.block_id,
            "value": query,
            "container": {"type": "view", "view_id": view.id},
            "view": self.modals.payload(view),
        }
        answer = await self.delivery.ask("interactive", payload, new_id("Sg"))
        if not answer.ok or not isinstance(answer.body, dict):
            return []
        groups = answer.body.get("option_groups") or []
        return [*(answer.body.get("options") or []), *(option for group in groups for option in group["options"])]
