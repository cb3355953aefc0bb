"""The wrong set-ups that docs/run/troubleshooting.md lists: each makes one thing wrong and asks `tocsin check`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web

from bot import settings as settings_reader
from bot.secret_settings import SettingsError
from storage import incidents, key_value
from storage.database import Database
from storage.open import open_database
from tests.check.pooler import transaction_pooler
from tests.check.scene import Scene
from tests.storage.helpers import incident as an_incident

Case = Callable[[Scene], Awaitable[list[str]]]
CASES: dict[str, Case] = {}


def case(what: str) -> Callable[[Case], Case]:
    """Register the case of a row of the table, by the row's first column."""

    def register(function: Case) -> Case:
        CASES[what] = function
        return function

    return register


def setting(what: str, **wrong: Any) -> None:
    """Register a case that only sets settings."""

    async def said(scene: Scene) -> list[str]:
        scene.values |= {name: make(scene) if callable(make) else make for name, make in wrong.items()}
        return await scene.said()

    CASES[what] = said


def unreadable(what: str, **environment: str) -> None:
    """Register a case in which the settings cannot even be read, so that every command says so."""

    async def said(scene: Scene) -> list[str]:
        return await asyncio.to_thread(_load, scene.folder, environment)

    CASES[what] = said


def _load(folder: Path, environment: dict[str, str]) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        with pytest.raises(SettingsError) as refused:
            settings_reader.load()
    return [f"✗ {line.strip()}" for line in str(refused.value).split("\n")]


# --- settings ---------------------------------------------------------------------------------------------------------

setting("no bot token", slack_bot_token=None)
setting("neither an app token nor a signing secret", slack_signing_secret=None)
setting("another token instead of the bot's", slack_bot_token="xoxp-1")
setting("another token instead of the app's", slack_app_token="xoxb-1")
setting("a token instead of the signing secret", slack_signing_secret="xapp-1")
unreadable("a secret's file that does not exist", SLACK_BOT_TOKEN_FILE="/run/secrets/none")
unreadable("a port that is not a number", PORT="http")
unreadable("a public address without a scheme", TOCSIN_URL="tocsin.example.com")
unreadable("a log level that does not exist", LOG_LEVEL="loud")
unreadable("a mail server that cannot be read", SMTP_URL="mail.example.com:587")
setting("an address of another machine", host="192.0.2.1", port=3000)
setting("a host name that does not exist", host="nowhere.invalid", port=3000)
setting("a folder for exports that is a file", tocsin_archive=lambda scene: _file(scene.folder / "archive"))
setting("a folder for the emergency sheet that is a file", tocsin_sheet=lambda scene: _file(scene.folder / "sheet"))
setting("a folder for the status page that is a file", tocsin_status_mirror=lambda scene: _file(scene.folder / "page"))
setting("a clock that runs faster, left from a demo", tocsin_speed=60)
setting("pages for demos, left open", tocsin_demo=True)


def _file(path: Path) -> Path:
    path.touch()
    return path


@case("secrets that others on the machine can read")
async def environment_file(scene: Scene) -> list[str]:
    Path(".env").touch(mode=0o644)
    return await scene.said()


@case("a port that another program uses")
async def taken_port(scene: Scene) -> list[str]:
    async with answering("something else") as port:
        scene.values["port"] = port
        return await scene.said()


