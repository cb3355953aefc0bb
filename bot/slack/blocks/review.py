"""Builds the messages and views of an incident's review: its state, its text, and what people can do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.incident import Incident, ReviewState
from bot.domain.incident.review_agenda import AgendaPoint, agenda, length, points
from bot.domain.policy.policy import Policy
from bot.domain.review.document import TITLES, Cite, Question, Section
from bot.domain.review.lint import Hint, HintKind, grouped, lint
from bot.domain.review.view import ReviewView
from bot.slack.blocks import elements, phrases
from bot.slack.blocks.elements import Block, Message, button
from bot.slack.text import clip, mention, quote, render

READ = "review_read"


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a section's text, with its author."""

    section: str
    version: int
    text: str
    author: str
    at: datetime


STATES = {
    ReviewState.DRAFT: ":memo: draft",
    ReviewState.SCHEDULED: ":calendar: scheduled",
    ReviewState.COMPLETED: ":white_check_mark: completed",
    ReviewState.PUBLISHED: ":mega: published",
}
SHOWN = ("summary", "impact", "causes")  # in the answer to `/incident review`
SHOWN_SENTENCES, SHOWN_QUESTIONS, SHOWN_HINTS = 4, 8, 6


def posted(view: ReviewView, command: str, calendar_url: str | None = None) -> Message:
    """The message in the incident's channel, which is edited as the review moves on.

    `calendar_url` is the address of the meeting for calendars, if it has one.
    """
    incident = view.incident
    text = f"{phrases.drill_prefix(incident)}Review of {incident.id}"
    facts = f"Drafted from the record: {_cited(view)}. {_open_questions(view.questions)}"
    return elements.message(
        text,
        [
            elements.section(f"*{text}*\n{_state(view)}"),
            elements.section(facts),
            _agenda(incident, calendar_url),
            *buttons(incident),
            elements.context(
                f"See it again: `{command} review` · as a file: `tocsin review {incident.id} --format docx`"
            ),
        ],
    )


def _cited(view: ReviewView) -> str:
    """The number of sentences, and of those that cite an entry: people write some that do not."""
    sentences = [sentence for section in view.sections for sentence in section.sentences]
    cited = sum(bool(sentence.cites) for sentence in sentences)
    share = "each" if cited == len(sentences) else f"{cited} of them"
    return f"{_count_text(len(sentences), 'sentence')}, {share} with the entry that says so"


