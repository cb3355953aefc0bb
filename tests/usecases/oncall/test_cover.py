"""A cover outranks the rotation, and can be given up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.access.identity import Identity, Membership
from bot.domain.errors import Refused
from bot.domain.oncall import schedule as oncall
from bot.domain.oncall.schedule import Gap
from bot.json_shapes.incidents import instant
from bot.operations.base import Call
from bot.operations.oncall import OPERATIONS, ListArguments
from bot.slack.blocks import cover as blocks
from bot.usecases.context import Context
from bot.usecases.effects.on_call import current_paging_context, members_of_group, usergroups
from bot.usecases.oncall.cover import cover, give_up
from storage import directory, overrides
from tests.usecases.conftest import START, MakeContext

POLICY = """
preset: sev1-5
schedules:
  primary:
    timezone: UTC
    layers: [{members: [U0ADA0000, U0BEN0000], rotation: weekly, start: 2026-01-05}]
"""
HOUR = timedelta(hours=1)
CAT = Identity("U0CAT0000", Membership.MEMBER, "cat@example.com")
DOG = Identity("U0DOG0000", Membership.MEMBER)


@pytest.fixture
def context(make_context: MakeContext) -> Context:
    return make_context(POLICY)


async def on_call(context: Context) -> tuple[str, ...]:
    async with context.database.reading() as conn:
        paging = await current_paging_context(conn, context.policy, (), context.clock.now())
    return paging.on_call("primary", context.clock.now())


async def test_a_cover_that_should_have_begun_begins_now(context: Context) -> None:
    covered = await cover(context, "primary", START - HOUR, START + HOUR, CAT)
    assert covered.override.starts_at == START
    assert len(covered.instead_of) == 1
    assert await on_call(context) == (CAT.user,)


async def test_a_later_cover_leaves_who_is_on_call_now(context: Context) -> None:
    before = await on_call(context)
    await cover(context, "primary", START + HOUR, START + 2 * HOUR, CAT)
    assert await on_call(context) == before


async def test_after_giving_up_the_rotation_applies_again(context: Context) -> None:
    before = await on_call(context)
    await cover(context, "primary", START, START + HOUR, CAT)
    await give_up(context, "primary", CAT.user)
    assert await on_call(context) == before
    with pytest.raises(Refused, match="You do not cover primary"):
        await give_up(context, "primary", CAT.user)


@pytest.mark.parametrize(
    ("schedule", "starts_in", "ends_in"),
    [("secondary", 0 * HOUR, HOUR), ("primary", -2 * HOUR, -HOUR), ("primary", 0 * HOUR, 9999 * HOUR)],
    ids=["unknown schedule", "over", "too long"],
)
async def test_a_cover_that_makes_no_sense_is_refused(
    context: Context, schedule: str, starts_in: timedelta, ends_in: timedelta
) -> None:
    with pytest.raises(Refused):
        await cover(context, schedule, START + starts_in, START + ends_in, CAT)


async def test_a_cover_of_a_schedule_with_hours_says_that_it_takes_the_nights_too(make_context: MakeContext) -> None:
    context = make_context(
        """
schedules:
  primary: {timezone: UTC, members: [U0ADA0000], hours: "09:00-17:00"}
"""
    )
    day = START.replace(hour=9, minute=0, second=0, microsecond=0)
    covered = await cover(context, "primary", day, day + 24 * HOUR, CAT)
    assert covered.uncovered == (Gap(day + 8 * HOUR, day + 24 * HOUR),)
    said = blocks.cover_confirmation(covered, context.policy, START, "/incident").text
    assert "That includes 16h for which the schedule has nobody" in said
    assert "you are on call then, too" in said


async def test_a_cover_that_is_given_up_leaves_it_to_the_cover_below_which_is_said(context: Context) -> None:
    (rotation,) = await on_call(context)
    await cover(context, "primary", START, START + 3 * HOUR, DOG)
    await cover(context, "primary", START, START + HOUR, CAT)
    result = await give_up(context, "primary", CAT.user)
    said = blocks.cover_end_confirmation(result, context.policy, START, CAT.user).text
    assert "<@U0DOG0000> covers it now, until" in said
    assert "rotation" not in said
    last = await give_up(context, "primary", DOG.user)
    said = blocks.cover_end_confirmation(last, context.policy, START, DOG.user).text
    assert f"The rotation applies again: <@{rotation}> is on call now." in said


async def test_anybody_who_may_cover_may_end_a_cover_whose_holder_nobody_can_reach(context: Context) -> None:
    (rotation,) = await on_call(context)
    await cover(context, "primary", START, START + 3 * HOUR, DOG)
    with pytest.raises(Refused, match="You do not cover"):
        await give_up(context, "primary", CAT.user)
    async with context.database.transaction() as conn:
        await directory.mark_unreachable(conn, DOG.user, "their account is deactivated", START)
    assert await on_call(context) == (rotation,)  # pages pass the cover over even before
    result = await give_up(context, "primary", CAT.user)
    said = blocks.cover_end_confirmation(result, context.policy, START, CAT.user).text
    assert said.startswith("Slack does not reach <@U0DOG0000>, who no longer cover primary (now")
    async with context.database.reading() as conn:
        assert await overrides.in_force(conn, START) == ()


@pytest.mark.parametrize("slack", ["U0CAT0000", "cat@example.com", "Cat@Example.com"])
async def test_nobody_is_told_that_they_stand_in_for_themselves(make_context: MakeContext, slack: str) -> None:
    context = make_context(
        f"""
