"""Messages to audiences through the API and the command line: the same rules and the same record as in Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.calls import GAIL, MAYA, TOM, Program, program, token_for
from tests.api.commands import tocsin
from tests.scenarios.assertions import of_kind, settle, texts
from tests.scenarios.running import World
from tests.scenarios.test_comms import Comms, comms_world

POLICY = """
preset: sev1-5
announce: "#incidents"
communications: {customers: [Globex]}
severities:
  sev2: {ladder: [], roles: []}
audiences:
  internal: {notify: ["channel:#general"]}
  customers: {emails: [ops@customer.example]}
  partners: {public: true, by: [email], emails: [p@partner.example], approval: second_person}
"""
GOOD = "Payments may fail for some of you. The next update comes at 15:00 UTC."


@pytest.fixture
async def shop(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Comms]:
    monkeypatch.chdir(tmp_path)
    async with comms_world(sqlite_url, tmp_path, POLICY) as running:
        yield running


async def declare(maya: Program, title: str = "Checkout is down", **more: object) -> str:
    made = await maya.post("/incidents", {"title": title, "severity": "sev2", **more})
    assert made.status == 201, made.body
    return f"/incidents/{made.body['id']}"


async def test_an_audience_is_told_and_corrected_over_the_api(shop: Comms) -> None:
    async with program(shop.world) as maya:
        at = await declare(maya)
        draft = (await maya.post(f"{at}/communications/draft", {"audience": "customers"})).body
        assert draft["recipients"] == [{"group": "email", "address": "ops@customer.example", "name": ""}]
        assert draft["stage"] == "start"
        assert any(each["blocks"] for each in draft["findings"])  # the impact is not known yet
        stopped = await maya.post(f"{at}/communications", {"audience": "customers"})
        assert (stopped.status, "cannot go to Customers" in stopped.body["detail"]) == (409, True)
        words = {"audience": "customers", "subject": "Payments fail", "text": f"Globex: {GOOD}"}
        shown = await maya.post(f"{at}/communications", words)
        assert (shown.status, "Globex" in shown.body["detail"]) == (409, True)
        sent = await maya.post(f"{at}/communications", {**words, "accept_findings": True})
        assert (sent.status, sent.headers["Location"]) == (201, f"/api/v1{at}/communications/1")
        await settle(shop.world)
        assert (await maya.get(f"{at}/communications/1")).body["delivery"] == [
            {"group": "email", "recipients": 1, "sent": 1, "failed": 0}
        ]
        corrected = await maya.post(f"{at}/communications/1/correct", {"text": GOOD})
        assert corrected.body["corrects"] == "INC-1/1"
        await settle(shop.world)
        first, second = shop.post.mails
        assert second["In-Reply-To"] == first["Message-ID"]
        assert second["Subject"] == "Correction: Payments fail"
        listed = (await maya.get(f"{at}/communications?limit=1")).body
        assert [each["number"] for each in listed["communications"]] == [2]
        more = (await maya.get(f"{at}/communications?cursor={listed['next_cursor']}")).body
        assert ([each["number"] for each in more["communications"]], more["next_cursor"]) == ([1], None)
    record = of_kind(await shop.world.show(), "sent")
    assert "start #1 to Customers by e-mail: 1 of 1" in texts(record)


async def test_a_second_person_approves_and_outsiders_and_guests_do_nothing(shop: Comms) -> None:
    async with (
        program(shop.world) as maya,
        program(shop.world, person=TOM) as tom,
        program(shop.world, person=GAIL) as guest,
    ):
        at = await declare(maya)
        words = {"audience": "partners", "subject": "Payments fail", "text": GOOD}
        assert (await maya.post(f"{at}/communications", words)).body["state"] == "asked"
        assert (await maya.post(f"{at}/communications/1/approve")).status == 409
        assert (await guest.post(f"{at}/communications/1/approve")).status == 403
        assert (await guest.post(f"{at}/communications/draft", {"audience": "partners"})).status == 403
        assert (await tom.post(f"{at}/communications/1/approve")).body["state"] == "sent"
        assert (await tom.post(f"{at}/communications/1/decline")).status == 409
        await settle(shop.world)
        assert shop.to() == ["p@partner.example"]
        private = await declare(maya, "Breach", private=True)
        for path in ("/audiences", "/communications", "/communications/1"):
            assert (await tom.get(f"{private}{path}")).status == 404


async def test_the_command_line_does_the_same_on_the_database_and_against_the_api(shop: Comms) -> None:
    world: World = shop.world
    database = {"DATABASE_URL": world.settings.url, "TOCSIN_POLICY": str(world.settings.policy_path)}
    mail = {"SMTP_URL": "smtp://127.0.0.1:1", "MAIL_FROM": "status@example.org"}
    await tocsin(database, "declare", "sev2", "Checkout", "is", "down", "--as", MAYA)
    assert "never told" in await tocsin(database, "comms", "INC-1")
    draft = await tocsin(database, "comms", "INC-1", "internal")
    assert "Goes to: #general" in draft
    assert "Say whom to tell" in await tocsin(database, "comms", "INC-1", "--send", code=1)
    assert "One at a time" in await tocsin(database, "comms", "INC-1", "internal", "--approve", "1", code=1)
    words = ("--subject", "Payments fail", "--text", GOOD)
    sent = await tocsin(database, "comms", "INC-1", "internal", "--send", *words, "--as", MAYA)
    assert sent.startswith("INC-1/1 · Internal · sent")
    asked = await tocsin({**database, **mail}, "comms", "1", "partners", "--send", *words, "--as", MAYA, "--json")
    assert asked["state"] == "asked"
    _, secret = await token_for(world, TOM)
    server = {"TOCSIN_URL": f"http://127.0.0.1:{world.tocsin.port}", "TOCSIN_TOKEN": secret}
    assert "INC-1/2 · Partners · sent" in await tocsin(server, "comms", "INC-1", "--approve", "2")
    assert "corrects INC-1/1" in await tocsin(server, "comms", "INC-1", "--correct", "1", "--text", "Only cards fail.")
    await settle(world)
    overview = await tocsin(server, "comms", "INC-1")
    assert "internal" in overview
    assert "Correction: Payments fail" in overview
    assert shop.to() == ["p@partner.example"]
    sources = {
        (each["actor"], each["source"]) for each in (await world.show())["timeline"] if each["kind"] == "communication"
    }
    assert {(MAYA, "cli"), (TOM, "api")} <= sources
