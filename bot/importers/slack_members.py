"""Lists the members of the Slack workspace, to which people are matched by their e-mail addresses."""

from __future__ import annotations

import asyncio

from bot.importers.compose.people import Directory, Member
from bot.importers.errors import ImportFailed
from bot.importers.fields import bool_of, id_of, list_of, object_of, text_of
from bot.settings import Settings
from bot.slack.client import api as slack_api
from bot.slack.client.api import SlackApi, SlackError

_PAGE = 200
_MOST_PAGES = 500
_ATTEMPTS = 5


async def directory_of(settings: Settings) -> Directory:
    """The members, without those who left and without bots; nobody where there is no token."""
    if settings.slack_bot_token is None:
        return Directory()
    members: list[Member] = []
    async with slack_api.open_session() as session:
        token = settings.slack_bot_token.get_secret_value()
        api = SlackApi(slack_api.web_client(token, settings.slack_api_url, session))
        cursor = ""
        for _ in range(_MOST_PAGES):
            answer = await _page(api, cursor)
            for raw in list_of(answer, "members"):
                if not bool_of(raw, "deleted", default=False) and not bool_of(raw, "is_bot", default=False):
                    profile = object_of(raw, "profile")
                    name = text_of(profile, "real_name") or text_of(raw, "real_name") or text_of(raw, "name")
                    members.append(Member(id_of(raw), name, text_of(profile, "email").lower()))
            cursor = text_of(object_of(answer, "response_metadata"), "next_cursor", 500)
            if not cursor:
                break
    return Directory.of(members)


async def _page(api: SlackApi, cursor: str) -> dict[str, object]:
    for _ in range(_ATTEMPTS):
        try:
            return await api.call("users.list", limit=_PAGE, cursor=cursor or None)
        except SlackError as error:
            if error.permanent:
                raise ImportFailed(
                    f"Slack does not list its members ({error}). Unset SLACK_BOT_TOKEN to go on without."
                ) from None
            await asyncio.sleep(error.wait_s or 1.0)
    raise ImportFailed("Slack does not list its members now. Try again, or unset SLACK_BOT_TOKEN to go on without.")
