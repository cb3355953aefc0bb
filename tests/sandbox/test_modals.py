"""Modals and home tabs: triggers, entries, submissions, and the effects of the app's answers."""

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox import NotVisible, Person, Workspace
from tests.sandbox.block_kit import fill_required, input_block, modal, option, section, select
from tests.sandbox.conftest import Bot, error_of


@pytest.fixture
async def payloads(bot: Bot) -> list[dict[str, Any]]:
    """The received of a bot that opens the modal by its shortcut."""
    received: list[dict[str, Any]] = []

    @bot.app.shortcut("declare")
    async def open_it(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=modal())
        await ack()

    @bot.app.view_closed("declare")
    async def closed(ack: Any, body: dict[str, Any]) -> None:
        received.append(body)
        await ack()

    @bot.app.action("details")
    async def details(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        received.append(body)
        await client.views_push(trigger_id=body["trigger_id"], view=modal(f"Page {len(received) + 1}"))
        await ack()

    return received


def answer_submissions(bot: Bot, payloads: list[dict[str, Any]], answer: dict[str, Any]) -> None:
    """Let the app answer submissions like this."""

    @bot.app.view("declare")
    async def handle(ack: Any, body: dict[str, Any]) -> None:
        payloads.append(body)
        await ack(**answer)


@pytest.fixture
async def maya(ws: Workspace, payloads: list[dict[str, Any]]) -> Person:
    """Maya with the modal open."""
    person = ws.person("maya")
    assert (await person.shortcut("Declare incident")).ok
    return person


async def test_a_trigger_is_valid_once_within_three_seconds(ws: Workspace, client: AsyncWebClient) -> None:
    trigger = ws.modals.trigger("U0MAYA0000")
    assert (await client.views_open(trigger_id=trigger, view=modal()))["view"]["title"]["text"] == "Declare incident"
    assert await error_of(client.views_open(trigger_id=trigger, view=modal())) == "exchanged_trigger_id"
    late = ws.modals.trigger("U0MAYA0000")
    ws.clock.advance(3.1)
    assert await error_of(client.views_open(trigger_id=late, view=modal())) == "expired_trigger_id"
    assert await error_of(client.views_open(trigger_id="1.2.x", view=modal())) == "invalid_trigger_id"


async def test_values_filled_in_by_label_arrive_by_id(bot: Bot, payloads: list[dict[str, Any]], maya: Person) -> None:
    answer_submissions(bot, payloads, {})
    await maya.fill(maya.view, {"Title": "Search down", "Severity": "Two", "Incident commander": "tom"})
    reply = await maya.submit()
    assert reply.ok
    assert maya.open_views() == []
    view = payloads[0]["view"]
    assert payloads[0]["type"] == "view_submission"
    assert view["private_metadata"] == "secret plan"
    assert view["state"]["values"]["title"]["title"] == {"type": "plain_text_input", "value": "Search down"}
    assert view["state"]["values"]["severity"]["severity"]["selected_option"] == option("Two", "2")
    assert view["state"]["values"]["lead"]["lead"]["selected_user"] == "U0TOM00000"


async def test_the_client_validates_before_it_submits(bot: Bot, payloads: list[dict[str, Any]], maya: Person) -> None:
    answer_submissions(bot, payloads, {})
    reply = await maya.submit()
    assert (reply.error, set(reply.errors)) == ("client_validation", {"title", "severity"})
    await maya.fill(maya.view, {"Title": "ab", "Severity": "1"})
    assert (await maya.submit()).errors == {"title": "Please enter at least 3 characters."}
    await maya.fill(maya.view, {"Title": "x" * 21})
    assert "no more than 20" in (await maya.submit()).errors["title"]
    assert payloads == []
    with pytest.raises(NotVisible, match="One"):
        await maya.fill(maya.view, {"Severity": "Nine"})


async def test_errors_are_shown_beside_inputs_and_the_modal_stays_open(
    bot: Bot, payloads: list[dict[str, Any]], maya: Person
) -> None:
    answer_submissions(bot, payloads, {"response_action": "errors", "errors": {"title": "Taken"}})
    await fill_required(maya)
    reply = await maya.submit()
    assert (reply.ok, reply.error, reply.errors) == (False, "errors", {"title": "Taken"})
    assert maya.view.title == "Declare incident"


async def test_an_error_for_an_unknown_input_is_a_bad_answer(
    bot: Bot, payloads: list[dict[str, Any]], maya: Person
) -> None:
    answer_submissions(bot, payloads, {"response_action": "errors", "errors": {"nowhere": "Taken"}})
    await fill_required(maya)
    reply = await maya.submit()
    assert reply.error == "bad_answer"
    assert maya.view.trouble


async def test_an_update_keeps_the_entered_values(bot: Bot, payloads: list[dict[str, Any]], maya: Person) -> None:
    answer_submissions(bot, payloads, {"response_action": "update", "view": modal("Check again")})
    await fill_required(maya)
    before = maya.view.hash
    assert (await maya.submit()).ok
    assert maya.view.title == "Check again"
    assert maya.view.hash != before
    assert maya.view.values["title"]["title"]["value"] == "Search down"


async def test_at_most_three_views_are_stacked(
    bot: Bot, payloads: list[dict[str, Any]], maya: Person, ws: Workspace
) -> None:
    assert (await maya.press(maya.view, "Details")).ok
    assert (await maya.press(maya.view, "Details")).ok
    assert [view.title for view in maya.open_views()] == ["Declare incident", "Page 2", "Page 3"]
    assert maya.view.previous_id == maya.open_views()[1].id
    await maya.press(maya.view, "Details")
    assert ws.calls("views.push")[-1].error == "push_limit_reached"
    await maya.close()
    assert maya.view.title == "Page 2"
    assert payloads[-1]["type"] == "view_closed"


async def test_a_silent_app_leaves_the_modal_open(bot: Bot, maya: Person) -> None:
    bot.answer_with = 500
    await fill_required(maya)
    reply = await maya.submit()
    assert reply.error == "dispatch_failed"
    assert "trouble connecting" in reply.text
    assert maya.view.title == "Declare incident"


async def test_an_outdated_hash_conflicts(ws: Workspace, client: AsyncWebClient, maya: Person) -> None:
    view = maya.view
    old = view.hash
    await client.views_update(view_id=view.id, hash=old, view=modal("One"))
    assert await error_of(client.views_update(view_id=view.id, hash=old, view=modal("Two"))) == "hash_conflict"
    await client.views_update(view_id=view.id, view=modal("Three"))
    await maya.close()
    assert await error_of(client.views_update(view_id=view.id, view=modal())) == "not_found"


async def test_an_external_id_is_unique_while_its_view_is_open(ws: Workspace, client: AsyncWebClient) -> None:
    await client.views_open(trigger_id=ws.modals.trigger("U0MAYA0000"), view=modal(external_id="x"))
    again = client.views_open(trigger_id=ws.modals.trigger("U0TOM00000"), view=modal(external_id="x"))
    assert await error_of(again) == "duplicate_external_id"
    await client.views_update(external_id="x", view=modal("Found", external_id="x"))
    assert ws.person("maya").view.title == "Found"


async def test_a_dispatching_input_is_sent_at_once(ws: Workspace, client: AsyncWebClient, bot: Bot) -> None:
    payloads = []

    @bot.app.action("severity")
    async def chosen(ack: Any, body: dict[str, Any]) -> None:
        payloads.append(body)
        await ack()

    blocks = [input_block(select(action_id="severity"), dispatch_action=True)]
    await client.views_open(trigger_id=ws.modals.trigger("U0MAYA0000"), view=modal(blocks=blocks))
    maya = ws.person("maya")
    await maya.fill(maya.view, {"Title": "Two"})
    assert payloads[0]["actions"][0]["selected_option"]["value"] == "2"
    assert payloads[0]["container"] == {"type": "view", "view_id": maya.view.id}
    assert "response_url" not in payloads[0]


async def test_the_home_tab_is_published_and_sent_when_opened(ws: Workspace, client: AsyncWebClient, bot: Bot) -> None:
    maya = ws.person("maya")
    assert await maya.open_home() is None
    view = {"type": "home", "blocks": [section("Open incidents: none")]}
    await client.views_publish(user_id=maya.id, view=view)
    await maya.open_home()
    await ws.settled()
    first, second = bot.received("app_home_opened")
    assert "view" not in first
    assert second["view"]["blocks"][0]["text"]["text"] == "Open incidents: none"
    old = client.views_publish(user_id=maya.id, view=view, hash="1.x")
    assert await error_of(old) == "hash_conflict"


async def test_a_message_shortcut_carries_its_message(ws: Workspace, bot: Bot) -> None:
    payloads = []

    @bot.app.shortcut("timeline")
    async def keep(ack: Any, body: dict[str, Any]) -> None:
        payloads.append(body)
        await ack()

    maya = ws.person("maya")
    message = await maya.say("general", "checkout is down")
    assert (await maya.message_shortcut("Add to timeline", message)).ok
    assert (payloads[0]["type"], payloads[0]["message"]["text"]) == ("message_action", "checkout is down")
    assert (await maya.shortcut("Nothing")).error == "no_such_shortcut"
