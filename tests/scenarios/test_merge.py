"""Merging: one incident ends, its people and alerts go on in the other, and both say so."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.json_shapes.incidents import review_json
from bot.usecases.reviews.read import read_review
from tests.scenarios.assertions import declare, of_kind, settle, texts, type_command, words
from tests.scenarios.running import World, policy_file

POLICY = "preset: sev1-5\nannounce: '#incidents'\n"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


async def test_an_incident_is_merged_into_another_and_both_say_so(world: World) -> None:
    second = await declare(world, "sev2 Payments fail")
    await world.tom.press(world.ws.bot_messages(world.ws.channel("incidents").id)[-1], "Join")
    await settle(world)
    await type_command(world, "tom", second.name, "/incident ack")
    await type_command(world, "tom", second.name, "/incident lead me")
    await type_command(world, "tom", second.name, "/incident note Deploy 4512 looks guilty")
    await world.maya.command("general", "/incident declare sev1 Checkout is down")
    first = await world.incident_channel(2)
    await settle(world)
    answer = await type_command(world, "tom", second.name, "/incident merge INC-2")
    assert f"INC-1 is merged into INC-2 #{first.name}. Reminders" in answer
    assert "Reminders and pages have stopped here" in answer
    assert "into INC-2 #inc-2-checkout-is-down" in answer
    assert "`/incident times --in INC-2` corrects when it began." in answer
    assert "<" not in answer
    await settle(world)
    ended, goes_on = await world.show(1), await world.show(2)
    assert (ended["status"], ended["merged_into"], goes_on["merged"]) == ("merged", "INC-2", ["INC-1"])
    assert ended["roles"] == {"commander": "U0TOM00000"}
    assert goes_on["roles"]["commander"] == "U0TOM00000"
    assert all(each["state"] != "waiting" for each in ended["reminders"])
    assert texts(of_kind(ended, "merged")) == ["merged into INC-2: Checkout is down"]
    assert texts(of_kind(goes_on, "merged")) == ["INC-1 was merged into this incident: Payments fail"]
    assert "U0TOM00000" in world.ws.channel(first.name).members
    for channel, other in ((second, "INC-2"), (first, "INC-1")):
        said = [words(world, each) for each in world.ws.bot_messages(channel.id)]
        assert any("merged" in each and other in each and "#inc-" in each for each in said), said
    both = await type_command(world, "maya", first.name, "/incident timeline")
    assert "`INC-1`" in both
    assert "Deploy 4512 looks guilty" in both
    assert "Reopen" not in str(world.card(second))
    refused = await type_command(world, "maya", second.name, "/incident times")
    assert "INC-1 is merged into INC-2, whose times are counted" in refused
    assert "is merged into INC-2 already" in await type_command(world, "maya", second.name, "/incident merge")
    async with world.tocsin.database.reading() as conn:
        review = review_json(await read_review(conn, world.tocsin.context.policy, 2), datetime.now(UTC).date())
    sentences = {each["text"]: each["cites"] for section in review["sections"] for each in section["sentences"]}
    (cite,) = sentences["INC-1: <@U0TOM00000> noted: Deploy 4512 looks guilty"]
    assert cite["incident"] == "INC-1"
    assert set(review["participants"]) == {"U0MAYA0000", "U0TOM00000"}
    assert f"/archives/{second.id}" in cite["permalink"]
