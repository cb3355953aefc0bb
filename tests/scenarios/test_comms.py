"""`/incident comms`: an audience is informed in Slack and by a real mail server; the timeline has the receipts."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox import Channel
from tests.integrations.mail import Post, post_office
from tests.scenarios.assertions import buttons, declare, direct_messages, of_kind, settle, texts, type_command, words
from tests.scenarios.running import World, policy_file, running_world

POLICY = """
preset: sev1-5
announce: "#incidents"
communications: {company: Acme, customers: [Globex]}
contacts:
  cto: {name: Ada Okafor, slack: U0PRIYA000, email: ada@example.com}
  cfo: {name: Cleo Ng, email: cleo@example.com}
  board: {name: Board member, phone: "+4915112345678"}
executives: [cto]
severities:
  sev2: {ladder: [], roles: []}
audiences:
  internal: {notify: ["channel:#general"]}
  executives: {by: [slack, email], notify: ["contact:cto", "contact:cfo", "contact:board"]}
  customers: {emails: [ops@customer.example, it@client.example], reply_to: help@example.com}
  partners: {public: true, by: [email], emails: [p@partner.example], approval: second_person}
"""


@dataclass(slots=True)
class Comms:
    """The world with its mail server."""

    world: World
    post: Post

    async def open_form(self, channel: Channel, audience: str, person: str = "maya") -> Any:
        await self.world.ws.person(person).command(channel.name, f"/incident comms {audience}")
        return self.world.ws.person(person).view

    def to(self) -> list[str]:
        return sorted(to for envelope in self.post.envelopes for to in envelope.rcpt_tos)


@asynccontextmanager
async def comms_world(url: str, folder: Path, policy: str = POLICY, **more: Any) -> AsyncIterator[Comms]:
    async with post_office() as post:
        mail: dict[str, Any] = {"smtp_url": f"smtp://127.0.0.1:{post.port}", "mail_from": "Acme <status@example.org>"}
        async with running_world(url, policy=policy_file(folder, policy), **mail, **more) as world:
            yield Comms(world, post)


@pytest.fixture
async def shop(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Comms]:
    async with comms_world(sqlite_url, tmp_path) as running:
        yield running


def receipts(shown: dict[str, Any]) -> list[str]:
    """What the timeline says was delivered, besides the briefings that the bot sends by itself."""
    return [text for text in texts(of_kind(shown, "sent")) if not text.startswith("Executive briefing")]


async def test_an_audience_inside_is_told_in_its_channel_and_the_timeline_has_the_receipt(shop: Comms) -> None:
    channel = await declare(shop.world, "sev2 Checkout is down")
    await shop.open_form(channel, "internal")
    assert (await shop.world.maya.submit()).ok
    await settle(shop.world)
    general = shop.world.ws.find_channel("general")
    assert general is not None
    (message,) = [m for m in shop.world.ws.bot_messages(general.id) if "Checkout is down" in words(shop.world, m)]
    assert "Severity: SEV2 - Major" in words(shop.world, message).replace("*", "")
    shown = await shop.world.show()
    assert receipts(shown) == ["start #1 to Internal by Slack channels: 1 of 1"]
    (receipt,) = [m for m in shop.world.ws.bot_messages(channel.id) if "Correct" in buttons(m)]
    assert "1 of 1 delivered" in words(shop.world, receipt)


async def test_customers_get_a_mail_each_of_two_parts_in_the_incidents_thread(shop: Comms) -> None:
    channel = await declare(shop.world, "sev2 Checkout is down")
    await shop.world.maya.command(channel.name, "/incident impact")
    await shop.world.maya.fill(shop.world.maya.view, {"Affected services": "Checkout", "Users affected (%)": "40"})
    assert (await shop.world.maya.submit()).ok
    view = await shop.open_form(channel, "customers")
    assert "ops@customer.example" in str(view.body)
    assert (await shop.world.maya.submit()).ok
    await settle(shop.world)
    assert shop.to() == ["it@client.example", "ops@customer.example"]
    mail = shop.post.mails[0]
    assert mail["Subject"] == "Service notification: Checkout is down"
    assert mail["Reply-To"] == "help@example.com"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert page is not None
    assert "40 % of users" in plain.get_content()
    assert "*" not in plain.get_content()
    assert "<b>Current status:</b> Investigating" in page.get_content()
    assert "Acme operations team" in page.get_content()
    assert mail["References"] == shop.post.mails[1]["References"]
    assert receipts(await shop.world.show()) == ["start #1 to Customers by e-mail: 2 of 2"]


async def test_a_gap_stops_a_message_to_customers(shop: Comms) -> None:
    channel = await declare(shop.world, "sev2 Checkout is down")
    await shop.open_form(channel, "customers")
    reply = await shop.world.maya.submit()
    assert "Still to fill in" in str(reply.errors)
    await settle(shop.world)
    assert shop.to() == []


async def test_the_form_says_who_is_left_out_and_why(shop: Comms) -> None:
    channel = await declare(shop.world, "sev2 Checkout is down")
    view = await shop.open_form(channel, "executives")
    shown = str(view.body)
    assert "Board member: no Slack account in the policy; no e-mail address in the policy" in shown
    assert "cleo@example.com" in shown
    assert (await shop.world.maya.submit()).ok
    await settle(shop.world)
    assert shop.to() == ["ada@example.com", "cleo@example.com"]
    assert len(direct_messages(shop.world, "U0PRIYA000", "Executive briefing")) == 1


async def test_an_unknown_audience_is_answered_with_those_there_are(shop: Comms) -> None:
    channel = await declare(shop.world, "sev2 Checkout is down")
    answer = await type_command(shop.world, "maya", channel.name, "/incident comms press")
    assert "There is no audience “press”. Use one of: internal, executives, customers, partners." in answer


async def with_impact(shop: Comms, channel: Channel) -> None:
    await shop.world.maya.command(channel.name, "/incident impact")
    await shop.world.maya.fill(shop.world.maya.view, {"Affected services": "Checkout", "Users affected (%)": "40"})
    assert (await shop.world.maya.submit()).ok


async def test_two_presses_lead_from_an_update_to_every_audience(shop: Comms) -> None:
    channel = await declare(shop.world, "sev2 Checkout is down")
    await with_impact(shop, channel)
    await shop.world.maya.command(channel.name, "/incident update")
    await shop.world.maya.fill(shop.world.maya.view, {"What changed?": "We rolled the deployment back"})
    assert (await shop.world.maya.submit()).ok
    view = shop.world.maya.view
    assert view.callback_id == "comms_all"
    assert "Update #1 is posted." in str(view.body)
    assert (await shop.world.maya.submit()).ok
    await settle(shop.world)
    direct_messages, *others = sorted(receipts(await shop.world.show()))
    # Slack does not know Cleo; she is left out from the start where the bot has learnt that already.
    assert re.fullmatch("briefing #1 to Executives by direct messages: 1 of [12]", direct_messages)
    assert others == [
        "briefing #1 to Executives by e-mail: 2 of 2",
        "start #1 to Customers by e-mail: 2 of 2",
        "start #1 to Internal by Slack channels: 1 of 1",
    ]
    assert len(shop.post.mails) == 4


async def test_a_second_person_sees_the_same_and_nobody_approves_their_own(shop: Comms) -> None:
    channel = await declare(shop.world, "sev2 Checkout is down")
    await with_impact(shop, channel)
    view = await shop.open_form(channel, "partners")
    assert view.body["submit"]["text"] == "Ask for approval"
    assert (await shop.world.maya.submit()).ok
    await settle(shop.world)
    assert shop.to() == []
    (asked,) = [m for m in shop.world.ws.bot_messages(channel.id) if "Review and send" in buttons(m)]
    await shop.world.maya.press(asked, "Review and send")
    await shop.world.maya.submit()
    assert "Nobody approves their own message" in str(shop.world.maya.view.body)
    await shop.world.ws.person("maya").close()
    await shop.world.maya.invite(channel.id, "tom")
    await shop.world.tom.press(asked, "Review and send")
    assert "40 % of users" in str(shop.world.tom.view.body)
    assert (await shop.world.tom.submit()).ok
    await settle(shop.world)
    assert shop.to() == ["p@partner.example"]


async def test_a_correction_links_the_first_message_and_answers_its_mail(shop: Comms) -> None:
    channel = await declare(shop.world, "sev2 Checkout is down")
    await shop.open_form(channel, "executives")
    assert (await shop.world.maya.submit()).ok
    await settle(shop.world)
    (receipt,) = [m for m in shop.world.ws.bot_messages(channel.id) if "Correct" in buttons(m)]
    await shop.world.maya.press(receipt, "Correct")
    await shop.world.maya.fill(shop.world.maya.view, {"Text": "It is search, not checkout."})
    assert (await shop.world.maya.submit()).ok
    await settle(shop.world)
    first, second = (mail for mail in shop.post.mails if mail["To"].startswith("Cleo"))
    assert second["In-Reply-To"] == first["Message-ID"]
    assert second["References"].startswith(first["References"])
    plain = second.get_body(("plain",))
    assert plain is not None
    assert "This corrects our message “" in plain.get_content()
    (corrected,) = direct_messages(shop.world, "U0PRIYA000", "Correction:")
    assert "/archives/" in str(corrected.blocks)


async def test_a_test_goes_to_its_author_alone(shop: Comms) -> None:
    channel = await declare(shop.world, "sev2 Checkout is down")
    view = await shop.open_form(channel, "executives")
    await shop.world.maya.press(view, "Send a test to me")
    await settle(shop.world)
    assert len(direct_messages(shop.world, "U0MAYA0000", "[TEST]")) == 1
    assert shop.to() == []
    assert receipts(await shop.world.show()) == []


async def test_audiences_that_were_not_told_stand_on_the_reminder_until_they_are(shop: Comms) -> None:
    channel = await declare(shop.world, "sev2 Checkout is down")
    await shop.world.pass_time(minutes=31)
    nudges = [m for m in shop.world.ws.bot_messages(channel.id) if "Tell people" in buttons(m)]
    assert len(nudges) == 1
    assert "a status update, and a message to Internal, Executives and Customers" in words(shop.world, nudges[0])
    await shop.world.maya.press(nudges[0], "Tell people")
    assert shop.world.maya.view.callback_id == "comms"


async def test_of_a_private_incident_nobody_outside_is_told_and_the_public_needs_a_title_of_its_own(
    shop: Comms,
) -> None:
    await shop.world.maya.command("#general", "/incident declare --private sev2 Fraud by an employee")
    await settle(shop.world)
    channel = shop.world.ws.find_channel("inc-1-")
    assert channel is not None
    view = await shop.open_form(channel, "executives")
    assert "the incident is private, and they are not in its channel" in str(view.body)
    await shop.world.maya.submit()
    assert "would reach nobody" in str(shop.world.maya.view.body)
    await shop.world.maya.close()
    view = await shop.open_form(channel, "customers")
    assert "Fraud by an employee" not in str(view.body["blocks"])
    await shop.world.maya.fill(view, {"Subject": "Fraud by an employee", "Text": "Orders fail."})
    await shop.world.maya.submit()
    await settle(shop.world)
    assert shop.to() == []
    assert await type_command(shop.world, "tom", "#general", "/incident comms customers --in INC-1") == (
        await type_command(shop.world, "tom", "#general", "/incident comms customers --in INC-7")
    ).replace("INC-7", "INC-1")
