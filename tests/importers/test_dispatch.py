"""The tables of Netflix Dispatch and monzo/response become past incidents."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from bot.domain.incident.past import closed_incident
from bot.importers import dispatch
from bot.importers.account import PastIncident
from bot.importers.errors import ImportFailed
from bot.importers.plan import make_plan
from bot.importers.record import past_incident
from bot.policy import load
from tests.databases import PostgreSQL, run

NOW = datetime(2026, 12, 1, tzinfo=UTC)
TABLES = """
CREATE SCHEMA dispatch_organization_default;
SET search_path TO dispatch_organization_default;
CREATE TABLE incident_priority (id int, name text);
CREATE TABLE individual_contact (id int, name text, email text);
CREATE TABLE incident (id int, name text, title text, description text, resolution text, status text, visibility text,
  reported_at timestamp, created_at timestamp, stable_at timestamp, closed_at timestamp, incident_priority_id int);
CREATE TABLE event (id int, incident_id int, started_at timestamp, source text, description text);
CREATE TABLE participant (id int, incident_id int, individual_contact_id int);
CREATE TABLE participant_role (id int, participant_id int, role text, assumed_at timestamp, renounced_at timestamp);
INSERT INTO incident_priority VALUES (1, 'Low'), (2, 'High');
INSERT INTO individual_contact VALUES (1, 'Anna', 'anna@example.com'), (2, 'Ben', 'ben@example.com');
INSERT INTO incident VALUES
  (1, 'dispatch-default-1', 'Disk full', 'Writes fail', 'Made room', 'Closed', 'Open',
   '2025-05-01 03:12', '2025-05-01 03:13', '2025-05-01 04:00', '2025-05-02 10:00', 2),
  (2, 'dispatch-default-2', 'Running', '', '', 'Active', 'Open', '2026-11-30 10:00', '2026-11-30', NULL, NULL, 1),
  (3, 'dispatch-default-3', 'X', '', '', 'Closed', 'Restricted', '2025-05-01', '2025-05-01', '2025-05-02', NULL, 1);
INSERT INTO event VALUES (1, 1, '2025-05-01 03:20', 'Slack', 'Anna looked at the disk');
INSERT INTO participant VALUES (7, 1, 1), (8, 1, 2);
INSERT INTO participant_role VALUES
  (1, 8, 'Incident Commander', '2025-05-01 03:13', '2025-05-01 03:30'),
  (2, 7, 'Incident Commander', '2025-05-01 03:30', NULL),
  (3, 7, 'Participant', '2025-05-01 03:13', '2025-05-01 03:30'),
  (4, 8, 'Participant', '2025-05-01 03:30', NULL);
SET search_path TO public;
CREATE TABLE core_externaluser (id int, display_name text, email text);
CREATE TABLE core_incident (id int, report text, summary text, impact text, severity text, lead_id int,
  report_time timestamptz, start_time timestamptz, end_time timestamptz);
CREATE TABLE core_timelineevent (id int, incident_id int, timestamp timestamptz, text text, event_type text);
INSERT INTO core_externaluser VALUES (5, 'Ben', NULL);
INSERT INTO core_incident VALUES
  (1, 'Payments slow', 'Slow', 'Customers wait', '1', 5,
   '2024-01-01 10:05+01', '2024-01-01 10:00+01', '2024-01-01 11:00+01');
INSERT INTO core_timelineevent VALUES (1, 1, '2024-01-01 10:30+01', 'Restarted', 'text');
"""


@pytest.fixture(scope="module")
def url(postgresql: PostgreSQL) -> str:
    address = postgresql.create(empty=True)

    async def fill() -> None:
        conn = await asyncpg.connect(address.replace("postgresql+asyncpg", "postgresql"))
        try:
            await conn.execute(TABLES)
        finally:
            await conn.close()

    run(fill())
    return address


@pytest.fixture(scope="module")
def past(url: str) -> dict[str, PastIncident]:
    return {each.origin.id: each for each in run(dispatch.read_account(url)).past}


def test_closed_incidents_keep_times_roles_and_timelines(past: dict[str, PastIncident]) -> None:
    first = past["dispatch_organization_default/1"]
    assert first.title == "dispatch-default-1: Disk full"
    assert first.declared_at == datetime(2025, 5, 1, 3, 12, tzinfo=UTC)
    assert first.resolved_at == datetime(2025, 5, 1, 4, 0, tzinfo=UTC)
    assert first.people == {"commander": "anna@example.com", "Participant": "anna@example.com, ben@example.com"}
    assert (first.text, first.fixed) == ("Writes fail", "Made room")
    assert first.entries == [(datetime(2025, 5, 1, 3, 20, tzinfo=UTC), "Slack", "Anna looked at the disk")]
    response = past["public/1"]
    assert (response.title, response.people) == ("Payments slow", {"commander": "Ben"})
    assert response.resolved_at == datetime(2024, 1, 1, 10, 0, tzinfo=UTC)


def test_open_and_restricted_incidents_are_not_moved(past: dict[str, PastIncident]) -> None:
    assert "open" in past["dispatch_organization_default/2"].row().why
    assert "restricted" in past["dispatch_organization_default/3"].row().why
    assert past["dispatch_organization_default/3"].lost


def test_each_incident_stands_in_the_report_once(url: str) -> None:
    plan = make_plan(run(dispatch.read_account(url)), "", NOW, severities=("sev1", "sev2", "sev3"))
    assert len([row for row in plan.report.rows if row.kind == "incident"]) == 4


def test_a_database_without_incidents_is_said_to_have_none(postgresql: PostgreSQL) -> None:
    with pytest.raises(ImportFailed, match="no incidents"):
        run(dispatch.read_account(postgresql.create(empty=True)))


def test_the_resolution_is_what_fixed_the_incident(past: dict[str, PastIncident], url: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text("preset: sev1-5")
    plan = make_plan(run(dispatch.read_account(url)), "", NOW, severities=("sev1", "sev2", "sev3"))
    moved = past_incident(plan, past["dispatch_organization_default/1"], load(policy))
    assert moved is not None
    incident, entries = closed_incident(1, moved, "sev1-5", counted=False)
    assert (incident.description, incident.summary) == ("Writes fail", "Made room")
    assert entries[-1].text == "Made room"


def test_a_wrong_address_is_named_as_that_of_dispatch() -> None:
    with pytest.raises(ImportFailed, match=r"^DISPATCH_DATABASE_URL "):
        run(dispatch.read_account("mysql://reader@db.example.com/dispatch"))
