"""The organisation's own questions, metrics typed into the form, and triggers that a person trips."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import policy as policy_reader
from bot.domain.incident import metric_input
from bot.domain.paging import triggers
from sandbox import Message
from tests.scenarios.assertions import announcements, direct_messages, of_kind, settle, type_command, words
from tests.scenarios.running import World, policy_file, running_world

TOM, PRIYA = "U0TOM00000", "U0PRIYA000"
POLICY = """
preset: sev1-5
announce: "#incidents"
severities:
  sev1: {respond_within: null, update_every: null, escalate_after: null, roles: [], ladder: [],
    notify_executives: false}
  sev3: {respond_within: null, update_every: null, escalate_after: null, roles: [], ladder: []}
fields:
  region: {label: Region, kind: select, options: [EU, US], required: true}
  customer: {label: Biggest customer, required: true, severities: [sev1]}
  tickets: {label: Tickets so far, kind: number}
  contact: {label: "Who talks to them?", kind: user}
  regulated: {label: Regulated data, kind: checkbox}
triggers:
  leak: {name: Data may have leaked, when: data_loss, notify: ["user:U0PRIYA000"]}
  press: {name: The press calls, when: public_relations, after: 10m, notify: ["user:U0PRIYA000"], severities: [sev1]}
  costly: {name: It costs a lot, when: revenue_impact, over: 10000, notify: ["user:U0TOM00000"]}
classification:
  slow: {severity: sev1, name: Answers take too long, when: ["response_time > 30"]}
  failing: {severity: sev3, name: Many requests fail, when: ["http_error_rate > 0.1"]}
