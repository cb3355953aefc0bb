"""Communications are stored with the incident, and read back as they were written, on both databases."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.communications.communication import Communication, ExcludedRecipient, Group, Recipient, State
from storage import communications, incidents, retention
from storage.database import Database
from tests.storage.helpers import NOW, incident

MESSAGE = Communication(
    incident=1, number=1, audience="customers", name="Customers", stage="start", subject="Checkout is down",
    text="Orders fail.\n- in Europe", author="U1", written_at=NOW, state=State.ASKED,
    recipients=(Recipient(Group.EMAIL, "a@example.com", "Ana"),),
    left_out=(ExcludedRecipient("Ben", "no address"),), public=True,
)  # fmt: skip


async def test_a_communication_is_read_back_as_it_was_written_and_changed(database: Database) -> None:
    async with database.transaction() as conn:
        await incidents.insert(conn, incident(1))
        await communications.add(conn, MESSAGE)
        await communications.add(conn, replace(MESSAGE, number=2, corrects=1))
        await communications.save(conn, replace(MESSAGE, state=State.SENT, approver="U2", sent_at=NOW))
    async with database.reading() as conn:
        assert await communications.get(conn, 1, 1) == replace(MESSAGE, state=State.SENT, approver="U2", sent_at=NOW)
        assert await communications.get(conn, 1, 3) is None
        assert await communications.get(conn, 2, 1) is None
        assert [each.number for each in await communications.newest(conn, 1, 5)] == [2, 1]
        assert [each.number for each in await communications.newest(conn, 1, 1)] == [2]


async def test_retention_deletes_the_texts_of_communications(database: Database) -> None:
    async with database.transaction() as conn:
        await incidents.insert(conn, incident(1))
        await communications.add(conn, MESSAGE)
        assert await retention.drop_ledger(conn, 1) == 1
        assert await communications.newest(conn, 1, 5) == []
