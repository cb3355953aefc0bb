"""A channel subscribes to the status page: the same again ends it, and everything contains each component."""

from __future__ import annotations

from bot.slack.blocks.status_page import subscription_changed
from bot.usecases.status_page.subscribe import ChannelChange, toggle_channel
from tests.usecases.conftest import MakeContext

POLICY = """
preset: sev1-5
status_page:
  subscribe: [slack]
  components: [{key: web, name: Web}, {key: payments, name: Payments}]
"""


async def test_a_channel_that_is_told_of_everything_is_not_narrowed_to_a_component(make_context: MakeContext) -> None:
    context = make_context(POLICY)
    await toggle_channel(context, "C1", None)
    covered = await toggle_channel(context, "C1", "payments")
    assert (covered.change, covered.components) == (ChannelChange.COVERED, ())
    ended = await toggle_channel(context, "C1", None)
    assert (ended.change, ended.components) == (ChannelChange.ENDED, None), "it was still told of everything"


async def test_components_are_added_and_ended_one_by_one(make_context: MakeContext) -> None:
    context = make_context(POLICY)
    await toggle_channel(context, "C1", "web")
    added = await toggle_channel(context, "C1", "payments")
    assert (added.change, added.components) == (ChannelChange.BEGUN, ("web", "payments"))
    ended = await toggle_channel(context, "C1", "web")
    assert (ended.change, ended.components) == (ChannelChange.ENDED, ("payments",))
    everything = await toggle_channel(context, "C1", None)
    assert (everything.change, everything.components) == (ChannelChange.BEGUN, ())


async def test_the_answer_says_what_the_channel_is_told_of(make_context: MakeContext) -> None:
    rules, command = make_context(POLICY).policy.status_page, "/incident subscribe"
    assert subscription_changed((), rules, command, covered="Payments").text == (
        "This channel is told of everything on the status page already, and so of Payments. "
        "For single components, end that with `/incident subscribe` first."
    )
    assert subscription_changed(("web",), rules, command, ended="Payments").text == (
        "This channel is told of Payments no more, but still of Web."
    )
    assert subscription_changed(("web",), rules, command).text.endswith("The same command again ends it.")
    assert subscription_changed(None, rules, command).text.startswith("This channel gets no more updates")
