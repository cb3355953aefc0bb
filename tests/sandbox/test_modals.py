"""Modals: triggers, filling in, submitting, and what the app's answers do."""

from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox import NoSuchThing, Person, Workspace
from tests.sandbox.conftest import Bot
from tests.sandbox.test_api import error_of
from tests.sandbox.test_blocks import asked, button, option, plain, section, select


def modal(title: str = "Declare incident", **changes: Any) -> dict[str, Any]:
    """A modal with one of each."""
    blocks = [
        asked({"type": "plain_text_input", "action_id": "title", "min_length": 3, "max_length": 20}, block_id="title"),
        asked(select(action_id="severity"), block_id="severity") | {"label": plain("Severity")},
        asked({"type": "users_select", "action_id": "lead"}, block_id="lead", optional=True)
        | {"label": plain("Incident commander")},
        {"type": "actions", "block_id": "more", "elements": [button("Details", action_id="details")]},
    ]
    return {
        "type": "modal",
        "callback_id": "declare",
        "private_metadata": "secret plan",
        "title": plain(title),
        "submit": plain("Declare"),
        "close": plain("Cancel"),
        "notify_on_close": True,
        "blocks": blocks,
    } | changes


Answers = Callable[[dict[str, Any]], Any]


@pytest.fixture
async def seen(bot: Bot) -> list[dict[str, Any]]:
    """A bot that opens the modal by its shortcut and remembers what comes back."""
    payloads: list[dict[str, Any]] = []

    @bot.app.shortcut("declare")
    async def open_it(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=modal())
        await ack()

    @bot.app.view_closed("declare")
    async def closed(ack: Any, body: dict[str, Any]) -> None:
        payloads.append(body)
        await ack()

    @bot.app.action("details")
    async def details(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        payloads.append(body)
        await client.views_push(trigger_id=body["trigger_id"], view=modal(f"Page {len(payloads) + 1}"))
        await ack()

    return payloads


def submitted(bot: Bot, seen: list[dict[str, Any]], answer: dict[str, Any]) -> None:
    """Answer submissions so."""

    @bot.app.view("declare")
    async def handle(ack: Any, body: dict[str, Any]) -> None:
        seen.append(body)
        await ack(**answer)


@pytest.fixture
async def maya(ws: Workspace, seen: list[dict[str, Any]]) -> Person:
    """Maya with the modal open."""
    person = ws.person("maya")
    assert (await person.shortcut("Declare incident")).ok
    return person


async def test_a_trigger_is_good_for_three_seconds_and_once(ws: Workspace, client: AsyncWebClient) -> None:
    trigger = ws.modals.trigger("U0MAYA0000")
    assert (await client.views_open(trigger_id=trigger, view=modal()))["view"]["title"]["text"] == "Declare incident"
    assert await error_of(client.views_open(trigger_id=trigger, view=modal())) == "exchanged_trigger_id"
    late = ws.modals.trigger("U0MAYA0000")
    ws.clock.advance(3.1)
    assert await error_of(client.views_open(trigger_id=late, view=modal())) == "expired_trigger_id"
    assert await error_of(client.views_open(trigger_id="1.2.x", view=modal())) == "invalid_trigger_id"


async def test_what_is_filled_in_by_label_arrives_by_id(bot: Bot, seen: list[dict[str, Any]], maya: Person) -> None:
    submitted(bot, seen, {})
    await maya.fill(maya.view, {"Title": "Search down", "Severity": "Two", "Incident commander": "tom"})
    reply = await maya.submit()
    assert reply.ok
    assert maya.open_views() == []
    view = seen[0]["view"]
    assert seen[0]["type"] == "view_submission"
    assert view["private_metadata"] == "secret plan"
    assert view["state"]["values"]["title"]["title"] == {"type": "plain_text_input", "value": "Search down"}
    assert view["state"]["values"]["severity"]["severity"]["selected_option"] == option("Two", "2")
    assert view["state"]["values"]["lead"]["lead"]["selected_user"] == "U0TOM00000"


async def test_the_client_checks_before_it_submits(bot: Bot, seen: list[dict[str, Any]], maya: Person) -> None:
    submitted(bot, seen, {})
    reply = await maya.submit()
    assert (reply.error, set(reply.errors)) == ("client_validation", {"title", "severity"})
    await maya.fill(maya.view, {"Title": "ab", "Severity": "1"})
    assert (await maya.submit()).errors == {"title": "Please enter at least 3 characters."}
    await maya.fill(maya.view, {"Title": "x" * 21})
    assert "no more than 20" in (await maya.submit()).errors["title"]
    assert seen == []
    with pytest.raises(NoSuchThing, match="One"):
        await maya.fill(maya.view, {"Severity": "Nine"})


async def fill(maya: Person) -> None:
    """Make it submittable."""
    await maya.fill(maya.view, {"Title": "Search down", "Severity": "One"})


async def test_errors_stand_beside_the_input_and_the_modal_stays(
    bot: Bot, seen: list[dict[str, Any]], maya: Person
) -> None:
    submitted(bot, seen, {"response_action": "errors", "errors": {"title": "Taken"}})
    await fill(maya)
    reply = await maya.submit()
    assert (reply.ok, reply.error, reply.errors) == (False, "errors", {"title": "Taken"})
    assert maya.view.title == "Declare incident"


async def test_an_error_for_no_input_is_trouble(bot: Bot, seen: list[dict[str, Any]], maya: Person) -> None:
    submitted(bot, seen, {"response_action": "errors", "errors": {"nowhere": "Taken"}})
    await fill(maya)
    reply = await maya.submit()
    assert reply.error == "bad_answer"
    assert maya.view.trouble


async def test_update_keeps_what_was_entered_and_push_comes_on_top(
    bot: Bot, seen: list[dict[str, Any]], maya: Person
) -> None:
    submitted(bot, seen, {"response_action": "update", "view": modal("Check again")})
    await fill(maya)
    before = maya.view.hash
    assert (await maya.submit()).ok
    assert maya.view.title == "Check again"
    assert maya.view.hash != before
    assert maya.view.values["title"]["title"]["value"] == "Search down"


async def test_views_are_three_deep_at_most(bot: Bot, seen: list[dict[str, Any]], maya: Person, ws: Workspace) -> None:
    assert (await maya.press(maya.view, "Details")).ok
    assert (await maya.press(maya.view, "Details")).ok
    assert [view.title for view in maya.open_views()] == ["Declare incident", "Page 2", "Page 3"]
    assert maya.view.previous_id == maya.open_views()[1].id
    await maya.press(maya.view, "Details")
    assert ws.calls("views.push")[-1].error == "push_limit_reached"
    await maya.close()
    assert maya.view.title == "Page 2"
    assert seen[-1]["type"] == "view_closed"


async def test_a_silent_app_leaves_the_modal_open(bot: Bot, maya: Person) -> None:
    bot.answer_with = 500
    await fill(maya)
    reply = await maya.submit()
    assert reply.error == "dispatch_failed"
    assert "trouble connecting" in reply.text
    assert maya.view.title == "Declare incident"


async def test_an_old_hash_conflicts(ws: Workspace, client: AsyncWebClient, maya: Person) -> None:
    view = maya.view
    old = view.hash
    await client.views_update(view_id=view.id, hash=old, view=modal("One"))
    assert await error_of(client.views_update(view_id=view.id, hash=old, view=modal("Two"))) == "hash_conflict"
    await client.views_update(view_id=view.id, view=modal("Three"))
    await maya.close()
    assert await error_of(client.views_update(view_id=view.id, view=modal())) == "not_found"


async def test_an_external_id_is_taken_while_its_view_is_open(ws: Workspace, client: AsyncWebClient) -> None:
    await client.views_open(trigger_id=ws.modals.trigger("U0MAYA0000"), view=modal(external_id="x"))
    again = client.views_open(trigger_id=ws.modals.trigger("U0TOM00000"), view=modal(external_id="x"))
    assert await error_of(again) == "duplicate_external_id"
    await client.views_update(external_id="x", view=modal("Found", external_id="x"))
    assert ws.person("maya").view.title == "Found"


async def test_a_dispatching_input_tells_the_app_at_once(ws: Workspace, client: AsyncWebClient, bot: Bot) -> None:
    seen = []

    @bot.app.action("severity")
    async def chosen(ack: Any, body: dict[str, Any]) -> None:
        seen.append(body)
        await ack()

    blocks = [asked(select(action_id="severity"), dispatch_action=True)]
    await client.views_open(trigger_id=ws.modals.trigger("U0MAYA0000"), view=modal(blocks=blocks))
    maya = ws.person("maya")
    await maya.fill(maya.view, {"Title": "Two"})
    assert seen[0]["actions"][0]["selected_option"]["value"] == "2"
    assert seen[0]["container"] == {"type": "view", "view_id": maya.view.id}
    assert "response_url" not in seen[0]


async def test_home_is_published_and_shown(ws: Workspace, client: AsyncWebClient, bot: Bot) -> None:
    maya = ws.person("maya")
    assert await maya.open_home() is None
    view = {"type": "home", "blocks": [section("Open incidents: none")]}
    await client.views_publish(user_id=maya.id, view=view)
    await maya.open_home()
    await ws.settled()
    first, second = bot.heard("app_home_opened")
    assert "view" not in first
    assert second["view"]["blocks"][0]["text"]["text"] == "Open incidents: none"
    old = client.views_publish(user_id=maya.id, view=view, hash="1.x")
    assert await error_of(old) == "hash_conflict"


async def test_a_message_shortcut_carries_its_message(ws: Workspace, bot: Bot) -> None:
    seen = []

    @bot.app.shortcut("timeline")
    async def keep(ack: Any, body: dict[str, Any]) -> None:
        seen.append(body)
        await ack()

    maya = ws.person("maya")
    message = await maya.say("general", "checkout is down")
    assert (await maya.message_shortcut("Add to timeline", message)).ok
    assert (seen[0]["type"], seen[0]["message"]["text"]) == ("message_action", "checkout is down")
    assert (await maya.shortcut("Nothing")).error == "no_such_shortcut"
