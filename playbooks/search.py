"""Searches playbooks that fit an alert or the words of a person, and gives the reasons for each.

Words are ranked by BM25 over fields (Robertson, Zaragoza: The Probabilistic Relevance Framework, 2009, §3.6). Alert
labels, services, category and severity add to that score.
"""

from __future__ import annotations

import difflib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from bot.domain.playbook.definition import Playbook
from bot.domain.playbook.search_hit import Hit
from bot.domain.values.tokenizer import bigrams, terms

WEIGHTS = {
    "name": 4.0, "symptom": 3.0, "also called": 3.0, "alert": 1.5, "service": 1.0, "about": 1.0, "step": 0.4,
}  # fmt: skip
TELLING = ("name", "symptom", "also called", "alert")  # the fields that say what a playbook is for
SATURATION = 1.5  # BM25's k1
LENGTH = 0.3  # BM25's b: a long list of symptoms is thoroughness, not noise
PAIR = 0.8  # weight of two neighbouring words, in addition to their own
GUESSED = 0.7  # weight of a word that is only similar to an indexed one
LABELS, PREFERRED, SERVICE, CATEGORY = 12.0, 4.0, 3.0, 2.0
WRONG_SEVERITY = 0.7
FULL_COVERAGE = 3.0  # a word counts as covered in full from this field weight on
CATEGORY_CERTAINTY = 0.3  # share of the category's score that counts as certainty: alone it is no reason to offer

# From categories of the policy presets to those of the shipped playbooks.
CATEGORY_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "service_unavailable": ("availability",),
    "performance_degradation": ("performance",),
    "ml_model_issues": ("model",),
    "database_issues": ("database",),
    "high_error_rate": ("errors", "availability"),
    "high_latency": ("latency", "performance"),
    "service_down": ("availability",),
    "security_breach": ("security",),
    "infrastructure": ("availability", "capacity"),
    "application": ("performance", "configuration"),
    "data": ("data_integrity",),
    "external": ("dependency",),
    "cache": ("redis",),
    "errors": ("error",),
    "latency": ("performance",),
}


@dataclass(frozen=True, slots=True)
class Query:
    """The facts of an incident by which playbooks are searched."""

    text: str = ""
    symptoms: Sequence[str] = ()
    category: str | None = None
    severity: str | None = None
    severities: Sequence[str] = ()  # all of the policy's, by key, the worst first
    services: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)  # of an alert
    preferred: Sequence[str] = ()  # IDs of playbooks that the policy names for the services


@dataclass(frozen=True, slots=True)
class _Text:
    """One text of a playbook, and the field it is in."""

    field: str
    text: str
    terms: tuple[str, ...]


