"""Paging while Slack refuses the bot's token."""

from __future__ import annotations

from pathlib import Path

from tests.integrations.scene import TOM, scene


async def test_while_slack_refuses_the_token_people_are_paged_by_the_other_methods_at_once(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with scene(sqlite_url, tmp_path, first="slack") as stage:
        stage.world.ws.revoke()
        await stage.world.maya.command("#general", "/incident declare sev1 Payments are down")
        await stage.world.ws.until(lambda: stage.pagerduty.asked or stage.twilio.asked or stage.post.envelopes)
        (failure,) = await stage.entries("delivery_failed")
        assert "token_revoked" in failure
        assert "Instead:" in failure
        stage.world.ws.accept_token()
        await stage.world.incident_channel()
        await stage.world.delivered()
        assert len(stage.pages(TOM)) == 1  # and in Slack too, once it can be
