"""Acts as one person in the sandbox: what they can do and what they see."""

import mimetypes
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox import forms
from sandbox.core import WorkspaceCore
from sandbox.errors import NotVisible, SlackError
from sandbox.forms import VALUE_FIELD, Field
from sandbox.interactions import Reply
from sandbox.model import Channel, Ephemeral, File, Json, Message, User, View
from sandbox.mrkdwn import convert_line, escape
from sandbox.state import new_id

BUTTONS = {"button", "workflow_button", "overflow"}


class Person:
    """Acts as one user. Raises `SlackError` where Slack refuses, `NotVisible` for what the person cannot see."""

    def __init__(self, ws: WorkspaceCore, user: User) -> None:
        self.ws = ws
        self.user = user

    @property
    def id(self) -> str:
        """The user's ID."""
        return self.user.id

    @property
    def mention(self) -> str:
        """The user's mention in Slack's text."""
        return f"<@{self.user.id}>"

    def __repr__(self) -> str:
        return f"Person({self.user.name})"

    # Messages

    async def say(
        self,
        channel: str,
        text: str,
        *,
        thread_ts: str | None = None,
        files: Iterable[str] | Mapping[str, bytes] = (),
        broadcast: bool = False,
    ) -> Message:
        """Post a message; `@name`, `#channel`, `@here` and links are converted as by Slack's client.

        `files` are the names of files to share with it, or names with their content.
        """
        room = self._writable(channel)
        if thread_ts is not None:
            thread_ts = self._thread(room, thread_ts)
        line = convert_line(self.ws.state, text)
        contents = files if isinstance(files, Mapping) else dict.fromkeys(files, b"")
        shared = [self._file(name, content, room) for name, content in contents.items()]
        fields: dict[str, Any] = {"thread_ts": thread_ts, "files": [file.id for file in shared]}
        if text.startswith("/me "):
            fields["subtype"] = "me_message"
            line = convert_line(self.ws.state, text.removeprefix("/me "))
        elif shared:
            fields["subtype"] = "file_share"
        if broadcast and thread_ts:
            fields |= {"broadcast": True, "subtype": "thread_broadcast"}
        blocks = line.blocks if text and not text.startswith("/me ") else None
        message = self.ws.posting.post(room, self.id, line.text, blocks=blocks, **fields)
        self.ws.emit_links_shared(message, room)
        for file in shared:
            self.ws.emit_file_shared(file, room, self.id)
        return message

    def _thread(self, channel: Channel, ts: str) -> str:
        parent = self.ws.state.message(channel.id, ts)
        if parent is None:
            raise SlackError("thread_not_found")
        return parent.thread_ts or parent.ts

    async def reply(self, to: Message, text: str, *, broadcast: bool = False) -> Message:
        """Reply in a message's thread."""
        return await self.say(to.channel, text, thread_ts=to.thread_ts or to.ts, broadcast=broadcast)

    async def dm(self, other: str, text: str) -> Message:
        """Send a direct message; `other` may be the app's bot."""
        channel = self.ws.membership.open_im(self.id, self.ws.user(other).id)
        return await self.say(channel.id, text)

    def upload(self, name: str, content: bytes) -> File:
        """Upload a file for a modal's file input; it is not shared yet."""
        return self._file(name, content, None)

    def _file(self, name: str, content: bytes, channel: Channel | None) -> File:
        file = File(new_id("F"), name, name, self.id, len(content), int(self.ws.clock.now()))
        file.channels = [channel.id] if channel else []
        file.mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
        file.filetype = name.rpartition(".")[2].lower() or "binary"
        self.ws.state.files[file.id] = file
        self.ws.state.contents[file.id] = content
        self.ws.state.touch("file", file.id)
        return file

    async def edit(self, message: Message, text: str) -> None:
        """Edit an own message."""
        self._require_own(message, "cant_update_message")
        line = convert_line(self.ws.state, text)
        self.ws.posting.edit(message, self.id, {"text": line.text, "blocks": line.blocks})

    async def delete(self, message: Message) -> None:
        """Delete an own message; an admin may delete any."""
        if not self.user.is_admin:
            self._require_own(message, "cant_delete_message")
        self.ws.posting.delete(message)

    def _require_own(self, message: Message, error: str) -> None:
        if message.user != self.id:
            raise SlackError(error)
        if self.ws.state.message(message.channel, message.ts) is not message:
            raise SlackError("message_not_found")

    async def react(self, message: Message, name: str) -> None:
        """Add a reaction."""
        self._writable(message.channel)
        self.ws.posting.react(message, self.id, name.strip(":"))

    async def unreact(self, message: Message, name: str) -> None:
        """Remove a reaction."""
        self._writable(message.channel)
        self.ws.posting.unreact(message, self.id, name.strip(":"))

    async def pin(self, message: Message) -> None:
        """Pin a message."""
        self._writable(message.channel)
        self.ws.posting.pin(message, self.id)

    async def unpin(self, message: Message) -> None:
        """Unpin a message."""
        self._writable(message.channel)
        self.ws.posting.unpin(message, self.id)

    # Channels

    def _writable(self, name: str) -> Channel:
        """Return a channel that this person may write in. Raises `SlackError`."""
        channel = self.ws.channel(name)
        if self.id not in channel.members:
            raise SlackError("not_in_channel" if channel.is_public else "channel_not_found")
        if channel.is_archived:
            raise SlackError("is_archived")
        return channel

    async def join(self, channel: str) -> None:
        """Join a public channel; does nothing for a member."""
        room = self.ws.channel(channel)
        if not room.is_public:
            raise SlackError("channel_not_found")
        if room.is_archived:
            raise SlackError("is_archived")
        if self.id not in room.members:
            self.ws.membership.join(room, self.user)

    async def leave(self, channel: str) -> None:
        """Leave a channel."""
        self.ws.membership.leave(self._writable(channel), self.user)

    async def invite(self, channel: str, *names: str) -> None:
        """Add people or the app's bot to a channel; members are skipped."""
        room = self._writable(channel)
        for name in names:
            user = self.ws.user(name)
            if user.id not in room.members:
                self.ws.membership.join(room, user, inviter=self.id)

    async def kick(self, channel: str, name: str) -> None:
        """Remove a member from a channel."""
        room = self._writable(channel)
        user = self.ws.user(name)
        if user.id not in room.members:
            raise SlackError("not_in_channel")
        self.ws.membership.leave(room, user, by=self.id)

    async def create(self, name: str, *, is_private: bool = False) -> Channel:
        """Create a channel."""
        return self.ws.membership.create(name, self.id, is_private=is_private)

    async def set_topic(self, channel: str, topic: str) -> None:
        """Set a channel's topic."""
        self.ws.membership.set_topic(self._writable(channel), self.id, escape(topic))

    async def set_purpose(self, channel: str, purpose: str) -> None:
        """Set a channel's description."""
        self.ws.membership.set_purpose(self._writable(channel), self.id, escape(purpose))

    async def rename(self, channel: str, name: str) -> None:
        """Rename a channel."""
        self.ws.membership.rename(self._writable(channel), self.id, name)

    async def archive(self, channel: str) -> None:
        """Archive a channel."""
        self.ws.membership.archive(self._writable(channel), self.id)

    async def unarchive(self, channel: str) -> None:
        """Unarchive a channel."""
        self.ws.membership.unarchive(self.ws.channel(channel), self.id)

    async def delete_channel(self, channel: str) -> None:
        """Delete a channel for good; only admins may."""
        if not self.user.is_admin:
            raise SlackError("restricted_action")
        self.ws.membership.delete(self.ws.channel(channel))

    def mark(self, channel: str, ts: str) -> None:
        """Mark a channel as read up to a message."""
        room = self.ws.channel(channel)
        room.last_read[self.id] = ts
        self.ws.state.touch("channel", room.id)
        self.ws.journal.change("marked", {"channel": room.id, "user": self.id})

    # The app

    async def command(self, channel: str, line: str) -> Reply:
        """Type a slash command. The reply holds the app's acknowledgement; later answers arrive as ephemerals."""
        return await self.ws.interactions.command(self.user, self._writable(channel), line)

    async def press(
        self, shown: Message | Ephemeral | View, name: str, option: Any = None, *, stale: Message | None = None
    ) -> Reply:
        """Press a button or choose in a select or overflow menu of a message, an ephemeral or a view.

        `name` is the label, action_id or block_id. `stale` presses on an old copy (see `screenshot`) instead of the
        current message, like a client that has not caught up.
        """
        if isinstance(shown, View):
            return await self._press_view(shown, name, option)
        surface = stale or shown
        if isinstance(shown, Message) and not stale and self.ws.state.message(shown.channel, shown.ts) is not shown:
            raise NotVisible("the message is gone")
        if isinstance(shown, Ephemeral) and (shown.deleted or shown.viewer != self.id):
            raise NotVisible("this person cannot see that message")
        blocks = [*(surface.blocks or []), *(b for a in surface.attachments or [] for b in a.get("blocks") or [])]
        field = forms.find(blocks, name)
        value = self._value(field, option)
        values = forms.initial_values(blocks)
        if value is not None and field.kind in VALUE_FIELD:
            values[field.block_id][field.action_id] = value
        return await self.ws.interactions.press_message(self.user, surface, field, value, values)

    async def _press_view(self, view: View, name: str, option: Any) -> Reply:
        field = forms.find(view.body["blocks"], name)
        value = self._value(field, option)
        if value is not None and field.kind in VALUE_FIELD:
            view.values.setdefault(field.block_id, {})[field.action_id] = value
        return await self.ws.interactions.press_view(self.user, view, field, value)

    def _value(self, field: Field, option: Any) -> Json | None:
        if field.kind == "overflow":
            return {"selected_option": forms.find_option(field.element, option)}
        if field.kind in BUTTONS:
            return None
        return forms.value_of(self.ws.state, field.element, option)

    def screenshot(self, message: Message) -> Message:
        """Return a copy of a message, to press on after the message has changed."""
        fields = {name: getattr(message, name) for name in message.__dataclass_fields__}
        return Message(**fields)

    def open_views(self) -> list[View]:
        """Return the open modals, the visible one last."""
        return self.ws.modals.stack(self.id)

    @property
    def view(self) -> View:
        """The visible modal. Raises `NotVisible`."""
        stack = self.open_views()
        if not stack:
            raise NotVisible("no modal is open")
        return stack[-1]

    async def fill(self, view: View, values: Mapping[str, Any]) -> None:
        """Enter values by label (or action_id, block_id); options by label or value, people and channels by name.

        Inputs with `dispatch_action` are sent to the app at once, as in Slack.
        """
        for name, entered in values.items():
            field = forms.find(view.body["blocks"], name)
            value = forms.value_of(self.ws.state, field.element, entered)
            view.values.setdefault(field.block_id, {})[field.action_id] = value
            self.ws.state.touch("view", view.id)
            if field.dispatches:
                await self.ws.interactions.press_view(self.user, view, field, value)

    async def submit(self, view: View | None = None) -> Reply:
        """Press the modal's submit button. The reply has `errors` by block_id, and `error` if it was not accepted."""
        return await self.ws.interactions.submit(self.user, self._visible(view))

    async def close(self, view: View | None = None) -> Reply:
        """Press the modal's cancel button."""
        return await self.ws.interactions.close(self.user, self._visible(view))

    def _visible(self, view: View | None) -> View:
        top = self.view
        if view is not None and view.id != top.id:
            raise NotVisible(f"the modal {view.title!r} is not on top; {top.title!r} is")
        return top

    async def suggestions(self, view: View, name: str, query: str) -> list[Json]:
        """Return the options that an external select offers for a query."""
        return await self.ws.interactions.suggest(self.user, view, forms.find(view.body["blocks"], name), query)

    async def shortcut(self, name: str) -> Reply:
        """Use a global shortcut by its name or callback_id."""
        return await self.ws.interactions.shortcut(self.user, name)

    async def message_shortcut(self, name: str, message: Message) -> Reply:
        """Use a shortcut from a message's menu."""
        return await self.ws.interactions.message_shortcut(self.user, name, message)

    async def open_home(self, tab: str = "home") -> View | None:
        """Open the app's home tab, which sends `app_home_opened`. Returns the view published so far, or `None`."""
        im = self.ws.membership.open_im(self.id, self.ws.bot.id)
        published = self.ws.state.homes.get(self.id)
        event: Json = {"type": "app_home_opened", "user": self.id, "channel": im.id, "tab": tab}
        event["event_ts"] = self.ws.state.ts()
        if published is not None and tab == "home":
            event["view"] = dict(published.body)
        self.ws.delivery.emit(event, None)
        return published

    def home(self) -> View | None:
        """Return the published home tab, or `None`."""
        return self.ws.state.homes.get(self.id)

    def ephemerals(self, channel: str | None = None) -> list[Ephemeral]:
        """Return this person's ephemeral messages, oldest first."""
        return self.ws.ephemerals(self.id, channel)

    def text(self, channel: str) -> str:
        """Return a channel as this person sees it, as plain text."""
        return self.ws.text(channel, self.id)
