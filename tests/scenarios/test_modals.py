"""Forms, filled by their labels: their effects, their refusals, and changes made while they were open."""

from __future__ import annotations

import time
from pathlib import Path

from sandbox.forms import choices, find
from tests.scenarios.assertions import (
    announcements,
    declare,
    ephemeral_texts,
    of_kind,
    settle,
    texts,
    type_command,
    words,
)
from tests.scenarios.running import World, policy_file, running_world

INSIDE = "inc-1-checkout-is-down"


async def form(world: World, name: str, button: str) -> None:
    """Open a form from the card."""
    channel = world.ws.channel(INSIDE)
    person = world.ws.person(name)
    if person.id not in channel.members:
        await person.join(INSIDE)
    assert (await person.press(world.card(channel), button)).ok


async def test_the_answer_to_a_form_comes_where_the_person_is(world: World) -> None:
    await declare(world)
    await world.maya.command("#general", "/incident note --in INC-1")
    await world.maya.fill(world.maya.view, {"What happened?": "Deploy 4512 went out"})
    assert (await world.maya.submit()).ok
    await settle(world)
    said = [words(world, shown) for shown in world.ws.ephemerals(world.maya.id, "general")]
    assert said[-1] == "Noted on the timeline of INC-1."
    message = await world.maya.say("payments", "Customers write in")
    await world.maya.message_shortcut("Add to timeline", message)
    assert (await world.maya.submit()).ok
    await settle(world)
    assert [words(world, shown) for shown in world.ws.ephemerals(world.maya.id, "payments")] == [
        "Added to the timeline of INC-1."
    ]


async def test_declare_by_form_keeps_everything_said(world: World) -> None:
    await world.maya.command("#general", "/incident declare")
    view = world.maya.view
    assert view.title == "Declare incident"
    options = [option["text"]["text"] for option in choices(find(view.body["blocks"], "Severity").element)]
    assert len(options) == 5
    assert all(
        option.get("description", {}).get("text") for option in choices(find(view.body["blocks"], "Severity").element)
    )
    await world.maya.fill(
        view,
        {
            "Title": "Checkout is down",
            "Severity": "sev2",
            "What is happening?": "Cards are refused\nsince 02:47",
            "Affected services": "checkout, payments",
        },
    )
    assert (await world.maya.submit()).ok
    channel = await world.incident_channel()
    await settle(world)
    shown = await world.show()
    assert shown["title"] == "Checkout is down"
    assert shown["severity"] == "sev2"
    assert shown["description"] == "Cards are refused\nsince 02:47"
    assert shown["services"] == ["checkout", "payments"]
    assert "Cards are refused" in words(world, world.card(channel))
    direct = world.ws.state.im_between(world.ws.bot.id, world.maya.id)  # the bot is not in #general
    assert direct is not None
    assert any(f"#{channel.name}" in words(world, m) for m in world.ws.bot_messages(direct.id))


async def test_declare_without_title_or_severity_is_held_back(world: World) -> None:
    await world.maya.command("#general", "/incident declare")
    reply = await world.maya.submit()
    assert set(reply.errors) == {"title", "severity"}
    await world.maya.fill(world.maya.view, {"Title": "\u202e\u2066", "Severity": "sev2"})
    reply = await world.maya.submit()
    assert "such as" in reply.errors["title"]
    assert world.maya.view.title == "Declare incident"
    await world.maya.fill(world.maya.view, {"Title": "Checkout is down"})
    assert (await world.maya.submit()).ok
    await world.incident_channel()
    assert world.ws.find_channel("inc-2") is None


