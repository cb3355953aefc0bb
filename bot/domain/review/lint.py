"""Finds what a careful reader would ask about in a review: blame, a single cause, vague actions, missing citations.

These are hints for the facilitator before the review is completed. Nothing is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.actions.item import ActionItem
from bot.domain.review.document import SILENT, Section

# Words for people. A machine may fail, forget or ignore without blame.
_PERSON = (
    r"(?:he|she|they|we|somebody|someone|whoever|nobody|(?:the )?(?:\w+ )?(?:engineer|developer|operator|person|"
    r"reviewer|manager|team|on-call|admin|administrator|author|vendor|colleague|intern|user)s?)"
)
_NAME = r"(?:<@[A-Z0-9]+>|@[\w.-]+|[A-Z][a-z]+(?: [A-Z][a-z]+)?)"
_DID = r"(?:forgot|neglected|failed to|failed|ignored|did not bother|didn't bother|overlooked)"
_BLAME = (
    re.compile(r"\b(?:human|operator|user|pilot) error\b", re.I),
    re.compile(r"\b(?:careless(?:ly)?|negligen\w+|incompeten\w+|lazy|lazily|stupid\w*|sloppy|clumsy)\b", re.I),
    re.compile(r"\b(?:at|the) fault of\b|\b(?:was|is|were|are) at fault\b|\bto blame\b|\bfault lies\b", re.I),
    re.compile(rf"\b(?i:{_PERSON}) (?:should|ought to|could)(?: easily)? have\b", re.I),
    re.compile(rf"\b(?i:{_PERSON}) could have (?:easily )?(?:prevented|avoided|caught)\b", re.I),
    re.compile(rf"\b(?i:{_PERSON}) {_DID}\b", re.I),
    re.compile(rf"^{_NAME} (?:should have|ought to have|{_DID})\b"),
    re.compile(r"\bmade a (?:\w+ )?mistake\b|\bshould have known\b", re.I),
)
_MACHINES = re.compile(
    r"^(?:The |A |An )?(?:\w+[ -]){0,2}(?:check|request|pipeline|loop|job|cache|failover|service|client|server|script|"
    r"alert|rule|query|retry|host|build|replica|deploy)\b",
    re.I,
)
_SINGLE = re.compile(
    r"\b(?:only|sole|single|one and only) (?:root )?(?:cause|reason)\b|\bsolely (?:due|because|caused)\b"
    r"|\bthe root cause (?:was|is)\b|^root cause\b[^:]*:",
    re.I,
)
_SEVERAL = re.compile(r"\b(?:and|because|which|while|also|several|contributing|together)\b|;", re.I)
_VAGUE_BEGIN = re.compile(
    r"^(?:improve|better|investigate|look into|look at|think about|consider|discuss|try|be more|be|pay|raise awareness|"
    r"ensure|make sure|fix|review|explore|check)\b",
    re.I,
)
_CONCRETE = re.compile(r"\d|%|`|[a-z]+[A-Z]\w+|\b\w+[-_.]\w+|\bby\b|\bwhen\b")
SHORT = 7  # words; a longer title says enough
MOST = 20


class HintKind(StrEnum):
    """The subjects of hints."""

    BLAME = "blame"
    SINGLE_CAUSE = "single_cause"
    VAGUE = "vague"
    NO_OWNER = "no_owner"
    NO_DATE = "no_date"
    NO_CITATION = "no_citation"
    SILENCE = "silence"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Hint:
    """One hint, in words, about a section."""

    kind: HintKind
    section: str
    text: str


QUOTING = frozenset({HintKind.BLAME, HintKind.SINGLE_CAUSE, HintKind.NO_CITATION})  # hints that end with a sentence


def lint(sections: Sequence[Section], actions: Sequence[ActionItem]) -> list[Hint]:
    """The hints about a review, at most `MOST`, those about its words first."""
    edited = [section for section in sections if section.key not in ("timeline", "appendices", "communication")]
    hints = [hint for section in edited for hint in _of_section(section)]
    hints += [hint for item in actions if item.live and not item.checklist for hint in _of_item(item)]
    questions = [question for section in sections for question in section.questions]
    silences = [question for question in questions if question.key.startswith(SILENT)]
    hints += [Hint(HintKind.SILENCE, "timeline", question.text) for question in silences]
    hints = hints[: MOST - 1]
    if unanswered := len(questions) - len(silences):
        subject = f"{unanswered} questions are" if unanswered != 1 else "1 question is"
        hints.append(Hint(HintKind.OPEN, "", f"{subject} open. *Ask participants* sends them."))
    return hints


def advice(hint: Hint) -> str:
    """The words of a hint without the sentence that they are about."""
    return hint.text.partition(" “")[0].rstrip(":") if hint.kind in QUOTING else hint.text


def grouped(hints: Sequence[Hint]) -> list[str]:
    """The hints as lines, those with the same advice about several sentences in one."""
    by_advice: dict[str, list[str]] = {}
    lines: list[str] = []
    for hint in hints:
        advice, colon, about = hint.text.partition(" “")
        if colon and hint.kind in QUOTING:
            by_advice.setdefault(advice, []).append(f"“{about}")
        else:
            lines.append(hint.text)
    return [*(f"{advice} {' · '.join(texts)}" for advice, texts in by_advice.items()), *lines]


def _of_section(section: Section) -> list[Hint]:
    hints = []
    for sentence in section.sentences:
        quoted = f"“{_short(sentence.text)}”"
        if kind := of_sentence(sentence.text):
            hints.append(Hint(kind, section.key, f"{_ADVICE[kind]} {quoted}"))
        if section.version and not sentence.cites:
            hints.append(Hint(HintKind.NO_CITATION, section.key, f"Which entry says so? {quoted}"))
    return hints


def _of_item(item: ActionItem) -> list[Hint]:
    hints = []
    if of_action(item.title):
        hints.append(Hint(HintKind.VAGUE, "actions", f"{_ADVICE[HintKind.VAGUE]} {item.id} “{_short(item.title)}”"))
    if item.owner is None:
        hints.append(Hint(HintKind.NO_OWNER, "actions", f"Who does {item.id}?"))
    if item.due is None:
        hints.append(Hint(HintKind.NO_DATE, "actions", f"By when is {item.id} done?"))
    return hints


def of_sentence(text: str) -> HintKind | None:
    """The hint that a sentence deserves; None for most."""
    if any(pattern.search(text) for pattern in _BLAME) and not (_MACHINES.match(text) and not _blames_person(text)):
        return HintKind.BLAME
    if (match := _SINGLE.search(text)) and not _SEVERAL.search(text[match.end() :]):
        return HintKind.SINGLE_CAUSE
    return None


def of_action(title: str) -> bool:
    """Whether nobody could say when this is done."""
    return bool(_VAGUE_BEGIN.match(title)) and len(title.split()) <= SHORT and not _CONCRETE.search(title)


def _blames_person(text: str) -> bool:
    return bool(re.search(r"\b(?:careless|negligen|incompeten|lazy|stupid|to blame|human error)", text, re.I))


def _short(text: str) -> str:
    return text if len(text) <= 120 else text[:119].rstrip() + "…"


_ADVICE = {
    HintKind.BLAME: "This blames a person; say what made it the sensible thing to do:",
    HintKind.SINGLE_CAUSE: "One cause seldom is enough; what else had to be true?",
    HintKind.VAGUE: "When is this done? Say what is different then:",
}
