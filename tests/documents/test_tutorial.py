"""docs/tutorial/first-incident.md, played: each step has the described result."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.documents.reading import ROOT, blocks
from tests.scenarios.running import running_world

TEXT = (ROOT / "docs/tutorial/first-incident.md").read_text(encoding="utf-8")


async def test_the_first_incident_is_declared_answered_updated_and_resolved(sqlite_url: str) -> None:
    declare, resolve = (block.text.strip() for block in blocks("docs/tutorial/first-incident.md", "text"))
    (update,) = re.findall(r"`(/incident update [^`]+)`", TEXT)
    async with running_world(sqlite_url, policy=Path("sandbox/demo.policy.yml").resolve()) as world:
        await world.maya.command("#general", declare)
        channel = await world.incident_channel()
        assert f"#{channel.name}" in TEXT
        await world.ws.until(lambda: any("you are paged" in each.text for each in world.ws.bot_messages(channel.id)))
        await world.maya.press(world.card(channel), "Acknowledge")
        await world.ws.until(lambda: "Acknowledged" in str(world.card(channel).blocks))
        lead = await world.ws.until(lambda: next((m for m in world.maya.ephemerals() if "Lead" in str(m.blocks)), None))
        await world.maya.press(lead, "Lead")
        await world.maya.command(channel.id, update)
        await world.ws.until(lambda: "Update #1" in str(world.card(channel).blocks))
        await world.maya.command(channel.id, "/incident why")
        await world.maya.command(channel.id, resolve)
        await world.ws.until(lambda: '"text": "Review"' in json.dumps(world.card(channel).blocks))
        assert "Rolled back deploy 4512" in str(world.card(channel).blocks)