contacts: {{cat: {{name: Cat, slack: {slack}}}}}
schedules:
  primary: {{timezone: UTC, members: [cat]}}
"""
    )
    covered = await cover(context, "primary", START, START + HOUR, CAT)
    assert covered.instead_of == ()
    assert "stand in" not in blocks.cover_confirmation(covered, context.policy, START, "/incident").text


LAYERS = """
preset: sev1-5
contacts:
  eve: {name: Eve Adams, slack: U0EVE0000}
teams:
  sre: {members: [eve, U0BEN0000], slack: "@sre"}
schedules:
  support:
    timezone: UTC
    together: true
    layers:
      - {name: Day, members: [U0ADA0000]}
      - {name: Night, members: [sre]}
"""


async def everybody(context: Context) -> tuple[str, ...]:
    async with context.database.reading() as conn:
        in_force = await overrides.in_force(conn, context.clock.now())
    return oncall.on_call(context.policy.schedules["support"], context.clock.now(), in_force)


async def test_a_cover_of_a_layer_relieves_its_people_alone(make_context: MakeContext) -> None:
    context = make_context(LAYERS)
    covered = await cover(context, "support/night", START, START + HOUR, CAT)
    assert (covered.override.layer, covered.instead_of) == ("Night", ("eve", "U0BEN0000"))
    assert await everybody(context) == ("U0ADA0000", CAT.user)
    given_up = await give_up(context, "support/Night", CAT.user)
    assert [shift.member for shift in given_up.shifts] == ["U0ADA0000", "eve", "U0BEN0000"]


async def test_a_layer_that_is_not_there_is_named_with_those_that_are(make_context: MakeContext) -> None:
    with pytest.raises(Refused, match=r"support has no layer “noon”\. There are: Day, Night\."):
        await cover(make_context(LAYERS), "support/noon", START, START + HOUR, CAT)


async def test_the_user_group_of_a_team_has_its_members(make_context: MakeContext) -> None:
    context = make_context(LAYERS)
    async with context.database.reading() as conn:
        members = await members_of_group(conn, context.policy, "sre", START)
    assert (usergroups(context.policy), members) == (("sre",), ["U0BEN0000", "U0EVE0000"])


async def test_everybody_on_call_is_listed_now_and_next_at_any_time(make_context: MakeContext) -> None:
    call = Call(make_context(LAYERS), "U0ADA0000")
    operation = next(each for each in OPERATIONS if each.name == "list_schedules")
    await cover(call.context, "support", START + HOUR, START + 2 * HOUR, CAT)
    answer = await operation.run(call, ListArguments(at=START + HOUR, schedule="support"))
    (row,) = answer.body["schedules"]
    until = instant(START + 2 * HOUR)
    assert row["everybody"] == [{"member": CAT.user, "name": CAT.user, "until": until, "at_least_until": None}]
    assert [(each["name"], each["from"]) for each in row["coming"]] == [
        (name, instant(START + 2 * HOUR)) for name in ("U0ADA0000", "Eve Adams", "U0BEN0000")
    ]


@pytest.mark.parametrize(
    ("rotation", "until", "at_least_until", "coming"),
    [
        ("rotation: {every: 6, unit: month}, members: [U0ADA0000, U0BEN0000]", "2026-07-01T07:00:00.000Z", None, 1),
        ("members: [U0ADA0000]", None, "2027-05-03T01:30:15.123Z", 0),
    ],
)
async def test_the_end_of_a_shift_is_told_however_far_it_is_and_how_far_was_looked_where_there_is_none(
    make_context: MakeContext, rotation: str, until: str | None, at_least_until: str | None, coming: int
) -> None:
    schedule = f"{{handoff: '1 09:00', start: 2026-01-01, timezone: Europe/Berlin, {rotation}}}"
    if "month" not in rotation:
        schedule = f"{{timezone: Europe/Berlin, {rotation}}}"
    call = Call(make_context(f"preset: sev1-5\nschedules: {{primary: {schedule}}}\n"), "U0ADA0000")
    operation = next(each for each in OPERATIONS if each.name == "list_schedules")
    (row,) = (await operation.run(call, ListArguments(at=START))).body["schedules"]
    (person,) = row["everybody"]
    assert (person["until"], person["at_least_until"], len(row["coming"])) == (until, at_least_until, coming)
    assert row["now"]["ends_at"] == (until or at_least_until)
