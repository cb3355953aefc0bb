"""A person at their keyboard: what they can do in the workspace and what they see."""

import mimetypes
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox import forms
from sandbox.core import WorkspaceCore
from sandbox.errors import NoSuchThing, SlackError
from sandbox.forms import VALUE_FIELD, Field
from sandbox.interactions import Reply
from sandbox.model import Channel, Ephemeral, File, Json, Message, User, View
from sandbox.mrkdwn import escape, typed
from sandbox.state import new_id

BUTTONS = {"button", "workflow_button", "overflow"}


class Person:
    """Acts as one user. Raises `SlackError` where Slack would not let them, `NoSuchThing` where nothing is there."""

    def __init__(self, ws: WorkspaceCore, user: User) -> None:
        self.ws = ws
        self.user = user

    @property
    def id(self) -> str:
        """The user's ID."""
        return self.user.id

    @property
    def mention(self) -> str:
        """How Slack writes their name in a message."""
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
        """Write a message; `@name`, `#channel`, `@here` and links become what Slack's client makes of them.

        `files` are names of files to share with it, or names with their bytes.
        """
        where = self._room(channel)
        if thread_ts is not None:
            thread_ts = self._thread(where, thread_ts)
        line = typed(self.ws.state, text)
        contents = files if isinstance(files, Mapping) else dict.fromkeys(files, b"")
        shared = [self._file(name, content, where) for name, content in contents.items()]
        fields: dict[str, Any] = {"thread_ts": thread_ts, "files": [file.id for file in shared]}
        if text.startswith("/me "):
            fields["subtype"] = "me_message"
            line = typed(self.ws.state, text.removeprefix("/me "))
        elif shared:
            fields["subtype"] = "file_share"
        if broadcast and thread_ts:
            fields |= {"broadcast": True, "subtype": "thread_broadcast"}
        blocks = line.blocks if text and not text.startswith("/me ") else None
        message = self.ws.posting.post(where, self.id, line.text, blocks=blocks, **fields)
        for file in shared:
            self.ws.emit_file_shared(file, where, self.id)
        return message

    def _thread(self, where: Channel, ts: str) -> str:
        parent = self.ws.state.message(where.id, ts)
        if parent is None:
            raise SlackError("thread_not_found")
        return parent.thread_ts or parent.ts

    async def reply(self, to: Message, text: str, *, broadcast: bool = False) -> Message:
        """Answer in a thread."""
        return await self.say(to.channel, text, thread_ts=to.thread_ts or to.ts, broadcast=broadcast)

    async def dm(self, other: str, text: str) -> Message:
        """Write to somebody alone; `other` may be the app's bot."""
        channel = self.ws.membership.open_im(self.id, self.ws.user(other).id)
        return await self.say(channel.id, text)

    def upload(self, name: str, content: bytes) -> File:
        """Put a file into a modal's file input; it is shared nowhere yet."""
        return self._file(name, content, None)

    def _file(self, name: str, content: bytes, where: Channel | None) -> File:
        file = File(new_id("F"), name, name, self.id, len(content), int(self.ws.clock.now()))
        file.channels = [where.id] if where else []
        file.mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
        file.filetype = name.rpartition(".")[2].lower() or "binary"
        self.ws.state.files[file.id] = file
        self.ws.state.contents[file.id] = content
        self.ws.state.touch("file", file.id)
        return file

    async def edit(self, message: Message, text: str) -> None:
        """Change a message of one's own."""
        self._mine(message, "cant_update_message")
        line = typed(self.ws.state, text)
        self.ws.posting.edit(message, self.id, {"text": line.text, "blocks": line.blocks})

    async def delete(self, message: Message) -> None:
        """Take a message back; an admin may take anybody's."""
        if not self.user.is_admin:
            self._mine(message, "cant_delete_message")
        self.ws.posting.delete(message)

    def _mine(self, message: Message, refusal: str) -> None:
        if message.user != self.id:
            raise SlackError(refusal)
        if self.ws.state.message(message.channel, message.ts) is not message:
            raise SlackError("message_not_found")

    async def react(self, message: Message, name: str) -> None:
        """Add a reaction."""
        self._room(message.channel)
        self.ws.posting.react(message, self.id, name.strip(":"))

    async def unreact(self, message: Message, name: str) -> None:
        """Take a reaction back."""
        self._room(message.channel)
        self.ws.posting.unreact(message, self.id, name.strip(":"))

    async def pin(self, message: Message) -> None:
        """Pin a message."""
        self._room(message.channel)
        self.ws.posting.pin(message, self.id)

    async def unpin(self, message: Message) -> None:
        """Take a pin off."""
        self._room(message.channel)
        self.ws.posting.unpin(message, self.id)

    # Channels

    def _room(self, name: str) -> Channel:
        """A channel one can write in."""
        channel = self.ws.channel(name)
        if self.id not in channel.members:
            raise SlackError("not_in_channel" if channel.is_public else "channel_not_found")
        if channel.is_archived:
            raise SlackError("is_archived")
        return channel

    async def join(self, channel: str) -> None:
        """Come into a public channel."""
        where = self.ws.channel(channel)
        if not where.is_public:
            raise SlackError("channel_not_found")
        if where.is_archived:
            raise SlackError("is_archived")
        if self.id not in where.members:
            self.ws.membership.join(where, self.user)

    async def leave(self, channel: str) -> None:
        """Go."""
        self.ws.membership.leave(self._room(channel), self.user)

    async def invite(self, channel: str, *names: str) -> None:
        """Bring people (or the app's bot) in."""
        where = self._room(channel)
        for name in names:
            user = self.ws.user(name)
            if user.id not in where.members:
                self.ws.membership.join(where, user, inviter=self.id)

    async def kick(self, channel: str, name: str) -> None:
        """Put somebody out."""
        where = self._room(channel)
        user = self.ws.user(name)
        if user.id not in where.members:
            raise SlackError("not_in_channel")
        self.ws.membership.leave(where, user, by=self.id)

    async def create(self, name: str, *, is_private: bool = False) -> Channel:
        """Make a channel."""
        return self.ws.membership.create(name, self.id, is_private=is_private)

    async def set_topic(self, channel: str, topic: str) -> None:
        """Set the topic."""
        self.ws.membership.set_topic(self._room(channel), self.id, escape(topic))

    async def set_purpose(self, channel: str, purpose: str) -> None:
        """Set the description."""
        self.ws.membership.set_purpose(self._room(channel), self.id, escape(purpose))

    async def rename(self, channel: str, name: str) -> None:
        """Rename a channel."""
        self.ws.membership.rename(self._room(channel), self.id, name)

    async def archive(self, channel: str) -> None:
        """Archive a channel."""
        self.ws.membership.archive(self._room(channel), self.id)

    async def unarchive(self, channel: str) -> None:
        """Bring it back."""
        self.ws.membership.unarchive(self.ws.channel(channel), self.id)

    async def delete_channel(self, channel: str) -> None:
        """Delete a channel for good, as an admin may."""
        if not self.user.is_admin:
            raise SlackError("restricted_action")
        self.ws.membership.delete(self.ws.channel(channel))

    def mark(self, channel: str, ts: str) -> None:
        """Have read up to here."""
        where = self.ws.channel(channel)
        where.last_read[self.id] = ts
        self.ws.state.touch("channel", where.id)
        self.ws.journal.change("marked", {"channel": where.id, "user": self.id})

    # The app

    async def command(self, channel: str, line: str) -> Reply:
        """Type a slash command; what the app answered at once is in the reply, later answers are ephemerals."""
        return await self.ws.interactions.command(self.user, self._room(channel), line)

    async def press(
        self, shown: Message | Ephemeral | View, name: str, option: Any = None, *, stale: Message | None = None
    ) -> Reply:
        """Press a button or choose in a select or overflow menu of a message, an ephemeral or a view.

        `name` is the label, action_id or block_id. `stale` presses on an old copy (see `screenshot`) instead of what
        stands there now, as a client that has not caught up does.
        """
        if isinstance(shown, View):
            return await self._press_view(shown, name, option)
        surface = stale or shown
        if isinstance(shown, Message) and not stale and self.ws.state.message(shown.channel, shown.ts) is not shown:
            raise NoSuchThing("the message is gone")
        if isinstance(shown, Ephemeral) and (shown.deleted or shown.viewer != self.id):
            raise NoSuchThing("this person does not see that")
        blocks = [*(surface.blocks or []), *(b for a in surface.attachments or [] for b in a.get("blocks") or [])]
        found = forms.find(blocks, name)
        value = self._value(found, option)
        state = forms.initial_values(blocks)
        if value is not None and found.kind in VALUE_FIELD:
            state[found.block_id][found.action_id] = value
        return await self.ws.interactions.press_message(self.user, surface, found, value, state)

    async def _press_view(self, view: View, name: str, option: Any) -> Reply:
        found = forms.find(view.body["blocks"], name)
        value = self._value(found, option)
        if value is not None and found.kind in VALUE_FIELD:
            view.values.setdefault(found.block_id, {})[found.action_id] = value
        return await self.ws.interactions.press_view(self.user, view, found, value)

    def _value(self, found: Field, option: Any) -> Json | None:
        if found.kind == "overflow":
            return {"selected_option": forms.option(found.element, option)}
        if found.kind in BUTTONS:
            return None
        return forms.value_of(self.ws.state, found.element, option)

    def screenshot(self, message: Message) -> Message:
        """A copy of a message as it is now, to press on later when it has changed."""
        fields = {name: getattr(message, name) for name in message.__dataclass_fields__}
        return Message(**fields)

    def open_views(self) -> list[View]:
        """The open modals, the visible one last."""
        return self.ws.modals.stack(self.id)

    @property
    def view(self) -> View:
        """The visible modal."""
        stack = self.open_views()
        if not stack:
            raise NoSuchThing("no modal is open")
        return stack[-1]

    async def fill(self, view: View, values: Mapping[str, Any]) -> None:
        """Enter values by label (or action_id, block_id); options by label or value, people and channels by name.

        Inputs that dispatch tell the app at once, as in Slack.
        """
        for name, wanted in values.items():
            found = forms.find(view.body["blocks"], name)
            value = forms.value_of(self.ws.state, found.element, wanted)
            view.values.setdefault(found.block_id, {})[found.action_id] = value
            self.ws.state.touch("view", view.id)
            if found.dispatches:
                await self.ws.interactions.press_view(self.user, view, found, value)

    async def submit(self, view: View | None = None) -> Reply:
        """Press the modal's submit button; `errors` by block_id, `error` when it did not go through."""
        return await self.ws.interactions.submit(self.user, self._visible(view))

    async def close(self, view: View | None = None) -> Reply:
        """Press the modal's cancel button."""
        return await self.ws.interactions.close(self.user, self._visible(view))

    def _visible(self, view: View | None) -> View:
        top = self.view
        if view is not None and view.id != top.id:
            raise NoSuchThing(f"the modal {view.title!r} is not on top; {top.title!r} is")
        return top

    async def suggestions(self, view: View, name: str, query: str) -> list[Json]:
        """What an external select offers for what was typed."""
        return await self.ws.interactions.suggest(self.user, view, forms.find(view.body["blocks"], name), query)

    async def shortcut(self, name: str) -> Reply:
        """Use a global shortcut by its name or callback_id."""
        return await self.ws.interactions.shortcut(self.user, name)

    async def message_shortcut(self, name: str, message: Message) -> Reply:
        """Use a shortcut of a message's menu."""
        return await self.ws.interactions.message_shortcut(self.user, name, message)

    async def open_home(self, tab: str = "home") -> View | None:
        """Open the app's home tab (`app_home_opened`) and give what is published there so far."""
        im = self.ws.membership.open_im(self.id, self.ws.bot.id)
        published = self.ws.state.homes.get(self.id)
        event: Json = {"type": "app_home_opened", "user": self.id, "channel": im.id, "tab": tab}
        event["event_ts"] = self.ws.state.ts()
        if published is not None and tab == "home":
            event["view"] = dict(published.body)
        self.ws.delivery.emit(event, None)
        return published

    def home(self) -> View | None:
        """The published home tab."""
        return self.ws.state.homes.get(self.id)

    def ephemerals(self, channel: str | None = None) -> list[Ephemeral]:
        """What only this person sees, oldest first."""
        return self.ws.ephemerals(self.id, channel)

    def text(self, channel: str) -> str:
        """A channel as this person sees it, as plain text."""
        return self.ws.text(channel, self.id)
