"""The emergency sheet is mailed each week, to each address once; on both databases."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage

import pytest

from bot import policy as policies
from bot.domain.errors import TocsinError
from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.send_result import NotNeeded, Sent
from bot.integrations.email import Email, Server
from bot.senders.sheet import SheetSender
from bot.usecases.context import Context
from bot.usecases.sheet_mail import queue_sheet
from storage.outbox import queue
from storage.outbox.queue import ClaimedNotice
from tests.integrations.mail import post_office
from tests.usecases.conftest import MakeContext, MovableClock

CONTACTS = """preset: sev1-5
timezone: Europe/Berlin
contacts:
  anna: {name: Anna Weber, slack: U0ANNA, email: Anna@example.com, phone: "+4915112345678"}
  ben: {name: Ben, slack: U0BEN}
"""
POLICY = CONTACTS + 'sheet: {mail: [anna, anna@example.com, ops@example.com], day: monday, at: "08:00"}\n'
MONDAY = datetime(2026, 3, 30, 6, tzinfo=UTC)  # eight o'clock in Berlin, the day after summer time began
WEEK = timedelta(days=7)


async def queued_mails(context: Context) -> list[ClaimedNotice]:
    async with context.database.transaction() as conn:
        rows = await queue.claim(conn, 9)
    return sorted(
        (row for row in rows if row.kind == NoticeKind.SHEET_MAIL), key=lambda row: str(row.payload["address"]).lower()
    )


async def test_a_sheet_is_queued_once_for_each_address_however_often_and_late_it_is_looked_for(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    clock.instant = MONDAY - timedelta(hours=1)
    assert [await queue_sheet(context) for _ in range(2)] == [False, False]  # planned, and not due
    clock.instant = MONDAY + timedelta(seconds=1)
    assert [await queue_sheet(context) for _ in range(2)] == [True, False]
    assert [row.payload["address"] for row in await queued_mails(context)] == ["anna@example.com", "ops@example.com"]
    clock.instant = MONDAY + 3 * WEEK + timedelta(days=2)  # the bot was down
    assert [await queue_sheet(context) for _ in range(2)] == [True, False]
    assert len(await queued_mails(context)) == 2  # of the last week alone


async def test_the_mail_has_the_sheet_attached_and_goes_nowhere_else(
    make_context: MakeContext, clock: MovableClock
) -> None:
    context = make_context(POLICY)
    clock.instant = MONDAY - timedelta(hours=1)
    await queue_sheet(context)
    clock.instant = MONDAY
    await queue_sheet(context)
    rows = await queued_mails(context)
    async with post_office() as post:
        email = Email(Server.of(f"smtp+plain://127.0.0.1:{post.port}"), Address("Tocsin", "tocsin", "example.org"))
        sender = SheetSender(context, lambda: {"email": email})
        assert isinstance(await sender.send(rows[0]), Sent)
        (mail,) = post.mails
        assert mail["To"] == "anna@example.com"
        body = mail.get_body(("plain",))
        assert isinstance(body, EmailMessage)
        assert any("Anna" in line and "+4915112345678" in line for line in body.get_content().splitlines())
        (attached,) = list(mail.iter_attachments())
        assert attached.get_filename() == "tocsin-emergency-sheet.html"
        assert isinstance(attached, EmailMessage)
        page = attached.get_content()
        assert page.startswith("<!doctype html>")
        assert "+4915112345678" in page
        gone = SheetSender(make_context(CONTACTS), lambda: {"email": email})
        assert isinstance(await gone.send(rows[1]), NotNeeded)
        assert len(post.mails) == 1
    assert time.monotonic() < rows[0].lease_ends_monotonic


@pytest.mark.parametrize(
    ("mail", "says"), [("[bem]", "Did you mean"), ("[ben]", "ben has no e-mail address"), ("[U0ANNA]", "no contact")]
)
def test_a_recipient_without_an_address_is_refused(
    mail: str, says: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("policy") / "policy.yml"
    file.write_text(f"{CONTACTS}sheet: {{mail: {mail}}}\n")
    with pytest.raises(TocsinError, match=says):
        policies.read(file)
