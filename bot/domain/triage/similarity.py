"""How alike two incidents are: from the words they share, their services, category and age to a confidence.

A shared word counts for what it says: one that half of all incidents have says next to nothing. The confidence is the
chance that the older incident was the same trouble, as measured on incidents that people had judged
(`tests/playbooks/test_similar.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.domain.timeline.entry import Entry
from bot.domain.values import durations

FIELDS = ("title", "services", "fix", "body")
FIELD_WEIGHTS = {"title": 1.0, "services": 0.7, "fix": 0.7, "body": 0.6}
DESCRIPTION_WEIGHT = 0.5  # what a word of the description is worth beside one of the title
OFFER_THRESHOLD = 0.5  # what is less sure is not offered
FULL = 4.0  # the worth of shared words of which half that could be shown is shown
# Fitted to the judged incidents (`tune` of tests/playbooks/new_incidents.yml), and measured on others.
START, COVERED, KNOWN_AS, SHOWN = -8.3, 5.5, 7.8, 4.2
SAME_SERVICE, SAME_CATEGORY = 0.3, 0.2  # the words mostly say it already
# Of a small collection nothing can be learned of how common a word is, so it counts as if so many more were known.
PRIOR = 25
COMMON = 0.2  # the share of incidents that a word which tells of trouble, but not of which, stands in
RARE = 0.01
_TROUBLE = """
down error slow answer fail issue problem broken break alert service system production prod user customer app
request timeout high page api traffic check load time server site team urgent work report degrad increas spike
elevat multiple several since stop start run see show bad wrong lot many huge major everybody everyone today night
again weird strange unknown trouble incident miss
"""
TROUBLE = frozenset(_TROUBLE.split())


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """What an incident is found by: terms, each once in a field."""

    incident: int
    title: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    fix: tuple[str, ...] = ()
    body: tuple[str, ...] = ()

    def terms_in(self, name: str) -> tuple[str, ...]:
        terms: tuple[str, ...] = getattr(self, name)
        return terms


@dataclass(frozen=True, slots=True)
class Frequencies:
    """How many incidents are known, and how many of them have each term."""

    total: int
    counts: Mapping[str, int] = field(default_factory=dict)

    def weight(self, term: str) -> float:
        """What it says that two incidents share this term; never 0."""
        known = self.counts.get(term, 0) + PRIOR * (COMMON if term in TROUBLE else RARE)
        return math.log(1 + (self.total + PRIOR - known + 0.5) / (known + 0.5))

    def merged(self, more: Frequencies) -> Frequencies:
        return Frequencies(self.total, {**self.counts, **more.counts})


@dataclass(frozen=True, slots=True)
class SimilarityQuery:
    """What is known of the incident that others are looked for. `words`: by term, the word as it was typed."""

    title: tuple[str, ...]
    description: tuple[str, ...] = ()
    services: tuple[str, ...] = ()  # keys
    category: str | None = None
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def weights(self) -> dict[str, float]:
        return dict.fromkeys(self.description, DESCRIPTION_WEIGHT) | dict.fromkeys(self.title, 1.0)


@dataclass(frozen=True, slots=True)
class Similarity:
    """What two incidents share, as figures from 0 to 1, and the terms by what they are worth."""

    covered: float  # of what was asked, how much the older one has
    known_as: float  # of the older one's title, how much was asked
    shown: float  # how much that is in all: one word alone shows little
    same_service: bool
    same_category: bool
    shared: tuple[str, ...]

    @property
    def confidence(self) -> float:
        said = START + COVERED * self.covered + KNOWN_AS * self.known_as + SHOWN * self.shown
        said += SAME_SERVICE * self.same_service + SAME_CATEGORY * self.same_category
        return 1 / (1 + math.exp(-said)) if self.shared else 0.0


def compare(
    query: SimilarityQuery, document: SearchDocument, incident: Incident, frequencies: Frequencies
) -> Similarity:
    """How `document`, which is what `known` is found by, stands to what is asked."""
    weights = query.weights
    best: dict[str, float] = {}
    for name in FIELDS:
        for term in document.terms_in(name):
            if term in weights:
                best[term] = max(best.get(term, 0.0), FIELD_WEIGHTS[name])
    worth = {term: frequencies.weight(term) for term in {*weights, *document.title}}
    found = sum(weights[term] * worth[term] * share for term, share in best.items())
    wanted = sum(weight * worth[term] for term, weight in weights.items())
    title = sum(worth[term] for term in document.title)
    titled = sum(worth[term] for term in document.title if term in weights)
    return Similarity(
        covered=found / wanted if wanted else 0.0,
        known_as=titled / title if title else 0.0,
        shown=found / (found + FULL),
        same_service=bool(set(query.services) & set(incident.services)),
        same_category=query.category is not None and query.category == incident.category,
        shared=tuple(sorted(best, key=lambda term: -worth[term] * best[term])),
    )


@dataclass(frozen=True, slots=True)
class Fix:
    """The step of a playbook after which it was mended. `step` is for people: `Database failover, 2.1 Promote it`."""

    playbook: str
    step: str


@dataclass(frozen=True, slots=True)
class SimilarIncident:
    """An incident like the one asked about. `confidence` is 0 to 1, `reasons` and `fixed` are house text."""

    incident: Incident
    confidence: float
    reasons: tuple[str, ...]
    fixed: str = ""
    fix: Fix | None = None


def rank(likes: Mapping[int, Similarity], known: Mapping[int, Incident]) -> list[tuple[Incident, Similarity]]:
    """The surest first; of equals the newest. What was merged into another stands there."""
    pairs = [(known[number], like) for number, like in likes.items() if known[number].status is not Status.MERGED]
    return sorted(pairs, key=lambda pair: (-round(pair[1].confidence, 2), -pair[0].declared_at.timestamp()))


def reasons(asked: SimilarityQuery, like: Similarity, known: Incident, now: datetime) -> tuple[str, ...]:
    """Why it is held to be alike, in words: the shared words as they were typed, service, category, age."""
    said = ["the same words: " + ", ".join(dict.fromkeys(asked.words.get(term, term) for term in like.shared[:4]))]
    if like.same_service:
        said.append("the same service")
    if like.same_category:
        said.append("the same category")
    ago = durations.ago(now - known.declared_at) if known.declared_at <= now else ""
    return tuple(text for text in (*said, "open now" if known.open else ago) if text)


def what_fixed(known: Incident, cancelled: str = "") -> str:
    """In the words of whoever ended it; empty where nobody said."""
    if known.open:
        return ""
    if known.status is Status.CANCELLED:
        return f"It was a false alarm: {cancelled}" if cancelled else "It was a false alarm."
    return known.summary or (f"Its root cause: {known.root_cause}" if known.root_cause else "")


def fixing_step(known: Incident, acts: Sequence[Entry]) -> Fix | None:
    """Of the playbooks walked, the last step done before it was mended; one that was judged to have helped is taken
    before others. `acts` are the entries of kind `playbook`, in their order.
    """
    mended_at = known.mitigated_at or known.resolved_at
    if mended_at is None:
        return None
    judged = {act.data.get("walk"): act.data.get("helped") for act in acts if act.data.get("act") == "judged"}
    done = [act for act in acts if act.data.get("act") in ("done", "succeeded") and act.at <= mended_at]
    done = [act for act in done if judged.get(act.data.get("walk")) is not False]
    helped = [act for act in done if judged.get(act.data.get("walk"))] or done
    if not helped:
        return None
    last = helped[-1]
    return Fix(str(last.data.get("playbook", "")), last.text.rsplit(": ", 1)[0])