def _count_text(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"


def _open_questions(questions: Sequence[Question]) -> str:
    """The number of open questions, and of people they are for; those without a name are for anybody."""
    if not questions:
        return "No question is open."
    people = len({question.to for question in questions if question.to})
    whom = "anybody" if not people else "1 person" if people == 1 else f"{people} people"
    return f"{_count_text(len(questions), 'open question')} for {whom}: press *Ask participants*."


def _agenda(incident: Incident, calendar_url: str | None) -> Block | None:
    """The points of the meeting, once it has a time and until it took place."""
    review = incident.review
    if review is None or review.state is not ReviewState.SCHEDULED:
        return None
    numbered = enumerate(agenda(review), 1)
    agenda_line = " · ".join(f"{number}. {title} ({minutes} min)" for number, (title, minutes) in numbered)
    total = int(length(review).total_seconds() // 60)
    add = f"\n{elements.link(calendar_url, 'Add it to your calendar')}" if calendar_url else ""
    return elements.section(f"*Agenda, {total} min:* {agenda_line}. The thread tells when each begins.{add}")


def point(incident: Incident, number: int) -> Message | None:
    """The message to the thread when a point of the agenda begins. None if the review is no longer scheduled."""
    agenda_points = points(incident.review) if incident.review else ()
    current_point = next((agenda_point for agenda_point in agenda_points if agenda_point.number == number), None)
    if current_point is None:
        return None
    if not current_point.title:
        text = ":checkered_flag: The time is up. Write down what was decided, then press *Complete*."
        return elements.message(text, [elements.section(text), *buttons(incident)])
    return elements.line(_point_text(current_point, len(agenda_points) - 1))


def _point_text(agenda_point: AgendaPoint, count: int) -> str:
    minutes = int((agenda_point.ends_at - agenda_point.begins_at).total_seconds() // 60)
    until = elements.clock(agenda_point.ends_at)
    return f":stopwatch: *{agenda_point.number} of {count} · {agenda_point.title}* · {minutes} min, until {until}"


def menu(view: ReviewView, command: str) -> Message:
    """The answer to `/incident review`: its state, its main sections, the open questions, and buttons."""
    incident = view.incident
    text = f"{phrases.drill_prefix(incident)}Review of {incident.id}"
    open_questions = [
        f"• {mention(question.to) if question.to else 'Anybody'}: {render(question.text)}"
        for question in view.questions[:SHOWN_QUESTIONS]
    ]
    return elements.message(
        text,
        [
            elements.section(f"*{text}*\n{_state(view)}"),
            *[block for key in SHOWN for block in _short(view.section(key))],
            elements.section("*Open questions*\n" + "\n".join(open_questions)) if open_questions else None,
            elements.left_out(len(view.questions) - len(open_questions), "*Ask participants* sends each their own."),
            *_before_completed(view),
            *buttons(incident),
        ],
    )


def asked(view: ReviewView, questions: Sequence[Question], at_once: int) -> Message:
    """The direct message to a participant: the first `at_once` of their questions, and how many more there are.

    A button opens the form for the answers.
    """
    incident, first_questions = view.incident, questions[:at_once]
    asks = "a question" if len(first_questions) == 1 else f"{len(first_questions)} questions"
    text = f"{phrases.drill_prefix(incident)}The review of {phrases.title(incident)} has {asks} for you"
    lines = "\n".join(f"• {render(question.text)}" for question in first_questions)
    more = len(questions) - len(first_questions)
    more_words = f" The review has {_count_text(more, 'more question')} for you: press *Read*." if more else ""
    return elements.message(
        text,
        [
            elements.section(f"*{text}*\n{lines}"),
            elements.actions(
                button("Answer", "review_answer", incident.id, style="primary"),
                button("Read", READ, incident.id) if more else None,
                block_id="review_answer",
            ),
            elements.context(f"Your words go into the review, with your name or without, as you choose.{more_words}"),
        ],
    )


def published(view: ReviewView, command: str) -> Message:
    """The announcement of a published review."""
    incident = view.incident
    repeated = " again: the incident was reopened" if incident.review and incident.review.taken_up else ""
    text = f"{phrases.drill_prefix(incident)}The review of {phrases.title(incident)} is published{repeated}"
    related = [f"INC-{number}" for number in (*incident.merged, *incident.related)]
    return elements.message(
        text,
        [
            elements.section(f":mega: *{text}*"),
            *[block for key in ("summary", "causes", "lessons", "actions") for block in _short(view.section(key))],
            elements.context(f"Related: {elements.join_comma(related)}") if related else None,
            elements.actions(button("Read", READ, incident.id), block_id="review_published"),
            elements.context(f"Or type `{command} review --in {incident.id}`"),
        ],
    )


def reminder(view: ReviewView, reason: str, now: datetime, again_at: datetime | None) -> Message:
    """The reminder to the facilitator, in the channel. `again_at` is when the next comes; None: this was the last."""
    review = view.incident.review
    facilitator = mention(view.facilitator) if view.facilitator else "Somebody"
    due = review.due_at if review else None
    unscheduled = review is not None and review.scheduled_at is None
    task = "schedule the review" if unscheduled else "complete the review"
    when = f"It {'was' if due and due < now else 'is'} due {elements.moment(due)}." if due else ""
    text = f"{phrases.drill_prefix(view.incident)}{facilitator}, please {task} of {view.incident.id}. {when}"
    next_reminder = (
        f"*Again:* {phrases.at(again_at, now)}" if again_at else "*Again:* no more, this was the last reminder"
    )
    stops = f"*What stops it:* *Complete*{', or a time for it (*Schedule*)' if unscheduled else ''}"
    facts = elements.context(
        f"*Why:* {reason}; you lead it" if view.facilitator else f"*Why:* {reason}", next_reminder, stops
    )
    return elements.message(text, [elements.section(text), facts, *buttons(view.incident)])


def hints(incident: Incident, lint_hints: Sequence[Hint]) -> Message:
    """The hints of the lint, after the review was completed, with the buttons that come next."""
    text = f"The review of {incident.id} is completed. Before you publish it, look at these:"
    return elements.message(text, [elements.section(text), _hint_lines(lint_hints), *buttons(incident)])


def _hint_lines(lint_hints: Sequence[Hint]) -> Block:
    lines = "\n".join(f"• {clip(render(line), 500)}" for line in grouped(lint_hints))
    return elements.section(clip(lines, elements.TEXT))


def _before_completed(view: ReviewView) -> list[Block]:
    """The lint's hints while the text is not final; open questions have a part of their own."""
    review = view.incident.review
    if review is None or review.state in (ReviewState.COMPLETED, ReviewState.PUBLISHED):
        return []
    about_text = [hint for hint in lint(view.sections, view.actions) if hint.kind is not HintKind.OPEN]
    return [elements.section("*Before it is completed*"), _hint_lines(about_text[:SHOWN_HINTS])] if about_text else []


def buttons(incident: Incident) -> list[Block]:
    """The buttons that fit the state of the review."""
    value = incident.id
    state = incident.review.state if incident.review else ReviewState.DRAFT
    is_completed = state in (ReviewState.COMPLETED, ReviewState.PUBLISHED)
    row = elements.actions(
        button("Read", READ, value),
        button("Edit", "review_edit", value),
        button("Correct times", "times", value),
        button("Ask participants", "review_ask", value),
        None if is_completed else button("Schedule", "review_schedule", value),
        None if is_completed else button("Complete", "review_complete", value),
        button("Publish", "review_publish", value) if state is ReviewState.COMPLETED else None,
        button("Canvas", "review_canvas", value),
        button("History", "review_history", value),
        block_id="review",
    )
    return [row] if row else []


def whole_text(view: ReviewView, policy: Policy) -> Block:
    """A view with all of the text."""
    blocks: list[Block] = [elements.section(_state(view))]
    for section in view.sections:
        lines = [f"• {_link_citations(sentence.text, sentence.cites, view)}" for sentence in section.sentences]
        lines += [
            f":grey_question: {mention(question.to) if question.to else 'Anybody'}: {render(question.text)}"
            for question in section.questions
        ]
        edited = f" _(written by {mention(section.edited_by)})_" if section.edited_by else ""
        blocks.append(elements.section(f"*{section.title}*{edited}"))
        blocks += _pack(lines or ["_Nothing._"])
    title = f"Review of {view.incident.id}"
    if len(blocks) > elements.VIEW_BLOCKS:
        blocks = blocks[: elements.VIEW_BLOCKS - 1]
        blocks.append(elements.context(f"It goes on: `tocsin review {view.incident.id}`"))
    return elements.modal(READ, title, None, blocks)


def history(incident: Incident, versions: Sequence[Version]) -> Block:
    """A view with what people wrote, the newest version first."""
    blocks: list[Block] = []
    for version in versions[: elements.VIEW_BLOCKS // 2 - 1]:
        head = (
            f"*{TITLES.get(version.section, version.section)}* · version {version.version} · {mention(version.author)}"
        )
        blocks.append(elements.section(f"{head} {elements.moment(version.at)}"))
        blocks.append(elements.section(clip(quote(render(version.text)) or "_Empty._", elements.TEXT)))
    if not blocks:
        blocks.append(elements.section("Nobody has written a section yet: all of it is as drafted from the record."))
    return elements.modal("review_versions", f"History of {incident.id}", None, blocks)


def _pack(lines: list[str]) -> list[Block]:
    blocks: list[Block] = []
    pack: list[str] = []
    room = elements.TEXT
    for line in lines:
        piece = clip(line, elements.TEXT_CHUNK)
        if pack and room < len(piece) * 2 + 1:
            blocks.append(elements.section("\n".join(pack)))
            pack, room = [], elements.TEXT
        pack.append(piece)
        room -= len(piece) + 1
    return [*blocks, elements.section("\n".join(pack))]


def _link_citations(text: str, cites: tuple[Cite, ...], view: ReviewView) -> str:
    """A sentence with a link to each entry that it cites, three at most."""
    links = "".join(f" {elements.link(view.links[cite], '↗')}" for cite in cites[:3] if cite in view.links)
    return f"{render(text)}{links}"


def _short(section: Section) -> list[Block]:
    if not section.sentences:
        return []
    lines = [f"• {clip(render(sentence.text), 400)}" for sentence in section.sentences[:SHOWN_SENTENCES]]
    return [elements.section(f"*{section.title}*\n" + "\n".join(lines))]


def _state(view: ReviewView) -> str:
    review = view.incident.review
    if review is None:
        return "Not opened yet."
    ahead = review.state in (ReviewState.DRAFT, ReviewState.SCHEDULED)
    return elements.join_dots(
        [
            STATES[review.state],
            f"takes place {elements.moment(review.scheduled_at)}" if ahead and review.scheduled_at else "",
            f"due {elements.moment(review.due_at)}" if ahead and review.due_at else "",
            f"led by {mention(view.facilitator)}" if view.facilitator else "nobody leads it yet",
        ]
    )