async def test_what_is_typed_into_a_form_mentions_nobody(world: World) -> None:
    await world.maya.command("#general", "/incident declare")
    evil = f"<!channel> {world.tom.mention} &lt;!here&gt; @everyone"
    await world.maya.fill(world.maya.view, {"Title": evil, "Severity": "sev2", "What is happening?": evil})
    assert (await world.maya.submit()).ok
    channel = await world.incident_channel()
    await form(world, "maya", "Update status") if channel.name == INSIDE else await world.maya.press(
        world.card(channel), "Update status"
    )
    await world.maya.fill(world.maya.view, {"What changed?": evil})
    await world.maya.submit()
    await settle(world)
    for message in [*world.ws.bot_messages(channel.id), *world.ws.bot_messages("incidents")]:
        assert world.ws.mentioned(message) <= {world.maya.id}, message.text


async def test_update_status_changes_all_it_says_in_one_numbered_update(world: World) -> None:
    channel = await declare(world)
    await form(world, "maya", "Update status")
    view = world.maya.view
    assert view.title == "Update status"
    await world.maya.fill(
        view,
        {
            "Status": "Identified",
            "Severity": "sev1",
            "What changed?": "A bad deploy, rolling back",
            "Next update in": "15m",
        },
    )
    assert (await world.maya.submit()).ok
    await settle(world)
    shown = await world.show()
    assert (shown["status"], shown["severity"], shown["updates"]) == ("identified", "sev1", 1)
    assert any(
        "Update #1" in words(world, m) and "rolling back" in words(world, m) for m in world.ws.bot_messages(INSIDE)
    )
    (announcement,) = announcements(world)
    assert any("Update #1" in words(world, reply) for reply in world.ws.replies(announcement))
    card = words(world, world.card(channel))
    assert "A bad deploy, rolling back" in card
    assert "promised by @maya" in card


async def test_the_update_form_says_who_will_be_told_and_requires_text(world: World) -> None:
    channel = await declare(world)
    await form(world, "maya", "Update status")
    form_text = str(world.maya.view.body["blocks"])
    assert f"<#{channel.id}>" in form_text
    assert "#incidents" in form_text
    reply = await world.maya.submit()
    assert set(reply.errors) == {"text"}
    await world.maya.fill(world.maya.view, {"What changed?": "\u202e"})
    assert "such as" in (await world.maya.submit()).errors["text"]
    assert (await world.show())["updates"] == 0


async def test_resolving_in_the_update_form_ends_the_incident(world: World) -> None:
    await declare(world)
    await form(world, "maya", "Update status")
    await world.maya.fill(world.maya.view, {"Status": "Resolved", "What changed?": "Rolled back"})
    assert (await world.maya.submit()).ok
    shown = await world.show()
    assert (shown["status"], shown["summary"], shown["updates"]) == ("resolved", "Rolled back", 1)


async def test_two_people_submitting_different_forms_at_once_undo_nothing_of_each_other(world: World) -> None:
    await declare(world)
    await form(world, "maya", "Update status")
    await form(world, "tom", "Change severity")
    await world.tom.fill(world.tom.view, {"Severity": "sev1", "Reason": "All customers"})
    assert (await world.tom.submit()).ok
    await world.maya.fill(world.maya.view, {"What changed?": "Rolling back", "Status": "Identified"})
    assert (await world.maya.submit()).ok
    shown = await world.show()
    assert (shown["severity"], shown["status"], shown["updates"]) == ("sev1", "identified", 1)


async def test_two_people_assigning_roles_at_once_keep_both(world: World) -> None:
    await declare(world)
    await form(world, "maya", "Assign roles")
    await form(world, "tom", "Assign roles")
    await world.maya.fill(world.maya.view, {"Incident commander": "priya"})
    await world.tom.fill(world.tom.view, {"Scribe": "tom"})
    assert (await world.maya.submit()).ok
    assert (await world.tom.submit()).ok
    assert (await world.show())["roles"] == {"commander": world.priya.id, "scribe": world.tom.id}


async def test_change_severity_records_the_reason(world: World) -> None:
    await declare(world)
    await form(world, "tom", "Change severity")
    assert world.tom.view.title == "Change severity"
    await world.tom.fill(world.tom.view, {"Severity": "sev3", "Reason": "Only the sandbox"})
    assert (await world.tom.submit()).ok
    (entry,) = of_kind(await world.show(), "severity")
    assert (entry["data"]["before"], entry["data"]["after"]) == ("sev2", "sev3")
    assert "Only the sandbox" in entry["text"]


