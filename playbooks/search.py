"""From an alert, or from what a tired person types, to the playbooks that fit, the best first, each with its reasons.

The words are ranked by BM25 over fields (Robertson, Zaragoza: The Probabilistic Relevance Framework, 2009, §3.6);
what is known besides them (alert labels, services, category, severity) is added to that.
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
SATURATION = 1.5  # BM25's k1
LENGTH = 0.3  # BM25's b: a long list of symptoms is thoroughness, not noise
PAIR = 0.8  # what two words standing together are worth, beside themselves
GUESSED = 0.7  # what a word is worth that is only like one that is known
LABELS, PREFERRED, SERVICE, CATEGORY = 12.0, 4.0, 3.0, 2.0
WRONG_SEVERITY = 0.7
SAYS_ALL = 3.0  # the weight of a field of which a word there is covered in full
BY_CATEGORY = 0.3  # of what a category is worth: it alone is no reason to offer anything

# Categories of the presets, in the words of the shipped playbooks.
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
    """What is known of an incident. `severities`: the keys of its policy, worst first. `preferred`: ids of playbooks
    that the policy names for its services."""

    text: str = ""
    symptoms: Sequence[str] = ()
    category: str | None = None
    severity: str | None = None
    severities: Sequence[str] = ()
    services: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    preferred: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class _Text:
    """One thing that a playbook says of itself, and where."""

    field: str
    text: str
    terms: tuple[str, ...]


class SearchIndex:
    """An index over playbooks. Making one costs a few milliseconds; it never changes."""

    def __init__(self, playbooks: Iterable[Playbook]) -> None:
        self._playbooks = tuple(playbooks)
        self._texts = {one.id: tuple(_texts(one)) for one in self._playbooks}
        self._counts = {one.id: _counts(self._texts[one.id]) for one in self._playbooks}
        self._average = self._averages()
        known = Counter(term for counts in self._counts.values() for term in set().union(*counts.values()))
        total = len(self._playbooks)
        self._idf = {term: math.log(1 + (total - n + 0.5) / (n + 0.5)) for term, n in known.items()}
        self._words = [term for term in self._idf if " " not in term]

    def find(self, query: Query, limit: int = 5) -> list[Hit]:
        """The best first; nothing where nothing fits."""
        asked = self._asked(query)
        hits = [hit for one in self._playbooks if (hit := self._hit(one, query, asked))]
        return sorted(hits, key=lambda hit: (-hit.score, hit.playbook.name))[:limit]

    def _asked(self, wanted: Query) -> dict[str, float]:
        """The terms that are looked for, with what each is worth."""
        asked: dict[str, float] = {}
        for text in (wanted.text, *wanted.symptoms, wanted.labels.get("alertname", "")):
            found = terms(text)
            for term in found:
                known, worth = self._known(term)
                asked[known] = max(asked.get(known, 0), worth)
            asked |= {pair: PAIR for pair in bigrams(found) if pair in self._idf}
        return asked

    def _known(self, term: str) -> tuple[str, float]:
        """The term itself, or where no playbook has it, the one that was probably meant."""
        if term in self._idf or len(term) < 4:
            return term, 1.0
        near = difflib.get_close_matches(term, self._words, n=1, cutoff=0.8)
        return (near[0], GUESSED) if near else (term, 1.0)

    def _hit(self, one: Playbook, wanted: Query, asked: Mapping[str, float]) -> Hit | None:
        by_words = sum(worth * self._score(one, term) for term, worth in asked.items() if term in self._idf)
        category = _category(one, wanted)
        known = [*_labels(one, wanted), *_preferred(one, wanted), *_services(one, wanted), *category]
        score = by_words + sum(worth for worth, _ in known)
        certainty = by_words * self._covered(one, asked) + sum(worth for worth, _ in known)
        certainty -= sum(worth for worth, _ in category) * (1 - BY_CATEGORY)
        if score <= 0:
            return None
        reasons = [reason for _, reason in known] + self._reasons(one, asked)
        if wanted.severity and wanted.severities and wanted.severity not in one.severities(wanted.severities):
            reasons.append(f"but made for other severities than {wanted.severity}")
            score, certainty = score * WRONG_SEVERITY, certainty * WRONG_SEVERITY
        return Hit(one, round(score, 3), tuple(dict.fromkeys(reasons)), round(certainty, 3))

    def _covered(self, one: Playbook, asked: Mapping[str, float]) -> float:
        """Of the words that were said, the share that this playbook has; what no playbook has counts as rare."""
        rarest = math.log(1 + (len(self._playbooks) + 0.5) / 0.5)
        said = {term: worth for term, worth in asked.items() if " " not in term}
        total = sum(self._idf.get(term, rarest) for term in said)
        found = sum(self._idf.get(term, rarest) * worth * self._has(one, term) for term, worth in said.items())
        return found / total if total else 0.0

    def _has(self, one: Playbook, term: str) -> float:
        weights = [WEIGHTS[name] for name, counts in self._counts[one.id].items() if counts[term]]
        return min(1.0, max(weights, default=0.0) / SAYS_ALL)

    def _score(self, one: Playbook, term: str) -> float:
        weighed = 0.0
        for name, counts in self._counts[one.id].items():
            if counts[term]:
                relative = sum(counts.values()) / self._average[name]
                weighed += WEIGHTS[name] * counts[term] / (1 - LENGTH + LENGTH * relative)
        return self._idf[term] * weighed / (SATURATION + weighed)

    def _averages(self) -> dict[str, float]:
        total = {name: sum(sum(counts[name].values()) for counts in self._counts.values()) for name in WEIGHTS}
        return {name: max(1.0, count / max(1, len(self._playbooks))) for name, count in total.items()}

    def _reasons(self, one: Playbook, asked: Mapping[str, float]) -> list[str]:
        """The two texts of the playbook that say most of what was asked. Its name and description only where nothing
        else does: they are read anyway."""
        worth = []
        for text in self._texts[one.id]:
            found = {*text.terms, *bigrams(list(text.terms))} & asked.keys()
            value = WEIGHTS[text.field] * sum(self._idf.get(term, 0) * asked[term] for term in found)
            if value > 0:
                worth.append((value / (2 + len(text.terms)), text))
        best = [text for _, text in sorted(worth, key=lambda each: -each[0])]
        telling = [text for text in best if text.field != "name" and text.text != one.description] or best
        fields: dict[str, list[str]] = {}
        for text in telling[:2]:
            fields.setdefault(text.field, []).append("its description" if text.text == one.description else text.text)
        return [f"{name}: {', '.join(said)}" for name, said in fields.items()]


def _texts(one: Playbook) -> Iterable[_Text]:
    said = [("name", one.name), ("name", one.id.replace("-", " "))]
    said += [("symptom", text) for text in one.symptoms]
    said += [("also called", text) for text in one.keywords]
    said += [("alert", value.replace("*", " ")) for alert in one.alerts for value in alert.values()]
    said += [("service", text) for text in one.services]
    said += [("about", one.category), ("about", one.description)]
    said += [("step", step.title) for step in one.steps]
    for name, text in said:
        yield _Text(name, text.strip('"“” '), tuple(terms(text)))


def _counts(texts: Iterable[_Text]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {name: Counter() for name in WEIGHTS}
    for text in texts:
        counts[text.field].update([*text.terms, *bigrams(list(text.terms))])
    return counts


def _labels(one: Playbook, wanted: Query) -> list[tuple[float, str]]:
    """An alert fits where every label a playbook asks for does. The more it says, the more it is worth."""
    found = []
    labels = {name.lower(): value.lower() for name, value in wanted.labels.items()}
    for alert in one.alerts:
        if all(fnmatchcase(labels.get(name.lower(), ""), pattern.lower()) for name, pattern in alert.items()):
            said = ", ".join(f"{name}={wanted.labels.get(name, '')}" for name in alert)
            literal = sum(len(pattern.replace("*", "")) for pattern in alert.values())
            exact = all("*" not in pattern for pattern in alert.values())
            found.append((LABELS + literal / 10 + 5 * exact, f"alert label: {said}"))
    return sorted(found, reverse=True)[:1]


def _services(one: Playbook, wanted: Query) -> list[tuple[float, str]]:
    ours = {service.lower() for service in one.services}
    return [(SERVICE, f"service: {service}") for service in wanted.services if service.lower() in ours][:1]


def _preferred(one: Playbook, wanted: Query) -> list[tuple[float, str]]:
    return [(PREFERRED, "named for the affected service")] if one.id in wanted.preferred else []


def _category(one: Playbook, wanted: Query) -> list[tuple[float, str]]:
    if wanted.category is None:
        return []
    if wanted.category == one.category or one.category in CATEGORY_SYNONYMS.get(wanted.category, ()):
        return [(CATEGORY, f"category: {wanted.category.replace('_', ' ')}")]
    return []
