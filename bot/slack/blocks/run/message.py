"""A playbook being walked: one message that edits itself. Whose turn it is stands large, the rest in a line each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.incident import Incident
from bot.domain.playbook import run as walks
from bot.domain.playbook import timers
from bot.domain.playbook.approvals import answer_text
from bot.domain.playbook.definition import Command, Playbook, Step
from bot.domain.playbook.run import Approval, ApprovalStatus, PlaybookRun, StepState, StepStatus
from bot.domain.timeline.entry import BOT
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Block, Message, button
from bot.slack.text import clip, escape, length, mention, plain, render

HISTORY = 6  # settled steps that are listed; all of them are behind All steps
COMMAND = 2800  # of one command, within a section; the library's longest has 700
ROOM = 9000  # characters for commands, of all steps whose turn it is
BLOCKS = 36  # for the steps whose turn it is; header, progress, history and criteria need the rest
CRITERIA = 5
TOO_LONG = "It is longer than a message takes. The whole of it: `tocsin playbooks show`"
SAID = 300  # of a reason or a note
SIGNS = {
    StepStatus.DONE: ":white_check_mark:",
    StepStatus.SUCCEEDED: ":white_check_mark:",
    StepStatus.SKIPPED: ":fast_forward:",
    StepStatus.FAILED: ":x:",
    StepStatus.TIMED_OUT: ":alarm_clock:",
    StepStatus.ROLLED_BACK: ":rewind:",
    StepStatus.MAY_HAVE_RUN: ":warning:",
    StepStatus.RUNNING: ":hourglass_flowing_sand:",
    StepStatus.WAITING: ":raised_hand:",
    StepStatus.APPROVED: ":thumbsup:",
    StepStatus.OPEN: ":white_small_square:",
}
BY = {
    StepStatus.DONE: "",
    StepStatus.SUCCEEDED: "run by ",
    StepStatus.SKIPPED: "skipped by ",
    StepStatus.FAILED: "failed, started by ",
    StepStatus.TIMED_OUT: "timed out, started by ",
    StepStatus.ROLLED_BACK: "rolled back by ",
    StepStatus.MAY_HAVE_RUN: "may have run, started by ",
    StepStatus.RUNNING: "running, started by ",
    StepStatus.WAITING: "approval asked for by ",
    StepStatus.APPROVED: "approved by ",
}
TOLD = walks.UNSUCCESSFUL | {StepStatus.ROLLED_BACK}  # though it is their turn again, and that comes later
BECAUSE = (StepStatus.SKIPPED, StepStatus.FAILED, StepStatus.TIMED_OUT)


def walk(
    incident: Incident,
    playbook: Playbook,
    walk: PlaybookRun,
    now: datetime,
    *,
    runnable: Collection[str] = (),
    undoable: Collection[str] = (),
) -> Message:
    """`runnable` and `undoable`: keys of steps that a runner would take, forwards and back."""
    if not walk.active:
        return _over(incident, playbook, walk, now)
    turn = walks.current_steps(walk)
    steps = {step.key: step for step in playbook.steps}
    first = turn[0]
    prefix = phrases.drill_prefix(incident)
    blocks: list[Block | None] = [
        elements.section(f"{prefix}:blue_book: *{render(plain(walk.name))}* · {_bar(walk)}"),
        elements.context(_opened(incident, walk), *([render(walk.before)] if walk.before else [])),
        _blanks(incident, playbook, walk, [steps[mark.key] for mark in turn]),
        elements.context(f"*{_phase(playbook, first.phase)}*" + _together(turn)),
        *_turn(incident, walk, turn, steps, now, runnable, undoable),
        elements.divider(),
        _history(walk, now),
        _next(walk),
        *_criteria(incident, playbook, walk),
        _menu(incident, playbook, walk),
    ]
    said = f"{prefix}{plain(walk.name)}: {walk.settled} of {len(walk.steps)} done. Now {first.key} {plain(first.title)}"
    return elements.message(escape(said), blocks)


def step_in_full(incident: Incident, playbook: Playbook, walk: PlaybookRun, key: str) -> Message:
    """One step with everything that is known of it, for one person."""
    mark = walk.step(key)
    step = next(one for one in playbook.steps if one.key == mark.key)
    notes = "\n".join(f"• {mention(one.by)}: {render(clip(one.text, SAID))}" for one in mark.notes)
    back = [elements.section(_code(one, walk.values)) for one in step.rollback[:10]]
    return elements.message(
        f"{walk.name}, step {key}",
        [
            *_words(step),
            *[elements.section(_code(one, walk.values)) for one in step.commands[:15]],
            _check(step),
            elements.section("*To roll it back*" + (f"\n{render(step.rollback_text)}" if step.rollback_text else ""))
            if back or step.rollback_text
            else None,
            *back,
            elements.section(clip(f"*Notes*\n{notes}", elements.TEXT)) if notes else None,
        ],
    )


def all_steps(incident: Incident, playbook: Playbook, walk: PlaybookRun, now: datetime, command: str) -> Message:
    """Every step in a line, with what can be done about it behind the dots."""
    steps = {step.key: step for step in playbook.steps}
    blocks: list[Block | None] = [elements.section(f"*{render(walk.name)}* · {_bar(walk)}")]
    room = elements.MESSAGE_BLOCKS - 2
    for mark in walk.steps[:room]:
        blocks.append(elements.section(_line(mark, now), _about(incident, walk, mark, steps[mark.key])))
    blocks.append(elements.left_out(len(walk.steps) - room, f"All of it: `tocsin playbooks show {walk.playbook}`"))
    return elements.message(f"{walk.name}: all steps", blocks)


def _opened(incident: Incident, walk: PlaybookRun) -> str:
    kind = "Checklist" if walk.kind == "checklist" else "Playbook"
    return f"{kind} for {incident.id}, opened by {mention(walk.opened_by)} {elements.clock(walk.opened_at)}"


def _bar(walk: PlaybookRun) -> str:
    total = len(walk.steps)
    filled = round(10 * walk.settled / total) if total else 10
    return f"{'▰' * filled}{'▱' * (10 - filled)} *{walk.settled} of {total}*"


def _phase(playbook: Playbook, number: int) -> str:
    phase = playbook.phases[number]
    within = f" ({render(phase.within)})" if phase.within else ""
    return f"Phase {number + 1} of {len(playbook.phases)} · {render(phase.title)}{within}"


def _together(turn: Sequence[StepState]) -> str:
    return f" — these {len(turn)} can be done at the same time" if len(turn) > 1 else ""


def _blanks(incident: Incident, playbook: Playbook, walk: PlaybookRun, steps: Sequence[Step]) -> Block | None:
    """What a person must fill in before the commands can be used."""
    missing = dict.fromkeys(one for step in steps for one in playbook.missing_parameters(step, walk.values))
    if not missing:
        return None
    names = ", ".join(f"*{render(one.name)}*" for one in missing)
    value = f"{incident.id}:{walk.number}"
    return elements.section(f":pencil2: Fill in {names}, then the commands are ready to copy.",
                       button("Fill in", "walk_fill", value, style="primary"))  # fmt: skip


def _turn(
    incident: Incident,
    walk: PlaybookRun,
    turn: Sequence[StepState],
    steps: Mapping[str, Step],
    now: datetime,
    runnable: Collection[str],
    undoable: Collection[str],
) -> list[Block | None]:
    """Each step whole while there is room; beyond that its title and its buttons, the rest behind the dots."""
    found: list[Block | None] = []
    room, left = ROOM, BLOCKS
    for number, mark in enumerate(turn):
        if not incident.open:  # nobody is asked any more how long it takes
            mark = replace(mark, started_at=None, asked=_resting(incident, mark))
        step = steps[mark.key]
        behind = 3 * (len(turn) - number - 1)  # what the others need at least
        commands = [_code(one, walk.values) for one in step.commands]
        whole = _step(step, mark, commands, now)
        needed = sum(length(one) for one in commands)
        if len(whole) + 1 + behind > left or needed > room:
            whole = _short(step, mark, now)
        else:
            room -= needed
        shown = [*whole, _buttons(incident, walk, step, mark, mark.key in runnable, mark.key in undoable)]
        left -= len([one for one in shown if one])
        found += shown
    return found


def _resting(incident: Incident, mark: StepState) -> Approval | None:
    """A request, as it stands while the incident is over."""
    if mark.asked is None or mark.asked.answer is not ApprovalStatus.WAITING:
        return mark.asked
    return replace(
        mark.asked, answer=ApprovalStatus.WITHDRAWN, reason=f"no longer needed: {incident.id} is {incident.status}"
    )


def _step(step: Step, mark: StepState, commands: Sequence[str], now: datetime) -> list[Block | None]:
    return [
        one
        for one in (
            *_words(step),
            *(elements.section(code) for code in commands),
            _check(step),
            _standing(mark, now),
        )
        if one
    ]


def _short(step: Step, mark: StepState, now: datetime) -> list[Block | None]:
    more = "Its commands are behind the dots: *Show in full*." if step.commands else ""
    lines = [f"*{step.key} {render(step.title)}*", more]
    return [one for one in (elements.section("\n".join(line for line in lines if line)), _standing(mark, now)) if one]


def _words(step: Step) -> list[Block | None]:
    """The title large; a heading takes plain text only."""
    lines = [f"_Only if:_ {render(step.when)}"] if step.when else []
    if step.description:
        lines.append(render(step.description))
    found: list[Block | None] = [elements.header(f"{step.key} {step.title}")]
    if lines:
        found.append(elements.section(clip("\n".join(lines), elements.TEXT)))
    if step.dangerous:
        found.append(elements.section(f":warning: *Dangerous.* {clip(render(step.dangerous), 1000)}"))
    return found


def _code(command: Command, values: Mapping[str, str]) -> str:
    text = command.filled_in(values)
    about = f"{render(command.about)}\n" if command.about else ""
    if length(text) <= COMMAND:
        return about + elements.preformatted(text)
    return f"{about}{elements.preformatted(text[: COMMAND - 200])}\n:scissors: {TOO_LONG}"


def _check(step: Step) -> Block | None:
    lines = []
    if step.verification:
        lines.append(f":mag: *Done when* {render(step.verification)}")
    if step.expected:
        lines.append(f"*You should see* {render(step.expected)}")
    if step.note:
        lines.append(f":bulb: {render(step.note)}")
    return elements.section(clip("\n".join(lines), elements.TEXT)) if lines else None


def _standing(mark: StepState, now: datetime) -> Block | None:
    """How it stands, who holds it, until when, what was noted."""
    said = [_state(mark, now), _held(mark, now)]
    said += [f":memo: {mention(note.by)}: {render(clip(note.text, SAID))}" for note in mark.notes[-2:]]
    lines = [line for line in said if line]
    return elements.context("\n".join(lines)) if lines else None


def _state(mark: StepState, now: datetime) -> str:
    at = phrases.at(mark.at, now) if mark.at else ""
    who = mention(mark.by) if mark.by else "somebody"
    because = f": {render(clip(mark.reason, SAID))}" if mark.reason else ""
    match mark.state:
        case StepStatus.WAITING if mark.asked and mark.asked.answer is ApprovalStatus.WAITING:
            wanted = {"run": "to run it", "rollback": "to roll it back"}.get(mark.asked.action, "to do it")
            until = elements.clock(mark.asked.due_at)
            return f":raised_hand: {mention(mark.asked.by)} asked for approval {wanted} {at}; it expires {until}"
        case StepStatus.APPROVED if mark.asked and mark.asked.answer is ApprovalStatus.BREAK_GLASS:
            return f":rotating_light: {render(answer_text(mark.asked))}"
        case StepStatus.APPROVED:
            return f":thumbsup: Approved by {who} {at}"
        case StepStatus.RUNNING:
            what = "Running" if mark.action == "run" else "Being rolled back"
            return f":hourglass_flowing_sand: {what} since {at}, started by {who}"
        case StepStatus.FAILED:
            return f":x: Failed {at}{because}"
        case StepStatus.TIMED_OUT:
            return f":alarm_clock: Timed out {at}{because}"
        case StepStatus.MAY_HAVE_RUN:
            return f":warning: *It may have run.* Look first, then decide: *Done*, *Roll back* or do it again.{because}"
        case StepStatus.ROLLED_BACK:
            failed = f":x: Failed: {render(clip(mark.failed, SAID))}\n" if mark.failed else ""
            how = "" if mark.by == BOT else because  # the bot's stands in the thread
            return f"{failed}:rewind: Rolled back by {who} {at}{how}. Do it again, or skip it."
    if mark.asked and mark.asked.answer in (ApprovalStatus.REFUSED, ApprovalStatus.EXPIRED, ApprovalStatus.WITHDRAWN):
        return f":no_entry: Approval {render(answer_text(mark.asked))}"
    return ":raised_hand: Needs the approval of somebody else." if mark.needs_approval else ""


def _held(mark: StepState, now: datetime) -> str:
    holder = f":bust_in_silhouette: {mention(mark.holder)}" if mark.holder else ""
    timed = mark.state in timers.TIMED and mark.started_at
    if not timed or mark.started_at is None:
        return holder
    due = mark.started_at + mark.timeout
    over = "was to be done by" if due < now else "to be done by"
    return elements.join_dots([holder, f":stopwatch: {over} {phrases.at(due, now)}"])


def _buttons(
    incident: Incident, walk: PlaybookRun, step: Step, mark: StepState, runs: bool, undoes: bool
) -> Block | None:
    value = f"{incident.id}:{walk.number}:{mark.key}"
    free = mark.state not in (StepStatus.RUNNING, StepStatus.WAITING)
    going_back = mark.state is StepStatus.APPROVED and not mark.approved  # what was approved is to roll it back
    begun = mark.approved or mark.state is not StepStatus.OPEN or (mark.asked is None and mark.by is not None)
    back = begun and (bool(step.rollback or step.rollback_text) or undoes)
    return elements.actions(
        button("Ask for approval", "walk_ask", value, style="primary")
        if free and not mark.approved and not going_back
        else None,
        button("Done", "walk_done", value, style="primary") if free and mark.approved else None,
        button("Skip", "walk_skip", value) if mark.state is not StepStatus.RUNNING else None,
        button("Run", "walk_run", value) if runs and free and not going_back else None,
        button("Roll back", "walk_rollback", value, style="primary" if going_back else None)
        if back and free and mark.state is not StepStatus.ROLLED_BACK
        else None,
        button("Assign", "walk_assign", value),
        _more(value, why=step.automation is not None and not runs),
        block_id=f"step:{walk.number}:{mark.key}",
    )


def _more(value: str, *, why: bool = False) -> Block:
    options = [elements.option("Add a note", f"{value}:note"), elements.option("Show in full", f"{value}:show")]
    if why:
        options.append(elements.option("Why can I not run it?", f"{value}:why"))
    return elements.overflow("walk_more", options)


def _about(incident: Incident, walk: PlaybookRun, mark: StepState, step: Step) -> Block:
    value = f"{incident.id}:{walk.number}:{mark.key}"
    options = [elements.option("Show in full", f"{value}:show"), elements.option("Add a note", f"{value}:note")]
    if mark.settled or mark.state is StepStatus.ROLLED_BACK:
        options.append(elements.option("Open it again", f"{value}:reopen"))
    if mark.settled and (step.rollback or step.rollback_text):
        options.append(elements.option("Roll back", f"{value}:rollback"))
    return elements.overflow("walk_more", options)


def _line(mark: StepState, now: datetime) -> str:
    head = f"{SIGNS[mark.state]} {mark.key} {render(mark.title)}"
    if mark.state is StepStatus.OPEN or mark.by is None:
        return head
    when = phrases.at(mark.at, now) if mark.at else ""
    what = BY[mark.state]
    because = f": {render(clip(mark.reason, SAID))}" if mark.reason and mark.state in BECAUSE else ""
    return f"{head} — {what}{mention(mark.by)} {when}{because}"


def _history(walk: PlaybookRun, now: datetime) -> Block | None:
    turn = walks.current_steps(walk)
    told = (mark for mark in walk.steps if mark.settled or (mark.state in TOLD and mark not in turn))
    settled = sorted(told, key=lambda mark: mark.at or walk.opened_at)
    if not settled:
        return None
    lines = [_line(mark, now) for mark in settled[-HISTORY:]]
    if len(settled) > HISTORY:
        lines.insert(0, f"{len(settled) - HISTORY} more before: *All steps*")
    return elements.context(clip("\n".join(lines), elements.TEXT))


def _next(walk: PlaybookRun) -> Block | None:
    following = walks.next_step(walk)
    return elements.context(f"*Next:* {following.key} {render(following.title)}") if following else None


def _criteria(incident: Incident, playbook: Playbook, walk: PlaybookRun) -> list[Block | None]:
    """Each a button that pages the next rung, after asking once."""
    if not incident.open:
        return []
    left = [(number, said) for number, said in enumerate(playbook.escalation_criteria) if number not in walk.criteria][
        :CRITERIA
    ]
    if not left:
        return []
    buttons = [
        elements.confirmed(
            button(said, f"walk_escalate_{number}", f"{incident.id}:{walk.number}:{number}"),
            "Escalate?", f"{said}. The next rung of the ladder is paged now.", "Escalate",
        )
        for number, said in left
    ]  # fmt: skip
    return [elements.context("*Escalate when*"), elements.actions(*buttons, block_id=f"criteria:{walk.number}")]


def _menu(incident: Incident, playbook: Playbook, walk: PlaybookRun) -> Block | None:
    value = f"{incident.id}:{walk.number}"
    return elements.actions(
        button("All steps", "walk_steps", value),
        button("Change values", "walk_fill", value) if playbook.parameters else None,
        button("Stop", "walk_stop", value),
        block_id=f"walk:{walk.number}",
    )


def _over(incident: Incident, playbook: Playbook, walk: PlaybookRun, now: datetime) -> Message:
    """It is finished, or was stopped: what came of it, and what the playbook says is left to do."""
    prefix, value = phrases.drill_prefix(incident), f"{incident.id}:{walk.number}"
    who = f"{mention(walk.ended_by)} {phrases.at(walk.ended_at, now)}" if walk.ended_by and walk.ended_at else ""
    finished = walk.outcome == "finished"
    head = f":white_check_mark: *Finished* by {who}" if finished else f":octagonal_sign: *Stopped* by {who}"
    because = f": {render(clip(walk.reason, SAID))}" if walk.reason else ""
    said = f"{prefix}{plain(walk.name)}: {walk.outcome}, {walk.settled} of {len(walk.steps)} steps"
    return elements.message(
        escape(said),
        [
            elements.section(f"{prefix}:blue_book: *{render(plain(walk.name))}* · {_bar(walk)}\n{head}{because}"),
            _history(walk, now),
            *_afterwards(playbook, finished),
            elements.section(_verdict(walk)) if finished else None,
            elements.actions(
                button("It helped", "walk_helped", value, style="primary")
                if finished and walk.helped is None
                else None,
                button("It did not help", "walk_not_helped", value) if finished and walk.helped is None else None,
                button("All steps", "walk_steps", value),
                block_id=f"walk:{walk.number}",
            ),
        ],
    )


def _verdict(walk: PlaybookRun) -> str:
    if walk.helped is None:
        return "Did it help? It is counted for whoever opens it next, and for its owner."
    return ":+1: It helped." if walk.helped else ":-1: It did not help."


def _afterwards(playbook: Playbook, finished: bool) -> list[Block | None]:
    if not finished:
        return []
    parts = (("Tell people", playbook.communication), ("Afterwards", playbook.post_resolution))
    return [
        elements.section(clip(f"*{title}*\n" + "\n".join(f"• {render(one)}" for one in said), elements.TEXT))
        for title, said in parts
        if said
    ]
