"""docs/tutorial/first-incident.md, played: what it says happens, happens."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.documents.reading import ROOT, blocks
from tests.scenarios.running import world

TEXT = (ROOT / "docs/tutorial/first-incident.md").read_text(encoding="utf-8")


async def test_the_first_incident_is_declared_answered_updated_and_resolved(sqlite_url: str) -> None:
    declare, resolve = (block.text.strip() for block in blocks("docs/tutorial/first-incident.md", "text"))
    (update,) = re.findall(r"`(/incident update [^`]+)`", TEXT)
    async with world(sqlite_url, policy=Path("sandbox/demo.policy.yml").resolve()) as here:
        await here.maya.command("#general", declare)
        channel = await here.opened()
        assert f"#{channel.name}" in TEXT
        await here.ws.until(lambda: any("you are paged" in each.text for each in here.ws.bot_messages(channel.id)))
        await here.maya.press(here.card(channel), "Acknowledge")
        await here.ws.until(lambda: "Acknowledged" in str(here.card(channel).blocks))
        lead = await here.ws.until(lambda: next((m for m in here.maya.ephemerals() if "Lead" in str(m.blocks)), None))
        await here.maya.press(lead, "Lead")
        await here.maya.command(channel.id, update)
        await here.ws.until(lambda: "Update #1" in str(here.card(channel).blocks))
        await here.maya.command(channel.id, "/incident why")
        await here.maya.command(channel.id, resolve)
        await here.ws.until(lambda: '"text": "Review"' in json.dumps(here.card(channel).blocks))
        assert "Rolled back deploy 4512" in str(here.card(channel).blocks)
