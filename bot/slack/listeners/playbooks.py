"""Playbooks: the verb, the buttons of a walk, and its forms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bot.domain.errors import Refused
from bot.domain.incident import Incident
from bot.domain.playbook import run as walks
from bot.domain.playbook.definition import Playbook
from bot.domain.playbook.run import Answer, Approval, Overtaken, PlaybookRun, StepState
from bot.domain.policy.policy import Policy
from bot.slack.blocks import inputs, playbooks, replies
from bot.slack.blocks.elements import Block, Message
from bot.slack.blocks.run import forms
from bot.slack.blocks.run import message as blocks
from bot.slack.commands.arguments import Request
from bot.slack.listeners import jobs
from bot.slack.listeners.context import Interaction, ListenerContext
from bot.usecases.playbooks import approvals as approving
from bot.usecases.playbooks import runs as playing
from bot.usecases.playbooks.dry_run import would_run
from bot.usecases.playbooks.runs import OpenAlready
from bot.usecases.playbooks.unit_of_work import found
from storage import playbook_runs as stored

Press = Callable[[ListenerContext, Interaction, Incident, Policy, str], Awaitable[Message | None]]
View = dict[str, Any]
FORM_FAILED = "I couldn't open the form in time. Please press the button again."


# --- the verb --------------------------------------------------------------------------------------------------------


async def playbook(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    """An exact id opens it; words find some; nothing at all suggests what fits the incident."""
    said = request.text.strip()
    library = await ctx.context.library_cache.library()
    if said.lower() in library.by_id:
        return await _opened(ctx, interaction, incident.number, said.lower())
    hits = await playing.suggest(ctx.context, incident, policy, said)
    async with ctx.context.database.reading() as conn:
        going = await stored.of_incident(conn, incident.number)
    return playbooks.suggested(incident, hits, going, ctx.command, said)


async def _opened(ctx: ListenerContext, interaction: Interaction, number: int, name: str) -> Message:
    try:
        return playbooks.opened(await playing.open_(ctx.context, number, name, interaction.user, interaction.delivery))
    except OpenAlready as standing:
        return playbooks.opened_already(standing.walk)


# --- presses ---------------------------------------------------------------------------------------------------------


async def _suggested(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    return await playbook(ctx, interaction, Request("playbook", incident.number), incident, policy)


async def _open(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    return await _opened(ctx, interaction, incident.number, rest)


async def _done(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    walk, step = _which(rest)
    await playing.done(ctx.context, incident.number, walk, step, interaction.user, interaction.delivery)
    return None  # the message is edited


async def _helped(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    await playing.judge(ctx.context, incident.number, _which(rest)[0], True, interaction.user, interaction.delivery)
    return None


async def _not_helped(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    await playing.judge(ctx.context, incident.number, _which(rest)[0], False, interaction.user, interaction.delivery)
    return None


async def _steps(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    walk, playbook = await _read(ctx, incident, rest)
    return blocks.all_steps(incident, playbook, walk, ctx.context.clock.now(), ctx.command)


async def _escalate(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    walk, position = _which(rest)
    place = int(position) if position.isdecimal() else -1
    called = await playing.call(ctx.context, incident.number, walk, place, interaction.user, interaction.delivery)
    return replies.escalated(called.escalated.incident, policy, called.escalated.climb)


async def _more(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    """What is behind the three dots of a step."""
    place, _, what = rest.rpartition(":")
    walk, playbook = await _read(ctx, incident, place)
    step = _which(place)[1]
    match what:
        case "show":
            return blocks.step_in_full(incident, playbook, walk, step)
        case "note":
            return await _form(ctx, interaction, forms.note_modal(walk, walk.mark(step)))
        case "reopen":
            await playing.reopen(
                ctx.context, incident.number, walk.number, step, interaction.user, interaction.delivery
            )
        case "why":
            return await jobs.why(ctx, interaction, incident, policy, place)
        case "rollback":
            return await _rollback(ctx, interaction, incident, policy, place)
    return None


async def _ask(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    walk, step = _which(rest)
    await approving.ask(ctx.context, incident.number, walk, step, interaction.user, interaction.delivery)
    return None  # the channel is asked


async def _approve(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    place, request = _request(rest)
    walk, step = _which(place)
    who = await ctx.identities.get(interaction.user)
    await approving.approve(ctx.context, incident.number, walk, step, request, who, interaction.delivery)
    return None  # the request is edited


async def _glass(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    await approving.may_break_glass(ctx.context, incident.number, await ctx.identities.get(interaction.user))
    return await _break_form(ctx, interaction, incident, policy, rest)


def _about_request(build: Callable[[PlaybookRun, StepState, Approval], Block]) -> Press:
    """A button of a request that opens a form."""

    async def press(
        ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
    ) -> Message | None:
        place, request = _request(rest)
        walk, _ = await _read(ctx, incident, place)
        mark = walk.mark(_which(place)[1])
        if mark.asked is None or mark.asked.number != request:
            raise Refused("That request is over: another one followed.")
        if mark.asked.answer is not Answer.WAITING:
            raise Overtaken("answered", mark)
        return await _form(ctx, interaction, build(walk, mark, mark.asked))

    return press


_break_form = _about_request(forms.glass_modal)


def _request(rest: str) -> tuple[str, int]:
    place, _, request = rest.rpartition(":")
    return place, int(request) if request.isdecimal() else 0


async def _rollback(
    ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
) -> Message | None:
    walk, playbook = await _read(ctx, incident, rest)
    mark = walk.mark(_which(rest)[1])
    step = next(one for one in playbook.steps if one.key == mark.key)
    if step.rollback and would_run(ctx.context, incident, playbook, step, walk.values, "rollback"):
        return await jobs.roll_back(ctx, interaction, incident, policy, rest)
    return await _form(ctx, interaction, forms.rollback_modal(walk, mark, step))


def _modal(
    build: Callable[[PlaybookRun, StepState | None, Playbook, Interaction], Block], *, open_only: bool = False
) -> Press:
    """A button that opens a form about a step, or about the walk where the button names none."""

    async def press(
        ctx: ListenerContext, interaction: Interaction, incident: Incident, policy: Policy, rest: str
    ) -> Message | None:
        walk, playbook = await _read(ctx, incident, rest)
        step = _which(rest)[1]
        mark = walk.mark(step) if step else None
        if open_only and mark is not None and mark.settled:
            raise Overtaken(walks.in_words(mark.state), mark)
        return await _form(ctx, interaction, build(walk, mark, playbook, interaction))

    return press


async def _form(ctx: ListenerContext, interaction: Interaction, view: Block) -> Message | None:
    failed = await ctx.open_view(interaction, view, "")
    return replies.refused(FORM_FAILED) if failed else None


async def _read(ctx: ListenerContext, incident: Incident, rest: str) -> tuple[PlaybookRun, Playbook]:
    async with ctx.context.database.reading() as conn:
        return await found(conn, incident.number, _which(rest)[0])


def _which(rest: str) -> tuple[int, str]:
    """`2:3.1` → walk 2, step 3.1."""
    walk, _, step = rest.partition(":")
    if not walk.isdecimal():
        raise Refused("That button belongs to nothing any more.", "playbook")
    return int(walk), step


def overtaken(error: Refused, user: str) -> Message | None:
    """The kind answer to whoever pressed second; None where it is another refusal."""
    if isinstance(error, Overtaken):
        return playbooks.overtaken(error.what, error.mark, user)
    return playbooks.opened_already(error.walk) if isinstance(error, OpenAlready) else None


def _must(mark: StepState | None) -> StepState:
    if mark is None:
        raise Refused("That button belongs to nothing any more.", "playbook")
    return mark


# --- forms -----------------------------------------------------------------------------------------------------------


async def _skipped(ctx: ListenerContext, interaction: Interaction, view: View) -> None:
    of, why = forms.of(view), forms.reason(view, "We have no replica")
    await playing.skip(ctx.context, of.incident, of.walk, of.step, interaction.user, why, interaction.delivery)


async def _noted(ctx: ListenerContext, interaction: Interaction, view: View) -> None:
    of, text = forms.of(view), inputs.text(view, "text")
    if not text:
        raise inputs.InputErrors({"text": "Write a few words."})
    await playing.note(ctx.context, of.incident, of.walk, of.step or None, interaction.user, text, interaction.delivery)


async def _stopped(ctx: ListenerContext, interaction: Interaction, view: View) -> None:
    of, why = forms.of(view), forms.reason(view, "It is not the database")
    await playing.abandon(ctx.context, of.incident, of.walk, interaction.user, why, interaction.delivery)


async def _assigned(ctx: ListenerContext, interaction: Interaction, view: View) -> None:
    of, user = forms.of(view), inputs.user(view, "holder")
    await playing.assign(ctx.context, of.incident, of.walk, of.step, user, interaction.user, interaction.delivery)


async def _rolled_back(ctx: ListenerContext, interaction: Interaction, view: View) -> None:
    of, why = forms.of(view), inputs.text(view, "reason")
    await playing.roll_back(ctx.context, of.incident, of.walk, of.step, interaction.user, why, interaction.delivery)


async def _refused(ctx: ListenerContext, interaction: Interaction, view: View) -> None:
    of, why = forms.of(view), inputs.text(view, "reason")
    await approving.refuse(
        ctx.context, of.incident, of.walk, of.step, of.approval, interaction.user, why, interaction.delivery
    )


async def _broken(ctx: ListenerContext, interaction: Interaction, view: View) -> None:
    of, why = forms.of(view), forms.reason(view, "Nobody else is awake and customers cannot pay")
    who = await ctx.identities.get(interaction.user)
    await approving.break_glass(ctx.context, of.incident, of.walk, of.step, of.approval, who, why, interaction.delivery)


async def _filled(ctx: ListenerContext, interaction: Interaction, view: View) -> None:
    of = forms.of(view)
    async with ctx.context.database.reading() as conn:
        _, playbook = await found(conn, of.incident, of.walk)
    given = forms.values_of_fill(view, playbook)
    await playing.fill(ctx.context, of.incident, of.walk, given, interaction.user, interaction.delivery)


PRESSES: dict[str, Press] = {
    "playbooks": _suggested,
    "playbook_open": _open,
    "walk_done": _done,
    "walk_skip": _modal(lambda walk, mark, playbook, asking: forms.skip_modal(walk, _must(mark)), open_only=True),
    "walk_assign": _modal(
        lambda walk, mark, playbook, asking: forms.assign_modal(walk, _must(mark), asking.user), open_only=True
    ),
    "walk_stop": _modal(lambda walk, mark, playbook, asking: forms.stop_modal(walk)),
    "walk_fill": _modal(lambda walk, mark, playbook, asking: forms.fill_modal(walk, playbook)),
    "walk_ask": _ask,
    "walk_approve": _approve,
    "walk_refuse": _about_request(forms.refuse_modal),
    "walk_glass": _glass,
    "walk_rollback": _rollback,
    "walk_steps": _steps,
    "walk_more": _more,
    **{f"walk_escalate_{number}": _escalate for number in range(50)},
    "walk_helped": _helped,
    "walk_not_helped": _not_helped,
}
SUBMITS = {
    "walk_skip": _skipped,
    "walk_note": _noted,
    "walk_stop": _stopped,
    "walk_assign": _assigned,
    "walk_rollback": _rolled_back,
    "walk_fill": _filled,
    "walk_refuse": _refused,
    "walk_glass": _broken,
}
