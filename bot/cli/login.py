"""Implements `tocsin login`: prints a link that signs a person in to the console once, also without Slack."""

from __future__ import annotations

import click

from bot.cli.output import echo, print_json
from bot.cli.shared import run
from bot.domain.access.identity import OPERATOR
from bot.domain.access.session import LINK_VALID_FOR
from bot.domain.access.token import Scope, check_person
from bot.settings import Settings
from bot.usecases.access import login_links
from bot.usecases.open_clock import open_clock
from storage.database import Database


@click.command("login")
@click.argument("person", required=False, metavar="[U0123]")
@click.option("--admin", is_flag=True, help="Also the policy, tokens and subscribers.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def login_command(person: str | None, admin: bool, as_json: bool) -> None:
    """Print an address that signs a person in to the console, once.

    Without a Slack ID it signs in the operator, who may see and do everything; so may anybody who can run this.
    """
    acts_as = OPERATOR if person is None else check_person(person)
    scope = Scope.ADMIN if admin or person is None else Scope.WRITE

    async def make(database: Database, settings: Settings) -> str:
        now = (await open_clock(database, settings.tocsin_speed)).now()
        async with database.transaction() as conn:
            path = await login_links.make(conn, acts_as, now, (scope,))
        return _base(settings) + path

    address = run(make)
    if as_json:
        print_json({"url": address, "as": acts_as, "expires_in_s": int(LINK_VALID_FOR.total_seconds())})
        return
    echo(address)
    minutes = int(LINK_VALID_FOR.total_seconds() // 60)
    echo(f"It works once, within {minutes} minutes. Give it to nobody else.", err=True)


def _base(settings: Settings) -> str:
    if settings.tocsin_url is not None:
        return settings.tocsin_url.rstrip("/")
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 - only compared
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
