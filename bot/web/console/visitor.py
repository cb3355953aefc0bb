"""The console as all its pages share it, and the visitor who asks for one.

A visitor reads and writes through `bot.operations`, as API clients do: the same permissions, record and words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.access.identity import OPERATOR, Membership
from bot.domain.access.session import Session
from bot.domain.access.sign_in_limit import client_of
from bot.domain.access.token import Scope, Token, hash_of
from bot.domain.timeline.source import Source
from bot.operations.base import API, Answer, Arguments, Call
from bot.operations.table import BY_NAME
from bot.usecases import outage
from bot.usecases.access import sessions
from bot.usecases.context import Context
from bot.web.api.authentication import Authenticator, require
from bot.web.api.problems import Problem
from bot.web.api.rate_limit import RateLimit
from bot.web.api.stream import Streams
from bot.web.console import rendering
from bot.web.console.cookies import Cookies
from bot.web.console.words import Words, ids_in
from storage import directory, names

_INSIDE = frozenset({Membership.MEMBER, Membership.UNKNOWN})  # unknown while Slack does not answer


@dataclass(slots=True)
class Console:
    """The shared parts of every page."""

    authenticator: Authenticator
    slack: bool = False  # whether people can sign in with Slack
    proxies: str = ""  # the addresses of our own proxies, separated by commas
    team: str = ""  # the ID of the Slack workspace
    rate_limit: RateLimit = field(default_factory=RateLimit)
    streams: Streams = field(init=False)
    _cookies: Cookies | None = None
    _key_read_at: datetime | None = None

    def __post_init__(self) -> None:
        self.streams = Streams(self.context)

    @property
    def context(self) -> Context:
        """The context of reading; an operation gets one with the source `console`."""
        return self.authenticator.context

    async def cookies(self) -> Cookies:
        """The cookies, with the key of this database, which `tocsin rotate console` may have replaced meanwhile."""
        now = self.context.clock.now()
        if self._cookies is None or self._key_read_at is None or now - self._key_read_at >= sessions.KEY_READ_EVERY:
            key = await sessions.key(self.context.database)
            self._cookies = Cookies(key, (self.context.url or "").startswith("https://"))
            self._key_read_at = now
        return self._cookies

    def client_of(self, request: web.Request) -> str | None:
        """The address of the client, also behind a proxy of ours."""
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", ()))
        return client_of(request.remote, forwarded, self.proxies)

    def bootstrap_hashes(self) -> frozenset[str]:
        """The hashes of the tokens in the settings."""
        token_list = self.authenticator.bootstrap().split(",")
        return frozenset(hash_of(secret.strip()) for secret in token_list if secret.strip())

    async def _session(self, request: web.Request, cookies: Cookies, now: datetime) -> Session | None:
        """The session that the request's cookie opens; None if it has none that is valid."""
        secret = cookies.session_secret(request)
        if secret is None:
            return None
        return await sessions.find(self.context.database, secret, self.bootstrap_hashes(), now)

    async def visitor(self, request: web.Request) -> Visitor | None:
        """The visitor; None for somebody who has not signed in."""
        cookies, now = await self.cookies(), self.context.clock.now()
        session = await self._session(request, cookies, now)
        if session is None:
            return None
        self.rate_limit.take(session.id)
        renews = request.method == "GET" and not request.path.endswith("/stream")  # whose answer can carry a cookie
        new = await sessions.keep(self.context.database, session, now, rotate=renews)
        return Visitor(self, request, session, cookies, new)

    async def is_member(self, request: web.Request) -> bool | None:
        """Whether a member of the workspace has signed in, for pages beside the console; None: nobody has.

        It gives no cookie: the session's secret is replaced only by the console's own pages.
        """
        session = await self.session_of(request)
        return None if session is None else await self.admits(session)

    async def session_of(self, request: web.Request) -> Session | None:
        """The session of the browser; None for somebody who has not signed in. It gives no cookie."""
        return await self._session(request, await self.cookies(), self.context.clock.now())

    async def admits(self, session: Session) -> bool:
        """Whether the session is that of a member, for pages beside the console. It counts as a use of the session."""
        now = self.context.clock.now()
        await sessions.keep(self.context.database, session, now, rotate=False)
        if session.person in {API, OPERATOR}:
            return True
        try:
            await self.authenticator.identify(Token(session.id, "session", session.person, (), now), ask=True)
        except Problem:
            return False
        return self.context.memberships.known(session.person).membership in _INSIDE


