"""Permissions by operation through the API and the command line: the table in docs/security.md."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.cli.commands import ENTRIES
from bot.cli.main import main
from bot.domain.access.identity import Identity, Membership
from bot.mcp.toolbox import TOOLS
from bot.operations.base import Operation
from bot.operations.table import OPERATIONS
from bot.usecases import tokens
from bot.web.api.openapi import example
from bot.web.console.verbs import VERBS
from storage import identities
from tests.api.calls import ALEX, GAIL, MAYA, TOM, Program, Reply, call_tool, program, token_for
from tests.api.commands import tocsin
from tests.scenarios.running import ROOT, World, policy_file, running_world
from tests.web.console.browser import browser

STRANGER = "U0NOBODY00"
ENDING = {"post_update", "change_status"}  # a guest may, but not to an end
POLICY = """
preset: sev1-5
announce: "#incidents"
schedules: {primary: {members: [U0MAYA0000]}}
fields: {ticket: {label: Ticket, kind: text}}
rules: {errors: {name: Errors, severity: sev3, conditions: [{type: threshold, query: up, op: lt, value: 1}]}}
"""
WORDS = {
    "update": ["Going on"], "status": ["identified"], "severity": ["sev1"], "role": ["commander", TOM],
    "note": ["Seen"], "page": [TOM], "escalate": ["Now"], "snooze": ["30m"], "next": ["1h"], "resolve": ["Done"],
    "reopen": ["Back"], "cancel": ["None"],
    "merge": ["INC-1"], "relate": ["INC-1"], "tag": ["checkout"],
}  # fmt: skip


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def guests(operation: Operation) -> str:
    """The table's cell."""
    if operation.name in ENDING:
        return "not to an end"
    return "if named" if operation.asks_who else "yes"


def table() -> str:
    """The table of the document, as it should be."""
    rows = [
        f"| `{each.method} {each.path}` | {each.scope} | {guests(each)} |"
        for each in OPERATIONS
        if each.method != "GET"
    ]
    return "\n".join(["| operation | scope | guests, other organisations |", "|---|---|---|", *rows])


def test_the_table_in_the_document_is_that_of_the_operations() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- operations: .*?-->\n\n(.*?)\n\n", text, re.DOTALL)
    assert shown is not None
    assert shown[1] == table(), f"put this table there:\n{table()}"


async def ask(client: Program, operation: Operation, incident: str, world: World) -> Reply:
    """Ask for an operation with its example."""
    values = {
        "id": incident,
        "run": "1",
        "step": "1.1",
        "schedule": "primary",
        "playbook": "first-checks",
        "communication": "1",
        "number": "1",
        "section": "lessons",
        "publication": "INC-9",
        "subscriber": "abc",
        "token": "9",
        "rule": "errors",
        "channel": "C0123ABCD",
    }
    if operation.path.startswith("/alerts"):
        values["id"] = "AG-1"
    if operation.path.startswith("/silences"):
        values["id"] = "SI-1"
    given: dict[str, Any] = example(operation, world.tocsin.context.policy)
    if operation.method == "GET":
        query = "&".join(f"{name}={str(value).lower()}" for name, value in given.items())
        return await client.get(f"{operation.path.format(**values)}?{query}")
    while (answer := await client.send(operation.method, operation.path.format(**values), given)).status == 429:
        await asyncio.sleep(float(answer.headers["Retry-After"]))  # a token has a rate limit
    return answer


async def test_the_api_holds_the_table(sqlite_url: str, policy: Path) -> None:
    async with running_world(sqlite_url, policy=policy) as world:
        before = world.tocsin.context.clock.now() - timedelta(days=2)
        _, expired = await tokens.create(
            world.tocsin.database, "old", MAYA, (await token_for(world, TOM))[0].scopes, before, timedelta(days=1)
        )
        revoked, secret = await token_for(world, MAYA, "admin")
        await tokens.revoke(world.tocsin.database, str(revoked.id), before)
        async with program(world, person=MAYA, scopes="write") as maya:
            await maya.post("/incidents", {"title": "Breach", "severity": "sev2", "private": True})
            await maya.post("/incidents", {"title": "Checkout is down", "severity": "sev2"})
        async with (
            program(world, person=GAIL, scopes="admin") as guest,
            program(world, person=ALEX, scopes="admin") as partner,
            program(world, person=TOM, scopes="admin") as outsider,
            program(world, person=STRANGER, scopes="admin") as stranger,
            program(world, person=TOM, scopes="read") as reader,
            program(world, expired) as old,
            program(world, secret) as gone,
        ):
            for operation in OPERATIONS:
                for client in (old, gone):
                    assert (await ask(client, operation, "INC-2", world)).status == 401, operation.name
                assert (await ask(stranger, operation, "INC-2", world)).status == 403, operation.name
                if operation.method != "GET":
                    assert (await ask(reader, operation, "INC-2", world)).status == 403, operation.name
                if "{id}" in operation.path and operation.path.startswith("/incidents"):
                    assert (await ask(outsider, operation, "INC-1", world)).status == 404, operation.name
                if operation.tag == "Tokens":
                    continue  # the scope alone decides
                for client in (guest, partner):
                    answer = await ask(client, operation, "INC-2", world)
                    refused = answer.status == 403 and "workspace may" in answer.body["detail"]
                    open_to_guests = operation.method == "GET" or guests(operation) != "if named"
                    # Without an alert, a run or an offer to act on, there is nothing that could be refused.
                    assert not refused if open_to_guests else refused or answer.status in {404, 409}, operation.name


