"""Measures how similar two incidents are, from shared words, services and category, as a confidence.

A rare shared word counts for more than a common one. The confidence is the probability that the older incident had the
same cause, fitted to incidents that people judged (`tests/playbooks/test_similar_incidents.py`).
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
DESCRIPTION_WEIGHT = 0.5  # of a word in the description, where one in the title counts 1
OFFER_THRESHOLD = 0.5  # the least confidence to offer an incident as similar
FULL = 4.0  # the weight of shared words at which `Similarity.shown` is one half
# Coefficients fitted to judged incidents (`tune` of tests/playbooks/new_incidents.yml), and measured on others.
START, COVERED, KNOWN_AS, SHOWN = -8.3, 5.5, 7.8, 4.2
SAME_SERVICE, SAME_CATEGORY = 0.3, 0.2  # small, as the words mostly say the same
# A small collection says little about how common a word is, so count as if there were so many more incidents.
PRIOR = 25
COMMON = 0.2  # the assumed share of incidents with a word that means trouble of any kind
RARE = 0.01  # the assumed share of incidents with any other word
_TROUBLE = """
down error slow answer fail issue problem broken break alert service system production prod user customer app
request timeout high page api traffic check load time server site team urgent work report degrad increas spike
elevat multiple several since stop start run see show bad wrong lot many huge major everybody everyone today night
again weird strange unknown trouble incident miss
"""
TROUBLE = frozenset(_TROUBLE.split())


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """The terms under which an incident is found, each once in a field."""

    incident: int  # number
    title: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    fix: tuple[str, ...] = ()
    body: tuple[str, ...] = ()

    def terms_in(self, name: str) -> tuple[str, ...]:
        """The terms of one field, by the field's name."""
        terms: tuple[str, ...] = getattr(self, name)
        return terms

    @property
    def all_terms(self) -> frozenset[str]:
        """The terms of every field."""
        return frozenset(term for name in FIELDS for term in self.terms_in(name))


@dataclass(frozen=True, slots=True)
class Frequencies:
    """The number of indexed incidents, and how many of them have each term."""

    total: int
    counts: Mapping[str, int] = field(default_factory=dict)

    def weight(self, term: str) -> float:
        """The inverse document frequency of a term; always positive."""
        count = self.counts.get(term, 0) + PRIOR * (COMMON if term in TROUBLE else RARE)
        return math.log(1 + (self.total + PRIOR - count + 0.5) / (count + 0.5))

    def merged(self, more: Frequencies) -> Frequencies:
        """These frequencies together with those of further terms."""
        return Frequencies(self.total, {**self.counts, **more.counts})