"""


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with running_world(database_url, policy=policy_file(tmp_path, POLICY)) as running:
        yield running


def paged(world: World, person: str) -> list[Message]:
    return direct_messages(world, person, "paged")


async def test_the_form_asks_custom_fields_and_the_card_shows_the_answers(world: World) -> None:
    await world.maya.command("#general", "/incident declare Search is slow")
    await world.maya.fill(
        world.maya.view,
        {
            "Severity": "sev3",
            "Region": "EU",
            "Tickets so far": "12",
            "Who talks to them?": TOM,
            "Regulated data": ["Yes"],
        },
    )
    assert (await world.maya.submit()).ok
    channel = await world.incident_channel()
    await settle(world)
    shown = words(world, world.card(channel))
    for part in ("Region", "EU", "12", "yes"):
        assert part in shown
    whole = await world.show()
    assert whole["fields"] == {"region": "EU", "tickets": 12.0, "contact": TOM, "regulated": True}
    assert "Region: EU" in of_kind(whole, "fields")[0]["text"]


async def test_what_a_severity_asks_for_is_asked_for_by_name_and_what_was_typed_stays(world: World) -> None:
    await world.maya.command("#general", "/incident declare Payments are down")
    await world.maya.fill(world.maya.view, {"Severity": "sev1", "Region": "US"})
    answer = await world.maya.submit()
    assert "sev1 requires this" in str(answer.errors)
    await world.maya.fill(world.maya.view, {"Biggest customer": "Acme"})
    assert (await world.maya.submit()).ok
    await world.incident_channel()
    assert (await world.show())["fields"] == {"region": "US", "customer": "Acme"}


async def test_after_a_one_line_declare_the_card_asks_for_custom_fields(world: World) -> None:
    channel = await world.declare("sev1 Payments are down")
    await settle(world)
    shown = words(world, world.card(channel))
    assert "Not answered yet" in shown
    assert "Biggest customer" in shown
    await world.tom.join(channel.id)
    await world.tom.command(channel.id, "/incident fields")
    await world.tom.fill(world.tom.view, {"Region": "EU", "Biggest customer": "Acme"})
    assert (await world.tom.submit()).ok
    await settle(world)
    assert "Not answered yet" not in words(world, world.card(channel))
    assert "Acme" in words(world, world.card(channel))
    (said,) = of_kind(await world.show(), "fields")
    assert said["actor"] == TOM


async def test_metrics_typed_into_the_form_suggest_a_severity_and_fire_their_trigger(world: World) -> None:
    await world.maya.command("#general", "/incident declare Search is slow")
    await world.maya.fill(world.maya.view, {"Metrics": "response time 45 s, cats 3"})
    await settle(world)
    shown = str(world.maya.view)
    assert "Answers take too long" in shown
    assert "No rule uses cats" in shown
    await world.maya.fill(
        world.maya.view, {"Severity": "sev3", "Region": "EU", "Metrics": "error rate 12%, revenue 20k"}
    )
    assert (await world.maya.submit()).ok
    channel = await world.incident_channel()
    await settle(world)
    assert (await world.show())["facts"] == {"http_error_rate": 0.12, "revenue": 20_000.0}
    assert paged(world, TOM)
    assert "http error rate 0.12" in words(world, world.card(channel))


async def test_a_person_fires_any_trigger_by_its_name_and_why_explains_it(world: World) -> None:
    channel = await world.declare("sev1 Payments are down")
    await world.tom.join(channel.id)
    listed = await type_command(world, "tom", channel.name, "/incident trigger")
    for part in ("leak", "The press calls", "sev1 only", "costly"):
        assert part in listed
    said = await type_command(world, "tom", channel.name, "/incident trigger leak Backups are on a public bucket")
    assert "will be paged now" in said
    await settle(world)
    (page,) = paged(world, PRIYA)
    assert "Data may have leaked" in words(world, page)
    (entry,) = of_kind(await world.show(), "escalated")
    assert entry["actor"] == TOM
    assert "public bucket" in entry["text"]
    assert any("public bucket" in m.text for m in world.ws.bot_messages(channel.id))
    again = await type_command(world, "tom", channel.name, "/incident trigger leak")
    assert "has fired already" in again
    assert "There is no trigger “flood”" in await type_command(world, "tom", channel.name, "/incident trigger flood")
    await type_command(world, "tom", channel.name, "/incident trigger the press calls")
    await world.pass_time(minutes=11)
    assert len(paged(world, PRIYA)) == 2
    rows = [row["reason"] for row in (await world.show())["reminders"] if "press" in row["reason"].lower()]
    assert rows
    assert announcements(world)


async def test_a_trigger_of_another_severity_is_refused_with_what_to_do(world: World) -> None:
    channel = await world.declare("sev3 Search is slow")
    await world.tom.join(channel.id)
    said = await type_command(world, "tom", channel.name, "/incident trigger press")
    assert "pages at sev1 only" in said
    assert "/incident escalate" in said


@pytest.mark.parametrize("preset", policy_reader.PRESETS)
def test_every_trigger_of_every_preset_can_be_named(preset: str) -> None:
    policy = policy_reader.preset(preset)
    for trigger in policy.triggers:
        assert triggers.parse_trigger(policy, f"{trigger.key} because") == (trigger, "because")
        found = triggers.parse_trigger(policy, trigger.name)
        assert found is not None
        assert found[1] == ""


@pytest.mark.parametrize(
    ("text", "facts", "unknown"),
    [
        ("", {}, ()),
        ("http_error_rate 0.2", {"http_error_rate": 0.2}, ()),
        ("http error rate: 60%; response time=45s", {"http_error_rate": 0.6, "response_time": 45.0}, ()),
        ("response time 4500 ms", {"response_time": 4.5}, ()),
        ("queue length 300 cpu 99%", {"queue_length": 300.0}, ("cpu",)),
        ("error rate 12%", {}, ("error rate",)),  # of HTTP, or of predictions?
        ("12%", {}, ()),
    ],
)
def test_metrics_are_read_as_people_write_them(text: str, facts: dict[str, float], unknown: tuple[str, ...]) -> None:
    name = next(
        one for one in policy_reader.PRESETS if "queue_length" in metric_input.metric_names(policy_reader.preset(one))
    )
    assert metric_input.parse(text, policy_reader.preset(name)) == metric_input.MetricInput(facts, unknown)


async def test_a_reason_that_was_typed_stays_when_the_level_is_the_same(world: World) -> None:
    channel = await world.declare("sev3 Search is slow")
    await settle(world)
    await world.tom.join(channel.id)
    await world.tom.press(world.card(channel), "Change severity")
    await world.tom.fill(world.tom.view, {"Severity": "sev3", "Reason": "Half of Europe is affected"})
    answer = await world.tom.submit()
    assert "already sev3" in str(answer.errors)
    await world.tom.fill(world.tom.view, {"Severity": "sev1"})
    assert (await world.tom.submit()).ok
    assert of_kind(await world.show(), "severity")[0]["text"] == "sev3 → sev1: Half of Europe is affected"


@pytest.mark.parametrize("line", ["update --in", "update Rolled back --in", "resolve --in INC-x", "note —in"])
async def test_an_in_without_its_id_is_asked_about_and_posted_nowhere(world: World, line: str) -> None:
    channel = await world.declare("sev3 Search is slow")
    said = await type_command(world, "maya", channel.name, f"/incident {line}")
    assert "After --in I need an incident ID" in said
    assert of_kind(await world.show(), "update", "resolved", "note") == []
