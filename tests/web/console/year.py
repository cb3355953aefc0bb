"""A year of a company's data, for tests of the console: some rows made through the API, and hundreds of copies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.statuspage.publication import new_id
from storage import schema
from storage.database import Database
from tests.api.calls import TOM, Program, program, token_for
from tests.scenarios.running import World
from tests.web.console.browser import Browser

SERVICES, SCHEDULES, CONTACTS, WEBHOOKS = 40, 8, 30, 10
INCIDENTS, OPEN, ENTRIES, COPIES, COVERS = 300, 25, 300, 250, 30
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
POLICY = "\n".join(
    [
        "preset: sev1-5",
        'announce: "#incidents"',
        "contacts:",
        "  maya: {name: Maya Chen, slack: U0MAYA0000}",
        "  tom: {name: Tom Weber, slack: U0TOM00000}",
        *(f"  p{n}: {{name: Person Number {n}, slack: U0PERSON{n:02}}}" for n in range(CONTACTS)),
        "schedules:",
        "  primary: {members: [maya, tom], start: 2026-01-05, rotation: daily}",
        *(
            f"  team-{n}: {{members: [p{n}, p{n + 1}, p{n + 2}], start: 2026-01-05, rotation: daily}}"
            for n in range(SCHEDULES - 1)
        ),
        "fields: {ticket: {label: Ticket, kind: text}}",
        "services:",
        *(f"  service-{n}: {{name: Service number {n}}}" for n in range(SERVICES)),
        "teams: {shop: {name: Shop, members: [tom, p1, p2, p3], lead: maya, services: [service-1]}}",
        "rules: {preset: llm-platform}",
        "alerts: {group_by: [alertname], wait: 1s, routes: [{do: ask}]}",
        "status_page: {name: Example AI, preset: llm-platform, subscribe: [email, webhook, slack]}",
        "webhooks:",
        *(
            f"  - {{url: 'https://hook{n}.example.com/in', secret: {SECRET}, events: [incident.merged]}}"
            for n in range(WEBHOOKS)
        ),
    ]
)  # fmt: skip
HOOK_TOKEN = "hook-token-of-the-year-of-data"
LONG = "words of a note that somebody wrote while they looked for the cause " * 5


async def fill(world: World, maya: Browser) -> None:
    """An open incident with everything (INC-1), one that has ended with a review (INC-2), and a year of copies."""
    async with program(world, person=TOM, scopes="admin") as tom:
        await _make(tom, maya)
    await token_for(world, TOM, "read")
    await _fire(world, maya)
    await _copy(world.tocsin.database)


async def _fire(world: World, maya: Browser) -> None:
    """Fifty alerts of one group."""
    now = world.tocsin.context.clock.now().isoformat()
    alerts = [
        {"labels": {"alertname": "HighErrorsOfCheckout", "instance": f"host-{n}", "severity": "warning"},
         "status": "firing", "startsAt": now, "fingerprint": f"{n:016x}"}
        for n in range(50)
    ]  # fmt: skip
    headers = {"Authorization": f"Bearer {HOOK_TOKEN}"}
    body = {"version": "4", "alerts": alerts}
    async with maya.session.post(f"{maya.url}/hooks/alertmanager", json=body, headers=headers) as answer:
        assert answer.status == 202, await answer.text()


async def _make(tom: Program, maya: Browser) -> None:
    for title in ("Checkout is down for everybody in the EU", "Search is slow"):
        reply = await tom.post("/incidents", {"title": title, "severity": "sev1", "services": ["service-1"]})
        assert reply.status == 201, reply.body
    path = "/incidents/INC-1"
    steps: list[tuple[str, Mapping[str, Any]]] = [
        (f"{path}/acknowledge", {}), (f"{path}/update", {"text": LONG}),
        (f"{path}/role", {"role": "scribe", "user": TOM}),
        (f"{path}/playbooks", {"playbook": "database-outage"}), (f"{path}/note", {"text": LONG}),
        (f"{path}/actions", {"title": "Alert on pool usage", "owner": TOM, "due": "2026-01-05"}),
        ("/incidents/INC-2/resolve", {"summary": LONG}), ("/incidents/INC-2/review", {}),
        ("/silences", {"labels": {"alertname": "HighErrors"}, "duration": "30d", "reason": "Load test"}),
        ("/oncall/primary/cover", {"duration": "8h"}),
        (
            "/status-page/publications",
            {"title": "Checkout fails", "message": LONG, "components": {"api": "major_outage"}},
        ),
        ("/status-page/channels", {"channel": "C0123ABCD"}),
    ]  # fmt: skip
    for where, given in steps:
        reply = await tom.post(where, given)
        assert reply.status in {200, 201}, (where, reply.body)


async def _copy(database: Database) -> None:
    """Copy rows until there is a year of them."""
    async with database.transaction() as conn:
        await copies(
            conn, schema.incidents, INCIDENTS,
            lambda n: {"number": n + 100, "channel_id": f"C{n:08}", "open": n < OPEN},
            state=lambda n: {"status": "investigating" if n < OPEN else "closed"}, where="number = 1",
        )  # fmt: skip
        of_first = schema.timeline.c.incident == 1
        last = int(await conn.scalar(sa.select(sa.func.max(schema.timeline.c.seq)).where(of_first)) or 0)
        is_note = "incident = 1 AND kind = 'note'"
        await copies(conn, schema.timeline, ENTRIES, lambda n: {"seq": last + 1 + n}, where=is_note)
        await conn.execute(sa.update(schema.chains).where(schema.chains.c.incident == 1).values(seq=last + ENTRIES))
        await copies(conn, schema.action_items, COPIES, lambda n: {"number": n + 10})
        await copies(conn, schema.api_tokens, COPIES, lambda n: {"id": 1000 + n, "name": f"token {n}", "hash": f"h{n}"})
        await copies(
            conn, schema.console_sessions, COPIES, lambda n: {"id": 1000 + n, "hash": f"h{n}", "previous_hash": None}
        )
        await copies(conn, schema.alert_groups, 100, lambda n: {"number": 100 + n, "key": f"k{n}"})
        await copies(
            conn, schema.alert_silences, COPIES, lambda n: {"id": 100 + n}, state=lambda n: {"number": 100 + n}
        )
        await copies(conn, schema.overrides, COVERS, lambda n: {"id": 100 + n})
        await copies(conn, schema.publications, 30, lambda n: {"id": new_id(12)})
        await copies(conn, schema.subscribers, COPIES, lambda n: {"id": new_id(24), "address": f"C{n:08}"})


async def copies(
    conn: AsyncConnection, table: sa.Table, count: int, changed: Callable[[int], dict[str, Any]],
    *, state: Callable[[int], dict[str, Any]] = lambda n: {}, where: str = "1 = 1",
) -> None:  # fmt: skip
    """Insert copies of a row. `changed` are columns, and `state` fields of its JSON, which also gets those columns."""
    row = dict((await conn.execute(sa.select(table).where(sa.text(where)).limit(1))).mappings().one())
    new = []
    for n in range(count):
        values = {**row, **changed(n)}
        if "state" in row:
            columns = {name: value for name, value in changed(n).items() if name in row["state"]}
            values["state"] = {**row["state"], **columns, **state(n), **{k: values[k] for k in columns}}
        new.append(values)
    await conn.execute(sa.insert(table), new)
