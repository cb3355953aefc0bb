"""Pages, as people read them."""

from __future__ import annotations

from dataclasses import replace

from bot import policy
from bot.domain import incident as verbs
from bot.domain.routing.payloads import ChannelPagePayload, PersonPagePayload
from bot.slack.blocks import page
from tests.factories import BEN, FIVE, MAYA, NOW, minutes, mrkdwn, new_incident, presses, with_channel

OPEN = with_channel(new_incident())
ACKNOWLEDGED = verbs.acknowledge(OPEN, BEN, minutes(2)).incident
UPDATE = verbs.update(ACKNOWLEDGED, "We rolled back", BEN, FIVE, minutes(4))
RESOLVED = verbs.resolve(UPDATE.incident, BEN, minutes(9), summary="Rolled back")


PAGE = PersonPagePayload(
    rung=2,
    why="not acknowledged within 5m",
    times=1,
    people=(BEN, MAYA),
    person=BEN,
    channels=(),
    base="page:1:1:sev1:2:1",
    fell_through=((1, "nobody is on call on primary now"),),
)
ANSWERS = [("I'm on it", "on_it", "INC-1:2:page:1:1:sev1:2:1"), ("Can't", "cant", "INC-1:2:page:1:1:sev1:2:1")]


def test_a_page_in_the_channel_mentions_people_and_says_why_and_what_to_press() -> None:
    message = page.page_channel(OPEN, FIVE, PAGE, NOW)
    assert message.text == f":rotating_light: <@{BEN}> <@{MAYA}>: you are paged for INC-1 · Checkout is down"
    assert [mrkdwn(block) for block in message.blocks[1:3]] == [
        "*Why:* not acknowledged within 5m\n:warning: Rung 1 reached nobody: nobody is on call on primary now",
        "Rung 2 of the sev1 ladder. Press *I'm on it* if you are responding; *Can't* pages the next rung at once.",
    ]
    assert presses(message.blocks) == ANSWERS


def test_the_bridge_is_linked_on_every_page_and_on_a_private_one_for_the_people_paged_only() -> None:
    bridge = "<https://app.slack.com/huddle/T0TEAM/C1|Join the huddle>"
    elsewhere = ChannelPagePayload(rung=2, why="it is late", base=PAGE.base, channel="C0HELP")
    for incident in (OPEN, replace(OPEN, private=True)):
        pages = [
            page.page_channel(incident, FIVE, PAGE, NOW, bridge=bridge),
            page.page_direct(incident, FIVE, PAGE, NOW, bridge=bridge),
        ]
        assert all(f"*Bridge:* {bridge}" in str(each.blocks) for each in pages)
        in_channel = page.page_elsewhere(incident, FIVE, elsewhere, NOW, bridge=bridge)
        assert (bridge in str(in_channel.blocks)) is not incident.private


def test_a_repeated_page_counts() -> None:
    assert page.page_channel(OPEN, FIVE, replace(PAGE, times=3), NOW).text.endswith("Checkout is down (3rd time)")


def test_a_ladder_with_nobody_left_says_so_loudly_and_what_to_do() -> None:
    message = page.page_channel(OPEN, FIVE, replace(PAGE, rung=None, people=()), NOW, "/tocsin")
    assert message.text == ":warning: *Nobody could be paged* for INC-1: no rung of the sev1 ladder reaches anybody."
    assert mrkdwn(message.blocks[1]) == (
        "*Why now:* not acknowledged within 5m\n"
        ":warning: Rung 1 reached nobody: nobody is on call on primary now\n"
        "*What to do:* call someone yourself, and bring them in with `/tocsin invite @user`."
    )
    assert presses(message.blocks) == [("Acknowledge", "ack", "INC-1")]


def test_the_page_of_the_last_rung_says_that_nobody_follows_and_that_people_are_paged_again() -> None:
    preset = policy.preset("sev1-5")
    last, before = (page.page_channel(OPEN, preset, replace(PAGE, rung=rung), NOW) for rung in (3, 2))
    again = "Everybody who was paged is paged again every 15m until somebody answers."
    assert f"*Last resort:* nobody follows on the ladder. {again}" in str(last.blocks)
    assert "Last resort" not in str(before.blocks)
    assert "*Can't* tells the channel." in str(last.blocks)
    assert "pages the next rung" not in str(last.blocks)
    assert again not in str(page.page_channel(ACKNOWLEDGED, preset, replace(PAGE, rung=3), NOW).blocks)


LAST = replace(PAGE, rung=None, people=(), fell_through=(), paged_before=((1, (BEN,)), (3, ("cto@example.com",))))


def test_where_all_rungs_were_paged_it_says_whom_and_who_is_the_last_resort() -> None:
    message = page.page_channel(OPEN, policy.preset("sev1-5"), LAST, NOW)
    assert message.text == (
        f":warning: *Everybody on the ladder was paged* for INC-1: <@{BEN}> (rung 1), cto@example.com (rung 3). "
        "Nobody has answered yet."
    )
    assert "*Last resort:* cto@example.com, rung 3. Everybody who was paged is paged again every" in mrkdwn(
        message.blocks[1]
    )
    assert "Nobody could be paged" not in message.text
    answered = page.page_channel(ACKNOWLEDGED, FIVE, LAST, NOW)
    assert answered.text.endswith("cto@example.com (rung 3).")


def test_where_everybody_on_the_ladder_responds_it_says_so() -> None:
    there = replace(LAST, paged_before=(), skipped=((1, f"<@{BEN}> is responding already"),))
    message = page.page_channel(ACKNOWLEDGED, FIVE, there, NOW)
    assert message.text == ":ballot_box_with_check: *Everybody on the ladder is responding* to INC-1 already."
    assert f"Rung 1 is left out: <@{BEN}> is responding already" in mrkdwn(message.blocks[1])


def test_a_direct_page_says_what_where_and_why_you() -> None:
    message = page.page_direct(OPEN, FIVE, PAGE, NOW)
    assert message.text == ":rotating_light: You are paged: INC-1 · Checkout is down"
    assert mrkdwn(message.blocks[1]) == (
        ":red_circle: sev1 · Critical · Detected — declared; nobody has acknowledged it yet\n"
        "*Commander:* nobody yet\n"
        "*Channel:* <#C0INC>\n"
        "*Why you:* you are on rung 2 of the sev1 ladder — not acknowledged within 5m."
    )
    assert presses(message.blocks) == ANSWERS


def test_a_page_to_another_channel_asks_for_help() -> None:
    elsewhere = ChannelPagePayload(rung=2, why="not acknowledged within 5m", base="page:1:1:sev1:2:1", channel="#ops")
    message = page.page_elsewhere(OPEN, FIVE, elsewhere, NOW)
    assert message.text == ":rotating_light: Help is needed: INC-1 · Checkout is down"
    value = "INC-1:2:page:1:1:sev1:2:1:to:#ops"
    assert presses(message.blocks) == [("I'm on it", "on_it", value), ("Can't", "cant", value)]
