from __future__ import annotations

from storage import policies
from storage.database import Database
from tests.storage.helpers import NOW


async def test_a_policy_is_kept_as_first_seen_with_its_order(database: Database) -> None:
    document = {"severities": [{"key": "sev1"}], "announce": "#inc", "aa": 1.0}
    async with database.transaction() as conn:
        await policies.remember(conn, "d1", document, NOW)
        await policies.remember(conn, "d1", {}, NOW)
        kept = await policies.get(conn, "d1")
        assert kept == document
        assert list(kept) == list(document)
        assert await policies.get(conn, "d2") is None