class SearchIndex:
    """An immutable search index over playbooks. Building it takes a few milliseconds."""

    def __init__(self, playbooks: Iterable[Playbook]) -> None:
        self._playbooks = tuple(playbooks)
        self._texts = {playbook.id: tuple(_texts(playbook)) for playbook in self._playbooks}
        self._counts = {playbook.id: _counts(self._texts[playbook.id]) for playbook in self._playbooks}
        self._average = self._averages()
        documents = Counter(term for counts in self._counts.values() for term in set().union(*counts.values()))
        total = len(self._playbooks)
        self._idf = {term: math.log(1 + (total - n + 0.5) / (n + 0.5)) for term, n in documents.items()}
        self._words = [term for term in self._idf if " " not in term]

    def find(self, query: Query, limit: int = 5) -> list[Hit]:
        """Search results, the best first. Empty if nothing fits."""
        weights = self._term_weights(query)
        hits = [hit for playbook in self._playbooks if (hit := self._hit(playbook, query, weights))]
        return sorted(hits, key=lambda hit: (-hit.score, hit.playbook.name))[:limit]

    def _term_weights(self, query: Query) -> dict[str, float]:
        """The terms of the query, each with its weight."""
        weights: dict[str, float] = {}
        for text in (query.text, *query.symptoms, query.labels.get("alertname", "")):
            text_terms = terms(text)
            for term in text_terms:
                indexed, weight = self._nearest_indexed(term)
                weights[indexed] = max(weights.get(indexed, 0), weight)
            weights |= {pair: PAIR for pair in bigrams(text_terms) if pair in self._idf}
        return weights

    def _nearest_indexed(self, term: str) -> tuple[str, float]:
        """The term, or if no playbook has it, a similar one that was probably meant; with its weight."""
        if term in self._idf or len(term) < 4:
            return term, 1.0
        near = difflib.get_close_matches(term, self._words, n=1, cutoff=0.8)
        return (near[0], GUESSED) if near else (term, 1.0)

    def _hit(self, playbook: Playbook, query: Query, weights: Mapping[str, float]) -> Hit | None:
        by_words = sum(weight * self._score(playbook, term) for term, weight in weights.items() if term in self._idf)
        category = _category(playbook, query)
        facts = [*_labels(playbook, query), *_preference(playbook, query), *_services(playbook, query), *category]
        by_facts = sum(points for points, _ in facts)
        score = by_words + by_facts
        certainty = by_words * self._coverage(playbook, weights) + by_facts
        certainty -= sum(points for points, _ in category) * (1 - CATEGORY_CERTAINTY)
        if score <= 0:
            return None
        reasons = [reason for _, reason in facts] + self._reasons(playbook, weights)
        if query.severity and query.severities and query.severity not in playbook.severities(query.severities):
            reasons.append(f"but meant for other severities than {query.severity}")
            score, certainty = score * WRONG_SEVERITY, certainty * WRONG_SEVERITY
        evidence = self._matched_words(playbook, weights) + 2 * (len(facts) - len(category)) + len(category)
        return Hit(playbook, round(score, 3), tuple(dict.fromkeys(reasons)), round(certainty, 3), evidence)

    def _matched_words(self, playbook: Playbook, weights: Mapping[str, float]) -> int:
        """The number of the query's words in the playbook's name, symptoms, keywords or alerts."""
        own = set().union(*(self._counts[playbook.id][name] for name in TELLING))
        return sum(term in own for term in weights if " " not in term)

    def _coverage(self, playbook: Playbook, weights: Mapping[str, float]) -> float:
        """The share of the query's words that this playbook has. Words that no playbook has count as rare ones."""
        rarest = math.log(1 + (len(self._playbooks) + 0.5) / 0.5)
        words = {term: weight for term, weight in weights.items() if " " not in term}
        total = sum(self._idf.get(term, rarest) for term in words)
        covered = sum(
            self._idf.get(term, rarest) * weight * self._has(playbook, term) for term, weight in words.items()
        )
        return covered / total if total else 0.0

    def _has(self, playbook: Playbook, term: str) -> float:
        """The prominence of a term in the playbook, from 0 to 1."""
        weights = [WEIGHTS[name] for name, counts in self._counts[playbook.id].items() if counts[term]]
        return min(1.0, max(weights, default=0.0) / FULL_COVERAGE)

    def _score(self, playbook: Playbook, term: str) -> float:
        """BM25F of one term."""
        frequency = 0.0
        for name, counts in self._counts[playbook.id].items():
            if counts[term]:
                relative = sum(counts.values()) / self._average[name]
                frequency += WEIGHTS[name] * counts[term] / (1 - LENGTH + LENGTH * relative)
        return self._idf[term] * frequency / (SATURATION + frequency)

    def _averages(self) -> dict[str, float]:
        """The mean length of each field, in terms."""
        total = {name: sum(sum(counts[name].values()) for counts in self._counts.values()) for name in WEIGHTS}
        return {name: max(1.0, count / max(1, len(self._playbooks))) for name, count in total.items()}

    def _reasons(self, playbook: Playbook, weights: Mapping[str, float]) -> list[str]:
        """The two texts that match the query best. Name and description come last, as they are shown anyway."""
        ranked = []
        for text in self._texts[playbook.id]:
            matches = {*text.terms, *bigrams(list(text.terms))} & weights.keys()
            value = WEIGHTS[text.field] * sum(self._idf.get(term, 0) * weights[term] for term in matches)
            if value > 0:
                ranked.append((value / (2 + len(text.terms)), text))
        best = [text for _, text in sorted(ranked, key=lambda scored: -scored[0])]
        telling = [text for text in best if text.field != "name" and text.text != playbook.description] or best
        fields: dict[str, list[str]] = {}
        for text in telling[:2]:
            fields.setdefault(text.field, []).append(
                "its description" if text.text == playbook.description else text.text
            )
        return [f"{name}: {', '.join(texts)}" for name, texts in fields.items()]


def _texts(playbook: Playbook) -> Iterable[_Text]:
    fields = [("name", playbook.name), ("name", playbook.id.replace("-", " "))]
    fields += [("symptom", text) for text in playbook.symptoms]
    fields += [("also called", text) for text in playbook.keywords]
    fields += [("alert", value.replace("*", " ")) for alert in playbook.alerts for value in alert.values()]
    fields += [("service", text) for text in playbook.services]
    fields += [("about", playbook.category), ("about", playbook.description)]
    fields += [("step", step.title) for step in playbook.steps]
    for name, text in fields:
        yield _Text(name, text.strip('"“” '), tuple(terms(text)))


def _counts(texts: Iterable[_Text]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {name: Counter() for name in WEIGHTS}
    for text in texts:
        counts[text.field].update([*text.terms, *bigrams(list(text.terms))])
    return counts


def _labels(playbook: Playbook, query: Query) -> list[tuple[float, str]]:
    """The score of matching alert labels: all of a playbook's labels must match, and more labels score higher."""
    scores = []
    labels = {name.lower(): value.lower() for name, value in query.labels.items()}
    for alert in playbook.alerts:
        if all(fnmatchcase(labels.get(name.lower(), ""), pattern.lower()) for name, pattern in alert.items()):
            label_list = ", ".join(f"{name}={query.labels.get(name, '')}" for name in alert)
            literal = sum(len(pattern.replace("*", "")) for pattern in alert.values())
            exact = all("*" not in pattern for pattern in alert.values())
            scores.append((LABELS + literal / 10 + 5 * exact, f"alert label: {label_list}"))
    return sorted(scores, reverse=True)[:1]


def _services(playbook: Playbook, query: Query) -> list[tuple[float, str]]:
    own = {service.lower() for service in playbook.services}
    return [(SERVICE, f"service: {service}") for service in query.services if service.lower() in own][:1]


def _preference(playbook: Playbook, query: Query) -> list[tuple[float, str]]:
    return [(PREFERRED, "named for the affected service")] if playbook.id in query.preferred else []


def _category(playbook: Playbook, query: Query) -> list[tuple[float, str]]:
    if query.category is None:
        return []
    if query.category == playbook.category or playbook.category in CATEGORY_SYNONYMS.get(query.category, ()):
        return [(CATEGORY, f"category: {query.category.replace('_', ' ')}")]
    return []
