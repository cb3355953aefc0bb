"""Issues response URLs in the sandbox, to which the bot may post five answers within thirty minutes."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sandbox.blocks import attachments_of, blocks_of
from sandbox.errors import SlackError
from sandbox.model import Ephemeral, Json, Message
from sandbox.mrkdwn import clean
from sandbox.posting import Posting
from sandbox.state import State

USES = 5
LIFE_S = 30 * 60
MAX_URLS = 20_000  # remembered


@dataclass
class ResponseUrl:
    """One response URL: its user and channel, the message it may replace, and the uses left."""

    user: str
    channel: str
    at: float
    original: Message | Ephemeral | None
    left: int = USES


class ResponseUrls:
    """Issues response URLs and handles the answers posted to them."""

    def __init__(self, state: State, posting: Posting, bot: str, team_id: str) -> None:
        self.state = state
        self.posting = posting
        self.bot = bot
        self.team_id = team_id
        self.base_url = ""
        self.urls: dict[str, ResponseUrl] = {}

    def issue(self, user: str, channel: str, original: Message | Ephemeral | None = None) -> str:
        """Return a new URL."""
        key = f"{self.team_id}/{uuid4().int % 10**13}/{uuid4().hex[:24]}"
        self.urls[key] = ResponseUrl(user, channel, self.state.clock.now(), original)
        if len(self.urls) > MAX_URLS:
            self.urls.pop(next(iter(self.urls)))
        return f"{self.base_url}/actions/{key}"

    def answer(self, key: str, answer: Any) -> None:
        """Handle one answer. Raises `SlackError` (`used_url`, `expired_url`, `invalid_blocks` …)."""
        url = self.urls.get(key)
        if url is None:
            raise SlackError("invalid_url")
        if self.state.clock.now() - url.at > LIFE_S:
            raise SlackError("expired_url")
        if url.left <= 0:
            raise SlackError("used_url")
        if not isinstance(answer, dict):
            raise SlackError("invalid_payload")
        url.left -= 1
        self._apply(url, answer)

    def _apply(self, url: ResponseUrl, answer: Json) -> None:
        if answer.get("delete_original"):
            self._delete(url)
            return
        content = {
            "text": clean(str(answer.get("text") or "")),
            "blocks": blocks_of(answer.get("blocks"), refused=self.state.refused_blocks),
            "attachments": attachments_of(answer.get("attachments"), refused=self.state.refused_blocks),
        }
        if not any(content.values()):
            raise SlackError("no_text")
        if answer.get("replace_original"):
            self._replace(url, content)
        else:
            self._show(url, answer, content)

    def _delete(self, url: ResponseUrl) -> None:
        original = url.original
        if isinstance(original, Ephemeral):
            original.deleted = True
            self._changed(original, "ephemeral_deleted")
        elif original is not None and self.state.message(original.channel, original.ts) is original:
            self.posting.delete(original)
        else:
            raise SlackError("message_not_found")

    def _replace(self, url: ResponseUrl, content: Json) -> None:
        original = url.original
        if isinstance(original, Ephemeral):
            for name, value in content.items():
                setattr(original, name, value)
            self._changed(original, "ephemeral_changed")
        elif original is not None and self.state.message(original.channel, original.ts) is original:
            self.posting.edit(original, self.bot, content, quiet=True)
        else:
            raise SlackError("message_not_found")

    def _changed(self, ephemeral: Ephemeral, kind: str) -> None:
        self.state.touch("ephemeral", ephemeral.id)
        data = {"channel": ephemeral.channel, "viewer": ephemeral.viewer, "id": ephemeral.id}
        self.posting.journal.change(kind, data)

    def _show(self, url: ResponseUrl, answer: Json, content: Json) -> None:
        original = url.original
        thread = answer.get("thread_ts") or (original.thread_ts if original is not None else None)
        text = content.pop("text")
        if answer.get("response_type") != "in_channel":
            self.posting.ephemeral(url.channel, url.user, text, thread_ts=thread, **content)
            return
        channel = self.state.channels[url.channel]
        if channel.is_archived:
            raise SlackError("is_archived")
        bot = self.state.users[self.bot]
        fields = content | {"thread_ts": thread, "bot_id": bot.bot_id, "app_id": bot.app_id}
        self.posting.post(channel, bot.id, text, **fields)
