"""Records the state of an incident's channel in Slack: opened, refused, unusable, or usable again."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.incident import Change, ChannelLoss, channel
from bot.domain.routing.notice import Notice
from bot.domain.timeline.entry import BOT
from bot.usecases.context import Context
from bot.usecases.unit_of_work import UnitOfWork, locked_incident
from storage.alerts import groups
from storage.outbox import enqueue, redirected
from storage.outbox.dependencies import end_dependents, free_dependents

MOST_CARDS = 20  # of alerts, which name the incident


async def look_at_channel(context: Context, number: int, by: str = "", loss: str = "") -> None:
    """Queue a check with Slack whether the channel can be used. `by` and `loss` are what an event said about it."""
    async with context.database.transaction() as conn:
        await enqueue.put(conn, [routing.channel_look(number, by, loss)])
    context.wakeups.notify()


async def lose_channel(context: Context, number: int, loss: ChannelLoss, by: str = BOT) -> None:
    """Record that the channel cannot be used, once."""
    async with locked_incident(context, number) as work:
        change = channel.lose(work.incident, loss, work.now, by)
        if change is None:
            return
        await work.commit(change)
        if loss is ChannelLoss.DELETED:
            await end_dependents(work.conn, [routing.back_key(number)], "dropped", "its channel was deleted")


async def regain_channel(context: Context, number: int, *, joined: bool) -> None:
    """Record that the channel can be used again.

    If it was lost, or the bot has `joined` it again, the bot reads what it missed.
    """
    async with locked_incident(context, number) as work:
        change = channel.regain(work.incident, work.now)
        if change is not None:
            await work.commit(change)
            await free_dependents(work.conn, [routing.back_key(number)])
            await bring_to_channel(work)
        elif joined:
            await enqueue.put(work.conn, [routing.backfill(number)])


async def channel_opened(work: UnitOfWork, channel_id: str, name: str | None) -> None:
    """Record the new channel. Messages that went to the reporter instead go there now; earlier pages get its name."""
    await work.commit(channel.record_opening(work.incident, channel_id, name), await page_refreshes(work))
    await bring_to_channel(work)


async def page_refreshes(work: UnitOfWork) -> list[Notice]:
    """Edits of the pages and alert cards that announced the channel as being opened."""
    pages = [key for key in work.incident.live_pages if not key.endswith(":channel")]
    number = work.incident.number
    refreshes = [routing.page_refresh(number, key) for key in await redirected.tried_keys(work.conn, pages)]
    declared_by = await groups.of_incident(work.conn, number, MOST_CARDS)
    return [*refreshes, *(routing.alert_card_edit(group.number) for group in declared_by if group.carded)]


async def bring_to_channel(work: UnitOfWork) -> None:
    """Queue the redirected messages for the channel."""
    incident = work.incident
    messages = await redirected.bring_back(work.conn, incident.number, incident.live_pages)
    await enqueue.put(work.conn, routing.moved(incident.number, messages))


def refused_change(work: UnitOfWork) -> Change:
    """The change that records that the channel could not be opened."""
    return Change(channel.record_refusal(work.incident))
