"""Asks Slack to which bot user, team and workspace the bot's token belongs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace

import structlog

from bot.domain.errors import TocsinError
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.inbound.event_parser import BotIdentity
from storage import key_value
from storage.database import Database

log = structlog.get_logger()

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0
REFUSED_HINT = (
    "Copy the Bot User OAuth Token again from your app's page, OAuth & Permissions, into SLACK_BOT_TOKEN; "
    "a running bot reads it on SIGHUP"
)


class TokenRefused(TocsinError):
    """Slack refuses the bot token; the message says where to copy it from."""


async def read_identity(
    api: SlackApi, database: Database, report: Callable[[str], Awaitable[None]] | None = None
) -> BotIdentity:
    """Ask Slack by `auth.test`, and store the answer. If Slack is away, return the stored answer; without one, wait.

    `report` receives a sentence about the wait each time that Slack does not answer.

    Raises `TokenRefused` if Slack refuses the token and there is no stored answer.
    """
    wait_s = FIRST_WAIT_S
    while True:
        try:
            answer = await api.call("auth.test")
        except SlackError as error:
            last_known = await _read_stored(database)
            if error.blocked and last_known is not None:
                log.error("slack.token_refused", error=error.name, hint=REFUSED_HINT)
                return last_known  # the record and pages outside Slack are worth serving; what goes to Slack waits
            if error.blocked:
                raise TokenRefused(f"Slack refuses the bot token ({error.name}). {REFUSED_HINT}.") from error
            if last_known is not None:
                log.warning("slack.away", error=str(error), hint="the last known identity is used; posts wait")
                return last_known
            log.warning("slack.away", error=str(error), again_in_s=wait_s)
            if report is not None:
                await report(f"waiting for Slack's first answer ({error}); asked again every {wait_s:.0f} s")
            await asyncio.sleep(error.wait_s or wait_s)
            wait_s = min(LONGEST_WAIT_S, wait_s * 2)
        else:
            identity, last_known = _identity(answer), await _read_stored(database)
            # A bot never moves to another app: a restart waits for one answer of Slack instead of two.
            app_id = last_known.app_id if last_known is not None and last_known.bot_id == identity.bot_id else ""
            return await _store(replace(identity, app_id=app_id or await _app_id(api, answer)), database)


def _identity(answer: dict[str, object]) -> BotIdentity:
    return BotIdentity(
        user_id=str(answer["user_id"]), bot_id=str(answer.get("bot_id", "")), team_id=str(answer.get("team_id", "")),
        url=str(answer.get("url", "")), enterprise_id=str(answer.get("enterprise_id") or ""),
    )  # fmt: skip


async def identity_of_token(api: SlackApi) -> BotIdentity:
    """Ask Slack whose token it is. Raises `SlackError`."""
    return _identity(await api.call("auth.test"))


async def _app_id(api: SlackApi, answer: dict[str, object]) -> str:
    """The ID of the token's app. Empty if Slack does not tell it; then it is not compared."""
    try:
        about = await api.call("bots.info", bot=str(answer["bot_id"]))
    except (SlackError, KeyError) as error:
        log.info("slack.app_not_known", error=str(error))
        return ""
    return str((about.get("bot") or {}).get("app_id") or "")


async def _read_stored(database: Database) -> BotIdentity | None:
    async with database.reading() as conn:
        fields = await key_value.BOT_IDENTITY.get(conn)
    return BotIdentity(**fields) if fields else None


async def _store(identity: BotIdentity, database: Database) -> BotIdentity:
    async with database.transaction() as conn:
        await key_value.BOT_IDENTITY.put(conn, asdict(identity))
    return identity