async def test_a_severity_that_is_already_set_is_an_error_beside_its_input(world: World) -> None:
    await declare(world)
    await form(world, "tom", "Change severity")
    await world.tom.submit()
    assert world.tom.view.errors == {"severity": "It is already sev2. Choose another, or close this form."}
    assert of_kind(await world.show(), "severity") == []


async def test_assign_roles_assigns_and_clears_by_title(world: World) -> None:
    channel = await declare(world)
    await form(world, "maya", "Assign roles")
    assert world.maya.view.title == "Assign roles"
    await world.maya.fill(world.maya.view, {"Incident commander": "tom", "Communications lead": "lena"})
    assert (await world.maya.submit()).ok
    await settle(world)
    assert (await world.show())["roles"] == {"commander": world.tom.id, "communications_lead": world.lena.id}
    assert {world.tom.id, world.lena.id} <= set(channel.members)
    await form(world, "maya", "Assign roles")
    assert world.maya.view.values["role_commander"]["role_commander"]["selected_user"] == world.tom.id
    await world.maya.fill(world.maya.view, {"Incident commander": None})
    assert (await world.maya.submit()).ok
    assert (await world.show())["roles"] == {"communications_lead": world.lena.id}


async def test_resolve_keeps_what_fixed_it_the_cause_and_when_the_impact_ended(world: World) -> None:
    channel = await declare(world)
    await form(world, "tom", "Resolve")
    assert world.tom.view.title == "Resolve incident"
    assert set((await world.tom.submit()).errors) == {"summary"}
    await world.tom.fill(
        world.tom.view,
        {
            "What fixed it?": "Rolled back deploy 4512",
            "Root cause": "A missing index",
            "Customer impact ended": int(time.time()) + 86_400,
        },
    )
    assert "impact_ended" in (await world.tom.submit()).errors
    await world.tom.fill(world.tom.view, {"Customer impact ended": int(time.time()) - 600})
    assert (await world.tom.submit()).ok
    await settle(world)
    shown = await world.show()
    assert (shown["status"], shown["summary"], shown["root_cause"]) == (
        "resolved",
        "Rolled back deploy 4512",
        "A missing index",
    )
    seen = words(world, world.card(channel))
    for part in ("Rolled back deploy 4512", "A missing index", "Customer impact ended"):
        assert part in seen


async def test_reopen_asks_why_and_starts_a_new_episode(world: World) -> None:
    await declare(world)
    await type_command(world, "maya", INSIDE, "/incident resolve Done")
    await settle(world)
    await form(world, "tom", "Reopen")
    assert world.tom.view.title == "Reopen incident"
    assert set((await world.tom.submit()).errors) == {"reason"}
    await world.tom.fill(world.tom.view, {"Reason": "Errors are back"})
    assert (await world.tom.submit()).ok
    shown = await world.show()
    assert (shown["status"], shown["episode"]) == ("investigating", 2)
    assert texts(of_kind(shown, "reopened")) == ["Errors are back"]


async def test_a_form_submitted_after_the_end_says_so_in_the_form_and_changes_nothing(world: World) -> None:
    await declare(world)
    forms = {
        "tom": ("Update status", {"What changed?": "More"}),
        "priya": ("Change severity", {"Severity": "sev1"}),
        "lena": ("Assign roles", {"Scribe": "lena"}),
        "noor": ("Resolve", {"What fixed it?": "Me too"}),
    }
    for name, (button, _) in forms.items():
        await form(world, name, button)
    await type_command(world, "maya", INSIDE, "/incident resolve Done")
    before = await world.show()
    for name, (_, values) in forms.items():
        person = world.ws.person(name)
        await person.fill(person.view, values)
        reply = await person.submit()
        assert reply.errors == {}
        assert "resolved" in str(person.view.body["blocks"]), name
        assert person.view.body.get("submit") is None
        await person.close()
    after = await world.show()
    for field in ("status", "severity", "roles", "summary", "updates"):
        assert before[field] == after[field]


