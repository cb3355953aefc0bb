"""Runs operations for the command line, on the database or through the API of a bot elsewhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp
import click
from pydantic import ValidationError

from bot import notifiers, trackers, wikis
from bot import policy as policy_reader
from bot import settings as settings_reader
from bot.cli.shared import settings_database
from bot.domain.access.identity import OPERATOR, Membership
from bot.domain.access.token import check_person
from bot.domain.errors import NotAllowed, Refused, TocsinError
from bot.domain.timeline.source import Source
from bot.domain.values.slack_ids import is_user_id
from bot.operations.base import Call, Operation
from bot.operations.table import BY_NAME
from bot.secret_settings import secret_of
from bot.settings import Settings
from bot.templates.library import TemplateLibrary
from bot.usecases.context import AllMembers, Context, Policies
from bot.usecases.open_clock import open_clock
from bot.usecases.stored_directory import StoredMemberships, stored_usergroups
from playbooks.library_cache import LibraryCache
from storage import names
from storage.database import Database

T = TypeVar("T")
WITHIN_S = 30.0
IDS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Target:
    """The person a command acts as, and the server that it asks, as typed."""

    person: str | None = None
    server: str | None = None


def client_options(command: Callable[..., T]) -> Callable[..., T]:
    """The options that every verb takes."""
    command = click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)
    command = click.option("--server", metavar="URL", help="Ask the bot at this address, with TOCSIN_TOKEN.")(command)
    return click.option("--as", "person", metavar="U0123", help="The Slack ID of whom you are.")(command)


class OperationClient:
    """Runs operations for a command. The answers are the same on the database and through the API."""

    async def run(self, name: str, path: Mapping[str, str], arguments: Mapping[str, Any]) -> Any:
        """Run an operation by its name and return its JSON. Raises `TocsinError`."""
        raise NotImplementedError

    async def names(self, ids: set[str]) -> dict[str, str]:
        """The known names of people, channels and user groups, by Slack ID."""
        return {}

    async def people_called(self, name: str) -> dict[str, str]:
        """The people whose known names contain this one, by Slack ID."""
        return {}

    async def person(self, word: str) -> str:
        """The Slack ID of a person, given as one or by name. Raises `TocsinError`."""
        if is_user_id(word):
            return word
        people = await self.people_called(word)
        exact = [person for person, name in people.items() if name.lower() == word.lower()]
        candidates = exact or list(people)
        if len(candidates) == 1:
            return candidates[0]
        if not candidates:
            raise TocsinError(f"I know nobody called “{word[:40]}” here. Write their Slack ID, such as U0123ABCD.")
        several = ", ".join(f"{people[person]} ({person})" for person in candidates[:5])
        raise TocsinError(f"“{word[:40]}” may be {several}. Write the ID.")


class DatabaseClient(OperationClient):
    """Runs operations on the database."""

    def __init__(self, context: Context, person: str | None) -> None:
        self._context = context
        self._person = person

    async def run(self, name: str, path: Mapping[str, str], arguments: Mapping[str, Any]) -> Any:
        """Run an operation by its name and return its JSON. Raises `TocsinError`."""
        operation = BY_NAME[name]
        call = Call(self._context, self._person or OPERATOR, path, operator=self._person is None)
        answer = await operation.run(call, _validate(operation, arguments))
        return json.loads(json.dumps(answer.body))

    async def names(self, ids: set[str]) -> dict[str, str]:
        """The known names of people, channels and user groups, by Slack ID."""
        async with self._context.database.reading() as conn:
            return await names.get_many(conn, ids)

    async def people_called(self, name: str) -> dict[str, str]:
        """The people whose known names contain this one, by Slack ID."""
        async with self._context.database.reading() as conn:
            return await names.containing(conn, name[:100])


class ApiClient(OperationClient):
    """Runs operations through the API."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url.rstrip("/") + "/api/v1"

    async def run(self, name: str, path: Mapping[str, str], arguments: Mapping[str, Any]) -> Any:
        """Run an operation by its name and return its JSON. Raises `TocsinError`."""
        operation = BY_NAME[name]
        _validate(operation, arguments)
        url = self._url + operation.path.format(**{key: quote(value, safe="") for key, value in path.items()})
        if operation.method == "GET":
            query = {
                key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in arguments.items()
            }
            return await self._ask(self._session.get(url, params=query, allow_redirects=False))
        return await self._ask(
            self._session.request(operation.method, url, json=dict(arguments), allow_redirects=False)
        )

    async def names(self, ids: set[str]) -> dict[str, str]:
        """The known names of people, by Slack ID."""
        people = sorted(user for user in ids if is_user_id(user))
        parts = [people[at : at + IDS_AT_ONCE] for at in range(0, len(people), IDS_AT_ONCE)]
        answers = [await self._people(ids=",".join(part)) for part in parts]
        return {user: name for answer in answers for user, name in answer.items()}

    async def people_called(self, name: str) -> dict[str, str]:
        """The people whose known names contain this one, by Slack ID."""
        return await self._people(name=name[:100])

    async def _people(self, **query: str) -> dict[str, str]:
        rows = (await self.run("list_people", {}, query))["people"]
        return {row["id"]: row["name"] for row in rows}

    async def _ask(self, request: Any) -> Any:
        try:
            async with request as answer:
                text = await answer.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise TocsinError(f"{self._url} cannot be reached ({type(error).__name__}). Is it the right URL?") from None
        try:
            body = json.loads(text)
        except ValueError:
            raise TocsinError(f"{self._url} answered {answer.status}, and no JSON. Is it the right URL?") from None
        if answer.status >= 300:
            detail = body.get("detail") if isinstance(body, dict) else None
            raise TocsinError(str(detail or f"{self._url} answered {answer.status}."))
        return body