@dataclass(frozen=True, slots=True)
class Visitor:
    """A request of a person who has signed in."""

    console: Console
    request: web.Request
    session: Session
    cookies: Cookies
    new_secret: str | None = None

    @property
    def context(self) -> Context:
        """The context of reading."""
        return self.console.context

    @property
    def person(self) -> str:
        """The person as whom the session acts."""
        return self.session.person

    @property
    def now(self) -> datetime:
        """The bot's time."""
        return self.context.clock.now()

    @property
    def token(self) -> Token:
        """The session as the API sees its tokens."""
        return Token(self.session.id, "this session", self.person, self.session.scopes, self.session.created_at)

    def may(self, scope: Scope) -> bool:
        """Whether the session has the scope."""
        return self.token.allows(scope)

    async def ask(self, name: str, path: Mapping[str, str] | None = None, **given: Any) -> Any:
        """The answer of a query. Raises `Refused` and `Problem`."""
        operation = BY_NAME[name]
        answer = await self.run(name, path or {}, operation.arguments.model_validate(given))
        return answer.body

    async def run(
        self, name: str, path: Mapping[str, str], arguments: Arguments, delivery: str | None = None
    ) -> Answer:
        """Run an operation as this person. Raises `Refused` and `Problem`."""
        operation = BY_NAME[name]
        require(self.token, operation.scope)
        if operation.asks_who and self.person not in {API, OPERATOR}:
            await self.console.authenticator.identify(self.token, ask=True)
        return await operation.run(self.call(path, delivery), arguments)

    def call(self, path: Mapping[str, str], delivery: str | None = None) -> Call:
        """The call of an operation by this person, through this console."""
        context = replace(self.context, source=Source.CONSOLE)
        return Call(context, self.person, path, delivery, operator=self.person == OPERATOR)

    async def words(self, *values: Any) -> Words:
        """Words with the names of everybody in these values."""
        context = self.context
        ids = ids_in([*values, self.person])
        contacts = _contacts(context)
        async with context.database.reading() as conn:
            known_names = await names.get_many(conn, ids)
            if missing := ids - known_names.keys():
                context.names.request(missing)
                if missing - contacts.keys():
                    contacts = {**await _contacts_by_address(conn, context), **contacts}
        return Words({**known_names, **contacts}, self.now)

    async def page(self, template: str, status: int = 200, words: Words | None = None, **values: Any) -> web.Response:
        """A page with what all of them show."""
        down = await self._outage()
        return rendering.html(
            self.request, template, status,
            words=words or await self.words(*values.values()),
            me=self.person,
            csrf=self.cookies.session_token(self.session),
            outage=down.in_words() if down else None,
            writes=self.may(Scope.WRITE),
            here=self.request.path,
            flash=self.request.query.get("done", "")[:80],
            **values,
        )  # fmt: skip

    async def _outage(self) -> outage.Outage | None:
        if self.context.outage is not None:
            return self.context.outage
        async with self.context.database.reading() as conn:
            return await outage.current(conn)


async def _contacts_by_address(conn: AsyncConnection, context: Context) -> dict[str, str]:
    """The names of contacts whose Slack ID was found by their address: known also while Slack is down."""
    by_address = {
        address.lower(): contact.name
        for contact in context.policy.contacts.values()
        for address in (contact.slack, contact.email)
        if contact.name and address and "@" in address
    }
    users = await directory.user_ids(conn, by_address)
    return {user: by_address[address] for address, user in users.items()}


def _contacts(context: Context) -> dict[str, str]:
    return {
        contact.slack: contact.name for contact in context.policy.contacts.values() if contact.slack and contact.name
    }
