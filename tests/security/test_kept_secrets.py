"""The secret of a token is in its answer, once, and nowhere else."""

from __future__ import annotations

import sqlalchemy as sa

from storage.schema import metadata
from tests.api.calls import program
from tests.scenarios.running import World


async def test_the_secret_of_a_token_made_with_an_idempotency_key_is_not_stored(world: World) -> None:
    async with program(world, scopes="admin") as admin:
        body = {"name": "ci", "as": world.maya.id, "scopes": ["read"]}
        made = await admin.post("/tokens", body, Idempotency_Key="once")
        again = await admin.post("/tokens", body, Idempotency_Key="once")
    assert (made.status, again.status) == (201, 409)
    async with world.tocsin.database.reading() as conn:
        tables = [(await conn.execute(sa.select(table))).all() for table in metadata.sorted_tables]
    assert not any(made.body["token"] in str(row) for rows in tables for row in rows)