def server_option(command: Callable[..., T]) -> Callable[..., T]:
    """The option `--server` alone, for commands that are no verbs."""
    return click.option("--server", metavar="URL", help="Ask the bot at this address, with TOCSIN_TOKEN.")(command)


def run_with_client(target: Target, work: Callable[[OperationClient], Awaitable[T]]) -> T:
    """Run `work` on the database or through the API, as the options and the settings say."""
    settings = settings_reader.load()
    url = _server(settings, target)
    if url is None:
        return asyncio.run(_locally(target.person, work))
    if target.person:
        raise TocsinError("Leave --as out: the token says who you are.")
    return asyncio.run(_remotely(settings, url, work))


def is_remote(target: Target) -> bool:
    """Whether `run_with_client` asks a bot elsewhere."""
    return _server(settings_reader.load(), target) is not None


def _server(settings: Settings, target: Target) -> str | None:
    """The bot to ask: that of the option, or that of the settings unless these name a database."""
    if target.server:
        return target.server
    is_set = settings.tocsin_url and settings.tocsin_token is not None
    return settings.tocsin_url if is_set and "database_url" not in settings.model_fields_set else None


def target_in_group(ctx: click.Context, options: Mapping[str, Any]) -> Target:
    """The target of a group's subcommand, whose options stand before or after it."""
    group = ctx.obj or {}
    return Target(options.get("person") or group.get("person"), options.get("server") or group.get("server"))


def run_in_group(ctx: click.Context, options: Mapping[str, Any], work: Callable[[OperationClient], Awaitable[T]]) -> T:
    """Do what `run_with_client` does, with options that stand before or after the subcommand of a group."""
    return run_with_client(target_in_group(ctx, options), work)


def prints_json(ctx: click.Context, options: Mapping[str, Any]) -> bool:
    """Whether `--json` stands before or after the subcommand of a group."""
    return bool(options.get("as_json") or (ctx.obj or {}).get("as_json"))


async def _remotely(settings: Settings, url: str, work: Callable[[OperationClient], Awaitable[T]]) -> T:
    token = secret_of(settings.tocsin_token)
    if not token:
        raise TocsinError("TOCSIN_TOKEN is not set. Make one: tocsin token create --name me --as U0123 --scopes write")
    headers = {"Authorization": f"Bearer {token}"}
    timeout = aiohttp.ClientTimeout(total=WITHIN_S)
    async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
        return await work(ApiClient(session, url))


async def _locally(person: str | None, work: Callable[[OperationClient], Awaitable[T]]) -> T:
    async with settings_database() as (database, settings):
        context = await local_context(database, settings, person)
        if person is not None:
            await check_identity(context, person)
        return await work(DatabaseClient(context, person))


async def local_context(database: Database, settings: Settings, person: str | None) -> Context:
    """The context of a command on the database. `person` is a Slack ID; None: an operator."""
    loaded = policy_reader.read(settings.policy_path)
    return Context(
        database=database,
        policies=Policies(loaded.policy, loaded.document, policy_reader.from_document),
        clock=await open_clock(database, settings.tocsin_speed),
        methods=notifiers.methods(settings),
        tracker=trackers.ticket_tracker(settings),
        wikis=wikis.configured_wikis(settings),
        url=settings.tocsin_url,
        playbook_library=LibraryCache(settings.playbook_folders),
        templates=TemplateLibrary(settings.tocsin_templates),
        usergroups=await stored_usergroups(database, loaded.policy),
        memberships=AllMembers() if person is None else StoredMemberships(database),
        source=Source.CLI,
    )


async def check_identity(context: Context, person: str) -> None:
    """Refuse a person who is a bot or has no account in this workspace. Raises `NotAllowed`."""
    identity = await context.memberships.get(check_person(person))
    if identity.membership is Membership.BOT:
        raise NotAllowed("I take no commands from bots.")
    if not identity.active:
        raise NotAllowed(f"{person} has no account in this workspace, or a closed one.")


def _validate(operation: Operation, arguments: Mapping[str, Any]) -> Any:
    try:
        return operation.arguments.model_validate_json(json.dumps(arguments), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise Refused(f"{field}: {first['msg'].removeprefix('Value error, ')}".lstrip(": ")) from None
