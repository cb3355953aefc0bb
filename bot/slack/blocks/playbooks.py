"""Playbooks before they are opened: those that fit, each with the reason and a button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.domain.incident import Incident
from bot.domain.playbook.definition import Playbook
from bot.domain.playbook.run import PlaybookRun, StepState, StepStatus
from bot.domain.playbook.search_hit import Hit
from bot.domain.values import durations
from bot.slack.blocks import elements
from bot.slack.blocks.elements import Block, Message, button
from bot.slack.text import clip, mention, render

REASON = 200
DESCRIPTION = 250
REVIEWS = 30
SHOWN = 3  # of what fits; on a telephone nobody reads more


def suggested(
    incident: Incident, hits: Sequence[Hit], walks: Sequence[PlaybookRun], command: str, asked: str = ""
) -> Message:
    """What fits this incident, or what somebody typed; and what is open already."""
    example = elements.code(f"{command} playbook the database is slow")
    if not hits and not walks:
        what = f"“{render(clip(asked, 60))}”" if asked else "what is known of it"
        return elements.line(f"No playbook fits {what}. Say what you see, in a few words: {example}")
    over = "" if incident.open else f", which is {incident.status}"
    words = f"Playbooks for {incident.id}{over}" + (f" and “{render(clip(asked, 60))}”" if asked else "")
    going = {walk.playbook: walk for walk in walks if walk.active}
    fresh = [hit for hit in hits if hit.playbook.id not in going][:SHOWN]
    nothing = f"No playbook fits “{render(clip(asked, 60))}”." if asked and not hits else ""
    hint = "Say what you see, in a few words" if nothing else "Not the right one? Say what you see"
    return elements.message(
        words,
        [
            elements.section(f"*{words}*"),
            *[_open(walk) for walk in walks if walk.active],
            *[_hit(incident, hit) for hit in fresh],
            elements.context(" ".join(part for part in (nothing, f"{hint}: {example}") if part)),
        ],
    )


def opened_already(walk: PlaybookRun) -> Message:
    return elements.line(
        f"*{render(walk.name)}* is open here already: {mention(walk.opened_by)} opened it "
        f"{elements.clock(walk.opened_at)}, {walk.settled} of {len(walk.steps)} steps are done. "
        f"Its message is in the channel."
    )


def opened(walk: PlaybookRun) -> Message:
    return elements.line(f"*{render(walk.name)}* is open in the channel of INC-{walk.incident}.")


def overtaken(what: str, mark: StepState, user: str) -> Message:
    """To whoever pressed second."""
    when = f", {elements.clock(mark.at)}" if mark.at else ""
    step = f"step {mark.key}, *{render(mark.title)}*,"
    if mark.by == user:
        return elements.line(f"You were there already: {step} is {render(_how(mark))}{when}.")
    by = mention(mark.by) if mark.by else "Somebody"
    return elements.line(f"{by} was first: {step} is {render(_how(mark))}{when}. Nothing more to do there, thank you.")


def offer(incident: Incident, hit: Hit) -> list[Block | None]:
    """On the card: the one that fits best."""
    why = f" — {render(clip(hit.reasons[0], REASON))}" if hit.reasons else ""
    return [
        elements.section(
            f":blue_book: *{render(hit.playbook.name)}* seems to fit{why}",
            button("Open playbook", "playbook_open", f"{incident.id}:{hit.playbook.id}"),
        )
    ]


def review(about: Sequence[Mapping[str, Any]]) -> Message:
    """To the owner: what has to be looked at, and how one says that one has."""
    words = "A playbook of yours wants a look" if len(about) == 1 else f"{len(about)} things about your playbooks"
    lines = [f"• {_owed(one)}" for one in about[:REVIEWS]]
    if len(about) > REVIEWS:
        lines.append(f"… and {len(about) - REVIEWS} more: `tocsin playbooks stats`")
    return elements.message(
        words,
        [
            elements.section(f":blue_book: *{words}*"),
            *elements.sections("\n".join(lines)),
            elements.context(
                "Read it as if it were three in the morning, mend it, and set `last_reviewed` to today in its file. "
                "I say this once for each period, and once for a step."
            ),
        ],
    )


def _owed(one: Mapping[str, Any]) -> str:
    name = f"*{render(str(one['name']))}* (`{render(str(one['playbook']))}`)"
    if one["what"] == "skipped":
        step = f"step {one['step']}, _{render(str(one['title']))}_"
        return f"{name}: {step}, was skipped {one['times']} times. Is it needed?"
    return f"{name} was reviewed on {one['reviewed']}; it is time again."


def _hit(incident: Incident, hit: Hit) -> Block:
    one = hit.playbook
    lines = [f"*{render(one.name)}*{_length(one)}"]
    if one.description:
        lines.append(clip(render(one.description), DESCRIPTION))
    lines += [f"_Why:_ {clip(render(' · '.join(hit.reasons)), REASON)}"] if hit.reasons else []
    return elements.section("\n".join(lines), button("Open", "playbook_open", f"{incident.id}:{one.id}"))


def _open(walk: PlaybookRun) -> Block:
    return elements.section(
        f":blue_book: *{render(walk.name)}* is open: {walk.settled} of {len(walk.steps)} steps done, "
        f"opened by {mention(walk.opened_by)} {elements.clock(walk.opened_at)}"
    )


def _length(one: Playbook) -> str:
    steps = f" · {len(one.steps)} steps"
    return steps + (f", about {durations.exact(one.expected_duration)}" if one.expected_duration else "")


def _how(mark: StepState) -> str:
    if mark.state is StepStatus.WAITING:
        return "waiting for approval"
    return {
        StepStatus.TIMED_OUT: "timed out",
        StepStatus.ROLLED_BACK: "rolled back",
        StepStatus.MAY_HAVE_RUN: "in doubt",
    }.get(mark.state, str(mark.state))
