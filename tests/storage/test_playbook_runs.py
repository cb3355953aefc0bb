from __future__ import annotations

from dataclasses import replace

from bot.domain.playbook import approvals, job_results, lifecycle, steps
from playbooks import loader
from storage import playbook_runs as stored_walks
from storage.database import Database
from tests.storage.helpers import MINUTE, NOW, stored

PLAYBOOKS = loader.shipped()


async def test_a_walk_comes_back_as_it_was_left(database: Database) -> None:
    await stored(database)
    playbook = PLAYBOOKS.get("database-failover")
    walk = lifecycle.open_run(1, 1, playbook, "U1", NOW, values={"replica": "replica-7"}).run
    walk = steps.complete(walk, "1.1", "U1", NOW + MINUTE).run
    walk = steps.note(walk, "1.2", "U2", NOW + MINUTE, "3 s behind \x00 here").run
    walk = steps.skip(walk, "1.2", "U2", NOW + MINUTE, "We know").run
    walk = steps.assign(walk, "2.1", "U3", "U2", NOW + MINUTE).run
    walk = approvals.request(walk, "2.1", "do", ("kubectl scale …",), "U3", 30 * MINUTE, NOW + MINUTE).run
    walk = approvals.approve(walk, "2.1", 1, "U1", NOW + MINUTE).run
    walk = job_results.started(walk, "2.1", "j1", "U3", NOW + MINUTE).run
    walk = job_results.finished(walk, "2.1", "j1", "timed_out", "after 3 minutes", NOW + MINUTE).run
    async with database.transaction() as conn:
        await stored_walks.save(conn, walk)
        await stored_walks.save(conn, walk)
        await stored_walks.save_playbook(conn, playbook, NOW)
        await stored_walks.save_playbook(conn, playbook, NOW)
    async with database.reading() as conn:
        kept = await stored_walks.get(conn, 1, 1)
        assert kept is not None
        expected = walk.step("1.2")
        clean = replace(expected, notes=(replace(expected.notes[0], text="3 s behind \ufffd here"),))
        assert kept == replace(walk, steps=tuple(clean if one.key == "1.2" else one for one in walk.steps))
        assert await stored_walks.playbook_version(conn, playbook.digest) == playbook
        assert await stored_walks.get(conn, 1, 2) is None
        assert await stored_walks.playbook_version(conn, "another") is None


async def test_every_shipped_playbook_is_kept_whole(database: Database) -> None:
    async with database.transaction() as conn:
        for playbook in PLAYBOOKS.playbooks:
            await stored_walks.save_playbook(conn, playbook, NOW)
        for playbook in PLAYBOOKS.playbooks:
            assert await stored_walks.playbook_version(conn, playbook.digest) == playbook


async def test_walks_of_a_playbook_leave_drills_out(database: Database) -> None:
    await stored(database, 1, 2, 3)
    playbook = PLAYBOOKS.get("redis-outage")
    async with database.transaction() as conn:
        for number in (1, 2, 3):
            change = lifecycle.open_run(number, 1, playbook, "U1", NOW + number * MINUTE, drill=number == 3)
            await stored_walks.save(conn, change.run)
        assert [one.incident for one in await stored_walks.of_playbook(conn, "redis-outage")] == [2, 1]
        assert await stored_walks.used_playbooks(conn) == ["redis-outage"]
        assert [one.number for one in await stored_walks.of_incident(conn, 3)] == [1]


async def test_an_owner_is_told_of_the_same_thing_once(database: Database) -> None:
    async with database.transaction() as conn:
        assert await stored_walks.claim_reminder(conn, "review:redis-outage:1", "redis-outage", NOW)
        assert not await stored_walks.claim_reminder(conn, "review:redis-outage:1", "redis-outage", NOW)
