"""Implements `tocsin feeds`, which prints the addresses of the calendar feeds and can replace them."""

from __future__ import annotations

import click

from bot import policy as policy_reader
from bot.cli.output import as_json_option, echo, print_json
from bot.cli.shared import run
from bot.domain.errors import TocsinError
from bot.settings import Settings
from bot.usecases.oncall import calendar_feeds
from storage.database import Database


@click.command("feeds")
@click.option(
    "--revoke", "revoked", metavar="FEED", multiple=True, help="Give this feed a new address: schedule:primary."
)
@click.option("--revoke-all", is_flag=True, help="Give every feed a new address.")
@as_json_option
def feeds_command(revoked: tuple[str, ...], revoke_all: bool, as_json: bool) -> None:
    """Addresses of the calendar feeds. An address that was revoked stops working at once."""
    addresses = run(lambda database, settings: _feeds(database, settings, revoked, revoke_all=revoke_all))
    if as_json:
        print_json(addresses)
        return
    if not addresses:
        echo("The policy has no schedules, so there are no feeds.")
    for feed, address in addresses.items():
        echo(f"{feed:<24} {address}")


async def _feeds(
    database: Database, settings: Settings, revoked: tuple[str, ...], *, revoke_all: bool
) -> dict[str, str]:
    """The address of each feed, after revoking."""
    policy = policy_reader.load(settings.policy_path)
    feeds = calendar_feeds.all_feeds(policy)
    if unknown := [feed for feed in revoked if feed not in feeds]:
        raise TocsinError(f"There is no feed “{unknown[0]}”. There are: {', '.join(feeds) or 'none'}.")
    if settings.tocsin_url is None:
        raise TocsinError("Calendar feeds are off: TOCSIN_URL is not set.")
    async with database.transaction() as conn:
        await calendar_feeds.make_secret(conn)
        if chosen := feeds if revoke_all else revoked:
            await calendar_feeds.revoke(conn, chosen)
        tokens = {feed: await calendar_feeds.current_token(conn, feed) for feed in feeds}
    return {feed: calendar_feeds.address(settings.tocsin_url, feed, token) for feed, token in tokens.items() if token}
