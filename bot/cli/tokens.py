"""Implements `tocsin token`: makes, lists and revokes tokens of the API."""

from __future__ import annotations

from datetime import datetime

import click

from bot.cli.output import as_json_option, echo, print_json
from bot.cli.shared import run
from bot.domain.access.token import Token, scopes_of
from bot.domain.values.durations import parse_duration
from bot.operations.tokens import token_json
from bot.settings import Settings
from bot.usecases import tokens
from bot.usecases.open_clock import open_clock
from storage import tokens as stored_tokens
from storage.database import Database


@click.group("token")
def token_command() -> None:
    """Tokens of the API: each acts as a person."""


@token_command.command("create")
@click.option("--name", required=True, help="What it is for; shown in the list.")
@click.option("--as", "person", required=True, metavar="U0123", help="The Slack ID of whom it acts as.")
@click.option("--scopes", default="read", show_default=True, help="read, write or admin; separated by commas.")
@click.option("--expires", metavar="90d", help="How long it is valid; for ever without.")
@as_json_option
def create_command(name: str, person: str, scopes: str, expires: str | None, as_json: bool) -> None:
    """Make a token and show it, once."""
    lasts = parse_duration(expires) if expires else None
    token_scopes = scopes_of(scopes.split(","))

    async def create(database: Database, settings: Settings) -> tuple[Token, str]:
        now = (await open_clock(database, settings.tocsin_speed)).now()
        return await tokens.create(database, name, person, token_scopes, now, lasts)

    token, secret = run(create)
    if as_json:
        print_json({**token_json(token), "token": secret})
        return
    echo(secret)
    echo("Keep it: it is shown this once, and stored as a hash only.", err=True)


@token_command.command("list")
@as_json_option
def list_command(as_json: bool) -> None:
    """The tokens, the newest first."""
    newest = run(lambda database, _: _read_tokens(database))
    if as_json:
        print_json([token_json(token) for token in newest])
        return
    if not newest:
        echo("There are no tokens. Make one: tocsin token create --name ci --as U0123 --scopes write")
    for token in newest:
        echo(_line(token))


@token_command.command("revoke")
@click.argument("name_or_id")
@as_json_option
def revoke_command(name_or_id: str, as_json: bool) -> None:
    """Revoke a token: from the next request on it opens nothing."""

    async def revoke(database: Database, settings: Settings) -> Token:
        return await tokens.revoke(database, name_or_id, (await open_clock(database, settings.tocsin_speed)).now())

    token = run(revoke)
    if as_json:
        print_json({**token_json(token), "revoked": True})
        return
    echo(f"The token “{token.name}” is revoked.")


async def _read_tokens(database: Database) -> list[Token]:
    async with database.reading() as conn:
        return await stored_tokens.newest(conn)


def _line(token: Token) -> str:
    used = f"used {_day(token.last_used_at)}" if token.last_used_at else "never used"
    until = f"until {_day(token.expires_at)}" if token.expires_at else "for ever"
    state = "revoked" if token.revoked_at else until
    return f"{token.id:<4} {token.name:<20} {token.person:<12} {','.join(token.scopes):<12} {state:<18} {used}"


def _day(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d}"
