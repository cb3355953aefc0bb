"""The emergency sheet has everything that people need during a total outage, and opens without a network."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.main import main
from bot.domain.oncall.schedule import Override
from bot.sheet import formats
from bot.sheet.lines import as_text
from bot.sheet.read import read_sheet
from bot.workers.sheet_writer import NAME, SheetWriter
from storage import overrides
from tests.usecases.conftest import MakeContext, MovableClock, clock, make_context  # noqa: F401 - fixtures

POLICY = """
preset: sev1-5
contacts:
  ana: {name: "Ana Łukasiewicz <3", slack: U0AAAAAA7, phone: "+4915112345678", email: ana@example.com}
  cloud: {name: Cloud vendor, phone: "+18005551234", url: "https://support.example.com"}
schedules: {primary: {timezone: Europe/Berlin, members: [ana]}}
bookmarks: {bridge: "https://meet.example.com/war-room"}
"""


async def test_the_sheet_names_people_numbers_ladders_and_vendors(
    make_context: MakeContext,  # noqa: F811 - the fixture
) -> None:
    sheet = await read_sheet(make_context(POLICY))
    (schedule,) = sheet["on_call"]
    assert {shift["phone"] for shift in schedule["shifts"]} == {"+4915112345678"}
    assert [each["severity"] for each in sheet["ladders"]][:2] == ["sev1", "sev2"]
    assert sheet["vendors"][0]["url"] == "https://support.example.com"
    assert sheet["bridge"] == "https://meet.example.com/war-room"
    assert sheet["playbooks"][0]["steps"][0]["title"]
    page = formats.as_html(sheet).decode()
    assert "Ana Łukasiewicz &lt;3" in page
    assert not any(outside in page for outside in ("<script", "<link", "<img", "src="))
    pdf = formats.as_pdf(sheet)
    assert pdf.startswith(b"%PDF-")
    assert pdf.rstrip().endswith(b"%%EOF")


async def test_the_folder_is_written_after_a_change_and_only_then(
    make_context: MakeContext,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    context, folder = make_context(POLICY), tmp_path / "sheet"
    writer = SheetWriter(context, folder)
    await writer.look()
    files = {path.name for path in folder.iterdir()}
    assert files == {f"{NAME}.{ending}" for ending in ("html", "pdf", "json")}
    first = (folder / f"{NAME}.json").stat().st_mtime_ns
    await writer.look()
    assert (folder / f"{NAME}.json").stat().st_mtime_ns == first
    changed = make_context(POLICY.replace("+18005551234", "+18005550000"))
    writer._context = changed
    await writer.look()
    assert "+18005550000" in (folder / f"{NAME}.json").read_text()
    assert (folder / f"{NAME}.html").stat().st_mode & 0o077 == 0


async def test_a_look_puts_the_sheet_together_only_after_a_cover_a_new_policy_or_the_end_of_a_shift(
    make_context: MakeContext,  # noqa: F811 - the fixture
    clock: MovableClock,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    context = make_context(POLICY.replace("  cloud:", "  ben: {name: Ben, slack: U0BEN00000}\n  cloud:"))
    writer = SheetWriter(context, tmp_path / "sheet")
    for _ in range(20):
        await writer.look()
        clock.instant += timedelta(seconds=5)
    assert writer.made == 1
    cover = Override("primary", "ben", clock.instant, clock.instant + timedelta(hours=2))
    async with context.database.transaction() as conn:
        await overrides.add(conn, cover, "ben", clock.instant)
    for _ in range(20):
        await writer.look()
        clock.instant += timedelta(seconds=5)
    assert writer.made == 2
    sheet = json.loads((tmp_path / "sheet" / f"{NAME}.json").read_text())
    assert sheet["on_call"][0]["shifts"][0]["name"] == "Ben"
    clock.instant += timedelta(hours=2)
    await writer.look()
    assert writer.made == 3
    sheet = json.loads((tmp_path / "sheet" / f"{NAME}.json").read_text())
    assert sheet["on_call"][0]["shifts"][0]["name"].startswith("Ana")
    clock.instant += timedelta(days=1)
    await writer.look()
    assert writer.made == 4


def test_the_command_prints_it_in_each_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.yml").write_text(POLICY)
    env = {"DATABASE_URL": f"sqlite:///{tmp_path}/t.db", "TOCSIN_POLICY": "policy.yml"}
    assert CliRunner().invoke(main, ["migrate"], env=env).exit_code == 0
    assert "Telephone numbers" in CliRunner().invoke(main, ["sheet"], env=env).output
    assert json.loads(CliRunner().invoke(main, ["sheet", "--json"], env=env).output)["days"] == 14
    assert CliRunner().invoke(main, ["sheet", "--html"], env=env).output.startswith("<!doctype html>")
    written = CliRunner().invoke(main, ["sheet", "--pdf", "--output", "sheet.pdf"], env=env)
    assert written.exit_code == 0
    assert (tmp_path / "sheet.pdf").read_bytes().startswith(b"%PDF-")


async def test_the_ladders_name_people_and_the_playbooks_are_those_that_matter(
    make_context: MakeContext,  # noqa: F811 - the fixture
) -> None:
    more = """
services: {checkout: {name: Checkout, playbooks: [cache-warmup]}}
severities: {sev1: {ladder: [{after: 0m, notify: ["schedule:primary", "contact:ana", "role:commander"]}]}}
bookmarks: {bridge: "https://meet.example.com/{id}"}
"""
    sheet = await read_sheet(
        make_context(POLICY.replace('bookmarks: {bridge: "https://meet.example.com/war-room"}', more))
    )
    assert sheet["ladders"][0]["rungs"][0]["whom"] == [
        "the person on call: primary", "Ana Łukasiewicz <3 +4915112345678", "Incident commander",
    ]  # fmt: skip
    ids = [playbook["id"] for playbook in sheet["playbooks"]]
    assert ids[0] == "cache-warmup", "a service names it"
    assert {"api-outage", "security-breach", "database-restore"} <= set(ids)
    assert not {"post-incident", "moving-in-cut-over"} & set(ids), "nobody needs these while everything is down"
    text = as_text(sheet)
    assert "{id} is that of the incident" in text
    assert "schedule:" not in text