async def test_when_the_trigger_has_expired_the_answer_names_a_command_instead(
    world: World,
) -> None:
    channel = await declare(world)
    world.ws.faults.add("views.open", error="expired_trigger_id", count=5)
    for line, instead in (("update", "/incident update"), ("declare", "/incident declare")):
        answer = await type_command(world, "maya", INSIDE, f"/incident {line}")
        assert "This does the same" in answer
        assert instead in answer
    await world.maya.press(world.card(channel), "Resolve")
    assert any("/incident resolve" in line for line in await ephemeral_texts(world, "maya"))
    await world.maya.shortcut("Declare incident")
    await settle(world)
    direct = world.ws.state.im_between(world.ws.bot.id, world.maya.id)
    assert direct is not None
    assert any("/incident declare" in words(world, m) for m in world.ws.bot_messages(direct.id))


async def test_the_line_offered_in_place_of_a_form_works(world: World) -> None:
    await declare(world)
    world.ws.faults.add("views.open", error="expired_trigger_id")
    answer = await type_command(world, "maya", INSIDE, "/incident update")
    line = answer.partition("This does the same: ")[2].strip("`")
    assert "Update #1" in await type_command(world, "maya", INSIDE, line)


async def test_a_slow_form_does_not_keep_slack_waiting(world: World) -> None:
    await declare(world)
    world.ws.faults.add("views.open", hang=True)
    started = time.monotonic()
    answer = await type_command(world, "maya", INSIDE, "/incident update")
    assert time.monotonic() - started < 12.0  # 2 s and a busy machine; a form hangs for half a minute
    assert "This does the same" in answer


async def test_closing_a_form_changes_nothing(world: World) -> None:
    await declare(world)
    await form(world, "maya", "Resolve")
    assert (await world.maya.close()).ok
    assert (await world.show())["status"] == "detected"


async def test_every_preset_has_forms_that_slack_takes(sqlite_url: str, tmp_path: Path) -> None:
    for preset in ("severity-1-4", "p0-p3", "p0-p4", "level-1-4"):
        policy = tmp_path / f"{preset}.yml"
        policy.write_text(f"preset: {preset}\n")
        async with running_world(f"sqlite:///{tmp_path}/{preset}.db", policy=policy) as world:
            await world.maya.command("#general", "/incident declare")
            worst = choices(find(world.maya.view.body["blocks"], "Severity").element)[0]["value"]
            await world.maya.fill(world.maya.view, {"Title": "Checkout is down", "Severity": worst})
            assert (await world.maya.submit()).ok
            await world.incident_channel()
            channel = world.ws.find_channel("inc-1")
            assert channel is not None
            for button in ("Update status", "Change severity", "Assign roles", "Resolve"):
                assert (await world.maya.press(world.card(channel), button)).ok
                assert world.maya.view.title.startswith(button)
            assert worst in await type_command(world, "maya", "#general", f"/incident list {worst}")


async def test_with_thousands_of_services_the_form_opens_and_searches_them(sqlite_url: str, tmp_path: Path) -> None:
    services = "\n".join(f"  service-{n:04}: {{name: Service {n:04}}}" for n in range(3000))
    policy = policy_file(tmp_path, f"preset: sev1-5\nservices:\n{services}\n")
    async with running_world(sqlite_url, policy=policy) as world:
        assert await type_command(world, "maya", "#general", "/incident declare Checkout is down") == ""
        view = world.maya.view
        options = await world.maya.suggestions(view, "Affected services", "2999")
        assert [option["value"] for option in options] == ["service-2999"]
        assert len(await world.maya.suggestions(view, "Affected services", "")) == 100