@dataclass(frozen=True, slots=True)
class SimilarityQuery:
    """The incident, or the typed text, for which similar incidents are searched."""

    title: tuple[str, ...]
    description: tuple[str, ...] = ()
    services: tuple[str, ...] = ()  # keys
    category: str | None = None
    words: Mapping[str, str] = field(default_factory=dict)  # by term, the word as it was typed

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each term; a term of both texts counts as one of the title."""
        return dict.fromkeys(self.description, DESCRIPTION_WEIGHT) | dict.fromkeys(self.title, 1.0)


@dataclass(frozen=True, slots=True)
class Similarity:
    """The similarity of two incidents, as figures from 0 to 1."""

    covered: float  # share of the query that the older incident contains
    known_as: float  # share of the older incident's title that the query contains
    shown: float  # total weight of the shared words: a single word is weak evidence
    same_service: bool
    same_category: bool
    shared: tuple[str, ...]  # terms, the weightiest first

    @property
    def confidence(self) -> float:
        """The probability that both incidents had the same cause, from 0 to 1."""
        logit = START + COVERED * self.covered + KNOWN_AS * self.known_as + SHOWN * self.shown
        logit += SAME_SERVICE * self.same_service + SAME_CATEGORY * self.same_category
        return 1 / (1 + math.exp(-logit)) if self.shared else 0.0


def compare(
    query: SimilarityQuery, document: SearchDocument, incident: Incident, frequencies: Frequencies
) -> Similarity:
    """Compare a query with an earlier incident, whose terms are in `document`."""
    weights = query.weights
    best: dict[str, float] = {}
    for name in FIELDS:
        for term in document.terms_in(name):
            if term in weights:
                best[term] = max(best.get(term, 0.0), FIELD_WEIGHTS[name])
    rarity = {term: frequencies.weight(term) for term in {*weights, *document.title}}
    shared = sum(weights[term] * rarity[term] * share for term, share in best.items())
    total = sum(weight * rarity[term] for term, weight in weights.items())
    title = sum(rarity[term] for term in document.title)
    shared_title = sum(rarity[term] for term in document.title if term in weights)
    return Similarity(
        covered=shared / total if total else 0.0,
        known_as=shared_title / title if title else 0.0,
        shown=shared / (shared + FULL),
        same_service=bool(set(query.services) & set(incident.services)),
        same_category=query.category is not None and query.category == incident.category,
        shared=tuple(sorted(best, key=lambda term: -rarity[term] * best[term])),
    )


@dataclass(frozen=True, slots=True)
class Fix:
    """The step of a playbook after which an incident was mitigated."""

    playbook: str  # ID
    step: str  # for people: `Database failover, 2.1 Promote it`


@dataclass(frozen=True, slots=True)
class SimilarIncident:
    """An incident similar to the one in question."""

    incident: Incident
    confidence: float  # from 0 to 1
    reasons: tuple[str, ...]  # for people
    fixed: str = ""  # what fixed it, in the words of the person who ended it
    fix: Fix | None = None


def rank(likes: Mapping[int, Similarity], incidents: Mapping[int, Incident]) -> list[tuple[Incident, Similarity]]:
    """Order by confidence, then the newest first. An incident merged into another is left out: the other one counts."""
    pairs = [
        (incidents[number], like) for number, like in likes.items() if incidents[number].status is not Status.MERGED
    ]
    return sorted(pairs, key=lambda pair: (-round(pair[1].confidence, 2), -pair[0].declared_at.timestamp()))


def reasons(query: SimilarityQuery, like: Similarity, incident: Incident, now: datetime) -> tuple[str, ...]:
    """Why an incident counts as similar: shared words as typed, service, category, and its age."""
    shared = ["the same words: " + ", ".join(dict.fromkeys(query.words.get(term, term) for term in like.shared[:4]))]
    if like.same_service:
        shared.append("the same service")
    if like.same_category:
        shared.append("the same category")
    ago = durations.ago(now - incident.declared_at) if incident.declared_at <= now else ""
    return tuple(text for text in (*shared, "open now" if incident.open else ago) if text)


def fix_text(incident: Incident, cancelled: str = "") -> str:
    """The fix of an incident, in the words of the person who ended it. Empty if it is open or they gave no words.

    `cancelled` is the reason why it was cancelled, if it was.
    """
    if incident.open:
        return ""
    if incident.status is Status.CANCELLED:
        return f"It was a false alarm: {cancelled}" if cancelled else "It was a false alarm."
    return incident.summary or (f"Its root cause: {incident.root_cause}" if incident.root_cause else "")


def fixing_step(incident: Incident, entries: Sequence[Entry]) -> Fix | None:
    """The last playbook step done before an incident was mitigated. Runs judged helpful take precedence.

    Of a reopened incident only the last episode counts: what was done before did not last. `entries` are the incident's
    entries of kind `playbook`, in order. None if there is no such step.
    """
    reopened = incident.episode > 1
    mitigated_at = incident.resolved_at if reopened else incident.mitigated_at or incident.resolved_at
    if mitigated_at is None:
        return None
    if reopened:
        entries = [record for record in entries if record.at >= incident.ladder.started_at]
    judged = {
        record.data.get("walk"): record.data.get("helped") for record in entries if record.data.get("act") == "judged"
    }
    done_steps = [
        record for record in entries if record.data.get("act") in ("done", "succeeded") and record.at <= mitigated_at
    ]
    done_steps = [record for record in done_steps if judged.get(record.data.get("walk")) is not False]
    helpful_steps = [record for record in done_steps if judged.get(record.data.get("walk"))] or done_steps
    if not helpful_steps:
        return None
    last = helpful_steps[-1]
    return Fix(str(last.data.get("playbook", "")), last.text.rsplit(": ", 1)[0])
