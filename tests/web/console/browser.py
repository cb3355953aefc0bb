"""A browser without a script, for tests of the console: it keeps cookies, finds forms in pages and sends them."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from tests.api.calls import MAYA, token_for
from tests.scenarios.running import World

_INPUT = re.compile(r"<input ([^>]*)>")
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Page:
    """An answer, read to its end."""

    status: int
    headers: Any
    text: str
    path: str

    def form(self, action: str) -> dict[str, str]:
        """The hidden values of the form that is sent to this path."""
        match = re.search(rf'<form[^>]* action="{re.escape(action)}"[^>]*>(.*?)</form>', self.text, re.DOTALL)
        assert match is not None, (action, re.findall(r'action="([^"]*)"', self.text))
        return hidden(match[1])


def hidden(form: str) -> dict[str, str]:
    """The values of a form's hidden inputs."""
    inputs = [dict(_ATTRIBUTE.findall(match)) for match in _INPUT.findall(form)]
    return {each["name"]: html.unescape(each["value"]) for each in inputs if each.get("type") == "hidden"}


@dataclass(slots=True)
class Browser:
    """Somebody's browser."""

    session: aiohttp.ClientSession
    url: str
    _csrf: str = ""

    async def get(self, path: str, **headers: str) -> Page:
        return await self._read(self.session.get(self.url + path, allow_redirects=False, headers=headers))

    async def post(self, path: str, values: Mapping[str, str], **headers: str) -> Page:
        sent = self.session.post(self.url + path, data=dict(values), allow_redirects=False, headers=headers)
        return await self._read(sent)

    async def send(self, page: Page, action: str, **values: str) -> Page:
        """Fill in a form of the page and send it."""
        return await self.post(action, {**page.form(action), **values})

    async def act(self, path: str, values: Mapping[str, str]) -> Page:
        """Send a form that no page showed, with a token of this session."""
        if not self._csrf:
            page = await self.get("/login")
            while page.status == 303:
                page = await self.get(page.headers["Location"])
            self._csrf = page.form("/logout")["csrf"]
        return await self.post(path, {"csrf": self._csrf, **values})

    def cookies(self) -> dict[str, str]:
        return {cookie.key: cookie.value for cookie in self.session.cookie_jar}

    def put_cookies(self, cookies: Mapping[str, str]) -> None:
        self.session.cookie_jar.update_cookies(cookies, URL(self.url))

    async def signed_in(self, token: str) -> None:
        answer = await self.send(await self.get("/login"), "/login", token=token)
        assert answer.status == 303, answer.text

    async def _read(self, request: Any) -> Page:
        async with request as answer:
            return Page(answer.status, answer.headers, await answer.text(), answer.url.path_qs)


@asynccontextmanager
async def browser(world: World, person: str | None = MAYA, scopes: str = "write") -> AsyncIterator[Browser]:
    """A browser; signed in as this person unless None."""
    jar = aiohttp.CookieJar(unsafe=True)  # of an address that is a number
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        opened = Browser(session, f"http://127.0.0.1:{world.tocsin.port}")
        if person is not None:
            await opened.signed_in((await token_for(world, person, scopes))[1])
        yield opened
