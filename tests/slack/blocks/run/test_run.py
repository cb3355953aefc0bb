"""Messages and forms of a playbook run, for every shipped playbook at every step and for one of hostile lengths."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain import incident as verbs
from bot.domain.playbook import approvals, job_results, lifecycle, steps
from bot.domain.playbook import run as runs
from bot.domain.playbook.definition import Command, Parameter, Phase, Playbook, Step
from bot.domain.playbook.job import Action, Plan
from bot.domain.playbook.run import PlaybookRun
from bot.domain.timeline.entry import BOT
from bot.slack.blocks import playbooks
from bot.slack.blocks.elements import Message
from bot.slack.blocks.modals.run.assign import assign_modal
from bot.slack.blocks.modals.run.break_glass import break_glass_modal
from bot.slack.blocks.modals.run.fill_in import fill_in_modal
from bot.slack.blocks.modals.run.note import note_modal
from bot.slack.blocks.modals.run.refuse import refuse_modal
from bot.slack.blocks.modals.run.rollback import rollback_modal
from bot.slack.blocks.modals.run.run_step import run_step_modal
from bot.slack.blocks.modals.run.skip import skip_modal
from bot.slack.blocks.modals.run.stop import stop_modal
from bot.slack.blocks.run import approval, overdue
from bot.slack.blocks.run.all_steps import all_steps
from bot.slack.blocks.run.message import run_message
from bot.slack.blocks.run.step import step_in_full
from playbooks import loader
from playbooks.search import Query, SearchIndex
from tests.factories import ADA, BEN, FIVE, NOW, new_incident, with_channel
from tests.slack.reference import needs_reference, refused_blocks, refused_view

INCIDENT = with_channel(new_incident())
LATER = NOW + timedelta(minutes=3)
LONG = "word <!channel> & <b> `x` ```y``` " * 100
HUGE = Playbook(
    id="huge", name=LONG[:200], category="x", digest="d", description=LONG,
    parameters=tuple(Parameter(f"p{i}", LONG[:200]) for i in range(120)),
    escalation_criteria=tuple(f"{i} {LONG}" for i in range(60)), communication=(LONG,) * 9, post_resolution=(LONG,) * 9,
    phases=(
        Phase(LONG[:300], tuple(
            Step(
                f"1.{n}", LONG[:400], LONG, LONG,
                tuple(Command(f"echo {i} {'<&>' * 900}", LONG[:300]) for i in range(12)),
                LONG, LONG, (Command("echo undo " + "x" * 9000),) * 20, LONG, requires_approval=n % 2 == 1,
                dangerous=LONG, note=LONG, parallel="all",
            )
            for n in range(1, 61)
        )),
    ),
)  # fmt: skip


def states(playbook: Playbook) -> Iterator[PlaybookRun]:
    """The run from its first step to its last, in every state a step can have."""
    run = lifecycle.open_run(1, 1, playbook, ADA, NOW, before="Used twice before").run
    yield run
    while run.active:
        state = runs.current_steps(run)[0]
        run = steps.assign(run, state.key, BEN, ADA, NOW).run
        run = steps.note(run, state.key, BEN, NOW, LONG[:900]).run
        if state.needs_approval:
            run = approvals.request(
                run, state.key, "do", ("echo " + "<&>" * 3000,) * 9, ADA, timedelta(minutes=30), NOW
            ).run
            yield run
            run = approvals.break_glass(run, state.key, run.approvals_asked, ADA, NOW, LONG[:900]).run
            yield run
        job = f"j{state.key}"
        run = job_results.record_start(run, state.key, job, BEN, NOW).run
        yield run
        run = job_results.may_have_run(run, state.key, job, LONG[:900], NOW).run
        yield run
        run = steps.skip(run, state.key, BEN, NOW, LONG[:900]).run
        yield run


def messages(playbook: Playbook, run: PlaybookRun) -> Iterator[Message]:
    keys = [step.key for step in playbook.steps]
    yield run_message(INCIDENT, playbook, run, LATER, runnable=keys, undoable=keys)
    yield all_steps(INCIDENT, playbook, run, LATER)
    for state in run.steps[:3]:
        yield step_in_full(playbook, run, state.key)
        yield overdue.step_overdue(INCIDENT, run, state, ADA, 90.0)
        if state.asked:
            yield approval.request(INCIDENT, FIVE, run, state, state.asked, LONG, LATER)
            yield approval.settled(INCIDENT, run, state, state.asked)
            yield approval.broken(INCIDENT, run, state, state.asked)


def test_a_step_that_was_rolled_back_is_told_in_the_word_of_its_button() -> None:
    playbook = loader.shipped_library().get("memory-leak")
    key = next(step.key for step in playbook.steps if step.rollback)
    done = lifecycle.open_run(1, 1, playbook, ADA, NOW).run
    for step in itertools.takewhile(lambda step: step.key != key, playbook.steps):
        done = steps.skip(done, step.key, ADA, NOW, "not needed").run
    done = approvals.request(done, key, "do", (), ADA, timedelta(minutes=30), NOW).run
    done = approvals.break_glass(done, key, done.approvals_asked, ADA, NOW, "alone").run
    done = job_results.record_start(done, key, "j1", BEN, NOW).run
    done = job_results.record_end(done, key, "j1", "succeeded", "", NOW).run
    running = job_results.record_start(done, key, "j2", BOT, NOW, "rollback").run
    rolled_back = job_results.record_end(running, key, "j2", "succeeded", "", NOW).run
    by_hand = steps.roll_back(done, key, BEN, NOW)
    ended = "Rolled back by"
    for run, words in ((running, "Being rolled back"), (rolled_back, ended), (by_hand.run, ended)):
        assert words in str(run_message(INCIDENT, playbook, run, LATER).blocks)
        assert "ndone" not in str([message.blocks for message in messages(playbook, run)])
    assert "rolled back" in by_hand.entries[0].text


@needs_reference
@pytest.mark.parametrize("name", [*(playbook.id for playbook in loader.shipped_library().playbooks), "huge"])
def test_slack_takes_every_state_of_every_playbook(name: str) -> None:
    playbook = HUGE if name == "huge" else loader.shipped_library().get(name)
    for number, run in enumerate(states(playbook)):
        if name == "huge" and number > 8:
            break
        if number % 3 == 2:  # every kind of state still comes
            continue
        shown = messages(playbook, run)
        for message in shown if number % 7 == 1 else [next(shown)]:
            assert refused_blocks(message.blocks) == []
            assert len(message.text) <= 4000
            assert "<!channel>" not in str(message.blocks)


@needs_reference
@pytest.mark.parametrize("playbook", [HUGE, loader.shipped_library().get("memory-leak")], ids=["huge", "memory-leak"])
def test_slack_takes_every_form(playbook: Playbook) -> None:
    run = lifecycle.open_run(1, 1, playbook, ADA, NOW).run
    key = next(step.key for step in playbook.steps if step.requires_approval)
    run = approvals.request(run, key, "do", ("echo " + "<&>" * 3000,) * 30, ADA, timedelta(minutes=30), NOW).run
    state, step = run.step(key), next(step for step in playbook.steps if step.key == key)
    assert state.asked is not None
    views = [
        skip_modal(run, state), note_modal(run, state), note_modal(run, None),
        stop_modal(run), assign_modal(run, state, ADA), rollback_modal(run, state, step),
        refuse_modal(run, state, state.asked), break_glass_modal(run, state, state.asked),
        fill_in_modal(run, playbook),
    ]  # fmt: skip
    assert [refused_view(view) for view in views] == [[]] * len(views)


@needs_reference
def test_slack_takes_what_is_suggested() -> None:
    hits = SearchIndex([*loader.shipped_library().playbooks, replace(HUGE, keywords=("database",))]).find(
        Query("database slow"), 9
    )
    run = lifecycle.open_run(1, 1, HUGE, ADA, NOW).run
    shown = [
        playbooks.suggestions(INCIDENT, hits, [run], "/incident", LONG),
        playbooks.suggestions(INCIDENT, [], [], "/incident"),
        playbooks.opened(run, INCIDENT, here=True), playbooks.opened_already(run),
        playbooks.overtaken("done", run.steps[0], BEN),
        playbooks.review([{"what": "review", "name": LONG, "playbook": "x", "reviewed": "2026-01-01"}] * 60),
    ]  # fmt: skip
    assert [refused_blocks(message.blocks) for message in shown] == [[]] * len(shown)


def test_a_command_is_shown_byte_for_byte() -> None:
    text = """psql -c "SELECT 'a' < 'b' && @channel <!here> *bold* _it_ `x`" | tee /tmp/{pod}.log"""
    step = Step("1.1", "Look", commands=(Command(text),))
    playbook = Playbook(
        "x", "X", "x", (Phase("A", (step,)),), parameters=(Parameter("pod", default="db-0"),), digest="d"
    )
    shown = run_message(INCIDENT, playbook, lifecycle.open_run(1, 1, playbook, ADA, NOW).run, NOW)
    code = next(b["text"]["text"] for b in shown.blocks if "```" in str(b))
    unescaped = code.strip("`").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert unescaped == text.replace("{pod}", "db-0")


def _opens(shown: Message) -> list[str]:
    return [block["accessory"]["value"] for block in shown.blocks if "accessory" in block]


def test_three_hits_are_enough_for_a_telephone_and_none_is_said_beside_what_is_open() -> None:
    hits = SearchIndex(loader.shipped_library().playbooks).find(Query("the database is down"), 10)
    shown = playbooks.suggestions(INCIDENT, hits, [], "/incident")
    assert _opens(shown) == [f"INC-1:{hit.playbook.id}" for hit in hits[:3]]
    run = lifecycle.open_run(1, 1, hits[0].playbook, ADA, NOW).run
    shown = playbooks.suggestions(INCIDENT, hits, [run], "/incident")
    assert _opens(shown) == [f"INC-1:{hit.playbook.id}" for hit in hits[1:4]]
    nothing = playbooks.suggestions(INCIDENT, [], [run], "/incident", "flying saucers")
    assert "No playbook fits “flying saucers”. Describe what you see" in str(nothing.blocks[-1])


@pytest.mark.parametrize(
    ("limits", "retries", "text"),
    [
        ("1m, 256 KiB of output", 0, "*Limits* 1m, 256 KiB of output\n"),
        ("30s, 256 KiB of output", 0, "*Limits* 30s, 256 KiB of output; all of it is stopped after 1m\n"),
        ("1m", 1, "*If it fails* it is tried once more, after 5s"),
        ("1m", 3, "*If it fails* it is tried up to 3 times more, after 5s"),
    ],
)
def test_the_form_before_a_run_says_each_limit_once(limits: str, retries: int, text: str) -> None:
    playbook = loader.shipped_library().get("redis-outage")
    run, step = lifecycle.open_run(1, 1, playbook, ADA, NOW).run, next(iter(playbook.steps))
    plan = Plan(
        "process",
        Action.RUN,
        (),
        timedelta(minutes=1),
        limits=limits,
        retries=retries,
        retry_every=timedelta(seconds=5),
    )
    view = run_step_modal(run, run.step(step.key), step, plan, rolls_back=False)
    assert text in "\n".join(block.get("text", {}).get("text", "") for block in view["blocks"])


def test_after_a_failure_was_taken_back_the_message_says_what_failed_and_why() -> None:
    playbook = Playbook("x", "X", "x", (Phase("A", (Step("1.1", "Mend"), Step("1.2", "Look"))),), digest="d")
    run = job_results.record_start(lifecycle.open_run(1, 1, playbook, ADA, NOW).run, "1.1", "j1", ADA, NOW).run
    run = job_results.record_end(run, "1.1", "j1", "succeeded", "exit code 0", NOW).run
    shown = str(run_message(INCIDENT, playbook, run, NOW).blocks)
    assert f"1.1 Mend — run by <@{ADA}>" in shown
    run = job_results.record_start(run, "1.2", "j2", ADA, NOW).run
    run = job_results.record_end(run, "1.2", "j2", "failed", "exit code 7", NOW).run
    run = job_results.record_start(run, "1.1", "j3", "tocsin", NOW, "rollback").run
    run = job_results.record_end(run, "1.1", "j3", "succeeded", "exit code 0", NOW).run
    shown = str(run_message(INCIDENT, playbook, run, NOW).blocks)
    assert "Do it again, or skip it." in shown
    assert "exit code 0" not in shown
    assert f":x: 1.2 Look — failed, started by <@{ADA}>" in shown
    assert "exit code 7" in shown


@pytest.mark.parametrize("drill", [False, True])
def test_when_the_incident_ends_its_playbook_keeps_no_live_button(drill: bool) -> None:
    playbook = loader.shipped_library().by_id["database-performance"]

    def pressable(message: Message) -> list[str]:
        pressed = [each for block in message.blocks if block["type"] == "actions" for each in block["elements"]]
        return [each["text"]["text"] for each in pressed if each["type"] == "button"]

    run = lifecycle.open_run(1, 1, playbook, ADA, NOW).run
    ended = verbs.resolve(replace(INCIDENT, drill=drill), ADA, LATER).incident
    assert pressable(run_message(ended, playbook, run, LATER)) == ["All steps"]
    assert "so this playbook is paused" in str(run_message(ended, playbook, run, LATER).blocks)
    after = replace(run, opened_at=LATER + timedelta(minutes=1))  # such as the checklist of the review
    assert "Done" in pressable(run_message(ended, playbook, after, LATER))
