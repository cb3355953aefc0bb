"""Fields of forms have labels in words, and report a person's choice, also an unticked box."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.operations.table import BY_NAME, OPERATIONS
from bot.policy.reader import preset
from bot.web.console.charts import bars
from bot.web.console.fields import Field, fields_of
from bot.web.console.incident import merge_simultaneous
from bot.web.console.labels import HINTS
from bot.web.console.words import Words
from storage.statuspage import publications
from tests.domain.policies import NOON as NOW
from tests.scenarios.running import policy_file, running_world
from tests.web.console.browser import browser

POLICY = """
preset: sev1-5
services: {api: {name: API}, checkout: {name: Checkout}}
status_page: {name: Example AI, preset: llm-platform, support: help@example.com}
"""
WRITING = [operation for operation in OPERATIONS if operation.method != "GET"]


def fields(name: str) -> dict[str, Field]:
    return {field.name: field for field in fields_of(BY_NAME[name], preset("sev1-5"))}


@pytest.mark.parametrize("operation", WRITING, ids=lambda operation: operation.name)
def test_no_hint_is_meant_for_those_who_read_the_code(operation: object) -> None:
    assert not [
        field.hint
        for field in fields_of(operation, preset("sev1-5"))  # type: ignore[arg-type]
        if any(word in field.hint for word in ("persisted", "stored", "Whether ", "`", "lint"))
    ]


def test_a_label_and_a_hint_belong_to_an_argument_that_there_is() -> None:
    known = {(name, argument) for name, operation in BY_NAME.items() for argument in operation.arguments.model_fields}
    assert HINTS.keys() - known == set()


def test_only_a_drill_is_asked_at_what_speed() -> None:
    asked = [o.name for o in WRITING for f in fields_of(o, preset("sev1-5")) if f.label == "At what speed"]
    assert asked == ["declare_incident"]


def test_what_the_operation_takes_without_a_word_is_chosen_beforehand() -> None:
    assert fields("create_action")["priority"].default == "P2"
    assert fields("schedule_maintenance")["remind"].default == "yes"
    assert fields("answer_handover")["accept"].kind == "maybe", "no is an answer"


def test_the_statuses_of_an_action_item_are_not_those_of_an_incident() -> None:
    assert "in_progress" in dict(fields("change_action")["status"].choices)


def test_scopes_are_ticked_and_days_are_picked() -> None:
    assert fields("create_token")["scopes"].kind == "several"
    assert fields("create_action")["due"].kind == "date"


def test_the_text_of_a_chart_does_not_shrink_with_the_screen() -> None:
    picture = str(bars("By service", [("checkout", 4), ("api", 1)]))
    assert "viewBox" not in picture
    assert 'width="88.0%"' in picture
    assert 'aria-label="By service: checkout 4, api 1"' in picture


@pytest.mark.parametrize(("kind", "rung", "words"), [
    ("update", None, "Status update"), ("acknowledge", 2, "Page of rung 2"), ("role", None, "Reminder of roles"),
    ("something_new", None, "Something new"),
])  # fmt: skip
def test_a_deadline_is_named_by_what_happens_then(kind: str, rung: int | None, words: str) -> None:
    assert Words({}, NOW).due(kind, rung) == words


async def test_components_are_chosen_one_by_one_and_a_tick_taken_away_says_no(sqlite_url: str, tmp_path: Path) -> None:
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as world, browser(world) as maya:
        page = await maya.get("/statuspage")
        day = (world.tocsin.context.clock.now() + timedelta(days=2)).date()
        planned = {"title": "Move", "message": "Soon.", "starts_at": f"{day}T10:00", "ends_at": f"{day}T11:00"}
        refused = await maya.send(page, "/statuspage/maintenance", **planned)
        assert (refused.status, "Fill in “Components”" in refused.text) == (422, True)
        assert (await maya.send(page, "/statuspage/maintenance", **planned, components="api")).status == 303
        sent = await maya.send(
            page, "/statuspage/publish", title="Requests fail", message="We look.", components="api=partial_outage"
        )
        assert sent.status == 303
        shown = await maya.get("/statuspage")
        assert "API: partial outage" in shown.text, "by its name, not its key"
        async with world.tocsin.database.reading() as conn:
            planned_rows = [row for row in await publications.unresolved(conn) if row.scheduled_for]
        assert [(row.automatic, row.remind) for row in planned_rows] == [(False, False)], "neither was ticked"


async def test_a_browser_at_an_unknown_address_gets_a_page_and_a_program_the_bare_status(
    sqlite_url: str,
) -> None:
    async with running_world(sqlite_url) as world, browser(world) as maya:
        page = await maya.get("/nowhere", Accept="text/html")
        assert (page.status, "There is nothing here" in page.text) == (404, True)
        assert (await maya.get("/nowhere", Accept="*/*")).text == "404: Not Found"


async def test_a_step_offers_what_fits_it_and_says_what_is_dangerous(sqlite_url: str) -> None:
    async with running_world(sqlite_url) as world, browser(world) as maya:
        await maya.act("/declare", {"title": "The database is down", "severity": "sev1"})
        await maya.act("/incidents/INC-1/playbooks", {"playbook": "database-outage"})
        run = await maya.get("/incidents/INC-1/playbooks/1")
        steps = run.text.split('<li class="box')
        one = next(step for step in steps if 'id="s1.1"' in step)
        dangerous = next(step for step in steps if 'id="s2.3"' in step)
        assert ("/done" in one, "/ask" in one, "/run" in one) == (True, False, False), "no runner is set up"
        assert ("/done" in dangerous, "/ask" in dangerous, "Dangerous." in dangerous) == (False, True, True)
        sent = await maya.send(run, "/incidents/INC-1/playbooks/1/values", container="db-1")
        assert sent.status == 303
        assert "docker exec db-1" in (await maya.get("/incidents/INC-1/playbooks/1")).text


def test_steps_that_are_due_together_are_one_line_of_what_is_next() -> None:
    def row(kind: str, due: str, reason: str) -> dict[str, str]:
        return {"kind": kind, "due_at": f"2026-12-01T{due}Z", "reason": reason}

    rows = [row("playbook", "09:00:01", "1.1"), row("playbook", "09:00:02", "1.2"), row("update", "09:00:03", "15m"),
            row("update", "09:00:03", "30m")]  # fmt: skip
    assert [each["reason"] for each in merge_simultaneous(rows)] == ["1.1; 1 more at the same time", "15m", "30m"]
