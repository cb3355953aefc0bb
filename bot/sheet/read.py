"""Reads the emergency sheet from the database, the policy and the playbooks."""

from __future__ import annotations

from typing import Any

from bot.sheet.content import sheet
from bot.usecases.context import Context
from storage import overrides


async def read_sheet(context: Context) -> dict[str, Any]:
    """The sheet as of now."""
    now, policy = context.clock.now(), context.policy
    async with context.database.reading() as conn:
        in_force = await overrides.in_force(conn, now)
    library = await context.playbook_library.library()
    url = context.url.rstrip("/") if context.url else None
    addresses = {
        "Console": url,
        "Status page": f"{url}/status" if url else None,
        "Publish on the status page": "tocsin statuspage publish INC-1 --title … --message …",
        "Run an incident without Slack": "tocsin declare sev1 … ; tocsin ack INC-1 ; tocsin update INC-1 …",
    }
    return sheet(policy, in_force, library.playbooks, now, addresses)
