"""Queues the mails of the emergency sheet when they are due."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.policy.policy import Policy
from bot.usecases.context import Context
from bot.usecases.weekly import take_lapsed
from storage import key_value
from storage.outbox import enqueue


async def queue_sheet(context: Context) -> bool:
    """Queue a mail for each address if the sheet is due, and store the next due time. Returns whether it was due."""
    policy = context.policy
    async with context.database.transaction() as conn:
        due_at = await take_lapsed(context, conn, key_value.SHEET_MAIL, policy.sheet)
        if due_at is None:
            return False
        await enqueue.put(conn, [routing.sheet_mail(due_at, address) for address in addresses(policy)])
    context.wakeups.notify()
    return True


def addresses(policy: Policy) -> list[str]:
    """The addresses to which the policy mails the sheet, each once, in any letter case."""
    recipients = policy.sheet.mail if policy.sheet else ()
    mail_addresses = (
        policy.contacts[recipient].email if recipient in policy.contacts else recipient for recipient in recipients
    )
    return list({address.lower(): address for address in mail_addresses if address and "@" in address}.values())
