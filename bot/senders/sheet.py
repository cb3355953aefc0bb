"""Mails the emergency sheet as it is now, with an HTML page attached that works offline."""

from __future__ import annotations

import asyncio
import hashlib
import html
from collections.abc import Callable, Mapping

from bot.domain.errors import DeliveryError
from bot.domain.routing.payloads import SheetMailPayload
from bot.domain.routing.send_result import LEASE_TOO_SHORT, Failed, NotNeeded, SendResult, Sent, result_of
from bot.integrations.email import WHOLE_S, Email
from bot.integrations.mail import Attachment, Mail
from bot.integrations.protocol import Notifier
from bot.sheet import formats
from bot.sheet.lines import TITLE, as_text
from bot.sheet.read import read_sheet
from bot.usecases.context import Context
from bot.usecases.sheet_mail import addresses
from storage.outbox.payloads import read_payload
from storage.outbox.queue import ClaimedNotice

NAME = "tocsin-emergency-sheet.html"
INTRO = "Keep this where you can read it when nothing else can be reached. The attached page needs no network."


class SheetSender:
    """Sends notices of the kind `SHEET_MAIL`. A mail of unknown outcome is sent again under its Message-ID."""

    def __init__(self, context: Context, notifiers: Callable[[], Mapping[str, Notifier]]) -> None:
        self._context = context
        self._notifiers = notifiers

    async def send(self, row: ClaimedNotice) -> SendResult:
        """Mail the sheet, unless the policy no longer names the address: the sheet has telephone numbers."""
        payload = read_payload(row, SheetMailPayload)
        if payload.address not in addresses(self._context.policy):
            return NotNeeded("the policy mails the sheet to this address no more")
        problem = f"Could not mail the emergency sheet to {payload.address}"
        email = self._notifiers().get("email")
        if not isinstance(email, Email):
            return Failed(f"{problem}: e-mail is not set up. Set SMTP_URL and MAIL_FROM.")
        mail = await self._mail(payload)
        if not row.lease_covers(WHOLE_S):
            return LEASE_TOO_SHORT
        try:
            receipt = await email.send_mail(mail)
        except DeliveryError as error:
            return result_of(error, f"{problem}: {error}.")
        return Sent(receipt.as_json())

    async def _mail(self, payload: SheetMailPayload) -> Mail:
        sheet = await read_sheet(self._context)
        page = await asyncio.to_thread(formats.as_html, sheet)
        about = f"{payload.due_at.isoformat()}:{payload.address.lower()}"
        text = as_text(sheet)
        return Mail(
            to=payload.address,
            subject=f"{TITLE}, {sheet['made_at'][:10]}",
            text=f"{INTRO}\n\n{text}",
            html=f"<p>{html.escape(INTRO)}</p><pre>{html.escape(text)}</pre>",
            key=f"sheet.{hashlib.sha256(about.encode()).hexdigest()[:24]}",
            thread="emergency-sheet",
            attachment=Attachment(NAME, "html", page),
        )