async def test_the_console_holds_it_too(sqlite_url: str, policy: Path) -> None:
    async with running_world(sqlite_url, policy=policy) as world:
        async with program(world, person=MAYA, scopes="write") as maya:
            await maya.post("/incidents", {"title": "Breach", "severity": "sev2", "private": True})
            await maya.post("/incidents", {"title": "Checkout is down", "severity": "sev2"})
        async with (
            browser(world, GAIL) as guest,
            browser(world, TOM) as outsider,
            browser(world, STRANGER) as stranger,
            browser(world, TOM, "read") as reader,
        ):
            for path in ("/", "/incidents", "/oncall", "/alerts/rules", "/figures", "/audit", "/setup"):
                assert (await stranger.get(path)).status == 403, path
            for word, operation in VERBS.items():
                values = example(operation, world.tocsin.context.policy)
                given = typed_example(values.get("fields", values))
                assert (await outsider.act(f"/incidents/INC-1/{word}", given)).status == 404, word
                assert (await stranger.act(f"/incidents/INC-2/{word}", given)).status == 403, word
                assert (await reader.act(f"/incidents/INC-2/{word}", given)).status == 403, word
                answer = await guest.act(f"/incidents/INC-2/{word}", given)
                refused = answer.status == 403 and "workspace may" in answer.text
                open_to_guests = guests(operation) != "if named"
                # Without an offer or an entry to act on, there is nothing that could be refused.
                assert not refused if open_to_guests else refused or answer.status == 409, (word, answer.status)


def typed_example(given: dict[str, Any]) -> dict[str, str]:
    """An example as a person types it."""
    words = {True: "yes", False: "no"}
    return {
        name: words[value] if isinstance(value, bool)
        else ", ".join(value) if isinstance(value, list)
        else " ".join(f"{key}={each}" for key, each in value.items()) if isinstance(value, dict)
        else str(value).removesuffix(":00Z")
        for name, value in given.items()
    }  # fmt: skip


async def test_the_command_line_holds_it_too(sqlite_url: str, policy: Path) -> None:
    database = {"DATABASE_URL": sqlite_url, "TOCSIN_POLICY": str(policy)}
    async with running_world(sqlite_url, policy=policy) as world:
        async with world.tocsin.database.transaction() as conn:
            await identities.remember(conn, Identity(GAIL, Membership.GUEST))
            await identities.remember(conn, Identity(STRANGER, Membership.OUTSIDE, active=False))
        await tocsin(database, "declare", "sev2", "Breach", "--private", "--as", MAYA)
        await tocsin(database, "declare", "sev2", "Checkout is down", "--as", MAYA)
        for verb in (entry.name for entry in ENTRIES if entry.module == "verbs"):
            if verb in {"declare", "why"}:
                continue
            words = WORDS.get(verb, [])
            assert "no incident INC-1" in await tocsin(database, verb, "INC-1", *words, "--as", TOM, code=1), verb
            assert "no account" in await tocsin(database, verb, "INC-2", *words, "--as", STRANGER, code=1), verb
            answer = await command_output(database, verb, "INC-2", *words, "--as", GAIL)
            held = verb not in {"ack", "update", "status", "note", "next", "relate", "tag"}
            assert ("workspace may" in answer) is held, (verb, answer)


async def command_output(env: dict[str, str], *words: str) -> str:
    """What a command prints, whatever its exit code."""
    return (await asyncio.to_thread(CliRunner().invoke, main, list(words), env=env)).output


async def test_the_model_context_protocol_holds_it_too(sqlite_url: str, policy: Path) -> None:
    async with running_world(sqlite_url, policy=policy) as world:
        before = world.tocsin.context.clock.now() - timedelta(days=2)
        write = (await token_for(world, TOM))[0].scopes
        _, expired = await tokens.create(world.tocsin.database, "old", MAYA, write, before, timedelta(days=1))
        revoked, gone = await token_for(world, MAYA, "admin")
        await tokens.revoke(world.tocsin.database, str(revoked.id), before)
        async with program(world, person=MAYA, scopes="write") as maya:
            await maya.post("/incidents", {"title": "Breach", "severity": "sev2", "private": True})
            await maya.post("/incidents", {"title": "Checkout is down", "severity": "sev2"})
        for secret in (expired, gone):
            assert (await call_tool(world, secret, "list_incidents", {}))[0] == 401
        secrets = {name: (await token_for(world, name, "admin"))[1] for name in (GAIL, ALEX, TOM, STRANGER)}
        for tool in TOOLS:
            named = "incident" if "incident" in tool.properties else "id"
            private = {named: "INC-1", **{key: "words" for key in tool.required if key != "id"}}
            if named in tool.properties and tool.name not in ("explain_alerts", "get_playbook", "switch_rule"):
                for person in (TOM, GAIL, ALEX):
                    said = (await call_tool(world, secrets[person], tool.name, private))[1]
                    assert said == "There is no incident INC-1.", (tool.name, person)
            public = private if named not in tool.properties else {**private, named: "INC-2"}
            public = {key: value for key, value in public.items() if key in tool.properties}
            assert "no account" in (await call_tool(world, secrets[STRANGER], tool.name, public))[1], tool.name
            for person in (GAIL, ALEX):  # guests may read, note, acknowledge and add action items
                assert "workspace may" not in (await call_tool(world, secrets[person], tool.name, public))[1], tool.name
