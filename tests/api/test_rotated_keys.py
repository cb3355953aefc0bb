"""`tocsin rotate`: signatures of the old key are refused and those of the new one work. And tokens, and mail."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from bot import notifiers
from bot.cli.main import main
from bot.domain.access import session
from bot.domain.errors import DeliveryError
from bot.live_settings import LiveSettings
from bot.settings import Settings
from bot.usecases import acknowledge_links
from bot.usecases.access import sessions
from bot.usecases.oncall import calendar_feeds
from bot.usecases.rotate_keys import KEYS
from bot.usecases.status_page.address import signing_secret
from storage import incidents, key_value
from tests.api.calls import TOM, program, token_for
from tests.integrations.mail import post_office
from tests.integrations.pages import page
from tests.scenarios.running import ROOT, World, policy_file, running_world
from tests.web.console.browser import browser

PUBLIC = "http://tocsin.example.com"  # a browser sends the cookies of https there alone
POLICY = """
preset: sev1-5
schedules: {primary: {timezone: Europe/Berlin, start: 2026-01-05, members: [U0TOM00000]}}
status_page: {name: Example, preset: llm-platform}
"""


@pytest.fixture
async def world(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY), tocsin_url=PUBLIC) as running:
        yield running


async def rotate(*names: str) -> str:
    done = await asyncio.to_thread(CliRunner().invoke, main, ["rotate", *names])
    assert done.exit_code == 0, done.output
    return done.output


async def test_every_key_that_the_database_makes_can_be_replaced_and_what_it_signed_opens_nothing(world: World) -> None:
    context = world.tocsin.context
    async with program(world, person=TOM) as tom:
        await tom.post("/incidents", {"title": "Checkout is down", "severity": "sev2"})
    async with context.database.reading() as conn:
        incident = await incidents.get(conn, 1)
        feed = await calendar_feeds.current_token(conn, "schedule:primary")
        subscribers = await signing_secret(conn)
    assert incident is not None
    assert feed is not None

    async def link() -> str:
        address = await acknowledge_links.address_for(context, incident, TOM, "page-1")
        assert address is not None
        return address.rpartition("/")[2]

    before = await link()
    assert await acknowledge_links.open_link(context, before) is not None
    async with browser(world) as signed_in:
        assert (await signed_in.get("/")).status == 200
        printed = await rotate(*KEYS)
        assert (await signed_in.get("/")).status == 303, "and it is sent to sign in"
    assert all(f"{name}: a new key is in use" in printed for name in KEYS)
    assert await acknowledge_links.open_link(context, before) is None
    assert await acknowledge_links.open_link(context, await link()) is not None
    async with context.database.reading() as conn:
        assert await calendar_feeds.current_token(conn, "schedule:primary") not in {feed, None}
        assert await signing_secret(conn) != subscribers


async def test_the_console_signs_with_its_new_key_without_a_restart(world: World) -> None:
    _, token = await token_for(world)
    async with browser(world, person=None) as visitor:
        await visitor.signed_in(token)
        old = visitor.cookies()
    assert "console: a new key is in use" in await rotate("console")
    await world.pass_time(seconds=11)
    async with browser(world, person=None) as visitor:
        visitor.put_cookies(old)
        assert (await visitor.get("/")).status == 303
        await visitor.signed_in(token)
        assert (await visitor.get("/")).status == 200
        key = await sessions.key(world.tocsin.database)
        assert session.verify("tocsin_session", visitor.cookies()["tocsin_session"], key)


async def test_a_feed_is_read_at_its_new_address_only(world: World) -> None:
    async def answered(token: str | None) -> int:
        address = calendar_feeds.address(f"http://127.0.0.1:{world.tocsin.port}", "schedule:primary", token or "")
        async with aiohttp.ClientSession() as http, http.get(address) as answer:
            return answer.status

    async def token() -> str | None:
        async with world.tocsin.database.reading() as conn:
            return await calendar_feeds.current_token(conn, "schedule:primary")

    old = await token()
    assert await answered(old) == 200
    await rotate("feeds")
    assert (await answered(old), await answered(await token())) == (404, 200)


async def test_a_second_token_of_a_person_works_while_the_first_is_revoked(world: World) -> None:
    first, old = await token_for(world)
    _, new = await token_for(world, scopes="read")
    done = await asyncio.to_thread(CliRunner().invoke, main, ["token", "revoke", str(first.id)])
    assert done.exit_code == 0, done.output
    async with program(world, old) as before, program(world, new) as after:
        assert ((await before.get("/incidents")).status, (await after.get("/incidents")).status) == (401, 200)


def test_every_key_that_is_made_at_a_start_is_one_that_can_be_replaced() -> None:
    made = {key.name for key in vars(key_value).values() if isinstance(key, key_value.Key)
            and key.name.endswith((":secret", ":key"))}  # fmt: skip
    assert made == {key.stored.name for key in KEYS.values()}
    section = (ROOT / "docs/run/rotate-secrets.md").read_text()
    assert all(f"| `{name}` |" in section for name in KEYS)


async def test_mail_is_sent_with_the_new_password_of_the_mail_server_and_refused_with_the_old() -> None:
    async with post_office(password="first") as post, aiohttp.ClientSession() as session:

        def settings(password: str) -> Settings:
            url = SecretStr(f"smtp://bot:{password}@127.0.0.1:{post.port}")
            return Settings(_env_file=None, smtp_url=url, mail_from="incidents@example.com")

        async def sent() -> None:
            await notifiers.BUILDERS["email"](live.current, session).send(page())

        live = LiveSettings(settings("first"))
        await sent()
        post.password = "second"
        with pytest.raises(DeliveryError, match="SMTP_URL"):
            await sent()
        assert live.replace(settings("second")).secrets == ("smtp_url",)
        await sent()
        assert len(post.mails) == 2
