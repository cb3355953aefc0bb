from __future__ import annotations

from dataclasses import replace

from bot.domain.playbook import approvals, job_results, lifecycle, steps
from playbooks import loader
from storage import incidents, playbook_runs
from storage.database import Database
from tests.storage.helpers import MINUTE, NOW, incident, store_incidents

PLAYBOOKS = loader.shipped_library()


async def test_a_run_is_read_as_it_was_saved(database: Database) -> None:
    await store_incidents(database)
    playbook = PLAYBOOKS.get("database-failover")
    run = lifecycle.open_run(1, 1, playbook, "U1", NOW, values={"replica": "replica-7"}).run
    run = steps.complete(run, "1.1", "U1", NOW + MINUTE).run
    run = steps.note(run, "1.2", "U2", NOW + MINUTE, "3 s behind \x00 here").run
    run = steps.skip(run, "1.2", "U2", NOW + MINUTE, "We know").run
    run = steps.assign(run, "2.1", "U3", "U2", NOW + MINUTE).run
    run = approvals.request(run, "2.1", "do", ("kubectl scale …",), "U3", 30 * MINUTE, NOW + MINUTE).run
    run = approvals.approve(run, "2.1", 1, "U1", NOW + MINUTE).run
    run = job_results.record_start(run, "2.1", "j1", "U3", NOW + MINUTE).run
    run = job_results.record_end(run, "2.1", "j1", "timed_out", "after 3 minutes", NOW + MINUTE).run
    async with database.transaction() as conn:
        await playbook_runs.save(conn, run)
        await playbook_runs.save(conn, run)
        await playbook_runs.save_playbook(conn, playbook, NOW)
        await playbook_runs.save_playbook(conn, playbook, NOW)
    async with database.reading() as conn:
        kept = await playbook_runs.get(conn, 1, 1)
        assert kept is not None
        expected = run.step("1.2")
        clean = replace(expected, notes=(replace(expected.notes[0], text="3 s behind \ufffd here"),))
        assert kept == replace(run, steps=tuple(clean if step.key == "1.2" else step for step in run.steps))
        assert await playbook_runs.playbook_version(conn, playbook.digest) == playbook
        assert await playbook_runs.get(conn, 1, 2) is None
        assert await playbook_runs.playbook_version(conn, "another") is None


async def test_every_shipped_playbook_is_kept_whole(database: Database) -> None:
    async with database.transaction() as conn:
        for playbook in PLAYBOOKS.playbooks:
            await playbook_runs.save_playbook(conn, playbook, NOW)
        for playbook in PLAYBOOKS.playbooks:
            assert await playbook_runs.playbook_version(conn, playbook.digest) == playbook


async def test_runs_of_a_playbook_leave_drills_out(database: Database) -> None:
    await store_incidents(database, 1, 2, 3)
    playbook = PLAYBOOKS.get("redis-outage")
    async with database.transaction() as conn:
        for number in (1, 2, 3):
            change = lifecycle.open_run(number, 1, playbook, "U1", NOW + number * MINUTE, drill=number == 3)
            await playbook_runs.save(conn, change.run)
        assert [run.incident for run in await playbook_runs.of_playbook(conn, "redis-outage")] == [2, 1]
        assert await playbook_runs.used_playbooks(conn) == ["redis-outage"]
        assert [run.number for run in await playbook_runs.of_incident(conn, 3)] == [1]


async def test_runs_in_public_leave_private_incidents_and_drills_out(database: Database) -> None:
    playbook = PLAYBOOKS.get("redis-outage")
    async with database.transaction() as conn:
        for number in (1, 2, 3):
            await incidents.insert(conn, incident(number, private=number == 2))
            change = lifecycle.open_run(number, 1, playbook, "U1", NOW + number * MINUTE, drill=number == 3)
            await playbook_runs.save(conn, change.run)
        assert [run.incident for run in await playbook_runs.in_public(conn, "redis-outage")] == [1]


async def test_an_owner_is_reminded_of_the_same_thing_once(database: Database) -> None:
    async with database.transaction() as conn:
        assert await playbook_runs.claim_reminder(conn, "review:redis-outage:1", "redis-outage", NOW)
        assert not await playbook_runs.claim_reminder(conn, "review:redis-outage:1", "redis-outage", NOW)
