"""People subscribe to the status page over real HTTP, and get real mails."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.domain.statuspage.component_state import ComponentState as S
from bot.domain.statuspage.publication import NewPublication, Publication, PublicChange, PublicStatus
from bot.domain.statuspage.subscriber import Subscriber, SubscriberKind
from bot.domain.timeline.entry import BOT
from bot.usecases.status_page.publish import post, publish
from storage.statuspage import mailings, subscribers
from tests.integrations.mail import Post, post_office
from tests.scenarios.assertions import settle, words
from tests.scenarios.running import World, policy_file, running_world

POLICY = """
preset: sev1-5
announce: "#incidents"
status_page: {name: Example AI, preset: llm-platform}
"""


@dataclass(slots=True)
class Page:
    """The bot with its mail server, seen by somebody outside."""

    world: World
    mail: Post

    async def ask(self, method: str, path: str, data: Any = None) -> tuple[int, str]:
        url = path if path.startswith("http") else f"http://127.0.0.1:{self.world.tocsin.port}{path}"
        async with aiohttp.ClientSession() as session, session.request(method, url, data=data) as answer:
            assert "Set-Cookie" not in answer.headers
            return answer.status, await answer.text()

    async def subscribed(self, address: str, *components: str) -> None:
        """Subscribe, and confirm by the link in the mail."""
        data = [("email", address), *(("component", each) for each in components)]
        status, _ = await self.ask("POST", "/status/subscribe", data)
        assert status == 200
        await settle(self.world)
        assert (await self.ask("POST", self.link("confirm")))[0] == 200
        self.mail.envelopes.clear()

    def link(self, purpose: str) -> str:
        """The path of the link in the last mail."""
        part = self.mail.mails[-1].get_body(("plain",))
        assert part is not None
        match = re.search(rf"/status/{purpose}/[a-z0-9.]+", part.get_content())
        assert match is not None
        return match[0]

    async def published(self, **components: S) -> Publication:
        made = await publish(
            self.world.tocsin.context, None, NewPublication("Requests fail", "We look into it.", components), BOT
        )
        await self.told()
        return made

    async def told(self) -> None:
        """Wait until everybody who is to be told is."""
        async with asyncio.timeout(60):
            while True:
                async with self.world.tocsin.database.reading() as conn:
                    left = await mailings.waiting(conn)
                if not left:
                    break
                await asyncio.sleep(0.05)
        await settle(self.world)

    def recipients(self) -> list[str]:
        return sorted(to for envelope in self.mail.envelopes for to in envelope.rcpt_tos)


@pytest.fixture
async def page(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Page]:
    async with post_office() as mail:
        more: dict[str, Any] = {
            "smtp_url": f"smtp://127.0.0.1:{mail.port}", "mail_from": "Example <status@example.org>",
            "tocsin_url": "https://tocsin.example.com",
        }  # fmt: skip
        async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY), **more) as world:
            yield Page(world, mail)


async def test_an_address_is_told_once_it_is_confirmed_and_leaves_by_one_click(page: Page) -> None:
    status, shown = await page.ask("POST", "/status/subscribe", {"email": "Ada@Example.com"})
    assert (status, "ada" in shown.lower()) == (200, False)
    await settle(page.world)
    await page.published()
    assert [mail["Subject"] for mail in page.mail.mails] == ["Confirm your subscription to Example AI"]
    confirm = page.link("confirm")
    assert (await page.ask("GET", confirm))[0] == 200  # a program that follows links confirms nothing
    await page.published()
    assert len(page.mail.mails) == 1
    assert (await page.ask("POST", confirm))[0] == 200
    page.mail.envelopes.clear()
    await page.published(api=S.PARTIAL_OUTAGE)
    (mail,) = page.mail.mails
    assert mail["To"] == "ada@example.com"
    assert mail["Subject"] == "[Example AI] Investigating: Requests fail"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "API: partial outage" in str(mail.get_body(("plain",)))
    leave = mail["List-Unsubscribe"].strip("<>").removeprefix("https://tocsin.example.com")
    assert (await page.ask("POST", leave, {"List-Unsubscribe": "One-Click"}))[0] == 200
    assert (await page.ask("POST", leave))[0] == 200  # for ever
    page.mail.envelopes.clear()
    await page.published()
    assert page.recipients() == []


async def test_a_subscriber_of_a_component_is_told_of_it_alone(page: Page) -> None:
    await page.subscribed("api@example.com", "api")
    await page.published(webhooks=S.MAJOR_OUTAGE)
    assert page.recipients() == []
    made = await page.published(api=S.MAJOR_OUTAGE)
    change = PublicChange("All is well.", PublicStatus.RESOLVED)
    await post(page.world.tocsin.context, made.id, change, BOT)
    await page.told()
    assert page.recipients() == ["api@example.com"] * 2


async def test_a_stranger_cannot_be_mailed_again_and_again_nor_be_found_out(page: Page) -> None:
    await page.subscribed("ada@example.com")
    answers = [await page.ask("POST", "/status/subscribe", {"email": "ada@example.com"}) for _ in range(5)]
    answers.append(await page.ask("POST", "/status/subscribe", {"email": "new@example.com"}))
    await settle(page.world)
    assert len({re.sub(r"Written.*?</time>", "", shown) for _, shown in answers}) == 1
    assert page.recipients() == ["new@example.com"]


@pytest.mark.parametrize("path", ["confirm", "unsubscribe"])
async def test_a_link_cannot_be_forged(page: Page, path: str) -> None:
    await page.subscribed("ada@example.com")
    async with page.world.tocsin.database.reading() as conn:
        (known,) = await subscribers.active_after(conn, "", 10)
    for token in (known.id, f"{known.id}.", f"{known.id}.{'0' * 40}", "x" * 200):
        assert (await page.ask("POST", f"/status/{path}/{token}"))[0] == 404
    await page.published()
    assert page.recipients() == ["ada@example.com"]


async def test_a_mail_whose_outcome_is_unknown_is_sent_again_under_the_same_message_id(page: Page) -> None:
    await page.subscribed("ada@example.com")
    page.mail.abort_after_taking = True
    await publish(page.world.tocsin.context, None, NewPublication("Requests fail", "We look."), BOT)
    async with asyncio.timeout(30):
        while len(page.mail.mails) < 2:
            await asyncio.sleep(0.05)
    await page.told()
    assert page.recipients() == ["ada@example.com"] * 2
    assert len({mail["Message-ID"] for mail in page.mail.mails}) == 1


async def test_a_mail_that_the_server_refuses_for_now_is_tried_again(page: Page) -> None:
    await page.subscribed("ada@example.com")
    page.mail.refuse["RCPT"] = "451 later"
    made = await publish(page.world.tocsin.context, None, NewPublication("Requests fail", "We look."), BOT)
    await asyncio.sleep(1)
    page.mail.refuse.clear()
    async with asyncio.timeout(30):
        while not page.recipients():
            await asyncio.sleep(0.05)
    assert page.recipients() == ["ada@example.com"]
    assert made.id in str(page.mail.mails[0].get_body(("plain",)))


async def test_a_channel_that_subscribed_is_told_until_it_says_the_same_again(page: Page) -> None:
    await page.world.maya.command("#general", "/incident subscribe api")
    await page.published(api=S.MAJOR_OUTAGE)
    general = page.world.ws.find_channel("general")
    assert general is not None

    def seen() -> int:
        return len([m for m in page.world.ws.bot_messages(general.id) if "Requests fail" in words(page.world, m)])

    assert seen() == 1
    await page.world.maya.command("#general", "/incident subscribe api")
    await page.published(api=S.MAJOR_OUTAGE)
    assert seen() == 1


async def test_three_hundred_subscribers_are_mailed_in_portions_each_once(page: Page) -> None:
    now = datetime.now(UTC)
    async with page.world.tocsin.database.transaction() as conn:
        for number in range(300):
            each = Subscriber(f"s{number:04d}", SubscriberKind.EMAIL, f"p{number}@example.com", now, confirmed_at=now)
            await subscribers.save(conn, each)
    await page.published()
    assert page.recipients() == sorted(f"p{number}@example.com" for number in range(300))
