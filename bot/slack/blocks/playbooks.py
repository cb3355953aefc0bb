"""Builds the messages that offer playbooks for an incident, and those that ask owners to review their playbooks."""

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
from bot.slack.blocks.phrases import channel_link
from bot.slack.blocks.press_value import press_value
from bot.slack.text import clip, mention, render

REASON_LENGTH = 200
DESCRIPTION_LENGTH = 250
MAX_REVIEWS = 30
MAX_HITS = 3  # nobody reads more on a telephone


def suggestions(
    incident: Incident, hits: Sequence[Hit], runs: Sequence[PlaybookRun], command: str, query: str = ""
) -> Message:
    """The playbooks that fit the incident or the query, and the playbooks that are open already."""
    example = elements.code(f"{command} playbook the database is slow")
    if not hits and not runs:
        subject = f"“{render(clip(query, 60))}”" if query else "what is known so far"
        return elements.line(f"No playbook fits {subject}. Describe what you see in a few words: {example}")
    over = "" if incident.open else f", which is {incident.status}"
    text = f"Playbooks for {incident.id}{over}" + (f" and “{render(clip(query, 60))}”" if query else "")
    open_ids = {run.playbook for run in runs if run.active}
    fresh = [hit for hit in hits if hit.playbook.id not in open_ids][:MAX_HITS]
    nothing = f"No playbook fits “{render(clip(query, 60))}”." if query and not hits else ""
    hint = "Describe what you see in a few words" if nothing else "Not the right one? Describe what you see"
    return elements.message(
        text,
        [
            elements.section(f"*{text}*"),
            *[_open(run) for run in runs if run.active],
            *[_hit(incident, hit) for hit in fresh],
            elements.context(" ".join(part for part in (nothing, f"{hint}: {example}") if part)),
        ],
    )


def opened_already(run: PlaybookRun) -> Message:
    """The answer to a person who opens a playbook that is open already."""
    return elements.line(
        f"*{render(run.name)}* is open here already. {mention(run.opened_by)} opened it at "
        f"{elements.clock(run.opened_at)}, and {run.settled} of {len(run.steps)} steps are done. "
        "Its message is in the channel."
    )


def opened(run: PlaybookRun, incident: Incident, *, here: bool) -> Message:
    """The answer to a person who opened a playbook `here`, in the incident's channel, or elsewhere."""
    if here:
        return elements.line(f"*{render(run.name)}* is open. Its message is in this channel, for everybody.")
    return elements.line(f"*{render(run.name)}* is open in the channel of {incident.id}: {channel_link(incident)}.")


def overtaken(action: str, step_state: StepState, user: str) -> Message:
    """The answer to a person who pressed a button after somebody else had settled the step."""
    when = f", {elements.clock(step_state.at)}" if step_state.at else ""
    step = f"step {step_state.key}, *{render(step_state.title)}*,"
    if step_state.by == user:
        return elements.line(f"You did that already: {step} is {render(_state_text(step_state))}{when}.")
    by = mention(step_state.by) if step_state.by else "Somebody"
    return elements.line(
        f"{by} was first: {step} is {render(_state_text(step_state))}{when}. "
        "There is nothing more to do there, thank you."
    )


def offer(incident: Incident, hit: Hit) -> list[Block | None]:
    """The blocks on the card that offer the best match."""
    why = f" — {render(clip(hit.reasons[0], REASON_LENGTH))}" if hit.reasons else ""
    return [
        elements.section(
            f":blue_book: *{render(hit.playbook.name)}* seems to fit{why}",
            button("Open playbook", "playbook_open", press_value(incident, hit.playbook.id)),
        )
    ]


def review(reviews: Sequence[Mapping[str, Any]]) -> Message:
    """The message to an owner: the reviews that are due, and how to record them."""
    text = (
        "One of your playbooks needs a review"
        if len(reviews) == 1
        else f"{len(reviews)} reviews of your playbooks are due"
    )
    lines = [f"• {_review_reason(item)}" for item in reviews[:MAX_REVIEWS]]
    if len(reviews) > MAX_REVIEWS:
        lines.append(f"… and {len(reviews) - MAX_REVIEWS} more: `tocsin playbooks stats`")
    return elements.message(
        text,
        [
            elements.section(f":blue_book: *{text}*"),
            *elements.sections("\n".join(lines)),
            elements.context(
                "Read it as if it were three in the morning, fix what is wrong, and set `last_reviewed` to today in "
                "its file. I remind you once per review period, and once per skipped step."
            ),
        ],
    )


def _review_reason(item: Mapping[str, Any]) -> str:
    name = f"*{render(str(item['name']))}* (`{render(str(item['playbook']))}`)"
    if item["what"] == "skipped":
        step = f"step {item['step']}, _{render(str(item['title']))}_"
        return f"{name}: {step}, was skipped {item['times']} times. Is it needed?"
    return f"{name} was last reviewed on {item['reviewed']}, so it is due again."


def _hit(incident: Incident, hit: Hit) -> Block:
    playbook = hit.playbook
    lines = [f"*{render(playbook.name)}*{_length(playbook)}"]
    if playbook.description:
        lines.append(clip(render(playbook.description), DESCRIPTION_LENGTH))
    lines += [f"_Why:_ {clip(render(' · '.join(hit.reasons)), REASON_LENGTH)}"] if hit.reasons else []
    return elements.section("\n".join(lines), button("Open", "playbook_open", press_value(incident, playbook.id)))


def _open(run: PlaybookRun) -> Block:
    return elements.section(
        f":blue_book: *{render(run.name)}* is open: {run.settled} of {len(run.steps)} steps done, "
        f"opened by {mention(run.opened_by)} {elements.clock(run.opened_at)}"
    )


def _length(playbook: Playbook) -> str:
    steps = f" · {len(playbook.steps)} steps"
    return steps + (f", about {durations.exact(playbook.expected_duration)}" if playbook.expected_duration else "")


def _state_text(step_state: StepState) -> str:
    if step_state.state is StepStatus.WAITING:
        return "waiting for approval"
    return {
        StepStatus.TIMED_OUT: "timed out",
        StepStatus.ROLLED_BACK: "rolled back",
        StepStatus.MAY_HAVE_RUN: "in doubt",
    }.get(step_state.state, str(step_state.state))
