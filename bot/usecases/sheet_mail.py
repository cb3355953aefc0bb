"""Queues the mails of the emergency sheet when they are due."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.policy.policy import Policy
from bot.usecases.context import Context
from bot.usecases.weekly import take_lapsed
from storage import key_value
from storage.outbox import enqueue


async def queue_sheet(context: Context) -> bool:
    """Queue a mail for each address if the sheet is due, and store when it is next. Returns whether it was due."""
    policy = context.policy
    async with context.database.transaction() as conn:
        due_at = await take_lapsed(context, conn, key_value.SHEET_MAIL, policy.sheet)
        if due_at is None:
            return False
        await enqueue.put(conn, [routing.sheet_mail(due_at, address) for address in addresses(policy)])
    context.wakeups.notify()
    return True


def addresses(policy: Policy) -> list[str]:
    """The addresses that the policy mails the sheet to, each once however it is written."""
    named = policy.sheet.mail if policy.sheet else ()
    found = (policy.contacts[each].email if each in policy.contacts else each for each in named)
    return list({each.lower(): each for each in found if each and "@" in each}.values())
