"""The review of an incident: drafted at its end, read, edited, completed."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from docx import Document

from bot import review_formats
from bot.domain.review.view import ReviewView
from bot.domain.values.dates import on_business_day
from bot.json_shapes.incidents import review_json
from bot.usecases.reviews.ask import PER_PERSON
from bot.usecases.reviews.read import read_review
from sandbox import Message
from tests.scenarios.assertions import (
    buttons,
    declare,
    direct_messages,
    ephemeral_texts,
    of_kind,
    settle,
    texts,
    type_command,
    words,
)
from tests.scenarios.running import World, policy_file

INSIDE = "inc-1-checkout-is-down"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, "preset: sev1-5\nannounce: '#incidents'\nseverities: {sev1: {review_within: 24h}}\n")


@pytest.fixture
async def review_world(world: World) -> World:
    """A resolved incident whose severity asks for a review."""
    channel = await declare(world, "sev1 Checkout is down")
    await type_command(world, "maya", INSIDE, "/incident lead me")
    await world.maya.say(channel.name, "Deploy 4512 looks guilty")
    await type_command(world, "maya", INSIDE, "/incident note Deploy 4512 went out at 02:47")
    await type_command(world, "maya", INSIDE, "/incident resolve Rolled back deploy 4512")
    await settle(world)
    return world


async def view(world: World) -> ReviewView:
    async with world.tocsin.database.reading() as conn:
        return await read_review(conn, world.tocsin.context.policy, 1)


async def test_a_review_opens_by_itself_at_resolve_and_is_posted_once(review_world: World) -> None:
    channel = review_world.ws.find_channel(INSIDE)
    assert channel is not None
    (message,) = [
        m for m in review_world.ws.bot_messages(channel.id) if "Drafted from the record" in words(review_world, m)
    ]
    assert {"Read", "Edit", "Complete"} <= set(buttons(message))
    review = (await view(review_world)).incident.review
    assert review is not None
    assert (review.state, review.facilitator) == ("draft", "U0MAYA0000")


async def test_every_sentence_of_a_real_incident_links_to_a_message(review_world: World) -> None:
    made = review_json(await view(review_world), datetime.now(UTC).date())
    assert set(made) >= {
        "incident", "state", "facilitator", "participants", "due_at", "scheduled_at", "sections", "actions", "figures",
    }  # fmt: skip
    sentences = [sentence for section in made["sections"] for sentence in section["sentences"]]
    assert len(sentences) > 8
    assert all(cite["permalink"].startswith("http") for sentence in sentences for cite in sentence["cites"])
    assert all(sentence["cites"] for sentence in sentences)
    channel = review_world.ws.find_channel(INSIDE)
    assert channel is not None
    declared_by = next(sentence for sentence in sentences if "was declared by" in sentence["text"])
    card = review_world.card(channel)
    assert declared_by["cites"][0]["permalink"].endswith(f"/archives/{channel.id}/p{card.ts.replace('.', '')}")
    asked = [question["to"] for section in made["sections"] for question in section["questions"]]
    assert set(asked) == {"U0MAYA0000"}


async def test_the_review_is_read_edited_and_completed_in_slack(review_world: World) -> None:
    answer = await type_command(review_world, "maya", INSIDE, "/incident review")
    assert "What fixed it, in the words of" in answer
    reply = await review_world.maya.command(INSIDE, "/incident review")
    assert reply.message is not None
    await review_world.maya.press(reply.message, "Read")
    assert "Timeline" in str(review_world.maya.view.body["blocks"])
    await review_world.maya.press(reply.message, "Edit")
    form = review_world.maya.view
    await review_world.maya.fill(form, {"Lessons": "- Roll out slowly [#1]\n- Nobody cites this"})
    assert (await review_world.maya.submit()).ok
    lessons = (await view(review_world)).section("lessons")
    assert [(each.text, each.cites) for each in lessons.sentences] == [
        ("Roll out slowly", (1,)), ("Nobody cites this", ()),
    ]  # fmt: skip
    assert (lessons.version, lessons.edited_by) == (1, "U0MAYA0000")
    assert (await view(review_world)).section("summary").version == 0
    await review_world.maya.press(reply.message, "Complete")
    await settle(review_world)
    assert texts(of_kind(await review_world.show(), "review")) == ["edited the review: Lessons", "completed the review"]


async def test_of_two_people_who_edit_at_once_the_second_is_told(review_world: World) -> None:
    reply = await review_world.maya.command(INSIDE, "/incident review")
    await review_world.maya.invite(INSIDE, "tom")
    other = await review_world.tom.command(INSIDE, "/incident review")
    assert reply.message is not None
    assert other.message is not None
    await review_world.maya.press(reply.message, "Edit")
    await review_world.tom.press(other.message, "Edit")
    await review_world.maya.fill(review_world.maya.view, {"Lessons": "Roll out slowly"})
    assert (await review_world.maya.submit()).ok
    await review_world.tom.fill(review_world.tom.view, {"Lessons": "Test more"})
    await review_world.tom.submit()
    assert "changed this while you wrote" in str(review_world.tom.view.errors)
    assert (await view(review_world)).section("lessons").version == 1


async def test_the_review_is_written_in_every_format(review_world: World) -> None:
    made = await view(review_world)
    text = review_formats.markdown(made)
    assert "## Root cause and contributing factors" in text
    assert "Deploy 4512 went out" in text
    assert "When did it start? `/incident times` records it." in text
    assert "The record has" in text.partition("## Appendices\n\n")[2]
    sections = text.split("\n## ")[1:]
    assert all(section.partition("\n")[2].strip() for section in sections)
    assert "<code>/incident times</code>" in review_formats.html_page(made)
    document = Document(io.BytesIO(review_formats.docx(made)))
    paragraphs = [paragraph.text for paragraph in document.paragraphs]
    assert any("Rolled back deploy 4512" in paragraph for paragraph in paragraphs)


async def test_a_severity_without_review_opens_none_until_somebody_asks(world: World) -> None:
    await declare(world, "sev5 A question")
    inside = "inc-1-a-question"
    assert "still open" in await type_command(world, "maya", inside, "/incident review")
    await type_command(world, "maya", inside, "/incident resolve Answered")
    await settle(world)
    assert (await view(world)).incident.review is None
    assert "draft" in await type_command(world, "maya", inside, "/incident review")


async def test_times_are_corrected_by_form_and_an_impossible_one_is_an_error_beside_its_input(
    review_world: World,
) -> None:
    await review_world.maya.command(INSIDE, "/incident times")
    form = review_world.maya.view
    shown = await review_world.show()
    detected = datetime.fromisoformat(shown["detected_at"].replace("Z", "+00:00"))
    early = int(detected.timestamp()) // 60 * 60 - 1200
    await review_world.maya.fill(form, {"Resolved": early, "Reason": "The dashboard shows it"})
    await review_world.maya.submit()
    assert "Resolved would be before" in str(review_world.maya.view.errors)
    resolved = datetime.fromisoformat(shown["resolved_at"].replace("Z", "+00:00"))
    same = int(resolved.timestamp()) // 60 * 60
    await review_world.maya.fill(review_world.maya.view, {"Started": early, "Resolved": same})
    assert (await review_world.maya.submit()).ok
    await settle(review_world)
    assert [entry["data"]["field"] for entry in of_kind(await review_world.show(), "times")] == ["started_at"]
    assert (await view(review_world)).figures.detect_s is not None


async def test_participants_are_asked_and_their_answers_flow_in_with_or_without_a_name(review_world: World) -> None:
    reply = await review_world.maya.command(INSIDE, "/incident review")
    assert reply.message is not None
    await review_world.maya.press(reply.message, "Ask participants")
    await settle(review_world)
    (message,) = direct_messages(review_world, "U0MAYA0000", " for you")
    asked = len((await view(review_world)).questions)
    assert asked > PER_PERSON
    assert words(review_world, message).count("• ") == PER_PERSON
    assert f"The review has {asked - PER_PERSON} more questions for you" in words(review_world, message)
    assert buttons(message) == ["Answer", "Read"]
    await review_world.maya.press(message, "Answer")
    form = review_world.maya.view
    first = next(block for block in form.body["blocks"] if block["block_id"].startswith("question_"))
    await review_world.maya.fill(form, {first["block_id"]: "A slow rollout", "Shown in the review": "Anonymously"})
    assert (await review_world.maya.submit()).ok
    await settle(review_world)
    (answer,) = of_kind(await review_world.show(), "answer")
    assert (answer["text"], answer["actor"]) == ("A slow rollout", "tocsin")
    sentences = [each.text for section in (await view(review_world)).sections for each in section.sentences]
    assert "A participant: A slow rollout" in sentences


async def test_a_review_is_scheduled_completed_with_hints_and_published(review_world: World) -> None:
    reply = await review_world.maya.command(INSIDE, "/incident review")
    assert reply.message is not None
    await review_world.maya.press(reply.message, "Schedule")
    assert (await review_world.maya.submit()).ok
    await review_world.maya.press(reply.message, "Complete")
    await settle(review_world)
    assert any("questions are open" in answer for answer in await ephemeral_texts(review_world, "maya"))
    again = await review_world.maya.command(INSIDE, "/incident review")
    assert again.message is not None
    for _ in range(2):
        await review_world.maya.press(again.message, "Publish")
    await settle(review_world)
    announced = [m for m in review_world.ws.bot_messages("incidents") if "is published" in words(review_world, m)]
    assert len(announced) == 1
    states = [entry["data"].get("state") for entry in of_kind(await review_world.show(), "review")]
    assert states == ["scheduled", "completed", "published"]


async def test_the_facilitator_is_reminded_of_a_review_that_nobody_schedules(review_world: World) -> None:
    now = datetime.now(UTC)
    morning = datetime.combine(on_business_day(now.date() + timedelta(days=8)), time(10), UTC)
    await review_world.pass_time(seconds=(morning - now).total_seconds())
    channel = review_world.ws.find_channel(INSIDE)
    assert channel is not None
    reminders = [
        m for m in review_world.ws.bot_messages(channel.id) if "please schedule the review" in words(review_world, m)
    ]
    assert len(reminders) == 1  # of all the days that passed at once
    kinds = {(row["kind"], row["state"]) for row in (await review_world.show())["reminders"] if row["kind"] == "review"}
    assert ("review", "sent") in kinds


async def test_a_newer_reminder_replaces_the_one_before_it_and_the_last_says_how_it_was_settled(
    review_world: World,
) -> None:
    for days in (8, 16):
        now = review_world.tocsin.context.clock.now()
        morning = datetime.combine(on_business_day(now.date() + timedelta(days=days)), time(10), UTC)
        await review_world.pass_time(seconds=(morning - now).total_seconds())
        (reminder,) = reminders(review_world)
        assert {"Schedule", "Complete"} <= set(buttons(reminder))
        assert "*Again:*" in words(review_world, reminder)
        assert "What stops it" in words(review_world, reminder)
    of_reviews = [row for row in (await review_world.show())["reminders"] if row["kind"] == "review"]
    assert sum(row["state"] == "sent" for row in of_reviews) == 2  # the record keeps both
    await review_world.maya.press(reminder, "Complete")
    await review_world.delivered()
    assert reminders(review_world) == []
    channel = review_world.ws.find_channel(INSIDE)
    assert channel is not None
    answered = next(m for m in review_world.ws.bot_messages(channel.id) if m.ts == reminder.ts)
    assert (words(review_world, answered), buttons(answered)) == (
        ":heavy_check_mark: Done: the review is completed.",
        [],
    )


def reminders(world: World) -> list[Message]:
    channel = world.ws.find_channel(INSIDE)
    assert channel is not None
    return [m for m in world.ws.bot_messages(channel.id) if "please schedule the review" in words(world, m)]


async def test_the_review_of_a_private_incident_is_announced_nowhere(world: World) -> None:
    await declare(world, "sev1 Leak --private")
    await type_command(world, "maya", "inc-1-leak", "/incident resolve Rotated the keys")
    reply = await world.maya.command("inc-1-leak", "/incident review")
    assert reply.message is not None
    await world.maya.press(reply.message, "Complete")
    again = await world.maya.command("inc-1-leak", "/incident review")
    assert again.message is not None
    await world.maya.press(again.message, "Publish")
    await settle(world)
    assert of_kind(await world.show(), "review")[-1]["data"]["state"] == "published"
    assert not [
        m for m in world.ws.bot_messages("incidents") if "Leak" in words(world, m) or "review" in words(world, m)
    ]
    assert "INC-1" in await type_command(
        world, "tom", "#general", "/incident review --in INC-1"
    )  # that there is none to see
    assert "Rotated" not in await type_command(world, "tom", "#general", "/incident review --in INC-1")


async def test_a_review_is_taken_up_again_after_the_incident_was_reopened_and_published_anew(
    review_world: World,
) -> None:
    reply = await review_world.maya.command(INSIDE, "/incident review")
    assert reply.message is not None
    await review_world.maya.press(reply.message, "Complete")
    await settle(review_world)
    await review_world.maya.press(review_world.ws.ephemerals("maya")[-1], "Publish")  # beside the hints
    await settle(review_world)
    assert len(announced(review_world)) == 1
    await type_command(review_world, "maya", INSIDE, "/incident reopen Errors are back")
    await type_command(review_world, "maya", INSIDE, "/incident resolve Turned it off")
    await settle(review_world)
    review = (await view(review_world)).incident.review
    assert review is not None
    assert (str(review.state), review.due_at is not None) == ("draft", True)
    channel = review_world.ws.find_channel(INSIDE)
    assert channel is not None
    news = [words(review_world, message) for message in review_world.ws.bot_messages(channel.id)]
    assert any("Its review is a draft again" in text for text in news)
    reply = await review_world.maya.command(INSIDE, "/incident review")
    assert reply.message is not None
    await review_world.maya.press(reply.message, "Complete")
    await settle(review_world)
    await review_world.maya.press(review_world.ws.ephemerals("maya")[-1], "Publish")
    await settle(review_world)
    assert [("published again" in text) for text in announced(review_world)] == [False, True]


def announced(world: World) -> list[str]:
    texts_there = [words(world, message) for message in world.ws.bot_messages("#incidents")]
    return [text for text in texts_there if "The review of INC-1" in text]


async def test_the_message_about_the_review_follows_edits_and_corrected_times(review_world: World) -> None:
    reply = await review_world.maya.command(INSIDE, "/incident review")
    assert reply.message is not None
    before = review_text(review_world)
    assert "each with the entry that says so" in before
    await review_world.maya.press(reply.message, "Edit")
    await review_world.maya.fill(review_world.maya.view, {"Lessons": "Tom should have checked the limit"})
    assert (await review_world.maya.submit()).ok
    await settle(review_world)
    assert "of them with the entry that says so" in review_text(review_world)
    assert open_questions(review_text(review_world)) == open_questions(before) - 1  # that of the lessons
    detected = datetime.fromisoformat((await review_world.show())["detected_at"].replace("Z", "+00:00"))
    await review_world.maya.press(reply.message, "Correct times")
    early = int(detected.timestamp()) // 60 * 60 - 1200
    await review_world.maya.fill(review_world.maya.view, {"Started": early, "Reason": "The dashboard shows it"})
    assert (await review_world.maya.submit()).ok
    await settle(review_world)
    assert open_questions(review_text(review_world)) == open_questions(before) - 2  # and when it started
    assert "Before it is completed" in await type_command(review_world, "maya", INSIDE, "/incident review")
    assert "This blames a person" in review_world.ws.ephemerals("maya")[-1].text + str(
        review_world.ws.ephemerals("maya")[-1].blocks
    )


def review_text(world: World) -> str:
    channel = world.ws.find_channel(INSIDE)
    assert channel is not None
    (text,) = [
        text for message in world.ws.bot_messages(channel.id)
        if "Drafted from the record" in (text := words(world, message))
    ]  # fmt: skip
    return text


def open_questions(text: str) -> int:
    match = re.search(r"(\d+) open question", text)
    assert match is not None
    return int(match[1])


async def test_outside_a_channel_the_review_is_asked_for_among_the_ended_incidents(review_world: World) -> None:
    await review_world.declare("sev3 Search is slow")
    answer = await type_command(review_world, "maya", "#general", "/incident review")
    assert "Which incident do you mean?" in answer
    shown = str(review_world.ws.ephemerals("maya")[-1].blocks)
    assert "Checkout is down" in shown
    assert "Search is slow" not in shown
