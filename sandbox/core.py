"""Wires the parts of a sandbox workspace together, and looks up users, channels and messages for all of them."""

import re
from typing import Any
from urllib.parse import urlsplit

from sandbox.clock import Clock
from sandbox.delivery import Delivery
from sandbox.errors import NotVisible
from sandbox.faults import Faults
from sandbox.interactions import Interactions
from sandbox.journal import Journal
from sandbox.manifest import read_manifest
from sandbox.membership import Membership
from sandbox.modals import Modals
from sandbox.model import Channel, Ephemeral, File, Message, User
from sandbox.mrkdwn import mentions, unescape
from sandbox.posting import Posting
from sandbox.rates import Rates
from sandbox.response_urls import ResponseUrls
from sandbox.seed import seed
from sandbox.settings import Settings
from sandbox.slack_messages import SlackMessages
from sandbox.sockets import Sockets
from sandbox.state import State
from sandbox.store import Store
from sandbox.text import channel_text
from sandbox.transport import Answer, Envelope, HttpTransport

SECRETS = ("bot_token", "app_token", "signing_secret")
LINK = re.compile(r"<(https?://[^\s|>]+)(?:\|[^>]*)?>")
BROADCASTS = frozenset({"here", "channel", "everyone"})


class WorkspaceCore:
    """State, Web API services and deliveries of one workspace. `Workspace` adds the people and the test helpers."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.manifest = read_manifest(self.settings.manifest)
        self.clock = Clock()
        self.state = State(self.clock)
        self.journal = Journal(self.settings.log_size, self.settings.transcript)
        self.store = Store(self.settings.db, self.state) if self.settings.db else None
        if self.store is None or not self.store.load():
            seed(self.state, self.settings, self.manifest)
        self.bot = next(user for user in self.state.users.values() if user.app_id == self.settings.app_id)
        self.url = ""
        self.revoked = False
        self.http = HttpTransport(self.settings.signing_secret, self.settings.ack_timeout_s)
        self.http.url = self.settings.request_url
        self.sockets = Sockets(self.settings, self.journal)
        self.faults = Faults()
        self.rates = Rates(self.clock, on=self.settings.tiers)
        self.slack_messages = SlackMessages(self.state, self.settings, "https://files.sandbox.invalid")
        bot = self.bot.id
        self.delivery = Delivery(self.state, self.settings, self.manifest, self.journal, self, bot)
        self.sockets.on_connect = self.delivery.app_is_up
        self.posting = Posting(self.state, self.slack_messages, self.journal, self.delivery.emit, bot)
        self.membership = Membership(self.state, self.posting, self.journal, self.delivery.emit, self.settings.team_id)
        self.modals = Modals(self.state, self.settings, self.journal, self.bot.bot_id or "")
        self.response_urls = ResponseUrls(self.state, self.posting, bot, self.settings.team_id)
        self.interactions = Interactions(
            self.delivery, self.slack_messages, self.posting, self.modals, self.response_urls
        )

    @property
    def api_url(self) -> str:
        """The base URL for the app's Slack client."""
        return f"{self.url}/api/"

    @property
    def request_url(self) -> str | None:
        """The URL of signed HTTP deliveries. `None` until it is known; it may be set after the app has started."""
        return self.http.url

    @request_url.setter
    def request_url(self, url: str | None) -> None:
        self.http.url = url

    def opened(self, url: str) -> None:
        """Tell every part at which address the server listens."""
        self.url = url
        self.response_urls.base_url = url
        self.sockets.base_url = url
        self.slack_messages.base_url = url

    def revoke(self) -> None:
        """Revoke the bot token. Its last event says so, if the app subscribes to it."""
        event = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [self.bot.id]}, "event_ts": self.state.ts()}
        self.delivery.emit(event, None)
        self.revoked = True
        self.journal.change("token_revoked", {})

    def accept_token(self, **secrets: str) -> None:
        """Accept the bot token again; `bot_token`, `app_token` and `signing_secret` replace those of the settings."""
        for name, secret in secrets.items():
            if name not in SECRETS:
                raise ValueError(f"{name} is none of {', '.join(SECRETS)}")
            setattr(self.settings, name, secret)
        self.http.secret = self.settings.signing_secret
        self.revoked = False
        self.journal.change("token_accepted", {})

    async def send(self, envelope: Envelope, retry: int = 0, reason: str | None = None) -> Answer:
        """Deliver once: over Socket Mode if a connection is open or no request URL is set, else by signed HTTP."""
        if self.sockets.connections or self.http.url is None:
            return await self.sockets.send(envelope, retry, reason)
        return await self.http.send(envelope, retry, reason)

    def user(self, name: str) -> User:
        """Find a user by handle, ID, real name or email. Raises `LookupError`."""
        user = self.state.user_named(name)
        if user is None:
            raise LookupError(f"no user is called {name!r}")
        return user

    def channel(self, name: str) -> Channel:
        """Find a channel by name or ID. Raises `LookupError`."""
        channel = self.state.channel_named(name)
        if channel is None:
            raise LookupError(f"no channel is called {name!r}; existing channels: {self.channel_names()}")
        return channel

    def message(self, channel: str, ts: str) -> Message:
        """Find a message by its channel (name or ID) and timestamp. Raises `LookupError`."""
        message = self.state.message(self.channel(channel).id, ts)
        if message is None:
            raise NotVisible("no such message")
        return message

    def channel_names(self) -> list[str]:
        """List the names of all channels, direct messages left out."""
        return [channel.name for channel in self.state.channels.values() if not channel.is_im]

    def ephemerals(self, viewer: str, channel: str | None = None) -> list[Ephemeral]:
        """List the messages that only this person sees, oldest first; in one channel, or in all."""
        return self.state.ephemerals_for(self.user(viewer).id, self.channel(channel).id if channel else None)

    def mentioned(self, message: Message | Ephemeral) -> set[str]:
        """IDs of the users a message mentions, directly or by user group, and `here`, `channel`, `everyone` as such."""
        found_mentions = mentions(message.text, message.blocks)
        groups = [self.state.usergroups[group] for group in found_mentions.usergroups if group in self.state.usergroups]
        return {*found_mentions.users, *found_mentions.broadcasts, *(user for group in groups for user in group.users)}

    def notified(self, message: Message | Ephemeral) -> set[str]:
        """IDs of the members whom Slack notifies of a message: those mentioned, or all in a direct message."""
        if isinstance(message, Ephemeral):
            return set()
        channel = self.state.channels[message.channel]
        recipients = set(channel.members) - {message.user}
        if channel.is_im:
            return recipients
        mentioned_ids = self.mentioned(message)
        return recipients if mentioned_ids & BROADCASTS else mentioned_ids & recipients

    def permalink(self, message: Message) -> str:
        """The message's address on slack.com."""
        return self.slack_messages.permalink(message)

    def text(self, channel: str, viewer: str | None = None) -> str:
        """Render a channel as plain text, as `viewer` sees it."""
        return channel_text(self.state, self.channel(channel), self.user(viewer) if viewer else None)

    def emit_links_shared(self, message: Message, channel: Channel) -> None:
        """Send `link_shared` if a person's message has links to domains that the app registered."""
        domains = self.manifest.unfurl_domains
        urls = [url for url in dict.fromkeys(LINK.findall(message.text)) if (urlsplit(url).hostname or "") in domains]
        if not urls:
            return
        event: dict[str, Any] = {
            "type": "link_shared",
            "channel": channel.id,
            "is_bot_user_member": self.bot.id in channel.members,
            "user": message.user,
            "message_ts": message.ts,
            "links": [{"url": unescape(url), "domain": urlsplit(url).hostname} for url in urls],
            "unfurl_id": f"{channel.id}-{message.ts}",
            "source": "conversations_history",
            "event_ts": self.state.ts(),
        }
        self.delivery.emit(event, None)

    def emit_file_shared(self, file: File, channel: Channel, user: str) -> None:
        """Send the `file_shared` event."""
        event: dict[str, Any] = {
            "type": "file_shared",
            "file_id": file.id,
            "user_id": user,
            "file": {"id": file.id},
            "channel_id": channel.id,
            "event_ts": self.state.ts(),
        }
        self.delivery.emit(event, channel)