@asynccontextmanager
async def answering(text: str) -> AsyncIterator[int]:
    """A server that answers everything with this."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=text, content_type="application/json" if text.startswith("{") else "text/html")

    site = web.Application()
    site.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@case("a public address that leads elsewhere")
async def other_address(scene: Scene) -> list[str]:
    async with answering('{"ok": true}') as own, answering("<html>It works!</html>") as other:
        scene.values |= {"port": own, "tocsin_url": f"http://127.0.0.1:{other}"}
        return await scene.said()


# --- paging outside Slack ---------------------------------------------------------------------------------------------

setting("a method with some of its settings missing", smtp_url="smtp://mail.example.com")
setting("a heartbeat that falls silent with the machine", heartbeat_url="http://127.0.0.1/ping")


@case("a method in the policy that is not set up")
async def method_not_set_up(scene: Scene) -> list[str]:
    scene.policy += 'severities: {sev1: {ladder: [{after: 0m, notify: ["contact:priya"], by: [slack, sms]}]}}\n'
    return await scene.said()


@case("a schedule at PagerDuty without a key to read it")
async def schedule_without_key(scene: Scene) -> list[str]:
    scene.policy = scene.policy.replace("primary: {members: [priya]}", "primary: {pagerduty: P123ABC}")
    return await scene.said()


# --- database ---------------------------------------------------------------------------------------------------------

setting("a database address that is not a URL", database_url="tocsin.db")
setting("a database of another kind", database_url="mysql://tocsin@db/tocsin")
setting("two slashes before a path", database_url="sqlite://tocsin.db")
setting("a database in memory", database_url="sqlite:///:memory:")
setting("an @ in the password", database_url="postgresql://tocsin:pa@ss@db.example.com/tocsin")
setting("a parameter of another driver", database_url="postgresql://tocsin@db/tocsin?pgbouncer=true")
setting("a folder that does not exist", database_url=lambda scene: f"sqlite:///{scene.folder}/none/tocsin.db")
setting("a server that does not answer", database_url="postgresql://tocsin@127.0.0.1:1/tocsin")


@case("a file that is not a database")
async def no_database(scene: Scene) -> list[str]:
    (scene.folder / "tocsin.db").write_text("Dear all, this is a letter. " * 100)
    return await scene.said()


@case("a database of a newer version")
async def newer_version(scene: Scene) -> list[str]:
    await scene.served()
    await _execute(scene.sqlite_url, "UPDATE alembic_version SET version_num = '9999'")
    return await scene.said()


async def _execute(url: str, *statements: str) -> None:
    database = await open_database(url, migrate=False)
    async with database.transaction() as conn:
        for statement in statements:
            await conn.execute(sa.text(statement))
    await database.close()


@case("a user or password that PostgreSQL refuses")
async def refused_user(scene: Scene) -> list[str]:
    url = await asyncio.to_thread(lambda: scene.postgresql().url("template_tocsin"))
    scene.values["database_url"] = url.replace("postgres@", "nobody_we_know@")
    return await scene.said()


@case("a database that PostgreSQL does not have")
async def no_such_database(scene: Scene) -> list[str]:
    scene.values["database_url"] = await asyncio.to_thread(lambda: scene.postgresql().url("there_is_none"))
    return await scene.said()


@case("a standby instead of the primary")
async def standby(scene: Scene) -> list[str]:
    """A database in which every session is read-only, as on a standby."""
    async with a_database(scene) as url:
        name = url.partition("@/")[2].partition("?")[0]
        await _execute(url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        scene.values["database_url"] = url
        return await scene.said()


@asynccontextmanager
async def a_database(scene: Scene) -> AsyncIterator[str]:
    server = await asyncio.to_thread(scene.postgresql)
    url = await asyncio.to_thread(lambda: server.create(empty=True))
    try:
        yield url
    finally:
        await asyncio.to_thread(server.drop, url)


@case("a user without rights on the schema")
async def no_rights(scene: Scene) -> list[str]:
    async with a_database(scene) as url:
        await _execute(url, "DROP ROLE IF EXISTS visitor", "CREATE ROLE visitor LOGIN")
        scene.values["database_url"] = url.replace("postgres@", "visitor@")
        return await scene.said()


@case("a connection pooler that does not keep sessions")
async def pooled(scene: Scene) -> list[str]:
    async with a_database(scene) as url, transaction_pooler(scene.folder, url) as through_it:
        scene.values["database_url"] = through_it
        return await scene.said()


# --- Slack ------------------------------------------------------------------------------------------------------------

setting("a bot token that Slack refuses", slack_bot_token="xoxb-other")
setting("a Slack that cannot be reached", slack_api_url="http://127.0.0.1:1/api/")
setting("an app token that Slack refuses", slack_app_token="xapp-other")


@case("another server instead of Slack's")
async def not_slack(scene: Scene) -> list[str]:
    async with answering("<html>It works!</html>") as port:
        scene.values["slack_api_url"] = f"http://127.0.0.1:{port}/api/"
        return await scene.said()


@case("a scope that the app does not have")
async def missing_scope(scene: Scene) -> list[str]:
    granted = scene.ws.manifest.scopes
    assert granted is not None
    scene.ws.manifest = replace(scene.ws.manifest, scopes=granted - {"pins:write"})
    return await scene.said()


@case("a clock that is wrong by minutes")
async def wrong_clock(scene: Scene) -> list[str]:
    scene.now = lambda: datetime.now(UTC) + timedelta(seconds=400)
    return await scene.said()


@case("a token of another workspace")
async def other_workspace(scene: Scene) -> list[str]:
    await _store(scene, key_value.BOT_IDENTITY, {"team_id": "T0BEFORE00"})
    return await scene.said()


async def _store(scene: Scene, key: key_value.Key[Any], value: Any) -> None:
    database = await open_database(scene.sqlite_url)
    async with database.transaction() as conn:
        await key.put(conn, value)
    await database.close()


@case("an announcement channel that is archived")
async def archived(scene: Scene) -> list[str]:
    await scene.ws.person("maya").archive("#incidents")
    return await scene.said()


@case("an announcement channel that does not exist")
async def no_channel(scene: Scene) -> list[str]:
    scene.policy = scene.policy.replace("#incidents", "#outages")
    return await scene.said()


@case("a user group that does not exist")
async def no_group(scene: Scene) -> list[str]:
    scene.policy += 'permissions: {cancel: ["@there-is-none"]}\n'
    return await scene.said()


@case("a person whom Slack does not know")
async def no_person(scene: Scene) -> list[str]:
    scene.policy = scene.policy.replace("priya@example.com", "nobody@example.com")
    return await scene.said()


@case("events that are not turned on")
async def no_events(scene: Scene) -> list[str]:
    database = await open_database(scene.sqlite_url)
    await _arrived(database, command=timedelta(minutes=50))
    async with database.transaction() as conn:
        declared = datetime.now(UTC) - timedelta(minutes=40)
        number = await incidents.next_number(conn)
        await incidents.insert(conn, an_incident(number, channel_id="C0INCIDENT", declared_at=declared))
    await database.close()
    return await scene.said()


async def _arrived(database: Database, **ago: timedelta) -> None:
    """A record of arrivals that began two hours ago."""
    now = datetime.now(UTC)
    record = {"since": timedelta(hours=2), **{name: span for name, span in ago.items() if name != "refused_why"}}
    async with database.transaction() as conn:
        await key_value.SLACK_ARRIVALS.put(conn, {name: (now - span).isoformat() for name, span in record.items()})


@case("buttons and forms that are not turned on")
async def no_interactivity(scene: Scene) -> list[str]:
    database = await open_database(scene.sqlite_url)
    await _arrived(database, command=timedelta(minutes=50), event=timedelta(minutes=1))
    await database.close()
    return await scene.said()


@case("nothing arrives")
async def nothing(scene: Scene) -> list[str]:
    database = await open_database(scene.sqlite_url)
    await _arrived(database)
    await database.close()
    return await scene.said()


@case("another app's signing secret")
async def other_secret(scene: Scene) -> list[str]:
    now = datetime.now(UTC)
    record = {"since": now - timedelta(hours=2), "refused": now - timedelta(minutes=3)}
    stored = {name: at.isoformat() for name, at in record.items()} | {"refused_why": "bad signature"}
    await _store(scene, key_value.SLACK_ARRIVALS, stored)
    return await scene.said()


# --- policy and playbooks ---------------------------------------------------------------------------------------------

setting("a policy file that does not exist", tocsin_policy=lambda scene: scene.folder / "none.yml")
setting("a playbook folder that does not exist", tocsin_playbooks=lambda scene: str(scene.folder / "none"))


@case("a key in the policy that does not exist")
async def unknown_key(scene: Scene) -> list[str]:
    scene.policy += "severties: {}\n"
    return await scene.said()


@case("a schedule without people")
async def nobody_on_call(scene: Scene) -> list[str]:
    scene.policy = scene.policy.replace("manager: {members: [priya]}", "manager: {members: []}")
    return await scene.said()


@case("a playbook in the policy that does not exist")
async def no_playbook(scene: Scene) -> list[str]:
    scene.policy += "services: {api: {playbooks: [api-outge]}}\n"
    return await scene.said()


@case("a program that would run as root")
async def as_root(scene: Scene) -> list[str]:
    if os.geteuid() != 0:
        pytest.skip("the tests' user is not root")
    return await _with_program(scene, "/bin/true")


@case("a program that does not exist")
async def no_program(scene: Scene) -> list[str]:
    return await _with_program(scene, "/usr/bin/there-is-none")


async def _with_program(scene: Scene, path: str) -> list[str]:
    allow = f"{{executable: {path}, arguments: [[]]}}"
    scene.policy += f"automation: {{enabled: true, runners: {{process: {{allow: [{allow}]}}}}}}\n"
    return await scene.said()
