"""Joins the Slack channel in which incidents are announced."""

from __future__ import annotations

import structlog

from bot.slack.client.api import SlackApi, SlackError
from bot.slack.directory import channels
from bot.usecases.context import Context
from storage import key_value
from storage.engine.errors import StorageError

log = structlog.get_logger()


async def join(context: Context, api: SlackApi) -> None:
    """Join the channel that the policy in force names, and store its ID. A failure is logged, and shows on the card."""
    name = context.policy.announce
    if not name:
        return
    try:
        channel = await channels.find_by_name(api, name)
        if channel is None:
            log.warning("announce.not_found", channel=name, hint="create it, or set `announce` in the policy")
            return
        await channels.join(api, channel)
        async with context.database.transaction() as conn:
            await key_value.announcement_channel(name).put(conn, channel)
    except SlackError as error:
        log.warning("announce.not_joined", channel=name, error=error.name, hint="invite the bot: /invite @Tocsin")
    except StorageError as error:
        log.warning("announce.not_kept", channel=name, error=str(error), hint="nothing to do: it is looked up again")
